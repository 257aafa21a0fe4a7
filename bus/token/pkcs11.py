"""One signing key in a PKCS#11 token: opened, made, used. ECDSA on P-256; the token gives r and s as the wire wants
them. One session, one signature at a time."""

import hashlib
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

from bus.errors import BadConfig, BadDirectory
from bus.keys import Algorithm, KeyId, VerifyKey

_T = TypeVar("_T")

_SETTINGS_NAMES = ("module", "token", "key", "pin_file")


class TokenSettings(BaseModel):
    """What a `.token` file says: `module` (the library of the token's maker), `token` and `key` (their labels),
    `pin_file` (for its owner only)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str
    token: str
    key: str
    pin_file: str

    def to_toml(self) -> bytes:
        lines = (f"{name} = {_quoted(getattr(self, name))}\n" for name in _SETTINGS_NAMES)
        return "".join(lines).encode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(slots=True)
class TokenKey:
    """A `bus.keys.Signer`. Threads may sign at once; the token takes them in turn."""

    public: VerifyKey
    _door: "_Door" = field(repr=False)
    _key: Any = field(repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def id(self) -> KeyId:
        return self.public.id

    @property
    def algorithm(self) -> Algorithm:
        return self.public.algorithm

    def sign(self, data: bytes) -> bytes:
        """64 bytes. A token that was taken out and put back is opened again, once. Raises BadConfig."""
        digest = hashlib.sha256(data).digest()
        with self._turn:
            try:
                return bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA))
            except pkcs11.PKCS11Error:
                self._key, _ = _translated(self._door.file, self._door.open)
                return _translated(self._door.file, lambda: bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA)))


def open_signer(said: bytes, *, file: Path, secret: Callable[[Path], str]) -> TokenKey:
    """The key that a `.token` file names, which says `said`; `secret` reads the PIN from its file. Raises BadConfig."""
    try:
        settings = TokenSettings.model_validate(tomllib.loads(said.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as exc:
        raise BadConfig(file=file, why=f"no token's settings ({', '.join(_SETTINGS_NAMES)}): {exc}") from exc
    door = _Door(settings, file, secret)
    key, public = _translated(file, door.open)
    return TokenKey(public, door, key)


def make_key(settings: TokenSettings, *, file: Path, secret: Callable[[Path], str]) -> None:
    """Makes the key inside the token. Raises BadConfig, also where a key has that label already."""

    def make() -> None:
        session = _Door(settings, file, secret).session(rw=True)
        if list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: settings.key})):
            raise BadConfig(file=file, why=f"token {settings.token} has a key {settings.key!r} already")
        parameters = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
        )
        parameters.generate_keypair(label=settings.key, store=True)
        session.close()

    _translated(file, make)


@dataclass(frozen=True, slots=True)
class _Door:
    """How to get at the key, now and after the token was away."""

    settings: TokenSettings
    file: Path
    secret: Callable[[Path], str]

    def open(self) -> tuple[Any, VerifyKey]:
        label, session = self.settings.key, self.session()
        found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}))
        public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label}))
        if len(found) != 1 or len(public) != 1:
            why = (
                f"token {self.settings.token} has {len(found)} private and {len(public)} public keys {label!r}, not one"
            )
            raise BadConfig(file=self.file, why=why)
        try:
            return found[0], VerifyKey.from_bytes(encode_ec_public_key(public[0]))
        except BadDirectory as exc:
            raise BadConfig(file=self.file, why=f"key {label!r} is not on P-256") from exc

    def session(self, *, rw: bool = False) -> Any:
        """Logged in. The PIN is tried once: tokens lock themselves after a few wrong ones."""
        pin = self.secret(Path(self.settings.pin_file))
        token = pkcs11.lib(self.settings.module).get_token(token_label=self.settings.token)
        try:
            return token.open(user_pin=pin, rw=rw)
        except pkcs11.exceptions.UserAlreadyLoggedIn:
            return token.open(rw=rw)


def _translated(file: Path, act: Callable[[], _T]) -> _T:
    try:
        return act()
    except pkcs11.exceptions.PinIncorrect as exc:
        why = "sai PIN; không thử lại vì thiết bị sẽ tự khóa (wrong PIN; not tried again, for the token would lock)"
        raise BadConfig(file=file, why=why) from exc
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as exc:
        raise BadConfig(file=file, why=f"thiết bị không dùng được (the token: {type(exc).__name__} {exc})") from exc
