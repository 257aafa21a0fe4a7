"""One signing key in a PKCS#11 token: opened, made, used. ECDSA on P-256; the token gives r and s as the wire wants
them. One session, one signature at a time. A PIN comes from its file, or from whoever sits at the terminal."""

import getpass
import hashlib
import sys
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pydantic import BaseModel, ConfigDict, ValidationError

from bus.errors import BadConfig, BadDirectory, Words, quoted, said
from bus.trust.keys import Algorithm, KeyId, VerifyKey

_T = TypeVar("_T")

_SETTINGS_NAMES = ("module", "token", "key", "pin_file")


class TokenSettings(BaseModel):
    """The content of a `.token` file: `module` (the library of the token's maker), `token` and `key` (their labels),
    `pin_file` (for its owner only; where there is none, the PIN is asked at the terminal)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str
    token: str
    key: str
    pin_file: str | None = None

    def to_toml(self) -> bytes:
        said = {name: value for name in _SETTINGS_NAMES if (value := getattr(self, name)) is not None}
        return "".join(f"{name} = {_quoted(value)}\n" for name, value in said.items()).encode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(slots=True)
class TokenKey:
    """A `bus.trust.keys.Signer`. Threads may sign at once; the token takes them in turn."""

    public: VerifyKey
    _access: "_Access" = field(repr=False)
    _key: Any = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def settings(self) -> TokenSettings:
        return self._access.settings

    @property
    def id(self) -> KeyId:
        return self.public.id

    @property
    def algorithm(self) -> Algorithm:
        return self.public.algorithm

    def sign(self, data: bytes) -> bytes:
        """64 bytes. A token that was taken out and put back is opened again, once. Raises BadConfig."""
        digest = hashlib.sha256(data).digest()
        with self._lock:
            try:
                return bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA))
            except pkcs11.PKCS11Error:
                self._key, _ = _translated(self._access.file, self._access.open)
                return _translated(self._access.file, lambda: bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA)))


def open_signer(told: bytes, *, file: Path, secret: Callable[[Path], str]) -> TokenKey:
    """The key that a `.token` file names, which says `told`; `secret` reads the PIN from its file. Raises BadConfig."""
    try:
        settings = TokenSettings.model_validate(tomllib.loads(told.decode("utf-8-sig")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as exc:
        raise BadConfig(file=file, why=_no_settings(exc)) from exc
    return open_key(settings, file=file, secret=secret)


def _no_settings(exc: ValueError) -> Words:
    facts = {"names": ", ".join(_SETTINGS_NAMES), "cause": quoted(str(exc))}
    return said("không phải cài đặt của thiết bị ({names}): {cause}", "no token's settings ({names}): {cause}", **facts)


def open_key(settings: TokenSettings, *, file: Path, secret: Callable[[Path], str], captive: bool = False) -> TokenKey:
    """The key of these settings; a `captive` one could never be copied out of its token. Raises BadConfig."""
    access = _Access(settings, file, secret)
    key, public = _translated(file, access.open)
    if captive and _translated(file, lambda: key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]):
        why = said(
            "khóa {key!r} chép ra khỏi thiết bị được", "this key can be copied out of its token", key=settings.key
        )
        raise BadConfig(file=file, why=why)
    return TokenKey(public, access, key)


def make_key(settings: TokenSettings, *, file: Path, secret: Callable[[Path], str]) -> None:
    """Makes the key inside the token, never to leave it. Raises BadConfig, also where a key has that label already."""

    def make() -> None:
        session = _Access(settings, file, secret).session(rw=True)
        if list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: settings.key})):
            raise BadConfig(
                file=file,
                why=said(
                    "thiết bị {token} đã có khóa {key!r}",
                    "token {token} has a key {key!r} already",
                    token=settings.token,
                    key=settings.key,
                ),
            )
        parameters = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
        )
        captive = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        parameters.generate_keypair(label=settings.key, store=True, private_template=captive)
        session.close()

    _translated(file, make)


@dataclass(frozen=True, slots=True)
class _Access:
    """Access to the key, now and after the token was away."""

    settings: TokenSettings
    file: Path
    secret: Callable[[Path], str]

    def open(self) -> tuple[Any, VerifyKey]:
        label, session = self.settings.key, self.session()
        found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}))
        public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label}))
        if len(found) != 1 or len(public) != 1:
            facts = {"token": self.settings.token, "found": len(found), "public": len(public), "label": label}
            why = said(
                "thiết bị {token} có {found} khóa riêng và {public} khóa công khai {label!r}, phải là một cặp",
                "token {token} has {found} private and {public} public keys {label!r}, not one",
                **facts,
            )
            raise BadConfig(file=self.file, why=why)
        try:
            return found[0], VerifyKey.from_bytes(encode_ec_public_key(public[0]))
        except BadDirectory as exc:
            raise BadConfig(
                file=self.file,
                why=said("khóa {label!r} không thuộc P-256", "key {label!r} is not on P-256", label=label),
            ) from exc

    def session(self, *, rw: bool = False) -> Any:
        """Logged in. The PIN is tried once: tokens lock themselves after a few wrong ones."""
        pin = self._pin()
        token = pkcs11.lib(self.settings.module).get_token(token_label=self.settings.token)
        try:
            return token.open(user_pin=pin, rw=rw)
        except pkcs11.exceptions.UserAlreadyLoggedIn:
            return token.open(rw=rw)

    def _pin(self) -> str:
        if self.settings.pin_file is not None:
            return self.secret(Path(self.settings.pin_file))
        if not sys.stdin.isatty():
            why = said(
                "không có pin_file, cũng không có ai để hỏi mã PIN",
                "no pin_file, and no terminal to ask for the PIN at",
            )
            raise BadConfig(file=self.file, why=why)
        return getpass.getpass(f"PIN, {self.settings.token}: ")


def _translated(file: Path, act: Callable[[], _T]) -> _T:
    try:
        return act()
    except pkcs11.exceptions.PinIncorrect as exc:
        why = said(
            "sai PIN; không thử lại vì thiết bị sẽ tự khóa", "wrong PIN; not tried again, for the token would lock"
        )
        raise BadConfig(file=file, why=why) from exc
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as exc:
        raise BadConfig(
            file=file,
            why=said(
                "thiết bị không dùng được ({cause})", "the token: {cause}", cause=quoted(f"{type(exc).__name__} {exc}")
            ),
        ) from exc
