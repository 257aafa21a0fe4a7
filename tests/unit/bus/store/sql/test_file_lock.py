"""bus/store/sql/file_lock.py: the lock beside the store. That it dies with its process is in tests/contract."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from bus.errors import AlreadyRunning, BadConfig
from bus.store.sql.file_lock import FileLock


def test_one_at_a_time(tmp_path: Path) -> None:
    """The second is refused and told who; once released, the next has it, and the file names that one."""
    first = FileLock(tmp_path / "x.db", owner="H49")
    for _ in range(2):  # who asked in vain has changed nothing
        with pytest.raises(AlreadyRunning, match=rf"x\.db is in use by process {os.getpid()}\."):
            FileLock(tmp_path / "x.db", owner="H49")
    first.release()
    FileLock(tmp_path / "x.db", owner="G22").release()
    assert (tmp_path / "x.db.lock").read_text() == f"{os.getpid()}\nG22\n"


def test_a_place_that_does_not_exist(tmp_path: Path) -> None:
    """The operator is told which file cannot be made."""
    with pytest.raises(BadConfig, match=r"nowhere/x\.db\.lock"):
        FileLock(tmp_path / "nowhere" / "x.db", owner="H49")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A share without its lock server: words instead of a traceback."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(BadConfig, match=f"no lock can be had there: {os.strerror(number)}"):
        FileLock(tmp_path / "x.db", owner="H49")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is /dev/full, which Linux has")
def test_a_lock_on_a_full_disk_is_held_all_the_same(tmp_path: Path) -> None:
    """Its owner cannot be named."""
    (tmp_path / "x.db.lock").symlink_to("/dev/full")
    FileLock(tmp_path / "x.db", owner="H49").release()
