"""A loop: one step called again and again in its own thread, woken by others, never dying of an error."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from bus.errors import BusError

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between tries while a step fails."""


@dataclass(slots=True)
class LoopHealth:
    """What /healthz says of a loop."""

    turns: int = 0
    ok_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None
    error_vi: str | None = None


@dataclass(slots=True)
class Loop:
    """`step` does one batch and returns whether there may be more to do at once."""

    name: str
    step: Callable[[], bool]
    idle: float
    """Seconds to sleep when there was nothing to do and nobody calls `wake`; 0 where the step itself waits."""
    mailbox: str
    pauses: tuple[float, float] = (FIRST_PAUSE, LONGEST_PAUSE)
    health: LoopHealth = field(default_factory=LoopHealth)
    _called: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        # A daemon thread: a document system that takes ten minutes must not hold up the end of the process. What it
        # was doing is durable or will be offered again.
        self._thread = threading.Thread(target=self._run, name=f"{self.mailbox}.{self.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._called.set()

    def stop(self) -> None:
        self._stop.set()
        self._called.set()

    def join(self, timeout: float) -> bool:
        """Whether the loop has ended."""
        if self._thread:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def _run(self) -> None:
        first, _ = self.pauses
        pause = first
        while not self._stop.is_set():
            self._called.clear()
            try:
                more = self.step()
            except Exception as error:  # noqa: BLE001 — one bad batch stops nobody: it is said, and tried again
                self._failed(error)
                pause = self._sleep(pause)
                continue
            self._succeeded()
            pause = first
            # Asked after `clear`: a stop that was told before it would else be slept through.
            if not more and self.idle and not self._stop.is_set():
                self._called.wait(self.idle)

    def _sleep(self, pause: float) -> float:
        self._stop.wait(pause)
        return min(pause * 2, self.pauses[1])

    def _succeeded(self) -> None:
        health = self.health
        if health.failing_since is not None:
            log.info("loop.recovered", mailbox=self.mailbox, loop=self.name)
        health.turns += 1
        health.ok_at, health.failing_since = datetime.now(UTC), None
        health.error = health.error_vi = None

    def _failed(self, error: Exception) -> None:
        health = self.health
        said = said_vi = f"{type(error).__name__}: {error}"
        if isinstance(error, BusError):
            said, said_vi = error.in_english(), error.in_vietnamese()
        if health.failing_since is None or health.error != said:  # once a trouble, not once a try
            known = isinstance(error, BusError)
            log.log(
                30 if known else 40,
                "loop.failing",
                mailbox=self.mailbox,
                loop=self.name,
                error=said,
                error_vi=said_vi,
                exc_info=None if known else error,
            )
        health.failing_since = health.failing_since or datetime.now(UTC)
        health.error, health.error_vi = said, said_vi


def join_all(loops: list[Loop], *, within: float) -> list[str]:
    """Waits for loops that were told to stop; returns the names of those that have not ended in time."""
    deadline = time.monotonic() + within
    return [f"{loop.mailbox}.{loop.name}" for loop in loops if not loop.join(max(0.0, deadline - time.monotonic()))]
