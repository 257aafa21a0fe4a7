"""Which certificate is valid, for what, and from when to when."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from bus.errors import BadCertificate
from bus.trust.authority import Authority, Withdrawal, issue, new_issuer, revocation_list
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import Algorithm, SigningKey
from bus.trust.trust_store import TrustStore
from tests.identities import BEGIN, Papers, handmade, named, papers

LATER = BEGIN + timedelta(days=30)


@pytest.fixture(scope="module")
def office() -> Papers:
    return papers()


@pytest.fixture(scope="module")
def leaf(office: Papers) -> Certificate:
    return office.certificate("H49", SigningKey.generate())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_chain_to_a_root_stands(office: Papers, algorithm: Algorithm) -> None:
    """From its own beginning to its own end, through the issuer, for the purpose it was made for."""
    certificate = office.certificate("H49", SigningKey.generate(algorithm))
    validity = TrustStore(office.roots, [office.issuer.certificate]).validity(certificate, Purpose.MAILBOX)
    assert (validity.since, validity.until) == (certificate.since, certificate.until)
    assert validity.objection(LATER) is None


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
    validity = TrustStore(office.roots, [office.issuer.certificate]).validity(leaf, Purpose.MAILBOX)
    found = validity.objection(at, skew=timedelta(minutes=5))
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize("purpose", [Purpose.BROKER, Purpose.DIRECTORY])
def test_it_is_for_one_purpose(office: Papers, leaf: Certificate, purpose: Purpose) -> None:
    """A mailbox's certificate signs no directory and is no server's."""
    trust_store = TrustStore(office.roots, [office.issuer.certificate])
    for _ in range(2):  # the second answer is remembered
        with pytest.raises(BadCertificate, match="not issued for this purpose"):
            trust_store.validity(leaf, purpose)


def test_a_foreign_root_vouches_for_nobody(office: Papers, leaf: Certificate) -> None:
    """Nor one of the same name."""
    twin = Papers()
    for roots, issuers in ((twin.roots, [office.issuer.certificate]), (office.roots, []), (twin.roots, [])):
        with pytest.raises(BadCertificate, match="no chain"):
            TrustStore(roots, issuers).validity(leaf, Purpose.MAILBOX)


def test_the_dedicated_issuer_may_be_the_root_that_is_trusted(office: Papers, leaf: Certificate) -> None:
    """Below a root that others share, a reader trusts the issuer itself: nobody else's certificate counts then."""
    trust_store = TrustStore([office.issuer.certificate])
    assert trust_store.validity(leaf, Purpose.MAILBOX).objection(LATER) is None
    other = new_issuer(office.root, "Other", at=BEGIN)
    stranger = issue(other, SigningKey.generate().public, name="H49", purpose=Purpose.MAILBOX, at=BEGIN)
    with pytest.raises(BadCertificate, match="no chain"):
        TrustStore([office.issuer.certificate], [other.certificate]).validity(stranger, Purpose.MAILBOX)


@pytest.mark.parametrize(
    ("permitted", "purpose", "said"),
    [
        (x509.DNSName("example.vn"), Purpose.MAILBOX, "hosts or mail addresses only"),
        (x509.DNSName("example.vn"), Purpose.DIRECTORY, "hosts or mail addresses only"),
        (x509.DNSName("example.vn"), Purpose.BROKER, None),
        (x509.DirectoryName(named("G22")), Purpose.MAILBOX, None),
    ],
    ids=["a mailbox", "the directory", "a broker", "directory names"],
)
def test_an_authority_for_hosts_names_no_mailbox(
    office: Papers, permitted: x509.GeneralName, purpose: Purpose, said: str | None
) -> None:
    """By RFC 5280 constraints on one form of names leave all other forms open: that is not meant."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca = handmade(
        named("Hosts only"), key, office.root,
        x509.BasicConstraints(ca=True, path_length=0),
        office.root.certificate.parsed.extensions.get_extension_for_class(x509.KeyUsage).value,
        x509.NameConstraints([permitted], None),
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            office.root.certificate.parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        ),
        lasts=timedelta(days=9999),
    )  # fmt: skip
    made = issue(Authority(ca, key), SigningKey.generate().public, name="G22", purpose=purpose, at=LATER)
    trust_store = TrustStore(office.roots, [ca])
    if said is None:
        assert trust_store.validity(made, purpose).objection(LATER) is None
    else:
        with pytest.raises(BadCertificate, match=said):
            trust_store.validity(made, purpose)


def test_what_is_not_valid_together_is_no_chain(office: Papers) -> None:
    """A certificate from before its issuer's time."""
    old = office.certificate("H49", SigningKey.generate(), at=BEGIN - timedelta(days=400))
    with pytest.raises(BadCertificate, match="no chain"):
        TrustStore(office.roots, [office.issuer.certificate]).validity(old, Purpose.MAILBOX)


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
    trust_store = TrustStore(office.roots, [office.issuer.certificate], [listed])
    objection = trust_store.validity(leaf, Purpose.MAILBOX).objection(at)
    assert (objection is None) == counts


