"""bus/store/ownership.py: the lock beside the store. That it dies with its process is in tests/contract."""

import os
from pathlib import Path

import pytest

from bus.errors import AlreadyRunning, BadConfig
from bus.store.ownership import FileOwnership


def test_one_at_a_time(tmp_path: Path) -> None:
    """The second is refused and told who; once released, the next has it, and the file names that one."""
    first = FileOwnership(tmp_path / "x.db", owner="H49")
    for _ in range(2):  # who asked in vain has changed nothing
        with pytest.raises(AlreadyRunning, match=rf"x\.db is in use by process {os.getpid()}\."):
            FileOwnership(tmp_path / "x.db", owner="H49")
    first.release()
    FileOwnership(tmp_path / "x.db", owner="G22").release()
    assert (tmp_path / "x.db.lock").read_text() == f"{os.getpid()}\nG22\n"


def test_a_place_that_does_not_exist(tmp_path: Path) -> None:
    """The operator is told which file cannot be made."""
    with pytest.raises(BadConfig, match=r"nowhere/x\.db\.lock"):
        FileOwnership(tmp_path / "nowhere" / "x.db", owner="H49")
