"""bus/trust/keys.py"""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from bus.errors import BadDirectory
from bus.trust.keys import (
    SEALING_KEY_SIZE,
    WRAPPED_SIZE,
    Algorithm,
    HeldSealing,
    Keyring,
    SealingKey,
    SealingPublicKey,
    SigningKey,
    VerifyKey,
    key_id,
    new_identity,
)

PKCS8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
NONE = serialization.NoEncryption()
PASSWORD = serialization.BestAvailableEncryption(b"secret")

ED25519 = ed25519.Ed25519PrivateKey.generate()
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)
ED448 = ed448.Ed448PrivateKey.generate()


@pytest.mark.parametrize("algorithm", Algorithm)
def test_sign(algorithm: Algorithm) -> None:
    """A signature is 64 bytes, holds for what was signed, and for nothing else."""
    key = SigningKey.generate(algorithm)
    signature = key.sign(b"docket")
    public = VerifyKey.from_bytes(key.public.to_bytes())
    assert (len(signature), key.algorithm, public.algorithm) == (64, algorithm, algorithm)
    assert public.verify(signature, b"docket")
    assert not public.verify(signature, b"Docket")
    assert not SigningKey.generate(algorithm).public.verify(signature, b"docket")


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_no_signature(algorithm: Algorithm, signature: bytes) -> None:
    """Bytes that are no signature do not hold, and do not raise."""
    assert not SigningKey.generate(algorithm).public.verify(signature, b"docket")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_signing_pem(algorithm: Algorithm) -> None:
    """A signing key comes back from its PEM as the same key."""
    key = SigningKey.generate(algorithm)
    again = SigningKey.from_pem(key.to_pem())
    assert again == key
    assert key.public.verify(again.sign(b"docket"), b"docket")


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"", "PEM"),
        (ED25519.private_bytes(*PKCS8, PASSWORD), "password"),
        (P384.private_bytes(*PKCS8, NONE), "neither"),
        (RSA.private_bytes(*PKCS8, NONE), "neither"),
        (ED448.private_bytes(*PKCS8, NONE), "neither"),
        (SealingKey.generate().to_pem(), "unknown"),
    ],
    ids=["empty", "password", "P-384", "RSA", "Ed448", "X-Wing"],
)
def test_no_signing_key(pem: bytes, why: str) -> None:
    """A PEM of another kind, or under a password, is no signing key."""
    with pytest.raises(ValueError, match=why):
        SigningKey.from_pem(pem)


def _compressed() -> bytes:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + raw


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        ED25519.public_key().public_bytes_raw(),
        ED25519.public_key().public_bytes(*SPKI) + b"\0",
        P384.public_key().public_bytes(*SPKI),
        RSA.public_key().public_bytes(*SPKI),
        _compressed(),
    ],
    ids=["empty", "raw", "trailing", "P-384", "RSA", "compressed"],
)
def test_no_verify_key(encoded: bytes) -> None:
    """A public key of another kind or in another encoding is the directory's mistake, named by the key's id."""
    with pytest.raises(BadDirectory, match=key_id(encoded)):
        VerifyKey.from_bytes(encoded)


def test_wrap() -> None:
    """What was wrapped to a key opens with that key and the same info, and with no other."""
    key = SealingKey.generate()
    wrapped = SealingPublicKey.from_bytes(key.public.to_bytes()).wrap(b"k" * 32, b"info")
    assert len(wrapped) == WRAPPED_SIZE
    assert key.unwrap(wrapped, b"info") == b"k" * 32
    assert key.unwrap(memoryview(wrapped), b"info") == b"k" * 32
    assert key.unwrap(wrapped, b"other") is None
    assert SealingKey.generate().unwrap(wrapped, b"info") is None


@pytest.mark.parametrize("wrapped", [b"", bytes(100), bytes(WRAPPED_SIZE), b"\xff" * WRAPPED_SIZE])
def test_no_wrap(wrapped: bytes) -> None:
    """Bytes that are no wrap do not open, and do not raise."""
    assert SealingKey.generate().unwrap(wrapped, b"info") is None


def test_x_wing() -> None:
    """A seed expands, and is written to a PEM, as draft-connolly-cfrg-xwing-kem-10 has it: by its appendices."""
    first = SealingKey.from_seed(bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"))
    assert first.public.to_bytes()[:16].hex() == "e2236b35a8c24b39b10aa1323a96a919"
    assert first.public.to_bytes()[-15:].hex() == "593d4ba32d9abac8cd049040ef6534"
    assert SealingKey.from_seed(bytes(range(32))).to_pem().split()[3:5] == [
        b"MDQCAQAwDQYLKwYBBAGD5i2ByHoEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ",
        b"GhscHR4f",
    ]


def test_sealing_pem() -> None:
    """A sealing key comes back from its PEM as the same key, also from one with other line ends."""
    key = SealingKey.generate()
    for pem in (key.to_pem(), key.to_pem().replace(b"\n", b"\r\n"), b"\n" + key.to_pem().rstrip()):
        again = SealingKey.from_pem(pem)
        assert again == key
        assert again.unwrap(key.public.wrap(b"k" * 32, b""), b"") == b"k" * 32


PEM = SealingKey.generate().to_pem()


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"", "PEM form"),
        (b"\xff", "PEM form"),
        (PEM.replace(b"PRIVATE", b"PUBLIC"), "PEM form"),
        (ED25519.private_bytes(*PKCS8, PASSWORD), "PEM form"),
        (PEM.replace(b"\nMDQ", b"\n*DQ"), "base64"),
        (PEM.replace(b"\nMDQ", b"\nMDU"), "no X-Wing"),
        (ED25519.private_bytes(*PKCS8, NONE), "no X-Wing"),
        (b"\n".join((*PEM.splitlines()[:-2], PEM.splitlines()[-1])), "32 bytes"),
    ],
    ids=["empty", "binary", "public", "password", "base64", "length", "Ed25519", "cut"],
)
def test_no_sealing_key(pem: bytes, why: str) -> None:
    """A PEM of another kind, or a broken one, is no sealing key."""
    with pytest.raises(ValueError, match=why):
        SealingKey.from_pem(pem)


