"""A mailbox as a member of the bus: its keys and limits, and its view of the directory. No store, no broker; messages
are sealed in bus/sending/seal.py."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bus.directory.algorithms import SEALS, SIGNATURES, choose
from bus.directory.keys import in_force
from bus.directory.onlooker import Onlooker
from bus.errors import NoKey, NotServed, NotUnderstood, UnknownAgency, Words
from bus.trust.keys import Identity, KeyId, SealingPublicKey
from schemas.codes import BusinessType, Priority
from schemas.docket import Address, Docket, Version
from schemas.values import AgencyCode, MailboxCode, MessageId

MAX_CONTENT = 12 * 1024 * 1024
"""Bytes of content before sealing. RabbitMQ 4 takes 16 MiB a message unless told otherwise."""

LARGE_FROM = 512 * 1024
"""Bytes of one attachment above which it travels as a blob, where its recipients take blobs."""

VERSION = 1
"""Of the wire format that every mailbox reads: statuses and receipts have no other. schemas §2.3"""
NEWEST: Final[Version] = 2
"""Of the wire format that is written here, for those who read it. schemas §2.4"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Onlooker):
    """One mailbox as a member of the bus."""

    mailbox: MailboxCode
    identity: Identity
    new_id: Callable[[], MessageId]
    max_content: int = MAX_CONTENT
    large_from: int = LARGE_FROM
    expiry: Mapping[Priority, timedelta] = field(default_factory=dict)
    """After how long its own documents, by their urgency, are not worth delivering any more; others never expire."""

    def address(self, code: AgencyCode) -> Address:
        """Raises UnknownAgency, AgencyClosed or NoMailbox."""
        return self.directory.address(code)

    def own_address(self, code: AgencyCode) -> Address:
        """As `address`, of an agency that this mailbox serves. Raises NotServed for any other."""
        if not self.directory.serves(self.mailbox, code):
            raise NotServed(agency=code, mailbox=self.mailbox)
        return self.address(code)

    def canonical(self, code: AgencyCode) -> AgencyCode:
        """The directory's own code for an alias; any other code as it is. Dates play no part."""
        try:
            return self.directory.agency(code).code
        except UnknownAgency:
            return code

    def ours(self, docket: Docket, *, now: datetime) -> tuple[AgencyCode, ...]:
        """The recipients of a message that this mailbox serves, whatever its docket says of others."""
        return tuple(
            address.agency
            for address in docket.recipients
            if address.mailbox == self.mailbox and self.served(address, at=docket.created_at, now=now)
        )

    def sealing_key(self, mailbox: MailboxCode, *, now: datetime) -> SealingPublicKey:
        """The key to seal to: the newest whose time it is, under a certificate of its mailbox. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.trust_store is None:
            return keys.newest_bare_sealing
        for statement in in_force(mailbox, keys, self.trust_store):
            if statement.covers(now):
                return statement.key
        raise NoKey(mailbox=mailbox)

    def check_reads(self, mailboxes: Iterable[MailboxCode]) -> None:
        """Raises NotUnderstood where a mailbox reads nothing that we can make, or the directory allows none of it.
        Today each of the two has one answer; whoever adds a second algorithm takes what `choose` returns."""
        listed = [(code, self.directory.mailbox(code)) for code in mailboxes]
        allows = self.directory.book.allows
        signs = (self.identity.signing.algorithm.value,)
        choose(signs, [(code, each.signatures or SIGNATURES) for code, each in listed], allowed=allows.signatures)
        choose(SEALS, [(code, each.seals or SEALS) for code, each in listed], allowed=allows.seals)

    def version_for(self, mailboxes: Iterable[MailboxCode]) -> Version:
        """The version in which a document goes to all of these: one message, whoever reads it, so that both ends and
        everybody between speak of the same one. Where one of them reads version 1 only, it is that."""
        listed = (self.directory.mailbox(mailbox) for mailbox in mailboxes)
        return NEWEST if all(NEWEST in each.versions for each in listed) else 1

    def uses(self, key: KeyId, *, now: datetime) -> bool:
        """Whether the directory tells others to seal to this key of ours."""
        keys = self.directory.keys(self.mailbox)
        if self.trust_store is None:
            return key in {each.id for each in keys.bare_sealing}
        stated = in_force(self.mailbox, keys, self.trust_store)
        return any(each.key.id == key and each.covers(now) for each in stated)

    def check_takes(self, mailbox: MailboxCode, business: BusinessType | None) -> None:
        """Raises NotUnderstood where a mailbox does not take documents of a type, or messages of this version."""
        listed = self.directory.mailbox(mailbox)
        if VERSION not in listed.versions:
            raise NotUnderstood(
                mailbox=mailbox, what=Words(f"bản tin phiên bản {VERSION}", f"messages of version {VERSION}")
            )
        if business is not None and listed.takes and int(business) not in listed.takes:
            raise NotUnderstood(mailbox=mailbox, what=Words(f"“{business.label.vi}”", f"“{business.label.en}”"))
