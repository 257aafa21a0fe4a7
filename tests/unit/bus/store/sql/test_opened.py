"""bus/store/sql/opened.py: reads and writes of a database that is open."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bus.store.sql.opened import Opened
from bus.store.sql.sqlite import SqliteDatabase


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    path = tmp_path / "x.db"
    database = SqliteDatabase(make_url(f"sqlite:///{path}"), path, owner="G22")
    made = Opened(database, database.open(), ownership=None)
    with made.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    yield made
    made.close()


def rows(opened: Opened) -> int:
    with opened.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())


def test_a_write_is_all_or_nothing(opened: Opened) -> None:
    """What ends with an error leaves nothing behind, and the next one has its turn."""
    with pytest.raises(ZeroDivisionError), opened.writing() as connection:  # noqa: PT012
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError
    assert rows(opened) == 0
    with opened.writing() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    assert rows(opened) == 1


def test_a_write_within_a_write(opened: Opened) -> None:
    """Would wait for itself: it is a defect, and says so."""
    with opened.writing(), pytest.raises(RuntimeError), opened.writing():
        pass


def test_a_read_sees_one_moment(opened: Opened) -> None:
    """A write that ends meanwhile is not in it."""
    with opened.reading() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        with opened.writing() as other:
            other.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == before == 0


def test_nobody_owns_a_command(opened: Opened) -> None:
    """It may work as long as it likes."""
    assert opened.is_ours
