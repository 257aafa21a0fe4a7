"""The private keys of an authority: each in a `.key` (PEM), or in the token that a `.token` names, with the key's label
and the file of the PIN. A folder of tokens holds no private key.

    root.key    or  root.token
    issuer.key  or  issuer.token
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.asymmetric import ec

from bus.errors import BadConfig, said
from bus.files.keys import OTHER_NAME, load_signer, read_secret
from bus.files.private import create_private, read_private
from bus.trust.authority import Authority
from bus.trust.certificates import Certificate
from bus.trust.keys import Algorithm, KeyId, Signer, VerifyKey

if TYPE_CHECKING:
    from bus.token.pkcs11 import TokenKey, TokenSettings

Link = Literal["root", "issuer"]


@dataclass(frozen=True)
class KeyWhenAsked:
    """A Signer whose token is opened, and its PIN asked, when there is something to sign: to list what was issued needs
    no token."""

    file: Path
    public: VerifyKey = field(repr=False)

    @property
    def id(self) -> KeyId:
        return self.public.id

    @property
    def algorithm(self) -> Algorithm:
        return self.public.algorithm

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    @cached_property
    def _key(self) -> Signer:
        key = load_signer(self.file)
        if key.id != self.id:
            why = said(
                "khóa này không phải của chứng thư bên cạnh", "this key is not that of the certificate beside it"
            )
            raise BadConfig(file=self.file, why=why)
        return key


def load_authority(folder: Path, link: Link) -> Authority:
    """The certificate of that name with its key. Raises as `open_authority` does."""
    token = folder / f"{link}.token"
    return open_authority(folder / f"{link}.pem", token if token.exists() else folder / f"{link}.key")


def open_authority(certificate: Path, key: Path) -> Authority:
    """From their files, the key's a PEM or a `.token`. Raises BadConfig; BadCertificate where they are not of one
    authority; OSError where there is no certificate."""
    pem = certificate.read_bytes()
    if key.suffix != ".token":
        return Authority.from_pem(pem, read_private(key))
    parsed = Certificate.from_pem(pem)[0]
    return Authority(parsed, KeyWhenAsked(key, parsed.verify_key()))


def check_unfounded(folder: Path) -> None:
    """Raises BadConfig where there are keys of an authority: they are never overwritten."""
    for name in ("root.key", "root.token", "issuer.key", "issuer.token"):
        _check_free(folder / name)


def save_key(folder: Path, link: Link, authority: Authority) -> None:
    """Raises BadConfig where there is one already."""
    if isinstance(authority.key, ec.EllipticCurvePrivateKey):
        create_private(folder / f"{link}.key", authority.key_pem())
        return
    from bus.token.pkcs11 import TokenKey

    assert isinstance(authority.key, TokenKey), "a key outside is in a token"
    create_private(folder / f"{link}.token", authority.key.settings.to_toml())


def key_in_token(settings: "TokenSettings", *, said_in: Path, exists: bool) -> "TokenKey":
    """Makes the key inside the token, or finds it where it `exists`. `said_in`: the file that will name it. Raises
    BadConfig: there, not there, or one that can be copied out."""
    from bus.token.pkcs11 import make_key, open_key

    _check_free(said_in)
    if not exists:
        make_key(settings, file=said_in, secret=read_secret)
    return open_key(settings, file=said_in, secret=read_secret, captive=True)


def _check_free(file: Path) -> None:
    if file.exists():
        raise BadConfig(
            file=file, why=said("đã có, không ghi đè", "File exists; it is never overwritten"), do=OTHER_NAME
        )
