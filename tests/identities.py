"""An authority in memory for tests: a root, an issuer, and any certificates that a test needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.trust.authority import Authority, Withdrawal, issue, new_issuer, new_root, revocation_list
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SealingKey, Signer, SigningKey
from bus.trust.statements import SealingStatement

BEGIN = datetime(2016, 1, 1, tzinfo=UTC)


@dataclass
class Papers:
    """The authority. `begin`: the time from which root and issuer are valid."""

    begin: datetime = BEGIN
    root: Authority = field(init=False)
    issuer: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.root = new_root("Goc thu nghiem", at=self.begin)
        self.issuer = new_issuer(self.root, "Cap chung thu thu nghiem", at=self.begin)

    @property
    def roots(self) -> tuple[Certificate, ...]:
        return (self.root.certificate,)

    def certificate(
        self,
        code: str,
        signer: Signer,
        *,
        purpose: Purpose = Purpose.MAILBOX,
        at: datetime | None = None,
        lasts: timedelta = timedelta(days=3650),
        hosts: Sequence[str] = (),
    ) -> Certificate:
        return issue(
            self.issuer, signer.public, name=code, purpose=purpose, at=at or self.begin, lasts=lasts, hosts=hosts
        )

    def statement(
        self, code: str, key: SealingKey, signer: Signer, *, at: datetime | None = None, days: int = 3650
    ) -> SealingStatement:
        since = at or self.begin
        until = since + timedelta(days=days)
        return SealingStatement.sign(key.public, mailbox=code, since=since, until=until, signer=signer)

    def revoked(self, *withdrawals: Withdrawal, at: datetime | None = None) -> RevocationList:
        made = at or self.begin
        return revocation_list(self.issuer, withdrawals, at=made, until=made + timedelta(days=3650), number=1)

    def directory_signer(self) -> tuple[SigningKey, tuple[Certificate, ...]]:
        """Returns a signing key of the directory, and the chain of its certificate."""
        key = SigningKey.generate()
        return key, (self.certificate("directory", key, purpose=Purpose.DIRECTORY), self.issuer.certificate)


@cache
def papers(begin: datetime = BEGIN) -> Papers:
    """Returns an authority, cached for all tests that do not change it."""
    return Papers(begin)


def handmade(
    subject: x509.Name,
    key: object,
    issuer: Authority,
    *extensions: x509.ExtensionType,
    lasts: timedelta = timedelta(9),
    begin: datetime = BEGIN,
) -> Certificate:
    """A certificate of another hand, with these extensions and no others."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.parsed.subject)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lasts)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    made = builder.sign(issuer.key, hashes.SHA256())
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
