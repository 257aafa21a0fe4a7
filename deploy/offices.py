"""The authority of a country in a folder: root, issuer, the directory's signer, certificates for the broker and for
whoever logs in to it. Made in a second, for the demo and for tests; the commands `lienthong ca` and `lienthong
directory` do the same for a pilot, one step at a time.

    <root>/authority/root.pem       the root that every daemon believes
                     vouching.pem   the issuer, signed by itself, for the broker
                     broker.crt, broker.key, operator.crt, …
    <root>/directory.lt             the signed directory
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bus.directory.edition import LASTS, sign
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.directory.sources import read
from bus.files.keys import add_sealing, add_signing, save_certificate, save_statement
from bus.files.private import create_private, make_private_folder, write_public
from bus.topology.names import AUTHORITY, LEDGER, OPERATOR
from bus.trust.authority import Authority, Withdrawal, anchor_of, issue, new_issuer, new_root, revocation_list
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from schemas.values import MailboxCode

SERVICES = (AUTHORITY, LEDGER, OPERATOR)
HOSTS = ("localhost", "127.0.0.1")
SEALING_LASTS = timedelta(days=730)


@dataclass(slots=True)
class Office:
    """The authority at work. Nothing of it is kept but what lies in its folder."""

    folder: Path
    root: Authority
    issuer: Authority
    directory_key: SigningKey
    directory_chain: tuple[Certificate, ...]
    began: datetime
    withdrawn: tuple[Withdrawal, ...] = ()

    @property
    def root_file(self) -> Path:
        return self.folder / "root.pem"

    @property
    def vouching_file(self) -> Path:
        return self.folder / "vouching.pem"

    def file(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of the broker or of a service."""
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def revoked(self) -> RevocationList:
        now = datetime.now(UTC)
        number = int(now.timestamp())  # goes up by itself, as that of `lienthong ca`
        return revocation_list(self.issuer, self.withdrawn, at=now, until=now + timedelta(days=365), number=number)

    def admit(self, keys: Path, mailbox: MailboxCode) -> MailboxKeys:
        """Makes a mailbox's keys where they shall lie, with certificate and statement; their public half."""
        make_private_folder(keys)
        signing, sealing = SigningKey.generate(), SealingKey.generate()
        now = datetime.now(UTC)
        certificate = issue(self.issuer, signing.public, name=mailbox, purpose=Purpose.MAILBOX, at=self.began)
        statement = SealingStatement.sign(
            sealing.public, mailbox=mailbox, since=self.began, until=now + SEALING_LASTS, signer=signing
        )
        save_certificate(add_signing(keys, signing), certificate.to_pem() + self.issuer.certificate.to_pem())
        save_statement(add_sealing(keys, sealing), statement)
        return MailboxKeys(certificates=(certificate.der,), sealing=(statement.encoded,))

    def serve(self, name: str, purpose: Purpose, *, hosts: Sequence[str] = ()) -> None:
        """A certificate and a key in files, for the broker or a service."""
        key = SigningKey.generate()
        certificate = issue(self.issuer, key.public, name=name, purpose=purpose, at=datetime.now(UTC), hosts=hosts)
        crt, file = self.file(name)
        create_private(file, key.to_pem())
        write_public(crt, certificate.to_pem() + self.issuer.certificate.to_pem())

    def edition(self, sources: Path, *, version: int) -> bytes:
        """The directory of a folder of TOML files, signed."""
        book = read({file.name: file.read_bytes() for file in sorted(sources.glob("*.toml"))})
        revoked = self.revoked()
        register = Register.of(
            book,
            issuers=[self.issuer.certificate.der],
            revoked=[(self.issuer.certificate.parsed.subject.public_bytes(), revoked.der)],
        )
        now = datetime.now(UTC)
        return sign(
            register,
            version=version,
            issued_at=now,
            expires_at=now + LASTS,
            signer=self.directory_key,
            chain=self.directory_chain,
        )


def open_office(folder: Path, *, hosts: Iterable[str] = HOSTS, began: datetime | None = None) -> Office:
    """Founds an authority in a folder, with certificates for a broker at these hosts and for the services. What it
    issues counts from `began` on; from now where absent."""
    make_private_folder(folder)
    began = began or datetime.now(UTC)
    root = new_root("Lien thong demo root", at=began)
    issuer = new_issuer(root, "Lien thong demo issuer", at=began)
    key = SigningKey.generate()
    signer = issue(issuer, key.public, name="directory", purpose=Purpose.DIRECTORY, at=began)
    office = Office(folder, root, issuer, key, (signer, issuer.certificate), began=began)
    write_public(office.root_file, root.certificate.to_pem())
    write_public(office.vouching_file, anchor_of(issuer).to_pem())
    office.serve("broker", Purpose.BROKER, hosts=tuple(hosts))
    for name in SERVICES:
        office.serve(name, Purpose.SERVICE)
    return office
