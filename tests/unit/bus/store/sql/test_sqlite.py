"""bus/store/sql/sqlite.py: what every connection is told, and that what is deleted is gone from the file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bus.handling.statuses import Verdict
from bus.ports.records import Event, HandlingKey, StatusRecord
from bus.store.open import open_store
from schemas.codes import StatusCode
from tests.contract.store import LATER, NOW, mid


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("auto_vacuum", 2),
        ("secure_delete", 2),
        ("busy_timeout", 15000),
    ],
)
def test_every_connection(tmp_path: Path, pragma: str, value: object) -> None:
    """Reader or writer, the first or a later one: durable commits, readers beside the writer, keys minded."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="H49")
    with store.writing() as writing, store.engine.connect() as reading, store.engine.connect() as another:
        for connection in (writing, reading, another):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    store.close()


MARK = "ông Nguyễn Văn Ẩn xin nghỉ"


def test_what_is_forgotten_is_gone_from_the_file(tmp_path: Path) -> None:
    """No page of the file, used or free, still says what people wrote in statuses and events of the past; what is young
    stays. A write that forgets nothing leaves pages that become free as they are: they hold sealed bodies."""
    path = tmp_path / "x.db"
    store = open_store(f"sqlite:///{path}", owner="H49")
    key = HandlingKey("H49.06", "H49.06,2015/09/30,7816/VPCP-TTĐT", "G22")
    record = StatusRecord(
        key=key, code=StatusCode.ARRIVED, verdict=Verdict.APPLIED, at=NOW, recorded_at=NOW, message=mid(1)
    )
    told = replace(record, description=MARK)
    with store.write() as tx:
        tx.dossiers.put_statuses([told] * 600)
        tx.dossiers.put_events([Event(at=NOW, name="adapter.refused", message=mid(1), detail=MARK)] * 600)
        tx.dossiers.put_statuses([replace(told, recorded_at=LATER, description="còn mới")])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.read_bytes().count(MARK.encode()) >= 1200
    store.forget(LATER)
    store.close()
    assert not path.with_name("x.db-wal").exists()
    assert MARK.encode() not in path.read_bytes()
    assert "còn mới".encode() in path.read_bytes()
