"""What every store promises when a process is killed, or must wait for another: test_store_crash.py and tests/postgres
hold theirs to it."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from bus.handling.transport import OutboxState
from bus.store.open import open_store
from tests.contract.store import change, due, settle

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
    from bus.store.open import open_store
    from tests.contract.store import put, sending

    store = open_store(sys.argv[1], owner="G22")
    for first in itertools.count(1, {BATCH}):
        put(store, *(sending(number, body=b"x" * 9000) for number in range(first, first + {BATCH})))
        print(first, flush=True)
"""

HOLDS = """
    import sys, time
    from bus.store.open import open_store

    store = open_store(sys.argv[1], owner="G22")
    print("open", flush=True)
    time.sleep(300)
"""


def killed_and_opened_again(url: str, *, commits: int) -> None:
    """By SIGKILL at any moment: every commit that was announced is there, none is there by half, and the next one who
    opens the store has it at once."""
    with child(COMMITS_FOR_EVER, url) as (process, printed):
        announced = [int(printed.readline()) for _ in range(commits)]
        process.send_signal(signal.SIGKILL)
        announced += [int(line) for line in printed.read().splitlines()]
    store = open_store(url, owner="G22")
    with store.read() as tx:
        count = tx.outbox.counts()[OutboxState.WAITING]
    assert count % BATCH == 0
    assert count in {len(announced) * BATCH, (len(announced) + 1) * BATCH}, "the last may not have been announced yet"
    assert [len(entry.body) for entry in due(store, limit=count)] == [9000] * count
    store.close()


def two_processes_take_turns(url: str) -> None:
    """A command that writes beside a daemon that writes all the time waits for its turn, and neither fails."""
    with child(COMMITS_FOR_EVER, url) as (process, printed):
        assert printed.readline() == "1\n"
        beside = open_store(url, owner="G22", exclusive=False)
        for number in range(20):
            settle(beside, change(1, OutboxState.WAITING, attempts=number))
        beside.close()
        assert process.poll() is None, "the daemon goes on"
