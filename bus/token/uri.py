"""A key in a token, named by a URI (RFC 7512): `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`. A PIN is
never in it: a command line is seen by everybody on the machine."""

from typing import Final
from urllib.parse import unquote

from bus.token.pkcs11 import TokenSettings

_SCHEME: Final = "pkcs11:"
_FILE: Final = "file:"
_NEEDED: Final = ("token", "object", "module-path")
_KNOWN: Final = (*_NEEDED, "type", "pin-source")


def settings_of(uri: str) -> TokenSettings:
    """Raises ValueError, in words for whoever wrote it."""
    if not uri.startswith(_SCHEME):
        raise ValueError(f"a token's key is named by {_SCHEME}token=…;object=…?module-path=…")
    path, _, query = uri.removeprefix(_SCHEME).partition("?")
    found = dict[str, str]()
    for part in [*path.split(";"), *query.split("&")]:
        name, _, value = part.partition("=")
        if name in {"pin-value", "pin"}:
            raise ValueError("a PIN has no place on a command line: pin-source=file:…, or leave it out to be asked")
        if part and name not in _KNOWN:
            raise ValueError(f"{name!r} is not known here, only {', '.join(_KNOWN)}")
        if name in found:
            raise ValueError(f"{name} is there twice")
        found[name] = unquote(value, errors="strict")
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise ValueError(f"{', '.join(missing)} is missing")
    if found.get("type", "private") != "private":
        raise ValueError("type can only be private")
    pin_file = found.get("pin-source", "").removeprefix(_FILE)
    if pin_file.startswith("|"):
        raise ValueError("pin-source is a file here, no program")
    return TokenSettings(
        module=found["module-path"], token=found["token"], key=found["object"], pin_file=pin_file or None
    )
