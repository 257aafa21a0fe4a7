"""bus/trust/outside_keys.py: signatures of keys that `cryptography` does not hold. With tokens: tests/integration."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bus.errors import BadCertificate
from bus.trust.authority import (
    Authority,
    Withdrawal,
    issue,
    make_request,
    new_issuer,
    new_root,
    read_request,
    revocation_list,
)
from bus.trust.certificates import Purpose
from bus.trust.keys import Algorithm, KeyId, SigningKey, VerifyKey
from bus.trust.trust_store import TrustStore

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


@dataclass
class Outside:
    """A Signer that shows nothing of its key, as a token does; it may be `broken`."""

    _key: SigningKey
    broken: bool = False

    @property
    def public(self) -> VerifyKey:
        return self._key.public

    @property
    def id(self) -> KeyId:
        return self._key.id

    @property
    def algorithm(self) -> Algorithm:
        return self._key.algorithm

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data + b"!" if self.broken else data)


def outside(algorithm: Algorithm = Algorithm.P256) -> Outside:
    return Outside(SigningKey.generate(algorithm))


@pytest.mark.parametrize(
    ("of_root", "of_issuer"),
    [(outside(), outside()), (outside(), None), (None, outside())],
    ids=["both outside", "root outside", "issuer outside"],
)
def test_an_authority(of_root: Outside | None, of_issuer: Outside | None) -> None:
    """Root, issuer, certificate and revocation list are as those of keys in memory: they verify, up to the root."""
    root = new_root("Goc", at=NOW, key=of_root)
    issuer = new_issuer(root, "Cap", at=NOW, key=of_issuer)
    key = SigningKey.generate()
    made = issue(issuer, key.public, name="H49", purpose=Purpose.MAILBOX, at=NOW)
    gone = issue(issuer, key.public, name="G22", purpose=Purpose.MAILBOX, at=NOW)
    withdrawn = Withdrawal(serial=gone.serial, at=NOW, reason=x509.ReasonFlags.key_compromise)
    revoked = revocation_list(issuer, [withdrawn], at=NOW, until=NOW + timedelta(days=9), number=1)
    root.certificate.parsed.verify_directly_issued_by(root.certificate.parsed)
    issuer.certificate.parsed.verify_directly_issued_by(root.certificate.parsed)
    assert revoked.parsed.is_signature_valid(_public(issuer))
    store = TrustStore([root.certificate], [issuer.certificate], [revoked])
    assert store.validity(made, Purpose.MAILBOX).objection(NOW) is None
    assert store.validity(gone, Purpose.MAILBOX).objection(NOW)
    for authority, given in ((root, of_root), (issuer, of_issuer)):
        assert given is None or authority.certificate.public_key == given.public.to_bytes()


def test_a_broken_token_issues_nothing() -> None:
    """What it gives for a signature is looked at before anything leaves."""
    with pytest.raises(BadCertificate, match="is its token broken"):
        new_root("Goc", at=NOW, key=Outside(SigningKey.generate(), broken=True))


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_request(algorithm: Algorithm) -> None:
    """It names the real key, and that key signed it."""
    key = outside(algorithm)
    asked = read_request(make_request(key, mailbox="H49"))
    assert (asked.name, asked.key) == ("H49", key.public)


def _public(authority: Authority) -> ec.EllipticCurvePublicKey:
    found = authority.certificate.parsed.public_key()
    assert isinstance(found, ec.EllipticCurvePublicKey)
    return found
