"""The mailbox as a member of the bus at this moment: by the edition of the directory in force and its own keys, both
renewed while the daemon runs; or by an unsigned directory, which follows the calendar only."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

import structlog

from bus.daemon.editions import EditionFollower
from bus.directory.agencies import Directory
from bus.directory.edition import MAX_SKEW, Edition
from bus.directory.member import Member
from bus.errors import BadCertificate, BadConfig, BadDirectory, DirectoryExpired, OwnClockWrong
from bus.ports.records import Event
from bus.trust.certificates import Certificate, Purpose
from bus.trust.endings import Ending
from bus.trust.keys import HeldSealing, Identity, KeyId, Keyring
from bus.trust.trust_store import TrustStore
from schemas.clock import local
from schemas.codes import Label
from schemas.values import VIETNAM, MailboxCode

log = structlog.get_logger()

LOOK = timedelta(seconds=2)
"""Between two looks at the folder of keys."""
REVIEW = timedelta(seconds=30)
"""The longest time that an ended key is still used, or that a new certificate waits to be used."""

PENDING = timedelta(days=7)
"""How long a new sealing key may wait for the directory to list it, before an older one listed first is told."""

MakeMember: TypeAlias = Callable[[Directory, Identity, TrustStore], Member]


class UnsignedMember:
    """By a directory that nobody signed, and keys read once. For tests and trials."""

    def __init__(self, member: Member, *, as_of: date | None = None) -> None:
        """`as_of` is the fixed date of the directory; None follows the calendar."""
        self.mailbox = member.mailbox
        self._as_of = as_of
        self._member = member

    def member(self, now: datetime) -> Member:
        """With the directory as of today: closures take effect at midnight in Việt Nam, without a restart."""
        today = self._as_of or now.astimezone(VIETNAM).date()
        if self._member.directory.on != today:
            self._member = replace(self._member, directory=self._member.directory.as_of(today))
        return self._member


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A member with what it was made from. Holds both: an `id` of a freed edition may come back as another's."""

    member: Member
    edition: Edition
    keyring: Keyring
    at: datetime

    def is_from(self, edition: Edition, keyring: Keyring) -> bool:
        return self.edition is edition and self.keyring is keyring

    def is_fresh(self, on: date, now: datetime) -> bool:
        return self.member.directory.on == on and timedelta(0) <= now - self.at < REVIEW


