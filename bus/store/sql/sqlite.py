"""SQLite's own: how its file is opened, the settings of a connection, and how free space goes back to the disk."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from bus.errors import BadConfig, StoreDamaged, Words, of_system
from bus.store.sql.file_lock import FileLock
from bus.store.sql.place import check_place, real_path
from schemas.values import MailboxCode

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
    "secure_delete = FAST",  # zeros in the place of what is deleted, where its page is written anyway: no write more
    "cache_size = -2000",  # KiB a connection: a large file fills it (measured on 100,000 entries: 4000 is no faster)
)

_READERS = 4

_PAGES = 2000
"""Pages given back in one commit."""


class SqliteDatabase:
    """Implements `bus.store.sql.database.Database`: a file on this machine."""

    reads: Final[Mapping[str, Any]] = {}
    writes: Final[Mapping[str, Any]] = {"writes": True}
    erases: Final[Mapping[str, Any]] = {"writes": True, "erases": True}

    def __init__(self, url: URL, path: Path, *, owner: MailboxCode) -> None:
        self._path = real_path(path)
        self._url = url.set(database=str(self._path))
        self._owner = owner

    @property
    def name(self) -> str:
        return str(self._path)

    @property
    def file(self) -> Path:
        return self._path

    def open(self) -> Engine:
        """Raises StoreDamaged, too: see `check_in_place`."""
        check_place(self._path)
        check_in_place(self._path)
        try:
            return engine_of(self._url, self._path)
        except OSError as exc:
            raise BadConfig(
                file=self._path,
                why=Words(
                    f"không tạo được kho ở đó: {of_system(exc).vi}", f"the store cannot be made there: {exc.strerror}"
                ),
            ) from exc

    def own(self) -> FileLock:
        check_place(self._path)
        return FileLock(self._path, owner=self._owner)

    def exists(self) -> bool:
        return self._path.exists()

    def prepare(self, connection: Connection) -> None:
        """A file is ready as it is."""

    def begin(self, connection: Connection, *, epoch: int | None) -> None:
        """BEGIN IMMEDIATE has waited for its turn."""

    def give_back(self, connection: Connection) -> bool:
        return give_back(connection)


def recovery_of(path: Path) -> Path:
    """Where `recover` (bus/store/maintenance.py) keeps what it saved, until that is in the store's place."""
    return path.with_name(f".{path.name}.recovered")


def check_in_place(path: Path) -> None:
    """Raises StoreDamaged where its recovery was cut short: what is in the store's place is the damaged file."""
    if recovery_of(path).exists():
        raise StoreDamaged(store=path, why=Words("việc cứu kho bị ngắt giữa chừng", "its recovery was cut short"))


def engine_of(url: URL, path: Path) -> Engine:
    """Makes the file where there is none, for its owner and group only. Raises OSError where it cannot."""
    path.touch(mode=0o640)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        hide_parameters=True,  # what fails is told in logs and to /healthz: never what people wrote
        pool_size=1 + _READERS,
        pool_use_lifo=True,  # the same few again: each has a page cache of its own, which a large file fills
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
    options = connection.get_execution_options()
    erases, erased = bool(options.get("erases")), bool(connection.info.get("erases"))
    if options.get("writes") and erases != erased:
        # ON: pages that become free are overwritten, too. A body is sealed, and its pages are not worth that (measured:
        # half as many bytes again for each message); what the past says in clear is.
        connection.exec_driver_sql(f"PRAGMA secure_delete = {'ON' if erases else 'FAST'}")
        connection.info["erases"] = erases
    # IMMEDIATE: a write that began as a read could not be let in behind another and would fail, not wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