GOOD = SealingKey.generate().public.to_bytes()


def test_a_byte_order_mark_is_no_part_of_a_key() -> None:
    """As an editor on Windows saves it, with its line ends."""
    sealing, signing = SealingKey.generate(), SigningKey.generate()

    def saved(pem: bytes) -> bytes:
        return b"\xef\xbb\xbf" + pem.replace(b"\n", b"\r\n")

    assert SealingKey.from_pem(saved(sealing.to_pem())).id == sealing.id
    assert SealingPublicKey.from_pem(saved(sealing.public.to_pem())) == sealing.public
    assert SigningKey.from_pem(saved(signing.to_pem())).id == signing.id


def test_sealing_public_pem() -> None:
    """A public key comes back from its PEM, in the form of draft-connolly-cfrg-xwing-kem-10."""
    public = SealingKey.from_seed(bytes(range(32))).public
    pem = public.to_pem()
    assert pem.startswith(b"-----BEGIN PUBLIC KEY-----\nMIIE1DANBgsrBgEEAYPmLYHIegOCBMEA")
    assert SealingPublicKey.from_pem(pem) == public


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (PEM, "it is no public key in PEM form"),
        (SealingKey.generate().public.to_pem().replace(b"\nMIIE", b"\nMIIF"), "no X-Wing"),
        (
            b"\n".join((*SealingKey.generate().public.to_pem().splitlines()[:-2], b"-----END PUBLIC KEY-----")),
            "bytes, not 1216",
        ),
    ],
)
def test_no_sealing_public_pem(pem: bytes, why: str) -> None:
    """The other half, another kind, one cut short."""
    with pytest.raises(ValueError, match=why):
        SealingPublicKey.from_pem(pem)


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (GOOD[:-1], f"1215 bytes, not {SEALING_KEY_SIZE}"),
        (GOOD + b"\0", f"1217 bytes, not {SEALING_KEY_SIZE}"),
        (b"\xff" * 1184 + GOOD[1184:], "no X-Wing public key"),
        (GOOD[:1184] + bytes(32), "no X-Wing public key"),
    ],
    ids=["short", "long", "ML-KEM out of range", "X25519 of small order"],
)
def test_no_sealing_public_key(encoded: bytes, why: str) -> None:
    """A key that nothing could be sealed to is the directory's mistake, found when it is read."""
    with pytest.raises(BadDirectory, match=why):
        SealingPublicKey.from_bytes(encoded)


def test_key_id() -> None:
    """A key id is half of the SHA-256 of the public key, in hexadecimal (schemas §4.1)."""
    assert key_id(b"") == "e3b0c44298fc1c149afbf4c8996fb924"


def test_identity_shows_no_secret() -> None:
    """The repr of an identity holds key ids and nothing of a private key."""
    identity = new_identity()
    assert identity.signing.id in repr(identity)
    assert identity.sealing[0].id in repr(identity)
    assert len(repr(identity)) < 400
    assert "_seed" not in repr(identity)


def test_a_secret_kept_comes_back_to_its_key_only() -> None:
    """For the same message, unaltered."""
    key, other = SealingKey.generate(), SealingKey.generate()
    kept = key.keep(b"content key", "message 1")
    assert key.recall(kept, "message 1") == b"content key"
    assert kept != key.keep(b"content key", "message 1")
    for recalled in (
        key.recall(kept, "message 2"),
        other.recall(kept, "message 1"),
        key.recall(kept[:-1], "message 1"),
    ):
        assert recalled is None


NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(("listed", "used"), [((), 0), ((0,), 0), ((1,), 1), ((1, 2), 1), ((2,), 2)])
def test_a_keyring_signs_with_what_others_know(listed: tuple[int, ...], used: int) -> None:
    """The newest key that the directory lists; the newest of all where it lists none."""
    keys = tuple(SigningKey.generate() for _ in range(3))
    ring = Keyring(keys, (HeldSealing(SealingKey.generate()),))
    assert ring.identity(listed=[keys[number].id for number in listed], now=NOW).signing is keys[used]


def test_a_keyring_opens_until_the_end_of_a_key() -> None:
    """Then it is as if it were not there."""
    keys = tuple(SealingKey.generate() for _ in range(3))
    held = (HeldSealing(keys[0]), HeldSealing(keys[1], NOW + timedelta(days=1)), HeldSealing(keys[2], NOW))
    assert Keyring((SigningKey.generate(),), held).identity(listed=(), now=NOW).sealing == keys[:2]