@dataclass(slots=True, kw_only=True)
class SignedMember:
    """By the edition in force and the keys on disk. Made once for a mailbox; its loops ask `member` at each step."""

    mailbox: MailboxCode
    make: MakeMember
    follower: EditionFollower
    keyring: Callable[[], Keyring]
    stamp: Callable[[], Hashable]
    """Changes whenever the folder of keys does."""
    as_of: date | None = None
    """Fixed date of the directory; None follows the calendar."""
    tell: Callable[[Event], None] = lambda event: None
    """Writes down what an operator should know."""
    _made: _Made | None = None
    _looked_at: datetime | None = None
    _stamp: Hashable = None
    _keyring: Keyring | None = None
    _told: int = 0
    """The number of the last refusal that was told."""
    _unreadable: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def member(self, now: datetime) -> Member:
        """Raises DirectoryExpired and OwnClockWrong: better to wait than to judge by either."""
        edition = self.follower.edition
        check_in_force(edition, now)
        with self._lock:
            keyring = self._look_at_keys(now)
            self._tell_of_refusal(now)
            on = self.as_of or now.astimezone(VIETNAM).date()
            before = self._made
            if before is not None and before.is_from(edition, keyring) and before.is_fresh(on, now):
                return before.member
            member = self._make(edition, keyring, on, now)
            self._made = _Made(member=member, edition=edition, keyring=keyring, at=now)
            if before is None or not before.is_from(edition, keyring):
                self._compare(edition, keyring, now)
            return member

    def _make(self, edition: Edition, keyring: Keyring, on: date, now: datetime) -> Member:
        before = self._made
        same = before is not None and before.edition is edition
        directory = before.member.directory.as_of(on) if before is not None and same else edition.directory(on)
        member = self.make(directory, identity_in(edition, keyring, self.mailbox, now=now), edition.trust_store)
        if before is not None and before.member.identity.signing.id != member.identity.signing.id:
            log.info("keys.signing-with", mailbox=self.mailbox, key=member.identity.signing.id)
        return member

    def _look_at_keys(self, now: datetime) -> Keyring:
        """Raises BadConfig where there are none to go on with."""
        held = self._keyring
        if held is not None and self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOK:
            return held
        self._looked_at = now
        try:
            stamp = self.stamp()
            if held is None or stamp != self._stamp:
                held = self._keyring = self.keyring()
                self._stamp = stamp
                self._unreadable = None
                log.info("keys.read", mailbox=self.mailbox, signing=len(held.signing))
        except BadConfig as error:
            if held is None:
                raise
            # The keys held go on.
            if str(error) != self._unreadable:
                self._unreadable = str(error)
                self._tell_loudly("keys.unreadable", str(error), now)
        return held

    def _tell_of_refusal(self, now: datetime) -> None:
        """Each edition that was refused, once a mailbox; loudly where it would have led senders to a key of ours that
        was replaced."""
        for refusal in [each for each in self.follower.refusals if each.number > self._told]:
            self._told = refusal.number
            self.tell(Event(at=now, name=refusal.name, detail=refusal.why))
            if refusal.mailbox == self.mailbox:
                self._tell_loudly("directory.foreign-key", refusal.why, now)

    def _compare(self, edition: Edition, keyring: Keyring, now: datetime) -> None:
        """Compares our keys with those that the directory lists for us: with a listed key that is not ours, somebody
        else could speak or read for us."""
        own = {key.id for key in keyring.signing}
        strange: list[str] = [key for key in _certificates(edition, self.mailbox) if key not in own]
        try:
            statements = edition.book.keys[self.mailbox].statements(self.mailbox)
            sealing = {held.key.id: held for held in keyring.sealing}
            strange += [each.key.id for each in statements if each.key.id not in sealing]
            if statements and (first := sealing.get(statements[0].key.id)) is not None:
                strange += _superseded(first, keyring, now)
        except (BadDirectory, BadCertificate, KeyError):
            self._tell_loudly("directory.no-keys-of-ours", f"edition {edition.header.version}", now)
        if strange:
            self._tell_loudly("directory.foreign-key", ", ".join(strange), now)

    def _tell_loudly(self, name: str, detail: str, now: datetime) -> None:
        log.error(name, mailbox=self.mailbox, detail=detail)
        self.tell(Event(at=now, name=name, detail=detail))

    def endings(self) -> list[Ending]:
        """When the directory, its revocation lists, our certificate and our sealing key end."""
        edition = self.follower.edition
        found = [Ending(Label("danh mục đơn vị", "directory"), edition.header.expires_at)]
        if (until := edition.trust_store.lists_until) is not None:
            found.append(Ending(Label("danh sách thu hồi", "revocation list"), until))
        if certificates := _certificates(edition, self.mailbox).values():
            last = max(certificate.until for certificate in certificates)
            found.append(Ending(Label("chứng thư ký", "signing certificate"), last))
        try:
            statements = edition.book.keys[self.mailbox].statements(self.mailbox)
        except (BadDirectory, BadCertificate, KeyError):
            statements = ()
        if statements:
            until = max(each.until for each in statements)
            found.append(Ending(Label("khóa niêm phong", "sealing key"), until))
        return found


CurrentMember: TypeAlias = SignedMember | UnsignedMember


def check_in_force(edition: Edition, now: datetime) -> None:
    """Raises DirectoryExpired and OwnClockWrong."""
    if now < edition.header.issued_at - MAX_SKEW:
        raise OwnClockWrong(now=local(now), issued=local(edition.header.issued_at))
    if edition.is_expired(now):
        expired = local(edition.header.expires_at)
        raise DirectoryExpired(version=edition.header.version, expired=expired)


def identity_in(edition: Edition, keyring: Keyring, mailbox: MailboxCode, *, now: datetime) -> Identity:
    """The keys to use now: signed with the newest whose certificate is in the edition, and valid."""
    listed = {key for key, each in _certificates(edition, mailbox).items() if _is_valid(edition, each, now)}
    return keyring.identity(listed=listed, now=now)


def _superseded(first: HeldSealing, keyring: Keyring, now: datetime) -> list[str]:
    """A key of ours to which the directory tells others to seal, and which we withdrew, or replaced long ago."""
    if first.serial < max(held.withdraws for held in keyring.sealing):
        return [f"{first.key.id} (rút lại / withdrawn)"]
    stated = [held for held in keyring.sealing if held.since is not None and now - held.since > PENDING]
    for held in stated:
        if first.since is not None and (held.serial, held.since) > (first.serial, first.since):
            return [f"{first.key.id} (đã thay / replaced by {held.key.id})"]
    return []


def _certificates(edition: Edition, mailbox: MailboxCode) -> dict[KeyId, Certificate]:
    """The mailbox's own certificates in the directory, by key."""
    keys = edition.book.keys.get(mailbox)
    return {key.id: certificate for certificate, key in keys.certified} if keys else {}


def _is_valid(edition: Edition, certificate: Certificate, now: datetime) -> bool:
    try:
        return edition.trust_store.validity(certificate, Purpose.MAILBOX).objection(now) is None
    except BadCertificate:
        return False
