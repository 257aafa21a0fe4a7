"""One step of keeping the record: a batch is read from a stream, judged, and kept in one transaction together with all
that follows from it and with the place that was reached. Killed anywhere, the next step begins where the last commit
ended."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection

from bus.crashpoints import reached
from bus.directory.onlooker import Onlooker
from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.batch import Batch, keep_batch
from bus.ledger.judge import Judged, NoEvent, Why, judge
from bus.ledger.records import Checkpoint, Event
from bus.ledger.store import Ledger
from bus.ledger.streams import Alarm, StreamState
from bus.ledger.tables import GENUINE
from bus.rabbit.streams.audit_reader import AuditMessage, Continuity, Place
from bus.trust.keys import KeyId
from schemas.values import MailboxCode

log = structlog.get_logger()

BATCH: Final = 500
"""Messages in one transaction, at most."""
BATCH_BYTES: Final = 32 * 1024 * 1024
WAIT: Final = 0.5
"""Seconds to wait for a message where there is none."""
EARLY: Final = 10.0
"""Seconds that a message waits for a newer edition of the directory, which may have its sender's new key."""
EARLY_LOOK: Final = 0.25
MOST_WAITED_FOR: Final = 2
"""Keys of one mailbox that are waited for by one edition of the directory: else a mailbox could hold up the ledger with
made-up ones, a new one in every batch."""


class Reader(Protocol):
    """A stream, open at a place. bus/rabbit/streams/audit_reader.py has the real one."""

    stream: str
    continuity: Continuity

    def read(self, *, limit: int, max_bytes: int, wait: float) -> Sequence[AuditMessage]: ...
    def close(self) -> None: ...


Open = Callable[[str, Place | None], Reader]
"""A reader of a stream, opened behind a place."""


