"""The proof of a renewal, and fingerprints."""

import hashlib

import pytest

from bus.errors import BadCertificate
from bus.trust.keys import Algorithm, SigningKey
from bus.trust.pem import armoured
from bus.trust.renewal import LABEL, RenewalProof, fingerprint, is_fingerprint
from schemas.framing import frame

REQUEST, STATED = b"request", (b"one", b"two")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_it_is_what_the_page_says(algorithm: Algorithm) -> None:
    """schemas §4.13, to the byte."""
    key = SigningKey.generate(algorithm)
    proof = RenewalProof.from_pem(RenewalProof.sign(REQUEST, STATED, signer=key).to_pem())
    assert proof is not None
    said = b"lienthong/1 renewal\n" + hashlib.sha256(frame((REQUEST, *STATED))).digest()
    assert key.public.verify(proof.signature, said)
    assert proof.holds(key.public, REQUEST, STATED)


@pytest.mark.parametrize(
    ("request_", "stated"),
    [(b"another", STATED), (REQUEST, STATED[:1]), (REQUEST, STATED[::-1]), (REQUEST, (*STATED, b"three"))],
    ids=["another request", "a statement less", "another order", "a statement more"],
)
def test_it_holds_for_one_request(request_: bytes, stated: tuple[bytes, ...]) -> None:
    """Nothing of it can be exchanged."""
    key = SigningKey.generate()
    assert not RenewalProof.sign(REQUEST, STATED, signer=key).holds(key.public, request_, stated)


def test_it_holds_for_one_key() -> None:
    """Nor does another's key fit, whatever key it names."""
    key, other = SigningKey.generate(), SigningKey.generate()
    proof = RenewalProof.sign(REQUEST, STATED, signer=key)
    assert not proof.holds(other.public, REQUEST, STATED)
    forged = RenewalProof(signed_by=key.public.id, signature=other.sign(b"x"))
    assert not forged.holds(key.public, REQUEST, STATED)


@pytest.mark.parametrize(
    "pem",
    [
        armoured(LABEL, b""),
        armoured(LABEL, frame((b"a" * 32, b"short"))),
        armoured(LABEL, frame((b"\xff" * 32, b"s" * 64))),
        armoured(LABEL, frame((b"a" * 32, b"s" * 64))) * 2,
        armoured(LABEL, b"x" * 500),
        b"-----BEGIN LIENTHONG RENEWAL-----\n!\n-----END LIENTHONG RENEWAL-----\n",
    ],
    ids=["empty", "short", "no id", "two", "long", "no base64"],
)
def test_what_is_broken_is_said(pem: bytes) -> None:
    """It is no first request either."""
    with pytest.raises(BadCertificate, match="cannot be read"):
        RenewalProof.from_pem(pem)


def test_a_first_request_has_none() -> None:
    """Nobody's key vouches for it: people do."""
    assert RenewalProof.from_pem(b"-----BEGIN CERTIFICATE REQUEST-----") is None


def test_a_fingerprint_is_read_out_whole() -> None:
    """Eight groups of four digits: 128 bits. However somebody writes them down."""
    key = SigningKey.generate().public
    said = fingerprint(key)
    assert [len(group) for group in said.split()] == [4] * 8
    assert said.replace(" ", "") == hashlib.sha256(key.to_bytes()).hexdigest()[:32]
    for written in (said, said.upper(), said.replace(" ", ""), said.replace(" ", "-"), f" {said.replace(' ', ':')}\n"):
        assert is_fingerprint(written, key)
    for wrong in ("", said[:-5], said + " 0000", fingerprint(SigningKey.generate().public)):
        assert not is_fingerprint(wrong, key)
