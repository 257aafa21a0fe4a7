"""Processes that kill themselves by SIGKILL at a named crash point: a power cut between two lines.

`python -m tests.faults.doomed` forks one process for each line it reads, so that a daemon starts quickly. A forked
process is a real one: it runs the command `lienthong` from the beginning and knows of no test.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bus import crashpoints

KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started here."""

    nursery: "Nursery"
    pid: int

    def wait(self, timeout: float) -> int | None:
        """Returns its exit code, or minus the signal that ended it; None if it still runs after `timeout` seconds."""
        return self.nursery.ended(self.pid, timeout)

    def signal(self, *, hard: bool) -> None:
        """Sends SIGKILL or SIGTERM if the process still runs."""
        if self.wait(0) is None:
            os.kill(self.pid, signal.SIGKILL if hard else signal.SIGTERM)

    def end(self) -> int | None:
        """Ends the process by SIGTERM, as an operator would; by SIGKILL if that does not help."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if (code := self.wait(0)) is not None:
                return code
            os.kill(self.pid, number)
            if (code := self.wait(10)) is not None:
                return code
        return None


class Nursery:
    """The process that forks the others, and the results of those."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._ended: dict[int, int] = {}
        self._changed = threading.Condition()
        self._born: list[int] = []
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def start(
        self,
        *arguments: str,
        log: Path,
        point: str | None = None,
        turn: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Starts `lienthong ARGUMENTS`; it kills itself when it passes `point` for the `turn`th time."""
        order = {"arguments": arguments, "log": str(log), "point": point, "turn": turn, "env": dict(environment or {})}
        with self._changed:
            self._born.clear()
            self._in.write(json.dumps(order) + "\n")
            self._in.flush()
            assert self._changed.wait_for(lambda: self._born, timeout=30), "no process was forked"
            return Process(self, self._born[0])

    def ended(self, pid: int, timeout: float) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: pid in self._ended, timeout=timeout)
            return self._ended.get(pid)

    def _listen(self) -> None:
        for line in self._out:
            word, pid, *code = line.split()
            with self._changed:
                if word == "born":
                    self._born.append(int(pid))
                else:
                    self._ended[int(pid)] = int(code[0])
                self._changed.notify_all()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Yields the nursery. Processes that still run at the end are killed."""
    command = [sys.executable, "-m", "tests.faults.doomed"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)


# -- in the process that forks -----------------------------------------------------------------------------------------


def arm(point: str, turn: int) -> None:
    """Makes this process kill itself when it passes the point for that time."""
    left, lock = [turn], threading.Lock()

    def passed(name: str) -> None:
        if name == point:
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                    threading.Event().wait()  # the signal is on its way: no further line may run

    crashpoints.watch(passed)


def _serve(orders: IO[str]) -> None:
    from bus.cli.main import main as lienthong

    children: set[int] = set()
    said = threading.Lock()

    def bury(pid: int) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        children.discard(pid)
        _say(said, f"ended {pid} {code}")

    for line in orders:
        order = json.loads(line)
        with said:
            pid = os.fork()
            if pid == 0:
                _become(lienthong, order)
        children.add(pid)
        _say(said, f"born {pid}")
        threading.Thread(target=bury, args=(pid,), daemon=True).start()
    for pid in list(children):
        os.kill(pid, signal.SIGKILL)


def _say(lock: threading.Lock, words: str) -> None:
    with lock:
        print(words, flush=True)  # noqa: T201 — its protocol


def _become(lienthong: object, order: dict[str, object]) -> None:
    """Becomes the command `lienthong`. Never returns."""
    try:
        log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        environment = order["env"]
        assert isinstance(environment, dict)
        os.environ.update(environment)
        if order["point"] is not None:
            arm(str(order["point"]), int(str(order["turn"])))
        assert callable(lienthong)
        arguments = order["arguments"]
        assert isinstance(arguments, Sequence)
        lienthong(list(arguments), standalone_mode=True)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 — a forked process must not go on as its parent
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.stdin)