class Ingest:
    """Of one stream. For one thread; `state` may be read by any."""

    def __init__(
        self,
        ledger: Ledger,
        stream: str,
        *,
        open_: Open,
        onlooker: Callable[[], Onlooker],
        rules: Callable[[Connection], Rules],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        batch: int = BATCH,
        early: float = EARLY,
        wait: float = WAIT,
    ) -> None:
        """`onlooker`: the directory at this moment; `rules`: what obligations are judged by, as the ledger has them."""
        self.state = StreamState(stream)
        self._ledger = ledger
        self._stream = stream
        self._open_reader = open_
        self._onlooker = onlooker
        self._rules = rules
        self._clock = clock
        self._batch = batch
        self._early = early
        self._wait = wait
        self._waited_for: dict[MailboxCode, set[KeyId]] = {}
        self._waited_by: Onlooker | None = None
        self._reader: Reader | None = None
        self._at: Checkpoint | None = None

    def step(self) -> bool:
        """One batch. True where more waits. After any error the stream is opened anew, where the last commit ended."""
        try:
            reader = self._reader or self._open()
            messages = reader.read(limit=self._batch, max_bytes=BATCH_BYTES, wait=self._wait)
            self.state.read_at = self._clock()
            if messages:
                self._take(messages)
        except BaseException:
            self.close()
            raise
        is_full = len(messages) >= self._batch or sum(len(each.body) for each in messages) >= BATCH_BYTES
        if not is_full:
            self.state.level_at, self.state.oldest = self.state.read_at, None
        return bool(messages)

    def close(self) -> None:
        """The stream, not the ledger. The next step opens it again."""
        reader, self._reader = self._reader, None
        self.state.is_open = False
        if reader is not None:
            reader.close()

    # -- opening

    def _open(self) -> Reader:
        with self._ledger.reading() as connection:
            at = keep.checkpoint(connection, self._stream)
        place = None
        if at is not None and at.last_offset is not None and at.last_sha256 is not None:
            place = Place(at.last_offset, at.last_sha256)
        reader = self._open_reader(self._stream, place)
        self._reader = reader
        self._at = self._checked(at, reader.continuity)
        self.state.epoch = self._at.epoch if self._at else 0
        self.state.last_offset = self._at.last_offset if self._at else None
        self.state.is_open, self.state.read_at = True, self._clock()
        log.info("ledger.reading", stream=self._stream, after=self.state.last_offset, found=str(reader.continuity))
        return reader

    def _checked(self, at: Checkpoint | None, found: Continuity) -> Checkpoint | None:
        """Where the stream is another one, or has dropped what was not read: that is told, and kept at once."""
        self.state.found[found] += 1
        if at is None or found in {Continuity.SAME, Continuity.NEW}:
            return at
        now = self._clock()
        if found is Continuity.ANOTHER:
            at = at._replace(next=0, last_offset=None, last_sha256=None, epoch=at.epoch + 1, at=now)
            with self._ledger.writing() as connection:
                keep.keep_checkpoint(connection, at)
            reached("ledger.stream-renewed")
        self.state.note(Alarm(now, self._stream, found, at.epoch))
        log.error(f"ledger.stream-{found}", stream=self._stream, epoch=at.epoch, after=at.last_offset)
        return at

    # -- one batch

    def _take(self, messages: Sequence[AuditMessage]) -> None:
        judged = self._judge(messages)
        now = self._clock()
        events = [each for each in judged if isinstance(each, Judged)]
        last = messages[-1]
        before = self._at
        at = Checkpoint(
            stream=self._stream,
            next=last.offset + 1,
            last_offset=last.offset,
            last_sha256=last.place.sha256,
            epoch=before.epoch if before else 0,
            at=now,
        )
        batch = Batch(stream=self._stream, epoch=at.epoch, judged=events, now=now, rules=self._rules)
        kept = keep_batch(self._ledger, batch, at)
        reached("ledger.committed")
        self._at = at
        self._note(messages, judged, kept)

    def _judge(self, messages: Sequence[AuditMessage]) -> list[Judged | NoEvent]:
        """Waits a moment where a newer edition may be on its way: what is judged once is judged for good."""
        onlooker = self._onlooker()
        judged = judge(onlooker, messages, self._clock())
        until = time.monotonic() + self._early
        while (early := self._worth_waiting(judged, onlooker)) and time.monotonic() < until:
            time.sleep(EARLY_LOOK)
            if (newer := self._onlooker()) is not onlooker:
                onlooker = newer
                judged = judge(onlooker, messages, self._clock())
        for mailbox, key in early:
            self._waited_for.setdefault(mailbox, set()).add(key)
        return judged

    def _worth_waiting(self, judged: Sequence[Judged | NoEvent], onlooker: Onlooker) -> set[tuple[MailboxCode, KeyId]]:
        """Keys that a newer edition may have, and that were not waited for in vain."""
        if self._waited_by is not onlooker:
            self._waited_for, self._waited_by = {}, onlooker
        nobody = frozenset[KeyId]()
        return {
            (mailbox, key)
            for mailbox, key in _early(judged)
            if key not in (known := self._waited_for.get(mailbox, nobody)) and len(known) < MOST_WAITED_FOR
        }

    def _note(
        self, messages: Sequence[AuditMessage], judged: Sequence[Judged | NoEvent], kept: Sequence[Event]
    ) -> None:
        state = self.state
        state.last_offset = messages[-1].offset
        passed = [each for each in judged if isinstance(each, NoEvent)]
        state.passed_over.update(each.why for each in passed)
        state.standings.update(event.standing for event in kept)
        new = {event.position.offset for event in kept}
        known = [each.is_set_aside for each in judged if isinstance(each, Judged) and each.offset not in new]
        state.again += known.count(False)
        if aside := known.count(True):
            state.passed_over[Why.SET_ASIDE] += aside
        told = (event.docket.created_at for event in kept if event.standing == GENUINE)  # a forger may tell any time
        state.oldest = max(told, default=state.oldest)
        for each in passed:
            log.warning("ledger.passed-over", stream=state.name, offset=each.offset, why=str(each.why))
        for event in kept:
            if event.standing != GENUINE:
                log.warning(
                    "ledger.not-genuine",
                    standing=event.standing,
                    publisher=event.publisher,
                    mailbox=event.docket.sender.mailbox,
                    message=event.docket.id,
                )


def _early(judged: Sequence[Judged | NoEvent]) -> set[tuple[MailboxCode, KeyId]]:
    """Keys that a newer edition of the directory may have."""
    return {
        (each.publisher, each.signature.key_id) for each in judged if isinstance(each, Judged) and each.may_be_early
    }
