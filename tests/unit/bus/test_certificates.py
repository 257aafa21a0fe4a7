"""Whose certificate counts, for what, and from when to when."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bus.authority import Authority, Withdrawal, issue, new_issuer, new_root, revocation_list
from bus.certificates import Certificate, Purpose, RevocationList, Vouching, names_mailbox
from bus.errors import BadCertificate
from bus.keys import Algorithm, SigningKey
from tests.identities import BEGIN, Papers, papers

LATER = BEGIN + timedelta(days=30)


@pytest.fixture(scope="module")
def office() -> Papers:
    return papers()


@pytest.fixture(scope="module")
def leaf(office: Papers) -> Certificate:
    return office.certificate("H49", SigningKey.generate())


def by_hand(
    subject: x509.Name, key: object, issuer: Authority, *extensions: x509.ExtensionType, lasts: timedelta = timedelta(9)
) -> Certificate:
    """A certificate of another hand, with these extensions and no others."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.parsed.subject)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + lasts)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(issuer.key, hashes.SHA256())
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_chain_to_a_root_stands(office: Papers, algorithm: Algorithm) -> None:
    """From its own beginning to its own end, through the issuer, for the purpose it was made for."""
    certificate = office.certificate("H49", SigningKey.generate(algorithm))
    standing = Vouching(office.roots, [office.issuer.certificate]).standing(certificate, Purpose.MAILBOX)
    assert (standing.since, standing.until) == (certificate.since, certificate.until)
    assert standing.objection(LATER) is None


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (BEGIN - timedelta(hours=1), "valid only from"),
        (BEGIN - timedelta(minutes=8), None),
        (BEGIN + timedelta(days=3651), "expired at"),
        (LATER, None),
    ],
)
def test_it_counts_between_its_dates(office: Papers, leaf: Certificate, at: datetime, said: str | None) -> None:
    """With as much room at both ends as clocks may differ."""
    standing = Vouching(office.roots, [office.issuer.certificate]).standing(leaf, Purpose.MAILBOX)
    found = standing.objection(at, skew=timedelta(minutes=5))
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize("purpose", [Purpose.BROKER, Purpose.DIRECTORY])
def test_it_is_for_one_purpose(office: Papers, leaf: Certificate, purpose: Purpose) -> None:
    """A mailbox's certificate signs no directory and is no server's."""
    vouching = Vouching(office.roots, [office.issuer.certificate])
    for _ in range(2):  # the second answer is remembered
        with pytest.raises(BadCertificate, match="not issued for this purpose"):
            vouching.standing(leaf, purpose)


def test_a_foreign_root_vouches_for_nobody(office: Papers, leaf: Certificate) -> None:
    """Nor one of the same name."""
    twin = Papers()
    for roots, issuers in ((twin.roots, [office.issuer.certificate]), (office.roots, []), (twin.roots, [])):
        with pytest.raises(BadCertificate, match="no chain"):
            Vouching(roots, issuers).standing(leaf, Purpose.MAILBOX)


def test_what_is_not_valid_together_is_no_chain(office: Papers) -> None:
    """A certificate from before its issuer's time."""
    old = office.certificate("H49", SigningKey.generate(), at=BEGIN - timedelta(days=400))
    with pytest.raises(BadCertificate, match="no chain"):
        Vouching(office.roots, [office.issuer.certificate]).standing(old, Purpose.MAILBOX)


@pytest.mark.parametrize(
    ("reason", "at", "counts"),
    [
        (x509.ReasonFlags.superseded, LATER - timedelta(days=1), True),
        (x509.ReasonFlags.superseded, LATER, False),
        (x509.ReasonFlags.unspecified, LATER, False),
        (x509.ReasonFlags.key_compromise, LATER - timedelta(days=20), False),
    ],
)
def test_what_was_revoked_counts_no_more(
    office: Papers, leaf: Certificate, reason: x509.ReasonFlags, at: datetime, counts: bool
) -> None:
    """From that moment on; after a compromise nothing it ever signed does."""
    listed = office.revoked(Withdrawal(serial=leaf.serial, at=LATER, reason=reason))
    vouching = Vouching(office.roots, [office.issuer.certificate], [listed])
    objection = vouching.standing(leaf, Purpose.MAILBOX).objection(at)
    assert (objection is None) == counts


def test_a_revoked_issuer_takes_those_below_with_it(office: Papers, leaf: Certificate) -> None:
    """The root's own list names it."""
    withdrawal = Withdrawal(serial=office.issuer.certificate.serial, at=LATER)
    listed = revocation_list(office.root, [withdrawal], at=LATER, until=LATER + timedelta(days=1), number=1)
    vouching = Vouching(office.roots, [office.issuer.certificate], [listed])
    assert "was revoked" in str(vouching.standing(leaf, Purpose.MAILBOX).objection(LATER))


