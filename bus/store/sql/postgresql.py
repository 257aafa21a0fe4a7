"""PostgreSQL's own: sessions and their settings, the schema of a mailbox's tables, and whose turn it is to write.
Several daemons of one mailbox may share such a store (lease.py).

Each mailbox has a schema of its own, `lienthong_<mailbox>`, in whatever database the URL names;
`?options=-csearch_path=NAME` names another. Sessions are kept: it must be PostgreSQL itself that answers, or a pooler
that gives each client a session of its own.
"""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, select, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateSchema

from bus.errors import AlreadyRunning, BadConfig, StoreTaken, Words, said
from bus.store.sql.lease import Lease, name_of
from schemas.values import MailboxCode

OLDEST = 13
"""The oldest server that is supported."""

_PATIENCE = 1.0
"""Seconds in which a daemon that was just stopped is gone."""

_READERS = 4

_CONNECTING = {
    "connect_timeout": "5",
    # A server that is gone without a word is noticed in some seconds; Linux alone would wait a quarter of an hour.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
    "client_encoding": "utf8",
}
_SESSION = {
    "lock_timeout": "15s",  # for a write of another process (an operator's command), as with SQLite
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "60s",  # nobody holds up the others for ever
    "jit": "off",  # statements are short
    "enable_seqscan": "off",  # every look-up has its index; without statistics, the table would rather be read whole
    # The same at the server's end.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "8000",
}
_WANTED = {
    "fsync": "on",
    "full_page_writes": "on",
    "data_checksums": "on",  # else a page that rots is read as if it were well
    "default_transaction_read_only": "off",
}
# `remote_apply` and the like say more than `on` and stay.
_DURABLE = """
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""
_SEARCH_PATH = re.compile(r'-c\s*search_path\s*=\s*("?)([\w-]+)')


class PostgresqlDatabase:
    """Implements `bus.store.sql.database.Database`."""

    reads: Final[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writes: Final[Mapping[str, Any]] = {}
    erases: Final[Mapping[str, Any]] = {}
    file: Final = None

    def __init__(self, url: URL, owners: Table, *, owner: MailboxCode) -> None:
        """`owners`: the table of one row that each write locks, as in `Lease`. Raises BadConfig where the driver is not
        installed, or is not ours."""
        self.schema = schema_of(url, owner)
        self._session_name = name_of(owner)
        self._owner = owner
        plain = url.set(drivername="postgresql", password=None, query={})
        self.name = f"{plain.render_as_string()} ({self.schema})"
        self._engine = _engine_of(url, self)
        self._owners = owners
        self._epoch = select(owners.c.epoch).with_for_update()

    @property
    def session_name(self) -> str:
        return self._session_name

    def open(self) -> Engine:
        return self._engine

    def lease(self) -> Lease:
        return Lease(self._engine, self._owners, store=self.name, schema=self.schema, name=self._session_name)

    def own(self) -> Lease:
        lease, until, taken = self.lease(), time.monotonic() + _PATIENCE, False
        try:
            while not (taken := lease.take()) and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            if not taken:
                lease.release()
                self._engine.dispose()
        if not taken:
            raise AlreadyRunning(store=self.name, pid=lease.holder.name if lease.holder else "?")
        return lease

    def exists(self) -> bool:
        return True

    def prepare(self, connection: Connection) -> None:
        version = connection.dialect.server_version_info
        encoding = connection.scalar(text("SHOW server_encoding"))
        if version is None or version < (OLDEST,):
            raise BadConfig(
                file=self.name,
                why=Words(
                    f"cần PostgreSQL {OLDEST} trở lên; đây là {version}",
                    f"PostgreSQL {OLDEST} or later is needed; this is {version}",
                ),
            )
        if encoding != "UTF8":
            raise BadConfig(
                file=self.name,
                why=Words(
                    f"cơ sở dữ liệu phải ở UTF8; đây là {encoding}",
                    f"the database must be in UTF8; this one is in {encoding}",
                ),
            )
        # Asked first: who may not make schemas is refused also where it is there already.
        if not connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": self.schema}):
            connection.execute(CreateSchema(self.schema, if_not_exists=True))
        connection.execute(text("SET LOCAL statement_timeout = 0"))

    def begin(self, connection: Connection, *, epoch: int | None) -> None:
        """One row is locked by each write. READ COMMITTED: who waited for it sees all that was committed meanwhile."""
        now = connection.scalar(self._epoch)
        if epoch is not None and now != epoch:
            raise StoreTaken(store=self.name)

    def give_back(self, connection: Connection) -> bool:
        """PostgreSQL's own housekeeping does."""
        return False


for _library in ("psycopg", "sqlalchemy"):  # what they say of lost connections is told by our own errors, once
    logging.getLogger(_library).addHandler(logging.NullHandler())


def copy_partial_indexes(metadata: MetaData) -> None:
    """Indexes are partial here as they are on SQLite. Not said in the tables: SQLAlchemy loads all of a database's
    dialect for one word of it, in every daemon."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        if (where := index.dialect_options["sqlite"]["where"]) is not None:
            index.dialect_options["postgresql"]["where"] = where


def wants(connection: Connection) -> list[str]:
    """What this server lacks to keep what it confirms."""
    said = [(name, value, connection.scalar(text(f"SHOW {name}"))) for name, value in _WANTED.items()]
    return [f"{name} = {is_}: {value} is wanted / cần đặt {value}" for name, value, is_ in said if is_ != value]


def schema_of(url: URL, owner: MailboxCode) -> str:
    options = url.query.get("options", "")
    named = _SEARCH_PATH.search(options if isinstance(options, str) else " ".join(options))
    if named is None:
        return f"lienthong_{re.sub('[^a-z0-9]', '_', owner.lower())}"[:63]
    return named[2] if named[1] else named[2].lower()  # as PostgreSQL reads it


def _engine_of(url: URL, database: PostgresqlDatabase) -> Engine:
    try:
        import psycopg  # noqa: F401 — an extra: most daemons have SQLite and carry no driver
    except ImportError as exc:
        raise BadConfig(
            file=database.name,
            why=said("chưa cài psycopg, PostgreSQL cần nó", "PostgreSQL needs psycopg, which is not installed"),
            do=said(
                "Cài: uv sync --extra postgres, hoặc pip install 'lienthong[postgres]'.",
                "Install it: uv sync --extra postgres, or pip install 'lienthong[postgres]'.",
            ),
        ) from exc
    asked = url.query.get("options", ())
    options = " ".join(
        [*(f"-c {name}={value}" for name, value in {"search_path": database.schema, **_SESSION}.items())]
        + ([asked] if isinstance(asked, str) else [*asked])
    )
    query = {**_CONNECTING, **url.query, "options": options, "application_name": database.session_name}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", query=query),
        poolclass=QueuePool,
        hide_parameters=True,  # as for SQLite
        pool_size=2 + _READERS,
    )
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(connection: Any, _: object) -> None:
    connection.autocommit = True
    connection.execute(_DURABLE)
    connection.autocommit = False
