"""The step for large attachments: it collects large files from the document system, uploads their segments, fetches
those of others, files complete messages, and removes orphans. A little at a time, the most urgent first, and of what
is fetched each sender's in turn, in a thread of its own: the four steps of the road never wait for it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from bus.crashpoints import reached
from bus.daemon.counters import Counters
from bus.daemon.dependencies import Dependencies
from bus.daemon.loops import LoopName
from bus.daemon.submissions import SubmissionReport
from bus.errors import DirectoryExpired, OwnClockWrong, StoreAway, StoreFull, StoreTaken
from bus.handling.transport import OutboxState
from bus.ports.adapter import Adapter
from bus.ports.blobs import Blobs
from bus.ports.records import BlobKey
from bus.receiving.deliver import deliver_with_blobs
from bus.receiving.fetch import fetch
from bus.receiving.outcome import Delivery
from bus.receiving.turns import Turns
from bus.receiving.verified import Verified
from bus.sending.accept import accept
from bus.sending.upload import sweep, upload
from schemas.values import MessageId

log = structlog.get_logger()

WAITING: Final = 4
"""Messages whose segments wait to be uploaded: with so many, no more are sealed. The document system has them, too."""
PUT_OFF: Final = 90.0
"""Seconds: no part is put off for longer because something is away."""
OF_THE_MOMENT: Final = (DirectoryExpired, OwnClockWrong, StoreAway, StoreFull, StoreTaken)
"""Errors that put nothing off: once a part is called without one, it is over."""
ORPHAN_AGE: Final = timedelta(days=1)
"""Segments older than a day that no entry references are orphans."""


class BlobTransfers:
    def __init__(
        self,
        given: Dependencies,
        *,
        adapter: Adapter,
        verified: Verified,
        counters: Counters,
        submissions: SubmissionReport,
        wake: Callable[[LoopName], None],
    ) -> None:
        """`given.blobs` empty: nothing can be uploaded or fetched, and only complete messages are filed."""
        self._given = given
        self._adapter = adapter
        self._verified = verified
        self._counters = counters
        self._submissions = submissions
        self._wake = wake
        self._began = given.clock()
        self._looked_at: float | None = None
        self._logged: dict[tuple[str, MessageId], int] = {}
        """Tenths of each message that the log has."""
        self._trouble: dict[str, tuple[float, Exception]] = {}
        """The last failure of each part, with its time; until the part does something again."""
        self._removed: set[BlobKey] = set()
        self._turns = Turns(steady=given.steady)

    def step(self) -> bool:
        """A part that fails does not keep the others from their turn. Its error is raised when there is nothing else to
        do, and again until the part is tried once more, which may be put off for a while."""
        more, now = False, self._given.steady()
        for part in (self._collect, self._upload, self._fetch, self._deliver, self._sweep):
            try:
                did = part()
                more = more or did
                if did or isinstance(self._trouble.get(part.__name__, (0.0, None))[1], OF_THE_MOMENT):
                    self._trouble.pop(part.__name__, None)
            except Exception as error:  # noqa: BLE001 — raised below
                self._trouble[part.__name__] = (now, error)
        self._trouble = {name: each for name, each in self._trouble.items() if now - each[0] < PUT_OFF}
        if self._trouble and not more:
            raise next(error for _, error in self._trouble.values())
        return more

    def _collect(self) -> bool:
        given, now = self._given, self._given.steady()
        if not self._adapter.takes_large or (self._looked_at is not None and now - self._looked_at < given.every):
            return False
        with given.store.read() as tx:
            if tx.outbox.counts().get(OutboxState.UPLOADING, 0) >= WAITING:
                return False
        self._looked_at = now
        collected = self._adapter.collect_large(1)
        if not collected:
            return False
        self._looked_at = None
        reached("collect.large-read")
        answers = accept(given.store, collected, member=given.member_now(), now=given.clock())
        self._wake(LoopName.PUBLISH)  # not every large file becomes a blob
        self._submissions.report(answers)
        self._adapter.acknowledge(answers)
        reached("collect.large-acknowledged")
        return True

    def _upload(self) -> bool:
        own = self._own
        if own is None:
            return False
        done = upload(self._given.store, own, now=self._given.clock())
        self._counters.add(blob_bytes_sent=done.bytes)
        if done.message is not None:
            self._log_progress("blob.sent", done.message, done.done, done.of)
        if done.more:
            self._wake(LoopName.PUBLISH)
        return done.more

    def _fetch(self) -> bool:
        done = fetch(self._given.store, self._given.blobs, self._delivery(), self._turns)
        self._counters.add(blob_bytes_fetched=done.bytes)
        if done.message is not None and done.bytes:
            self._log_progress("blob.fetched", done.message, done.done, done.of)
        if done.whole:
            log.info("blob.whole", mailbox=self._given.mailbox, message=done.message, segments=done.of)
        if done.looked_in_vain:
            log.warning(
                "blobs.looked-in-vain", mailbox=self._given.mailbox, sender=done.sender, count=done.looked_in_vain
            )
        if done.said:
            self._wake(LoopName.PUBLISH)
        return done.more

    def _deliver(self) -> bool:
        done = deliver_with_blobs(self._given.store, self._adapter, self._delivery())
        self._counters.add(filed=done.filed, duplicates=done.duplicates, refused=done.refused, postponed=done.postponed)
        if done.filed or done.refused:
            self._wake(LoopName.PUBLISH)
        if done.refused or done.postponed:
            log.warning("deliver.trouble", mailbox=self._given.mailbox, refused=done.refused, postponed=done.postponed)
        return done.more

    def _sweep(self) -> bool:
        own = self._own
        before = max(self._began, self._given.clock() - ORPHAN_AGE)
        return own is not None and sweep(self._given.store, own, self._removed, before=before)

    @property
    def _own(self) -> Blobs | None:
        """The place of our own blobs."""
        return next(iter(self._given.blobs.values()), None)

    def _delivery(self) -> Delivery:
        given = self._given
        return Delivery(member=given.member_now(), now=given.clock(), dice=given.dice, verified=self._verified)

    def _log_progress(self, event: str, message: MessageId, done: int, of: int) -> None:
        """A line every tenth part; for a transfer that begins anew, again."""
        tenth = done * 10 // of
        if tenth == self._logged.get((event, message), 0):
            return
        if done == of:
            self._logged.pop((event, message), None)
        else:
            self._logged[event, message] = tenth
        log.info(event, mailbox=self._given.mailbox, message=message, segments=done, of=of, percent=tenth * 10)
