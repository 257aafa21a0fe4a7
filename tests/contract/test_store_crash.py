"""What the store on a disk promises beyond the contract: whatever happens to a process, what it committed is there."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from bus.errors import AlreadyRunning
from bus.records import Box, State
from bus.store import open_store
from tests.contract.store import change, due, put, sending, settle

BATCH = 5


@contextmanager
def child(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Another Python process with our modules at hand, and what it prints; killed at the end of the block."""
    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        try:
            yield process, process.stdout
        finally:
            process.kill()


COMMITS_FOR_EVER = f"""
    import itertools, sys
    from bus.store import open_store
    from tests.contract.store import put, sending

    store = open_store(sys.argv[1], owner="G22")
    for first in itertools.count(1, {BATCH}):
        put(store, *(sending(number, body=b"x" * 9000) for number in range(first, first + {BATCH})))
        print(first, flush=True)
"""

HOLDS = """
    import sys, time
    from bus.store import open_store

    store = open_store(sys.argv[1], owner="G22")
    print("open", flush=True)
    time.sleep(300)
"""


@pytest.mark.parametrize("commits", [1, 17, 60])
def test_a_killed_process_loses_no_commit(tmp_path: Path, commits: int) -> None:
    """SIGKILL at any moment: every commit that was announced is there, none is there by half, and the file is sound."""
    url = f"sqlite:///{tmp_path}/x.db"
    with child(COMMITS_FOR_EVER, url) as (process, printed):
        announced = [int(printed.readline()) for _ in range(commits)]
        process.send_signal(signal.SIGKILL)
        announced += [int(line) for line in printed.read().splitlines()]

    store = open_store(url, owner="G22")
    with store.read() as tx:
        count = tx.counts(Box.OUT)[State.WAITING]
    assert count % BATCH == 0
    assert count in {len(announced) * BATCH, (len(announced) + 1) * BATCH}, "the last may not have been announced yet"
    assert [len(entry.body) for entry in due(store, limit=count)] == [9000] * count
    store.close()
    with sqlite3.connect(tmp_path / "x.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_one_daemon_a_store(tmp_path: Path) -> None:
    """A second process is refused and told the first one's pid; a command beside it is let in; after its death, too."""
    url = f"sqlite:///{tmp_path}/x.db"
    with child(HOLDS, url) as (process, printed):
        assert printed.readline() == "open\n"
        with pytest.raises(AlreadyRunning) as refused:
            open_store(url, owner="G22")
        assert refused.value.facts["pid"] == str(process.pid)
        beside = open_store(url, owner="G22", exclusive=False)
        put(beside, sending(1))
        settle(beside, change(1, State.CANCELLED))
        beside.close()
    store = open_store(url, owner="G22")
    with store.read() as tx:
        assert tx.counts(Box.OUT) == {State.CANCELLED: 1}
    store.close()


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """A command that writes beside a daemon that writes all the time waits for its turn, and neither fails."""
    url = f"sqlite:///{tmp_path}/x.db"
    with child(COMMITS_FOR_EVER, url) as (process, printed):
        assert printed.readline() == "1\n"
        beside = open_store(url, owner="G22", exclusive=False)
        for number in range(20):
            settle(beside, change(1, State.WAITING, attempts=number))
        beside.close()
        assert process.poll() is None, "the daemon goes on"
