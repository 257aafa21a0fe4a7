"""Who a mailbox is on the bus: its identity, its limits, and what the directory says of it and of others. No store, no
broker, and nothing is sealed here (bus/mailroom.py)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from bus.certificates import Certificate, Purpose, Vouching, names_mailbox
from bus.directory import Directory, MailboxKeys
from bus.edition import MAX_SKEW, check_keys
from bus.errors import AgencyClosed, BadCertificate, NoKey, NotServed, NotUnderstood, UnknownAgency
from bus.keys import Identity, KeyId, SealingPublicKey, VerifyKey
from bus.verified import Verified
from schemas.codes import BusinessType, Priority
from schemas.docket import Address, Docket
from schemas.values import VIETNAM, AgencyCode, MailboxCode, MessageId

MAX_CONTENT = 12 * 1024 * 1024
"""Bytes of content before sealing. RabbitMQ 4 takes 16 MiB a message unless told otherwise."""

LARGE_FROM = 512 * 1024
"""Bytes of one attachment above which it travels apart from its message, where its recipients take that."""

CLOSED_SINCE = timedelta(days=60)
VERSION = 1
"""Of the wire format that is written here. schemas §2.3"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One mailbox as a member of the bus."""

    mailbox: MailboxCode
    directory: Directory
    identity: Identity
    new_id: Callable[[], MessageId]
    max_content: int = MAX_CONTENT
    large_from: int = LARGE_FROM
    expiry: Mapping[Priority, timedelta] = field(default_factory=dict)
    """After how long its own documents, by their urgency, are not worth delivering any more; others never expire."""
    verified: Verified = field(default_factory=Verified, compare=False, repr=False)
    """What was judged by this process; shared by every renewal of the member."""
    vouching: Vouching | None = None
    """Whose certificates count. None: the directory is unsigned, and the bare keys in it are believed."""

    def address(self, code: AgencyCode) -> Address:
        """Raises UnknownAgency, AgencyClosed or NoMailbox."""
        return _address(self.directory, code)

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

    def served(self, address: Address, *, at: datetime, now: datetime) -> bool:
        """Whether an agency is, or was when a message was made, that mailbox's to speak and be spoken to for.

        A code closed since then counts for two months: what was on its way must arrive, and nobody is to go on sending
        under it by setting a clock back.
        """
        try:
            return self.directory.serves(address.mailbox, address.agency)
        except AgencyClosed:
            if abs(now - at) > CLOSED_SINCE:
                return False
            then = self.directory.as_of(at.astimezone(VIETNAM).date())
            return not then.is_closed(address.agency) and then.serves(address.mailbox, address.agency)

    def ours(self, docket: Docket, *, now: datetime) -> tuple[AgencyCode, ...]:
        """The recipients of a message that this mailbox serves, whatever its docket says of others."""
        return tuple(
            address.agency
            for address in docket.recipients
            if address.mailbox == self.mailbox and self.served(address, at=docket.created_at, now=now)
        )

    def sealing_key(self, mailbox: MailboxCode, *, now: datetime) -> SealingPublicKey:
        """The key to seal to: the newest whose time it is, under its mailbox's own signature. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.vouching is None:
            return _sealing_key(keys.sealing[0])
        for statement in _statements(mailbox, keys):
            if statement.covers(now):
                return statement.key
        raise NoKey(mailbox=mailbox)

    def uses(self, key: KeyId, *, now: datetime) -> bool:
        """Whether the directory tells others to seal to this key of ours."""
        keys = self.directory.keys(self.mailbox)
        if self.vouching is None:
            return key in {_sealing_key(each).id for each in keys.sealing}
        return any(each.key.id == key and each.covers(now) for each in _statements(self.mailbox, keys))

    def verify_keys(self, mailbox: MailboxCode) -> tuple[VerifyKey, ...]:
        """Every key that may have signed for a mailbox. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.vouching is None:
            return tuple(map(_verify_key, keys.signing))
        return tuple(key for _, key in _certificates(keys))

    def objection(self, mailbox: MailboxCode, key: KeyId, *, at: datetime) -> str | None:
        """Why what one of `verify_keys` signed at a moment does not count: its certificate. None where it does."""
        if self.vouching is None:
            return None
        listed = _certificates(self.directory.keys(mailbox))
        certificate = next(certificate for certificate, signer in listed if signer.id == key)
        if not names_mailbox(certificate, mailbox):
            return f"it is in the name of {certificate.name}"
        try:
            return self.vouching.standing(certificate, Purpose.MAILBOX).objection(at, skew=MAX_SKEW)
        except BadCertificate as error:
            return str(error.facts["why"])

    def check_takes(self, mailbox: MailboxCode, business: BusinessType | None) -> None:
        """Raises NotUnderstood where a mailbox does not take documents of a type, or messages of this version."""
        listed = self.directory.mailbox(mailbox)
        if VERSION not in listed.versions:
            raise NotUnderstood(mailbox=mailbox, what=f"messages of version {VERSION} / bản tin phiên bản {VERSION}")
        if business is not None and listed.takes and int(business) not in listed.takes:
            raise NotUnderstood(mailbox=mailbox, what=f"“{business.label.vi}” / {business.label.en}")


@lru_cache(maxsize=8192)  # thousands of documents go to the same few agencies
def _address(directory: Directory, code: AgencyCode) -> Address:
    resolved = directory.resolve(code)
    return Address(agency=resolved.code, mailbox=resolved.mailbox)


# Parsing a key costs more than using it; a country has a thousand of them.
_sealing_key = lru_cache(maxsize=4096)(SealingPublicKey.from_bytes)
_verify_key = lru_cache(maxsize=4096)(VerifyKey.from_bytes)
_statements = lru_cache(maxsize=4096)(check_keys)


@lru_cache(maxsize=4096)
def _certificates(keys: MailboxKeys) -> tuple[tuple[Certificate, VerifyKey], ...]:
    """Those with a key that can sign; what else may be wrong with them is said when they are used."""
    found = []
    for der in keys.certificates:
        with suppress(BadCertificate):
            certificate = Certificate.from_der(der)
            found.append((certificate, certificate.verify_key()))
    return tuple(found)
