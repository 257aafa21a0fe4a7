"""What the store on a disk promises beyond the contract: whatever happens to a process, what it committed is there."""

import sqlite3
from pathlib import Path

import pytest

from bus.errors import AlreadyRunning
from bus.handling.transport import OutboxState
from bus.store.open import open_store
from tests.contract.store import change, put, sending, settle
from tests.contract.store_crash import HOLDS, child, killed_and_opened_again, two_processes_take_turns


@pytest.mark.parametrize("commits", [1, 17, 60])
def test_a_killed_process_loses_no_commit(tmp_path: Path, commits: int) -> None:
    """SIGKILL at any moment: every commit that was announced is there, none is there by half, and the file is sound."""
    killed_and_opened_again(f"sqlite:///{tmp_path}/x.db", commits=commits)
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
        settle(beside, change(1, OutboxState.CANCELLED))
        beside.close()
    store = open_store(url, owner="G22")
    with store.read() as tx:
        assert tx.outbox.counts() == {OutboxState.CANCELLED: 1}
    store.close()


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """A command that writes beside a daemon that writes all the time waits for its turn, and neither fails."""
    two_processes_take_turns(f"sqlite:///{tmp_path}/x.db")
