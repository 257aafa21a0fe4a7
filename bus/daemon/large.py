"""What travels apart has a thread of its own: it takes in large files from the document system, puts their segments
where recipients fetch them, fetches those of others, files what is whole, and drops what nobody needs. In small steps,
the most urgent first; the four loops of the road never wait for any of it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bus import delivering, fetching, sending, uploading
from bus.crashpoints import reached
from bus.daemon.tally import Tally
from bus.mailroom import Member
from bus.ports import Adapter, Answer, Blobs, Store
from bus.records import BlobKey, Box, State
from schemas.values import MailboxCode, MessageId

log = structlog.get_logger()

WAITING: Final = 4
"""Messages whose segments wait to be put: with so many, no more are sealed. They lie in the document system as well."""
PUT_OFF: Final = 90.0
"""Seconds: longer than anything here is put off because something is away."""
CUT_SHORT: Final = timedelta(days=1)
"""What was sealed so long ago and is no message's never will be one's."""


@dataclass(slots=True, kw_only=True)
class Large:
    """`step` is called by a loop, and does a little of everything."""

    mailbox: MailboxCode
    store: Store
    adapter: Adapter
    blobs: Mapping[str, Blobs]
    """By kind, our own first. Empty: nothing can be put or fetched, and only what is whole is filed."""
    member: Callable[[], Member]
    tally: Tally
    clock: Callable[[], datetime]
    steady: Callable[[], float] = time.monotonic
    dice: Callable[[], float]
    every: float
    """Seconds between two looks at the document system."""
    answered: Callable[[list[Answer]], None]
    """Told of what became of what the document system offered."""
    publish: Callable[[], None]
    """Told when something is to be published."""
    _began: datetime = field(init=False)
    _looked_at: float | None = None
    _said: dict[tuple[str, MessageId], int] = field(default_factory=dict)
    """Tenths of each message that the log has heard of."""
    _trouble: dict[str, tuple[float, Exception]] = field(default_factory=dict)
    """Of each part, what went wrong last, and when; until it does something."""
    _removed: set[BlobKey] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def step(self) -> bool:
        """What fails does not keep the others from their turn. It is raised when there is nothing else to do, and again
        until it is tried once more, which may be put off for a while."""
        more, now = False, self.steady()
        for part in (self._collect, self._upload, self._fetch, self._deliver, self._sweep):
            try:
                if part():
                    more = True
                    self._trouble.pop(part.__name__, None)
            except Exception as error:  # noqa: BLE001 — raised below
                self._trouble[part.__name__] = (now, error)
        self._trouble = {name: each for name, each in self._trouble.items() if now - each[0] < PUT_OFF}
        if self._trouble and not more:
            raise next(error for _, error in self._trouble.values())
        return more

    def close(self) -> None:
        for each in self.blobs.values():
            each.close()

    def _collect(self) -> bool:
        now = self.steady()
        if not self.adapter.takes_large or (self._looked_at is not None and now - self._looked_at < self.every):
            return False
        with self.store.read() as tx:
            if tx.counts(Box.OUT).get(State.UPLOADING, 0) >= WAITING:
                return False
        self._looked_at = now
        collected = self.adapter.collect_large(1)
        if not collected:
            return False
        self._looked_at = None
        reached("collect.large-read")
        answers = sending.accept(self.store, collected, member=self.member(), now=self.clock())
        self.publish()  # not every large file travels apart
        self.answered(answers)
        self.adapter.acknowledge(answers)
        reached("collect.large-acknowledged")
        return True

    def _upload(self) -> bool:
        own = next(iter(self.blobs.values()), None)
        if own is None:
            return False
        done = uploading.upload(self.store, own, now=self.clock())
        self.tally.add(blob_bytes_sent=done.bytes)
        if done.message is not None:
            self._say("blob.sent", done.message, done.done, done.of)
        if done.more:
            self.publish()
        return done.more

    def _fetch(self) -> bool:
        done = fetching.fetch(self.store, self.blobs, self._delivery())
        self.tally.add(blob_bytes_fetched=done.bytes)
        if done.message is not None and done.bytes:
            self._say("blob.fetched", done.message, done.done, done.of)
        if done.whole:
            log.info("blob.whole", mailbox=self.mailbox, message=done.message, segments=done.of)
        if done.said:
            self.publish()
        return done.more

    def _deliver(self) -> bool:
        done = delivering.deliver_apart(self.store, self.adapter, self._delivery())
        self.tally.add(filed=done.filed, duplicates=done.duplicates, refused=done.refused, postponed=done.postponed)
        if done.filed or done.refused:
            self.publish()
        if done.refused or done.postponed:
            log.warning("deliver.trouble", mailbox=self.mailbox, refused=done.refused, postponed=done.postponed)
        return done.more

    def _sweep(self) -> bool:
        own = next(iter(self.blobs.values()), None)
        before = max(self._began, self.clock() - CUT_SHORT)
        return own is not None and uploading.sweep(self.store, own, self._removed, before=before)

    def _delivery(self) -> delivering.Delivery:
        return delivering.Delivery(member=self.member(), now=self.clock(), dice=self.dice)

    def _say(self, name: str, message: MessageId, done: int, of: int) -> None:
        """A line every tenth part; of what is begun anew, again."""
        tenth = done * 10 // of
        if tenth == self._said.get((name, message), 0):
            return
        if done == of:
            self._said.pop((name, message), None)
        else:
            self._said[name, message] = tenth
        log.info(name, mailbox=self.mailbox, message=message, segments=done, of=of, percent=tenth * 10)
