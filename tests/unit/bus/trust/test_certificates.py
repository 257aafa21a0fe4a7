"""Certificates and revocation lists, read from bytes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.x509.oid import NameOID

from bus.errors import BadCertificate
from bus.trust.authority import issue, new_issuer, new_root, revocation_list
from bus.trust.certificates import Certificate, Purpose, RevocationList, names_mailbox
from bus.trust.keys import SigningKey
from tests.identities import BEGIN, Papers, handmade, named, papers

LATER = BEGIN + timedelta(days=30)


@pytest.fixture(scope="module")
def office() -> Papers:
    return papers()


@pytest.fixture(scope="module")
def leaf(office: Papers) -> Certificate:
    return office.certificate("H49", SigningKey.generate())


@pytest.mark.parametrize(
    "read",
    [Certificate.from_der, Certificate.from_pem, RevocationList.from_der, RevocationList.from_pem],
    ids=["certificate, DER", "certificate, PEM", "list, DER", "list, PEM"],
)
@pytest.mark.parametrize("data", [b"", b"x", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"])
def test_broken_bytes_are_said(read: Callable[[bytes], object], data: bytes) -> None:
    """In words, not as a traceback."""
    with pytest.raises(BadCertificate):
        read(data)


def test_it_comes_back_from_pem(leaf: Certificate) -> None:
    """Equal by its bytes, and with the same names."""
    (again,) = Certificate.from_pem(leaf.to_pem())
    assert again == leaf
    assert len({again, leaf}) == 1
    assert again != leaf.der
    assert again.fingerprint == leaf.fingerprint
    assert again.name == "H49"


def test_a_key_that_signs_no_dockets(office: Papers) -> None:
    """RSA is for authorities."""
    certificate = handmade(named("H49"), rsa.generate_private_key(65537, 2048), office.issuer)
    with pytest.raises(BadCertificate, match="neither P-256 nor Ed25519"):
        certificate.verify_key()


@pytest.mark.parametrize(
    ("name", "uris", "fits"),
    [
        ("H49", None, True),
        ("H50", None, False),
        ("H49", ["urn:lienthong:mailbox:H49"], True),
        ("H49", ["urn:lienthong:mailbox:H50"], False),
        ("H49", ["urn:lienthong:mailbox:H49", "urn:lienthong:mailbox:H50"], False),
        ("H49", ["urn:lienthong:service:H49"], False),
        ("H49", ["https://example.vn"], True),
    ],
)
def test_whose_it_is(office: Papers, name: str, uris: list[str] | None, fits: bool) -> None:
    """By the common name, and by the alternative names of ours where it has any."""
    names = () if uris is None else (x509.SubjectAlternativeName(map(x509.UniformResourceIdentifier, uris)),)
    certificate = handmade(named(name), ec.generate_private_key(ec.SECP256R1()), office.issuer, *names)
    assert names_mailbox(certificate, "H49") is fits


def test_a_subject_without_a_common_name(office: Papers) -> None:
    """Is called by all it has."""
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "UBND")])
    assert handmade(subject, ec.generate_private_key(ec.SECP256R1()), office.issuer).name == "O=UBND"


def test_issuers_that_end_before_a_certificate_shorten_it() -> None:
    """The window is that of the whole chain."""
    root = new_root("root", at=BEGIN)
    issuer = new_issuer(root, "issuer", at=BEGIN, lasts=timedelta(days=10))
    certificate = issue(
        issuer, SigningKey.generate().public, name="H49", purpose=Purpose.MAILBOX, at=BEGIN, lasts=timedelta(days=99)
    )
    assert certificate.until == issuer.certificate.until


def test_a_key_of_a_kind_unknown_here(leaf: Certificate) -> None:
    """Found when the certificate is read, not when its key is first wanted."""
    p256, unknown = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030163")
    with pytest.raises(BadCertificate, match="not supported"):
        Certificate.from_der(leaf.der.replace(p256, unknown))


def test_a_serial_number_that_is_not_positive(leaf: Certificate) -> None:
    """RFC 5280 forbids it: such a certificate could not be named in a revocation list."""
    serial = leaf.serial.to_bytes(20)
    with pytest.raises(BadCertificate, match="not positive"):
        Certificate.from_der(leaf.der.replace(serial, b"\xc0" + serial[1:]))


def test_a_list_says_its_number_and_its_time(office: Papers) -> None:
    """Without a number that can be read it is below every list that has one."""
    listed = revocation_list(office.issuer, (), at=BEGIN, until=LATER, number=7)
    assert (listed.number, listed.since, listed.until) == (7, BEGIN, LATER)
    assert isinstance(office.issuer.key, ec.EllipticCurvePrivateKey)
    bare = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(office.issuer.certificate.parsed.subject)
        .last_update(BEGIN)
        .next_update(LATER)
        .sign(office.issuer.key, hashes.SHA256())
    )
    assert RevocationList.from_der(bare.public_bytes(serialization.Encoding.DER)).number == -1


def test_an_issuer_whose_key_signs_nothing(office: Papers) -> None:
    """It has signed no list; strangers may put any certificate into an edition."""
    key = x25519.X25519PrivateKey.generate()
    odd = handmade(office.issuer.certificate.parsed.subject, key, office.root)
    assert not office.revoked().signed_by(odd)
    assert office.revoked().signed_by(office.issuer.certificate)
