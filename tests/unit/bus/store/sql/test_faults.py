"""bus/store/sql/faults.py: a full disk and a damaged file, for real."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bus.errors import StoreDamaged, StoreFull
from bus.store.open import open_store
from bus.store.sql.faults import translated
from tests.contract.store import NOW, arrived, due, put, sending

# A limit on the size of files is a full disk to the process that has it: the kernel refuses the write halfway.
FILLS_THE_DISK = """
    import resource, sys
    from bus.errors import StoreFull
    from bus.ports.records import Box
    from bus.store.open import open_store
    from tests.contract.store import due, put, sending

    store = open_store(sys.argv[1], owner="G22")
    put(store, sending(1, body=b"kept"))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        put(store, sending(2), sending(3, body=bytes(3_000_000)))
    except StoreFull as error:
        print(error)
    assert [entry.body for entry in due(store)] == [b"kept"], "what was committed can be read on a full disk"
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    put(store, sending(2), sending(3, body=bytes(3_000_000)))
    assert len(due(store)) == 3, "and once there is room, the same store goes on"
    store.close()
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """The write ends in StoreFull and leaves nothing; what was there stays; with room again, the store goes on."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILLS_THE_DISK), f"sqlite:///{tmp_path}/x.db"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Store {tmp_path}/x.db cannot be written" in done.stdout


def test_a_database_with_no_page_left(tmp_path: Path) -> None:
    """SQLite's own word for it is told the same way, within the write and for the write alone."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    put(store, sending(1))
    grow = "UPDATE outbox_body SET body = zeroblob(9000000)"

    def write() -> None:
        with store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1").all()
            connection.exec_driver_sql(grow)

    with pytest.raises(StoreFull, match="full"):
        write()
    assert len(due(store)) == 1
    store.close()


@pytest.mark.parametrize("content", [b"not a database at all " * 500, b"\xff" * 9000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """It is refused at opening, is left as it is, and the message says what to do."""
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(StoreDamaged, match=r"not a database.*store recover"):
        open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    assert (tmp_path / "x.db").read_bytes() == content


def test_a_file_damaged_in_the_middle(tmp_path: Path) -> None:
    """What can be read is read; where the damage is met, it is named, at reading and at writing."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    put(store, *(sending(number, body=bytes(3000)) for number in range(1, 200)))
    store.close()
    pages = (tmp_path / "x.db").read_bytes()
    (tmp_path / "x.db").write_bytes(pages[: 80 * 4096] + b"\xa5" * (len(pages) - 80 * 4096))

    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")

    def write() -> None:
        with store.write() as tx:
            tx.outbox.put([sending(number) for number in range(200, 400)], at=NOW)
            tx.inbox.put([arrived(number) for number in range(200)])

    with pytest.raises(StoreDamaged, match="malformed"):
        due(store, limit=1000)
    with pytest.raises(StoreDamaged):
        write()
    store.close()


def test_a_defect_is_no_fault_of_the_disk() -> None:
    """What SQLite says for other reasons passes as it is: it is ours to mend."""
    with pytest.raises(sqlite3.OperationalError), translated("x"):
        sqlite3.connect(":memory:").execute("SELECT nonsense")
    with pytest.raises(IntegrityError), translated("x"):
        raise IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE"))


def test_a_lock_that_lasts(tmp_path: Path) -> None:
    """Another program that keeps the file locked is StoreFull too: it is tried again."""
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    waiting = sqlite3.connect(tmp_path / "x.db", timeout=0)
    with pytest.raises(StoreFull, match="locked"), translated("x"):
        waiting.execute("CREATE TABLE x (y)")
    waiting.close()
    holder.close()


def test_what_people_wrote_is_never_in_an_error(tmp_path: Path) -> None:
    """Errors go to logs and to /healthz: the statement may be there, the values are not."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    put(store, sending(1))
    with pytest.raises(IntegrityError) as caught:
        put(store, sending(1, document="mật: nhân sự"))
    assert "UNIQUE" in str(caught.value)
    assert "nhân sự" not in str(caught.value)
    store.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_words_of_network_disks_are_known(code: int) -> None:
    """ "locking protocol" is a store that cannot be written, and no defect."""
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = code
    with pytest.raises(StoreFull, match=r"Store H49\.db cannot be written: locking protocol"), translated("H49.db"):
        raise error
