"""From where one mailbox judges: the directory's edition in force and its own keys, both renewed while it runs."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import structlog

from bus.certificates import Certificate, Purpose
from bus.daemon.bulletin import Bulletin
from bus.edition import MAX_SKEW, Edition, check_keys
from bus.endings import Ending
from bus.errors import BadCertificate, BadConfig, BadDirectory, DirectoryExpired, OwnClockWrong
from bus.keys import KeyId, Keyring
from bus.mailroom import Member
from bus.records import Event
from schemas.codes import Label
from schemas.values import VIETNAM

log = structlog.get_logger()

LOOK = timedelta(seconds=2)
"""Between two looks at the folder of keys."""
REVIEW = timedelta(seconds=30)
"""The longest that a key goes on after its end, or a certificate waits to be used."""


@dataclass(slots=True, kw_only=True)
class Standpoint:
    """Made once for a mailbox; its loops ask `member` at each turn."""

    base: Member
    """What does not change: mailbox, ids, limits."""
    bulletin: Bulletin
    keyring: Callable[[], Keyring]
    stamp: Callable[[], Hashable]
    """Changes whenever the folder of keys does."""
    as_of: date | None = None
    """Fixed date of the directory; None follows the calendar."""
    tell: Callable[[Event], None] = lambda event: None
    """Where what an operator should know is written down."""
    _member: Member | None = None
    _made_for: tuple[object, ...] = ()
    _made_at: datetime | None = None
    _looked_at: datetime | None = None
    _stamp: Hashable = None
    _ring: Keyring | None = None
    _refused: object = None
    _unreadable: str | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def member(self, now: datetime) -> Member:
        """Raises DirectoryExpired and OwnClockWrong: better to wait than to judge by either."""
        edition = self.bulletin.edition
        if now < edition.header.issued_at - MAX_SKEW:
            raise OwnClockWrong(now=f"{now:%Y-%m-%d %H:%M}Z", issued=f"{edition.header.issued_at:%Y-%m-%d %H:%M}Z")
        if edition.is_expired(now):
            expired = f"{edition.header.expires_at:%Y-%m-%d %H:%M}Z"
            raise DirectoryExpired(version=edition.header.version, expired=expired)
        with self._turn:
            self._look_at_keys(now)
            self._tell_of_refusal(now)
            ring = self._ring
            assert ring is not None
            on = self.as_of or now.astimezone(VIETNAM).date()
            made_for = (id(edition), id(ring), on)
            stale = self._made_at is None or not timedelta(0) <= now - self._made_at < REVIEW
            if self._member is None or made_for != self._made_for or stale:
                is_news = self._made_for[:2] != made_for[:2]
                self._member, self._made_for, self._made_at = self._made(edition, ring, on, now), made_for, now
                if is_news:
                    self._compare(edition, ring, now)
            return self._member

    def _made(self, edition: Edition, ring: Keyring, on: date, now: datetime) -> Member:
        before = self._member
        directory = (
            before.directory.as_of(on)
            if before is not None and before.vouching is edition.vouching
            else edition.directory(on)
        )
        listed = {key for key, certificate in _listed(edition, self.base).items() if _counts(edition, certificate, now)}
        identity = ring.identity(listed=listed, now=now)
        if before is not None and before.identity.signing.id != identity.signing.id:
            log.info("keys.signing-with", mailbox=self.base.mailbox, key=identity.signing.id)
        return replace(self.base, directory=directory, identity=identity, vouching=edition.vouching)

    def _look_at_keys(self, now: datetime) -> None:
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOK:
            return
        self._looked_at = now
        try:
            stamp = self.stamp()
            if self._ring is None or stamp != self._stamp:
                self._ring, self._stamp = self.keyring(), stamp
                self._unreadable = None
                log.info("keys.read", mailbox=self.base.mailbox, signing=len(self._ring.signing))
        except BadConfig as error:
            if self._ring is None:
                raise
            # Those held go on.
            if str(error) != self._unreadable:
                self._unreadable = str(error)
                self._tell_loudly("keys.unreadable", str(error), now)

    def _tell_of_refusal(self, now: datetime) -> None:
        """Each edition that was refused, once a mailbox."""
        refused = self.bulletin.refused
        if refused is not None and refused is not self._refused:
            self._refused = refused
            self.tell(Event(at=now, name="directory.refused", detail=refused[1]))

    def _compare(self, edition: Edition, ring: Keyring, now: datetime) -> None:
        """What the directory says of ourselves: a key that is not ours would let somebody else speak or read for us."""
        mailbox = self.base.mailbox
        own = {key.id for key in ring.signing}
        strange = [key for key in _listed(edition, self.base) if key not in own]
        try:
            statements = check_keys(mailbox, edition.book.keys[mailbox])
            strange += [each.key.id for each in statements if each.key.id not in {held.key.id for held in ring.sealing}]
        except (BadDirectory, BadCertificate, KeyError):
            self._tell_loudly("directory.no-keys-of-ours", f"edition {edition.header.version}", now)
        if strange:
            self._tell_loudly("directory.foreign-key", ", ".join(strange), now)

    def _tell_loudly(self, name: str, detail: str, now: datetime) -> None:
        log.error(name, mailbox=self.base.mailbox, detail=detail)
        self.tell(Event(at=now, name=name, detail=detail))

    def endings(self) -> list[Ending]:
        """What of ours comes to an end, and when; and what of the authority's, without which the bus stands still."""
        edition = self.bulletin.edition
        found = [Ending(Label("danh mục đơn vị", "directory"), edition.header.expires_at)]
        if (until := edition.vouching.lists_until) is not None:
            found.append(Ending(Label("danh sách thu hồi", "revocation list"), until))
        certificates = _listed(edition, self.base).values()
        if certificates:
            last = max(certificates, key=lambda certificate: certificate.until)
            found.append(Ending(Label("chứng thư ký", "signing certificate"), last.until))
        try:
            statements = check_keys(self.base.mailbox, edition.book.keys[self.base.mailbox])
        except (BadDirectory, BadCertificate, KeyError):
            statements = ()
        if statements:
            until = max(each.until for each in statements)
            found.append(Ending(Label("khóa niêm phong", "sealing key"), until))
        return found


def _listed(edition: Edition, base: Member) -> dict[KeyId, Certificate]:
    """The mailbox's own certificates in the directory, by key."""
    keys = edition.book.keys.get(base.mailbox)
    certificates = map(Certificate.from_der, keys.certificates if keys else ())
    return {certificate.verify_key().id: certificate for certificate in certificates}


def _counts(edition: Edition, certificate: Certificate, now: datetime) -> bool:
    try:
        return edition.vouching.standing(certificate, Purpose.MAILBOX).objection(now) is None
    except BadCertificate:
        return False
