"""The stream behind the log of a daemon: a line that cannot be written raises nothing and is waited for briefly. Lost
lines are counted, and said by the first line that can be written again."""

import io
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TextIO

from schemas.printable import json_text

PATIENCE: Final = 0.2
"""Seconds that a line waits for a reader that is slow: the thread that sends heartbeats writes lines, too."""
CHUNK: Final = 4096
"""Bytes that a pipe takes without blocking where `poll` calls it writable (PIPE_BUF on Linux)."""


@dataclass(frozen=True, slots=True)
class LogState:
    """Replaced as a whole, so any thread may read it."""

    lost: int = 0
    """Lines lost since the process began."""
    failing_since: datetime | None = None
    why: str | None = None


class LogStream:
    """What structlog writes to: `write` gets one line. Raises nothing; threads may call it at once."""

    def __init__(self, out: TextIO | None, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`out` is None where the process was started without a standard output; what is no file of the system's counts
        as none."""
        self._out = out  # kept open
        self._descriptor: int | None = None
        if out is not None:
            with suppress(io.UnsupportedOperation):
                self._descriptor = out.fileno()
        self._clock = clock
        self._lock = threading.Lock()
        self._is_torn = False
        self._not_said = 0
        self.state = LogState()

    def write(self, line: str) -> int:
        self._write(line.encode("utf-8", "backslashreplace"))
        return len(line)

    def try_again(self) -> None:
        """Writes what is to be said of lost lines, where some were lost since: there may be room by now, and no line to
        write."""
        if self.state.failing_since is not None:
            self._write(b"")

    def _write(self, data: bytes) -> None:
        with self._lock:
            try:
                if self.state.failing_since is not None:
                    self._send(self._farewell() + data, patience=0.0)
                    self._not_said = 0
                    self.state = LogState(lost=self.state.lost)
                else:
                    self._send(data, patience=PATIENCE)
            except (OSError, ValueError) as error:  # ValueError: a descriptor that was closed
                self._lost(error, lines=1 if data else 0)

    def flush(self) -> None:
        """Nothing is held back."""

    def _send(self, data: bytes, *, patience: float) -> None:
        """Raises OSError where not all of it was written; what came before the break stays in the file."""
        if self._descriptor is None:
            raise OSError("no standard output")
        if self._is_torn:
            data = b"\n" + data
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        until = time.monotonic() + patience
        rest = memoryview(data)
        while rest:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError("whoever reads it does not take any more")
            written = os.write(self._descriptor, rest[:CHUNK])
            rest = rest[written:]
            self._is_torn = bool(rest)

    def _farewell(self) -> bytes:
        """The line that tells of those that were lost; written before the first one that is not."""
        state = self.state
        facts = {"event": "log.lost", "level": "warning", "lines": self._not_said, "why": state.why}
        facts |= {
            "since": f"{state.failing_since:%Y-%m-%dT%H:%M:%S}Z",
            "timestamp": f"{self._clock():%Y-%m-%dT%H:%M:%S.%f}Z",
        }
        return json_text(facts).encode() + b"\n"

    def _lost(self, error: OSError | ValueError, *, lines: int) -> None:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._not_said += lines
        since = self.state.failing_since or self._clock()
        self.state = LogState(lost=self.state.lost + lines, failing_since=since, why=why)
