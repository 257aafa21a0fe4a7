"""A loop: one step called again and again in its own thread, woken by others, never ended by an error."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from bus.errors import BusError

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between tries while a step fails."""


class LoopName(StrEnum):
    """The names of a mailbox's loops in the log, /healthz and /metrics. bus/daemon/__init__.py says what each does."""

    COLLECT = "collect"
    PUBLISH = "publish"
    TAKE_IN = "take-in"
    DELIVER = "deliver"
    EXPIRE = "expire"
    DEADLINES = "deadlines"
    FORGET = "forget"
    REMIND = "remind"
    QUOTAS = "quotas"
    WATCH = "watch"
    LARGE = "large"
    TROUBLES = "troubles"


@dataclass(slots=True)
class LoopHealth:
    """The state of a loop, for /healthz and /metrics."""

    turns: int = 0
    ok_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None
    error_vi: str | None = None
    code: str | None = None
    """Of the error, where it is one of ours."""


@dataclass(slots=True)
class Loop:
    """`step` does one batch and returns whether there may be more to do at once. Threads may wake and stop it."""

    name: str
    step: Callable[[], bool]
    idle: float
    """Seconds to sleep when there was nothing to do and nobody calls `wake`; 0 where the step itself waits."""
    mailbox: str
    pauses: tuple[float, float] = (FIRST_PAUSE, LONGEST_PAUSE)
    health: LoopHealth = field(default_factory=LoopHealth)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _resting: threading.Event = field(default_factory=threading.Event)
    """Set where the pause after an error is to end."""
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _is_started: bool = False
    _thread: threading.Thread | None = None

    @property
    def full_name(self) -> str:
        """Of its thread, and in the words about it."""
        return f"{self.mailbox}.{self.name}"

    @property
    def is_expected(self) -> bool:
        """Whether its thread should be alive: it was started, and not told to stop."""
        return self._is_started and not self._stop.is_set()

    @property
    def is_alive(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self) -> None:
        """Does nothing where its thread is alive; begins it again where that has ended. Where the system gives no
        thread, that is said, and the loop is expected and not alive: whoever watches starts it again."""
        # A daemon thread: a document system that takes ten minutes must not hold up the end of the process. Its work is
        # durable, or will be offered again.
        with self._starting:
            if self.is_alive:
                return
            thread = threading.Thread(target=self._run, name=self.full_name, daemon=True)
            try:
                thread.start()
                self._thread = thread
            except RuntimeError as error:
                self._say(logging.ERROR, "thread.not-begun", error=str(error))
            self._is_started = True  # last: nobody sees it expected and not alive meanwhile

    def try_now(self) -> None:
        """Ends the pause after an error, and the sleep where nothing was to do."""
        self._resting.set()
        self._woken.set()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stop.set()
        self._resting.set()
        self._woken.set()

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
            self._woken.clear()
            try:
                more = self.step()
            except BaseException as error:  # noqa: BLE001 — one bad batch stops nobody: it is logged, and tried again
                # Also what is no Exception: a stranger's adapter that calls sys.exit(), a panic of a Rust library.
                self._failed(error)
                pause = self._sleep(pause)
                continue
            self._succeeded()
            pause = first
            # Asked after `clear`: else a stop told before it would be slept through.
            if not more and self.idle and not self._stop.is_set():
                self._woken.wait(self.idle)

    def _sleep(self, pause: float) -> float:
        self._resting.wait(pause)
        if not self._stop.is_set():
            self._resting.clear()
        return min(pause * 2, self.pauses[1])

    def _succeeded(self) -> None:
        health = self.health
        recovered = health.failing_since is not None
        health.turns += 1
        health.ok_at, health.failing_since = datetime.now(UTC), None
        health.error = health.error_vi = health.code = None
        if recovered:
            self._say(logging.INFO, "loop.recovered")

    def _failed(self, error: BaseException) -> None:
        health = self.health
        known = isinstance(error, BusError)
        text, text_vi = _words(error)
        is_new = health.failing_since is None or health.error != text  # once for each trouble, not for each try
        health.failing_since = health.failing_since or datetime.now(UTC)
        health.error, health.error_vi = text, text_vi
        health.code = error.code if isinstance(error, BusError) else None
        if is_new:
            level = logging.WARNING if known else logging.ERROR
            self._say(level, "loop.failing", error=text, error_vi=text_vi, exc_info=None if known else error)

    def _say(self, level: int, event: str, **facts: object) -> None:
        """A log that cannot be written, or a fact that cannot be shown, ends no loop: /healthz has it, too."""
        with suppress(Exception):
            log.log(level, event, mailbox=self.mailbox, loop=self.name, **facts)


def _words(error: BaseException) -> tuple[str, str]:
    """English, Vietnamese."""
    try:
        if isinstance(error, BusError):
            return error.in_english(), error.in_vietnamese()
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 — a stranger's `__str__` may do anything
        text = type(error).__name__
    return text, text


def join_all(loops: list[Loop], *, within: float) -> list[str]:
    """Waits for loops that were told to stop; returns the names of those that have not ended in time."""
    deadline = time.monotonic() + within
    return [loop.full_name for loop in loops if not loop.join(max(0.0, deadline - time.monotonic()))]
