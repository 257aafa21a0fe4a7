"""A country in memory that an authority vouches for: real certificates, statements, a signed directory."""

from dataclasses import replace
from datetime import datetime, timedelta

from bus.directory.agencies import Directory
from bus.directory.keys import MailboxKeys
from bus.directory.member import Member
from bus.directory.sources import read
from bus.trust.keys import Identity, SealingKey, SigningKey
from bus.trust.trust_store import TrustStore
from tests.fakes.keys import watched
from tests.identities import Papers
from tests.scenarios.country import AGENCIES, BEGIN, Land

CODES = ("G22", "H49", "H53", "H08")


class GuardedLand(Land):
    """Its authority is `papers`; `keys` is what the directory says of each mailbox. After a change: `publish_keys`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.papers = Papers(BEGIN - timedelta(days=10))
        self.lists = [self.papers.revoked()]
        self.keys: dict[str, MailboxKeys] = {}
        self.agencies = AGENCIES
        for code in CODES:
            self.give_keys(code)
        self.publish_keys()

    def give_keys(
        self, code: str, *, at: datetime | None = None, lasts: timedelta = timedelta(days=365), keep: bool = False
    ) -> tuple[SigningKey, SealingKey]:
        """New keys for a mailbox, with their certificate; those it has open on, where they are kept."""
        signing, sealing = SigningKey.generate(), SealingKey.generate()
        begin = at or self.papers.begin
        certificate = self.papers.certificate(code, signing, at=begin, lasts=lasts)
        stated = self.papers.statement(code, sealing, signing, at=begin, days=lasts.days)
        older = self[code].member.identity.sealing if keep else ()
        office = self[code]
        office.member = replace(office.member, identity=watched(Identity(signing, (sealing, *older)), office.store))
        before = self.keys[code].certificates if keep else ()
        self.keys[code] = MailboxKeys(certificates=(certificate.der, *before), sealing=(stated.encoded,))
        return signing, sealing

    def give_sealing(self, code: str) -> None:
        """A new sealing key in the place of the one it had."""
        sealing, signing = SealingKey.generate(), self[code].member.identity.signing
        stated = self.papers.statement(code, sealing, signing)
        office = self[code]
        office.member = replace(office.member, identity=watched(Identity(signing, (sealing,)), office.store))
        self.keys[code] = replace(self.keys[code], sealing=(stated.encoded,))

    def publish_keys(self, *codes: str) -> None:
        """The directory as it is now, to these mailboxes; to all where none is named."""
        book = replace(read({"a.toml": self.agencies}), keys=dict(self.keys))
        trust_store = TrustStore(self.papers.roots, [self.papers.issuer.certificate], self.lists)
        for code in codes or CODES:
            office = self[code]
            directory = Directory(book, on=self.now.date())
            office.member = replace(office.member, directory=directory, trust_store=trust_store)

    def as_another(self, code: str, *, identity: Identity) -> Member:
        return replace(self[code].member, identity=identity)