def test_a_list_of_somebody_else_revokes_nothing(office: Papers, leaf: Certificate) -> None:
    """Signed by another key under the issuer's name."""
    twin = Papers()
    listed = twin.revoked(Withdrawal(serial=leaf.serial, at=BEGIN))
    vouching = Vouching(office.roots, [office.issuer.certificate], [listed])
    assert vouching.standing(leaf, Purpose.MAILBOX).objection(LATER) is None
    assert RevocationList.from_pem(listed.to_pem()).der == listed.der


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
    certificate = by_hand(named("H49"), rsa.generate_private_key(65537, 2048), office.issuer)
    with pytest.raises(BadCertificate, match="neither P-256 nor Ed25519"):
        certificate.verify_key()


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),),
    ],
)
def test_what_does_not_say_what_it_is_for(office: Papers, extensions: tuple[x509.ExtensionType, ...]) -> None:
    """Neither a use nor the right to sign."""
    certificate = by_hand(named("H49"), ec.generate_private_key(ec.SECP256R1()), office.issuer, *extensions)
    with pytest.raises(BadCertificate, match="not issued for this purpose"):
        Vouching(office.roots, [office.issuer.certificate]).standing(certificate, Purpose.MAILBOX)


@pytest.mark.parametrize(
    ("name", "uris", "fits"),
    [
        ("H49", None, True),
        ("H50", None, False),
        ("H49", ["urn:lienthong:mailbox:H49"], True),
        ("H49", ["urn:lienthong:mailbox:H50"], False),
        ("H49", ["https://example.vn"], True),
    ],
)
def test_whose_it_is(office: Papers, name: str, uris: list[str] | None, fits: bool) -> None:
    """By the common name, and by the alternative names of ours where it has any."""
    names = () if uris is None else (x509.SubjectAlternativeName(map(x509.UniformResourceIdentifier, uris)),)
    certificate = by_hand(named(name), ec.generate_private_key(ec.SECP256R1()), office.issuer, *names)
    assert names_mailbox(certificate, "H49") is fits


def test_a_subject_without_a_common_name(office: Papers) -> None:
    """Is called by all it has."""
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "UBND")])
    assert by_hand(subject, ec.generate_private_key(ec.SECP256R1()), office.issuer).name == "O=UBND"


def test_issuers_that_end_before_a_certificate_shorten_it() -> None:
    """The window is that of the whole chain."""
    root = new_root("root", at=BEGIN)
    issuer = new_issuer(root, "issuer", at=BEGIN, lasts=timedelta(days=10))
    certificate = issue(
        issuer, SigningKey.generate().public, name="H49", purpose=Purpose.MAILBOX, at=BEGIN, lasts=timedelta(days=99)
    )
    assert certificate.until == issuer.certificate.until


def test_a_reason_that_nobody_knows_revokes_all_the_same(office: Papers, leaf: Certificate) -> None:
    """From the day it names; and in a forged list it revokes nothing and breaks nothing."""
    unknown = x509.UnrecognizedExtension(x509.CRLReason.oid, b"\x0a\x01\x63")
    entry = x509.RevokedCertificateBuilder().serial_number(leaf.serial).revocation_date(LATER)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(office.issuer.certificate.parsed.subject)
        .last_update(LATER)
        .next_update(LATER + timedelta(days=1))
        .add_revoked_certificate(entry.add_extension(unknown, critical=False).build())
    )
    for key, counts in ((office.issuer.key, False), (ec.generate_private_key(ec.SECP256R1()), True)):
        made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        vouching = Vouching(office.roots, [office.issuer.certificate], [RevocationList.from_der(made)])
        standing = vouching.standing(leaf, Purpose.MAILBOX)
        assert standing.objection(LATER - timedelta(days=1)) is None
        assert (standing.objection(LATER) is None) == counts


def test_a_key_of_a_kind_unknown_here(leaf: Certificate) -> None:
    """Found when the certificate is read, not when its key is first wanted."""
    p256, unknown = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030163")
    with pytest.raises(BadCertificate, match="not supported"):
        Certificate.from_der(leaf.der.replace(p256, unknown))


def test_a_serial_number_that_is_not_positive(leaf: Certificate) -> None:
    """RFC 5280 forbids it: such a certificate could not be named in a revocation list."""
    serial = leaf.serial.to_bytes(20)
    with pytest.raises(BadCertificate, match="not positive"):
        Certificate.from_der(leaf.der.replace(serial, bytes([serial[0] | 0x80]) + serial[1:]))


def test_the_first_list_that_ends(office: Papers) -> None:
    """With it no broker lets in anybody of that issuer: its end is everybody's."""
    ends = [LATER, LATER + timedelta(days=9)]
    lists = [revocation_list(office.issuer, (), at=BEGIN, until=until, number=1) for until in ends]
    assert Vouching(office.roots, [office.issuer.certificate], lists[::-1]).lists_until == LATER
    assert Vouching(office.roots).lists_until is None
