"""The edition of the directory in force for all mailboxes of one process. Newer editions come over the bus, are judged,
kept on disk, and then used by every mailbox. While the centre is away, the edition held stays in force."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

import structlog

from bus.crashpoints import reached
from bus.directory.edition import Edition, accept
from bus.directory.header import rule_of
from bus.errors import BadEdition, Words
from bus.trust.certificates import Certificate
from schemas.values import MailboxCode

log = structlog.get_logger()

WAIT = 0.5
"""Seconds that one step waits for a change."""
WHOLE_WAIT = 15.0
"""Seconds to wait for the whole edition, where a change is not to the edition held."""
REMEMBERED = 50
"""The last refusals, until each mailbox has told them."""


class Feed(Protocol):
    """The directory's two streams on a broker."""

    def changes(self, *, wait: float) -> Sequence[bytes]:
        """The changes since the last call, oldest first."""

    def whole(self, *, wait: float) -> bytes | None:
        """The last whole edition; None where none came in time."""

    def history(self, *, wait: float) -> Iterator[bytes]:
        """All whole editions that are still there, oldest first; it ends after so many seconds without a next one."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An edition that was not taken."""

    number: int
    """Counted from 1."""
    at: datetime
    name: str
    """The event's, by the rule that the edition breaks: `directory.list-older`."""
    why: str
    mailbox: MailboxCode | None = None
    """Whose keys it is about, where it is about one mailbox's."""


def newest(feed: Feed, held: Edition | None, *, roots: Sequence[Certificate], now: datetime, wait: float) -> Edition:
    """The newest edition on the bus that may be taken. What is no edition, or none of the authority's, is passed over:
    one stray entry keeps nobody from starting. Raises BadEdition where none may be taken, for the reason of the last
    one that was refused."""
    found, refused = _newest(feed.history(wait=wait), held, roots=roots, now=now)
    if found is None:
        raise refused or BadEdition(
            why=Words(
                "trong luồng `directory` không có bản danh mục đầy đủ nào",
                "no entry of the stream `directory` is a whole edition",
            )
        )
    return found


def _newest(
    entries: Iterable[bytes], held: Edition | None, *, roots: Sequence[Certificate], now: datetime
) -> tuple[Edition | None, BadEdition | None]:
    """With the last refusal."""
    found: Edition | None = None
    refused: BadEdition | None = None
    for encoded in entries:
        try:
            found = accept(found or held, encoded, roots=roots, now=now) or found
        except BadEdition as error:
            refused = error
    return found, refused


def first(feed: Feed, *, roots: Sequence[Certificate], now: datetime, wait: float) -> Edition | None:
    """The edition to begin with, where none is held: the newest on the bus that may be taken, whatever lies behind it.
    None where nothing came. Raises BadEdition as `newest`."""
    entries = iter(feed.history(wait=wait))
    if (begin := next(entries, None)) is None:
        return None
    found, refused = _newest(chain((begin,), entries), None, roots=roots, now=now)
    if found is None:
        raise refused or BadEdition(
            why=Words(
                "trong luồng `directory` không có bản danh mục đầy đủ nào",
                "no entry of the stream `directory` is a whole edition",
            )
        )
    if refused is not None:
        log.error(f"directory.{rule_of(refused)}", error=str(refused))
    return found


class EditionFollower:
    """Follows the directory's streams. `step` is the step of the loop `directory`; threads may read `edition` at any
    time."""

    def __init__(
        self,
        edition: Edition,
        *,
        roots: Sequence[Certificate],
        feed: Feed,
        keep: Callable[[bytes], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.edition = edition
        self.refusals: tuple[Refusal, ...] = ()
        """The last editions that were refused."""
        self._roots = tuple(roots)
        self._feed = feed
        self._keep = keep
        self._clock = clock

    @property
    def refused(self) -> Refusal | None:
        """The last refusal."""
        return self.refusals[-1] if self.refusals else None

    def step(self) -> bool:
        for encoded in self._feed.changes(wait=WAIT):
            if not self.offer(encoded):
                self._fetch_whole()
        return False

    def _fetch_whole(self) -> None:
        whole = self._feed.whole(wait=WHOLE_WAIT)
        if whole is None:
            log.warning("directory.whole-missing", held=self.edition.header.version)
            return
        if self._judge(whole):
            return
        # The last entry is none that may be taken: one before it may be.
        with suppress(BadEdition):
            now = self._clock()
            self._take(newest(self._feed, self.edition, roots=self._roots, now=now, wait=WHOLE_WAIT), len(whole))

    def offer(self, encoded: bytes) -> bool:
        """Takes an edition where it is newer and right. A refused one is logged, and changes nothing.

        False where it is a change to another edition than the one held: the whole one is needed."""
        return self._judge(encoded) is not None

    def _judge(self, encoded: bytes) -> bool | None:
        """True where it is held now, False where it was refused, None where the whole one is needed."""
        now = self._clock()
        try:
            edition = accept(self.edition, encoded, roots=self._roots, now=now)
        except BadEdition as error:
            self._refuse(error, now)
            return False
        if edition is None:
            return None
        self._take(edition, len(encoded))
        return True

    def _refuse(self, error: BadEdition, now: datetime) -> None:
        number = 1 if self.refused is None else self.refused.number + 1
        name, mailbox = f"directory.{rule_of(error)}", error.facts.get("mailbox")
        refusal = Refusal(
            number=number,
            at=now,
            name=name,
            why=str(error.facts["why"]),
            mailbox=None if mailbox is None else MailboxCode(str(mailbox)),
        )
        self.refusals = (*self.refusals[1 - REMEMBERED :], refusal)  # replaced, not changed: other threads read it
        log.error(name, held=self.edition.header.version, error=str(error))

    def _take(self, edition: Edition, size: int) -> None:
        if edition is self.edition:
            return
        self._keep(edition.encoded)
        reached("edition.kept")
        self.edition = edition
        header = edition.header
        log.info("directory.taken", version=header.version, issued_at=header.issued_at, bytes=size)

    def close(self) -> None:
        self._feed.close()
