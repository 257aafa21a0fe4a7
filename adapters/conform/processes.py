"""Work in a process of its own: that it may be killed, hang or run out of something without harm to the suite."""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from adapters.conform.alive import limit, tell
from adapters.conform.trial import NotMet, shown

_FAILED: Final = 1
_LAST: Final = 2000
_LIBC: Final = ctypes.CDLL(None)
_HERE: Final = Path(__file__).parent
_OURS: Final = (_HERE, *(_HERE.parents[1] / room for room in ("bus", "schemas")))
_LIBRARY: Final = Path(os.__file__).parent
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG: what works for a row that is ended for its time ends with it."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: by itself with `code`, or killed (a negative one). `said` is the last that it wrote down."""

    code: int
    said: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Child:
    """A fork of this process that does the work and leaves without any cleaning up."""

    def __init__(self, work: Callable[[Callable[[str], None]], object], folder: Path) -> None:
        """`work` is given a function that writes down a word which outlives a kill."""
        self._said = folder / f"said.{time.monotonic_ns()}"
        self.pid = os.fork()
        if self.pid == 0:
            self._run(work)
        self._fd = os.pidfd_open(self.pid)

    def fileno(self) -> int:
        """Readable once the process has ended."""
        return self._fd

    def kill(self) -> None:
        """The process, and those that it made."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended by then."""
        return bool(select.select([self._fd], [], [], seconds)[0])

    def end(self, *, within: float | None = None) -> End:
        """Waits for it, kills it when it takes too long."""
        within = limit() if within is None else within
        tell("wait for a process")
        try:
            in_time = self.wait(within)
        finally:  # also when somebody types Ctrl-C
            self.kill()
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._fd)
        said = self._said.read_text(encoding="utf-8", errors="replace") if self._said.exists() else ""
        self._said.unlink(missing_ok=True)
        if not in_time:
            raise NotMet(f"no end after {within:g} s")
        return End(code, said)

    def _run(self, work: Callable[[Callable[[str], None]], object]) -> NoReturn:
        code = _FAILED
        try:
            os.setpgid(0, 0)
            _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            # Opened before any hook is in place, and without one of its own: what is said is no step of the adapter's.
            fd = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

            def say(text: str) -> None:
                os.pwrite(fd, text.encode()[:_LAST].ljust(1), 0)
                os.ftruncate(fd, len(text.encode()[:_LAST]))

            try:
                work(say)
                code = 0
            except BaseException as exc:  # noqa: BLE001 — whatever ends a stranger's code is told to the parent
                sys.setprofile(None)
                say(told(exc))
        finally:
            os._exit(code)


def in_new_process(work: Callable[[], object], folder: Path) -> None:
    """Raises NotMet where it does not come to its end by itself."""
    end = Child(lambda _: work(), folder).end()
    if end.code != 0:
        raise NotMet(f"a new process: {end.said or end.code}")


def killed_after(work: Callable[[], str], folder: Path) -> str:
    """Does the work in a process that is killed the moment it has come to its end; returns what it returned."""

    def run(say: Callable[[str], None]) -> None:
        say(work())
        os.kill(os.getpid(), signal.SIGKILL)

    end = Child(run, folder).end()
    if not end.was_killed:
        raise NotMet(f"the work failed by itself: {end.said or end.code}")
    return end.said


def told(exc: BaseException) -> str:
    """What was raised, and where: at the innermost line of who wrote the adapter or the site, not of a library."""
    if isinstance(exc, NotMet):
        return str(exc)
    frames = traceback.extract_tb(exc.__traceback__)
    strangers = [(frame, home) for frame in frames if (home := _home(frame.filename)) is not None]
    frame = next((each for each, home in reversed(strangers) if home == strangers[0][1]), frames[-1])
    return f"{shown(exc)} ({Path(frame.filename).name}:{frame.lineno})"


def _home(file: str) -> str | None:
    """The installed package of a file, or nothing in particular for what is not installed. None: the standard
    library's, or ours."""
    if file.startswith("<") or any(file.startswith(f"{folder}/") for folder in _OURS):
        return None
    for mark in ("/site-packages/", "/dist-packages/"):
        if mark in file:
            return file.partition(mark)[2].partition("/")[0]
    return None if file.startswith(f"{_LIBRARY}/") else ""
