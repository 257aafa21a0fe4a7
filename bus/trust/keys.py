"""Signing keys and sealing keys, read from bytes, and their use. No files, no directory, no messages.

A key's id names it wherever keys overlap. Private keys never show in a repr.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, Self

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bus.errors import BadDirectory, Words

KeyId = NewType("KeyId", str)
"""First 16 bytes of the SHA-256 of the public key as the directory carries it, in lower-case hexadecimal."""

SIGNATURE_SIZE = 64
SEALING_KEY_SIZE = 1216
WRAPPED_SIZE = 1120 + 32 + 16
"""X-Wing's `enc`, the content key, the tag of AES-GCM."""

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)  # schemas §4.7
_ECDSA = ec.ECDSA(hashes.SHA256())
_KEEPING = b"lienthong/1 kept key\n"
_COORDINATE = 32
_MLKEM_PUBLIC = 1184
_MLKEM_SEED = 64

# PKCS#8 of an X-Wing key up to its 32-byte seed (draft-connolly-cfrg-xwing-kem-10): `cryptography` reads no X-Wing yet.
_XWING_PKCS8 = bytes.fromhex("3034020100300d060b2b0601040183e62d81c87a0420")
# SubjectPublicKeyInfo of an X-Wing key up to its 1,216 bytes, of the same draft.
_XWING_SPKI = bytes.fromhex("308204d4300d060b2b0601040183e62d81c87a038204c100")
_PRIVATE, _PUBLIC = "PRIVATE KEY", "PUBLIC KEY"


class Algorithm(StrEnum):
    """The signature algorithms of dockets. schemas §4.4"""

    ED25519 = "ed25519"
    P256 = "p256"


