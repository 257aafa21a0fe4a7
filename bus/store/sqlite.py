"""What is SQLite's own: how its file is opened, what is asked of it, and how it gives space back."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

_PATIENCE = 15.0
"""Seconds that a write waits for one of another process (an operator's command) before it gives up."""

_OF_A_NEW_FILE = (
    "auto_vacuum = INCREMENTAL",  # before the first table: a backlog's space can be given back after it
    "journal_mode = WAL",  # readers beside the writer
)
_PRAGMAS = (
    "synchronous = FULL",  # a commit is on the disk before anybody is told
    "foreign_keys = ON",
    "wal_autocheckpoint = 4000",  # 16 MiB: pages changed again and again are copied once (measured: +10 %)
    "journal_size_limit = 67108864",
    "secure_delete = OFF",  # bodies are sealed; to overwrite them costs a write each
    "cache_size = -4000",
)

_READERS = 4

_PAGES = 2000
"""Pages given back in one commit."""


def engine_of(url: URL, path: Path) -> Engine:
    """Makes the file where there is none, for its owner and group only. Raises OSError where it cannot."""
    path.touch(mode=0o640)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        hide_parameters=True,  # what fails is told in logs and to /healthz: never what people wrote
        pool_size=1 + _READERS,
        connect_args={"timeout": _PATIENCE, "check_same_thread": False, "cached_statements": 256},
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def give_back(connection: Connection) -> bool:
    """Returns some free pages to the disk, unless few: they are wanted again. True when more can be returned. To be
    called with no transaction open."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    (free,), (pages,) = (driver.execute(f"PRAGMA {count}").fetchone() for count in ("freelist_count", "page_count"))
    if free * 4 < pages or free < _PAGES:
        return False
    # One page a step, in rows without a column: only a script is stepped to its end.
    driver.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
    return True


def _on_connect(connection: Any, _: object) -> None:
    # sqlite3 would begin and commit by its own lights, and never for a CREATE TABLE; here BEGIN is written by hand.
    connection.isolation_level = None
    # Once is enough, and asked again they would wait for a writer.
    is_new = connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)
    for pragma in (*_OF_A_NEW_FILE, *_PRAGMAS) if is_new else _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _on_begin(connection: Connection) -> None:
    # IMMEDIATE: a write that began as a read could not be let in behind another and would fail, not wait.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
