"""What is said of submissions: each is counted; one that was refused is logged, and an event that stays. A document
system that submits the same thing again and again makes one of each."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog
from cachetools import LRUCache

from bus.daemon.counters import Counters
from bus.daemon.dependencies import Dependencies
from bus.errors import BusError, side_by_side
from bus.ports.adapter import Answer
from bus.ports.records import Event

log = structlog.get_logger()

REMEMBERED: Final = 1000
"""Refusals of which another is no news."""
MOST: Final = 100
"""Events in `SPAN`; what is refused beyond that is counted, and the count is an event."""
SPAN: Final = 3600.0
"""Seconds."""


class SubmissionReport:
    """One a mailbox; its two loops that collect may call it at once."""

    def __init__(self, given: Dependencies, *, counters: Counters) -> None:
        self._given = given
        self._counters = counters
        self._known: LRUCache[tuple[str, str], None] = LRUCache(REMEMBERED)
        self._told_at: deque[float] = deque()
        self._untold = 0
        self._lock = threading.Lock()

    def report(self, answers: Sequence[Answer]) -> None:
        """Before the document system has the answers: what is refused is kept by then. Raises as the store does."""
        refused = [(answer.ref, answer.error) for answer in answers if answer.error]
        duplicates = sum(answer.duplicate for answer in answers)
        accepted = len(answers) - len(refused) - duplicates
        self._counters.add(accepted=accepted, submitted_again=duplicates, rejected=len(refused))
        with self._lock:
            self._tell_of_untold()
            for ref, error in refused:
                self._refused(ref, error)

    def _refused(self, ref: str, error: BusError) -> None:
        if (ref, str(error)) in self._known:
            return
        if len(self._told_at) < MOST:
            detail = f"{ref}: {side_by_side(error.in_both())}"
            self._given.tell(Event(at=self._given.clock(), name="submission.refused", detail=detail))
            self._told_at.append(self._given.steady())
        else:
            self._untold += 1
        self._known[ref, str(error)] = None
        log.warning("submission.refused", mailbox=self._given.mailbox, ref=ref, error=str(error))

    def _tell_of_untold(self) -> None:
        now = self._given.steady()
        while self._told_at and now - self._told_at[0] >= SPAN:
            self._told_at.popleft()
        if self._untold and len(self._told_at) < MOST:
            detail = f"và {self._untold} gói khác, xem nhật ký / and {self._untold} others, which the log has"
            self._given.tell(Event(at=self._given.clock(), name="submission.refused", detail=detail))
            self._untold = 0