def key_id(public: bytes) -> KeyId:
    return KeyId(hashlib.sha256(public).hexdigest()[:32])


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half of a signing key."""

    id: KeyId
    algorithm: Algorithm
    _encoded: bytes = field(repr=False)
    _key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Raises BadDirectory: that is where public keys come from."""
        try:
            key = serialization.load_der_public_key(encoded)
        except (ValueError, UnsupportedAlgorithm) as exc:
            raise BadDirectory(
                why=Words(
                    f"khóa ký {key_id(encoded)} không phải khóa công khai dạng DER",
                    f"signing key {key_id(encoded)} is no public key in DER form",
                )
            ) from exc
        match key:
            case ed25519.Ed25519PublicKey() if _spki(key) == encoded:
                return cls(key_id(encoded), Algorithm.ED25519, encoded, key)
            case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1) and _spki(key) == encoded:
                return cls(key_id(encoded), Algorithm.P256, encoded, key)
            case _:
                why = Words(
                    f"khóa ký {key_id(encoded)} không phải Ed25519, cũng không phải P-256 dạng không nén",
                    f"signing key {key_id(encoded)} is neither Ed25519 nor P-256 with an uncompressed point",
                )
                raise BadDirectory(why=why)

    def to_bytes(self) -> bytes:
        """SubjectPublicKeyInfo, DER. schemas §4.4"""
        return self._encoded

    def verify(self, signature: bytes, data: bytes) -> bool:
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(_to_der(signature), data, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key with which a mailbox signs its dockets."""

    public: VerifyKey
    _key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.P256) -> Self:
        if algorithm is Algorithm.ED25519:
            return cls._of(ed25519.Ed25519PrivateKey.generate())
        return cls._of(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """From PKCS#8 without a password. Raises ValueError."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as exc:
            raise ValueError(
                Words(
                    "khóa ký có mật khẩu, hoặc thuộc loại lạ",
                    "the signing key is under a password, or of a kind unknown here",
                )
            ) from exc
        if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) or not _is_p256(key):
            raise ValueError(
                Words("khóa ký không phải Ed25519 hay P-256", "the signing key is neither Ed25519 nor P-256")
            )
        return cls._of(key)

    @classmethod
    def _of(cls, key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> Self:
        return cls(VerifyKey.from_bytes(_spki(key.public_key())), key)

    @property
    def id(self) -> KeyId:
        return self.public.id

    @property
    def algorithm(self) -> Algorithm:
        return self.public.algorithm

    def to_pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """64 bytes, whichever the algorithm."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return _from_der(self._key.sign(data, _ECDSA))


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """The public key that content keys are wrapped to: X-Wing, ML-KEM-768 and X25519 together."""

    id: KeyId
    _encoded: bytes = field(repr=False)
    _key: hpke.MLKEM768X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Raises BadDirectory: that is where public keys come from."""
        if len(encoded) != SEALING_KEY_SIZE:
            raise BadDirectory(
                why=Words(
                    f"khóa niêm phong {key_id(encoded)} dài {len(encoded)} byte, không phải {SEALING_KEY_SIZE}",
                    f"sealing key {key_id(encoded)} has {len(encoded)} bytes, not {SEALING_KEY_SIZE}",
                )
            )
        try:
            post_quantum = mlkem.MLKEM768PublicKey.from_public_bytes(encoded[:_MLKEM_PUBLIC])
            classical = x25519.X25519PublicKey.from_public_bytes(encoded[_MLKEM_PUBLIC:])
            # A point of small order is found here, once, and not in the middle of a batch.
            x25519.X25519PrivateKey.generate().exchange(classical)
        except ValueError as exc:
            raise BadDirectory(
                why=Words(
                    f"khóa niêm phong {key_id(encoded)} không phải khóa công khai X-Wing",
                    f"sealing key {key_id(encoded)} is no X-Wing public key",
                )
            ) from exc
        return cls(key_id(encoded), encoded, hpke.MLKEM768X25519PublicKey(post_quantum, classical))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Raises ValueError."""
        encoded = _from_pem(pem, _PUBLIC)
        if not encoded.startswith(_XWING_SPKI):
            raise ValueError(
                Words(
                    "đó không phải khóa công khai X-Wing (OID 1.3.6.1.4.1.62253.25722)",
                    "it is no X-Wing public key (OID 1.3.6.1.4.1.62253.25722)",
                )
            )
        try:
            return cls.from_bytes(encoded[len(_XWING_SPKI) :])
        except BadDirectory as exc:
            raise ValueError(exc.facts["why"]) from exc

    def to_bytes(self) -> bytes:
        """ML-KEM-768's 1,184 bytes, then X25519's 32. schemas §4.9"""
        return self._encoded

    def to_pem(self) -> bytes:
        return _to_pem(_XWING_SPKI + self._encoded, _PUBLIC)

    def wrap(self, key: bytes, info: bytes) -> bytes:
        """`enc` and ciphertext. It opens only with the same `info`."""
        return _SUITE.encrypt(key, self._key, info)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The private key with which a mailbox opens messages sealed to it."""

    public: SealingPublicKey
    _seed: bytes = field(repr=False, compare=False)
    _key: hpke.MLKEM768X25519PrivateKey = field(repr=False, compare=False)
    _keeping: AESGCM = field(repr=False, compare=False)

    @classmethod
    def generate(cls) -> Self:
        return cls.from_seed(os.urandom(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """From the 32 bytes that X-Wing calls its decapsulation key. schemas §4.9. Raises ValueError."""
        if len(seed) != 32:
            raise ValueError("an X-Wing private key is a seed of 32 bytes")
        expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED + 32)
        post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED])
        classical = x25519.X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED:])
        encoded = post_quantum.public_key().public_bytes_raw() + classical.public_key().public_bytes_raw()
        opening = hpke.MLKEM768X25519PrivateKey(post_quantum, classical)
        keeping = AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_KEEPING).derive(seed))
        return cls(SealingPublicKey.from_bytes(encoded), seed, opening, keeping)

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """From PKCS#8 without a password. Raises ValueError."""
        encoded = _from_pem(pem, _PRIVATE)
        if not encoded.startswith(_XWING_PKCS8):
            raise ValueError(
                Words(
                    "đó không phải khóa riêng X-Wing (OID 1.3.6.1.4.1.62253.25722)",
                    "it is no X-Wing private key (OID 1.3.6.1.4.1.62253.25722)",
                )
            )
        return cls.from_seed(encoded[len(_XWING_PKCS8) :])

    @property
    def id(self) -> KeyId:
        return self.public.id

    def to_pem(self) -> bytes:
        return _to_pem(_XWING_PKCS8 + self._seed, _PRIVATE)

    def unwrap(self, wrapped: bytes | memoryview, info: bytes) -> bytes | None:
        """None: not wrapped to this key, or with other `info`, or altered."""
        try:
            return _SUITE.decrypt(wrapped, self._key, info)
        except (InvalidTag, ValueError):
            return None

    def keep(self, secret: bytes, about: str) -> bytes:
        """Encrypts a secret of our own for this machine's store; `recall` decrypts it, for the same `about` only."""
        nonce = os.urandom(12)
        return bytes.fromhex(self.id) + nonce + self._keeping.encrypt(nonce, secret, about.encode())

    def recall(self, kept: bytes, about: str) -> bytes | None:
        """None: kept under another key, or altered."""
        if kept[:16] != bytes.fromhex(self.id):
            return None
        try:
            return self._keeping.decrypt(kept[16:28], kept[28:], about.encode())
        except (InvalidTag, ValueError):
            return None


