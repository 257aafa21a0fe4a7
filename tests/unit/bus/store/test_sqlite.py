"""bus/store/sqlite.py: what every connection is told, and that space comes back."""

from pathlib import Path

import pytest

from bus.store import open_store


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("auto_vacuum", 2), ("busy_timeout", 15000)],
)
def test_every_connection(tmp_path: Path, pragma: str, value: object) -> None:
    """Reader or writer, the first or a later one: durable commits, readers beside the writer, keys minded."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="H49")
    with store._writing() as writing, store._engine.connect() as reading, store._engine.connect() as another:
        for connection in (writing, reading, another):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    store.close()