def test_a_revoked_issuer_takes_those_below_with_it(office: Papers, leaf: Certificate) -> None:
    """The root's own list names it."""
    withdrawal = Withdrawal(serial=office.issuer.certificate.serial, at=LATER)
    listed = revocation_list(office.root, [withdrawal], at=LATER, until=LATER + timedelta(days=1), number=1)
    trust_store = TrustStore(office.roots, [office.issuer.certificate], [listed])
    assert "was revoked" in str(trust_store.validity(leaf, Purpose.MAILBOX).objection(LATER))


def test_a_list_of_somebody_else_revokes_nothing(office: Papers, leaf: Certificate) -> None:
    """Signed by another key under the issuer's name."""
    twin = Papers()
    listed = twin.revoked(Withdrawal(serial=leaf.serial, at=BEGIN))
    trust_store = TrustStore(office.roots, [office.issuer.certificate], [listed])
    assert trust_store.validity(leaf, Purpose.MAILBOX).objection(LATER) is None
    assert RevocationList.from_pem(listed.to_pem()).der == listed.der


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
    certificate = handmade(named("H49"), ec.generate_private_key(ec.SECP256R1()), office.issuer, *extensions)
    with pytest.raises(BadCertificate, match="not issued for this purpose"):
        TrustStore(office.roots, [office.issuer.certificate]).validity(certificate, Purpose.MAILBOX)


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
    assert isinstance(office.issuer.key, ec.EllipticCurvePrivateKey)
    for key, counts in ((office.issuer.key, False), (ec.generate_private_key(ec.SECP256R1()), True)):
        made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        trust_store = TrustStore(office.roots, [office.issuer.certificate], [RevocationList.from_der(made)])
        validity = trust_store.validity(leaf, Purpose.MAILBOX)
        assert validity.objection(LATER - timedelta(days=1)) is None
        assert (validity.objection(LATER) is None) == counts


def test_the_first_list_that_ends(office: Papers) -> None:
    """With it no broker lets in anybody of that issuer: its end is everybody's."""
    ends = [LATER, LATER + timedelta(days=9)]
    lists = [revocation_list(office.issuer, (), at=BEGIN, until=until, number=1) for until in ends]
    assert TrustStore(office.roots, [office.issuer.certificate], lists[::-1]).lists_until == LATER
    assert TrustStore(office.roots).lists_until is None


def test_a_refused_certificate_is_refused_alike_however_often(office: Papers, leaf: Certificate) -> None:
    """The answer is cached, and not the error: a traceback grows each time its error is raised."""
    trust_store = TrustStore(office.roots, [office.issuer.certificate])
    seen = []
    for _ in range(3):
        with pytest.raises(BadCertificate) as raised:
            trust_store.validity(leaf, Purpose.BROKER)
        seen.append((str(raised.value), len(raised.traceback)))
    assert seen[0][0] == seen[1][0] == seen[2][0]
    assert seen[1] == seen[2]


def test_who_was_revoked_ever(office: Papers) -> None:
    """Whatever the date; of a certificate that no root vouches for nothing is known."""
    good, bad = (office.certificate("H49", SigningKey.generate()) for _ in range(2))
    listed = office.revoked(Withdrawal(serial=bad.serial, at=BEGIN + timedelta(days=3000)))
    store = TrustStore(office.roots, [office.issuer.certificate], [listed])
    assert (store.is_revoked(good), store.is_revoked(bad)) == (False, True)
    assert not store.is_revoked(Papers().certificate("H49", SigningKey.generate()))
    assert (store.lists, store.issuers) == ((listed,), (office.issuer.certificate,))


def test_the_newest_list_of_each_issuer(office: Papers) -> None:
    """Of those that a root vouches for; a stranger's is nobody's."""
    stranger = Papers()
    lists = [
        revocation_list(office.issuer, (), at=BEGIN, until=BEGIN + timedelta(days=9), number=number)
        for number in (2, 7, 3)
    ]
    issuers = [office.issuer.certificate, stranger.issuer.certificate]
    store = TrustStore(office.roots, issuers, [*lists, stranger.revoked()])
    assert store.lists_by_issuer() == {office.issuer.certificate: lists[1]}