class Signer(Protocol):
    """A signing key: a SigningKey, or a key that never leaves its token (bus/token)."""

    @property
    def public(self) -> VerifyKey: ...
    @property
    def id(self) -> KeyId: ...
    @property
    def algorithm(self) -> Algorithm: ...
    def sign(self, data: bytes) -> bytes:
        """64 bytes, whichever the algorithm."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The private keys that one mailbox uses now."""

    signing: Signer
    sealing: tuple[SealingKey, ...]
    """Newest first; the older ones still open what was sealed before the directory named the newest."""


@dataclass(frozen=True, slots=True)
class HeldSealing:
    key: SealingKey
    until: datetime | None = None
    """It opens until then; None: for ever."""
    since: datetime | None = None
    """When its statement begins; None: it has none."""
    serial: int = 0
    withdraws: int = 0
    """As its statement says. schemas §4.11"""


@dataclass(frozen=True, slots=True)
class Keyring:
    """All private keys of one mailbox, also old ones, and new ones that no directory lists yet. Newest first."""

    signing: tuple[Signer, ...]
    sealing: tuple[HeldSealing, ...]

    def identity(self, *, listed: Collection[KeyId], now: datetime) -> Identity:
        """The newest signing key that the directory lists, since others know no newer one; the newest of all where it
        lists none."""
        signing = next((key for key in self.signing if key.id in listed), self.signing[0])
        sealing = (held.key for held in self.sealing if held.until is None or now < held.until)
        return Identity(signing, tuple(sealing))


def new_identity(algorithm: Algorithm = Algorithm.P256) -> Identity:
    """P-256 unless told otherwise: OpenSSL verifies it in two thirds of the time of Ed25519, and every reader meets
    more signatures than it makes."""
    return Identity(SigningKey.generate(algorithm), (SealingKey.generate(),))


def _spki(key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _is_p256(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bool:
    return not isinstance(key, ec.EllipticCurvePrivateKey) or isinstance(key.curve, ec.SECP256R1)


def _from_der(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)


def _to_der(signature: bytes) -> bytes:
    """Raises ValueError where it is not r and s of 32 bytes each."""
    if len(signature) != SIGNATURE_SIZE:
        raise ValueError("a P-256 signature is 64 bytes")
    return encode_dss_signature(int.from_bytes(signature[:_COORDINATE]), int.from_bytes(signature[_COORDINATE:]))


def _to_pem(encoded: bytes, label: str) -> bytes:
    text = base64.b64encode(encoded).decode("ascii")
    lines = (text[at : at + 64] for at in range(0, len(text), 64))
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode("ascii")


def _from_pem(pem: bytes, label: str) -> bytes:
    """Raises ValueError."""
    words = pem.decode("utf-8-sig", "replace").split()
    first, text, last = " ".join(words[:3]), "".join(words[3:-3]), " ".join(words[-3:])
    if (first, last) != (f"-----BEGIN {label}-----", f"-----END {label}-----"):
        raise ValueError(
            Words(
                f"không có {label} dạng PEM không mật khẩu", f"it is no {label.lower()} in PEM form without a password"
            )
        )
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError(Words("base64 của nó bị hỏng", "its base64 is broken")) from exc
