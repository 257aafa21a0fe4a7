"""What is PostgreSQL's own: how its server is spoken to, where a mailbox's tables lie in it, and whose turn it is to
write. Several daemons of one mailbox may share such a store: see claim.py.

Each mailbox has a schema of its own, `lienthong_<mailbox>`, in whatever database the URL names;
`?options=-csearch_path=NAME` names another. Sessions are kept: it must be PostgreSQL itself that answers, or a pooler
that gives each client a session of its own.
"""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateSchema

from bus.errors import AlreadyRunning, BadConfig, StoreTaken
from bus.store.claim import Claim, name_of
from bus.store.tables import metadata
from bus.store.tables import owner as owner_table
from schemas.values import MailboxCode

# Said here and not there: SQLAlchemy loads all of a database's dialect for one word of it, in every daemon.
for _index in (index for table in metadata.tables.values() for index in table.indexes):
    if (_where := _index.dialect_options["sqlite"]["where"]) is not None:
        _index.dialect_options["postgresql"]["where"] = _where

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
_EPOCH = select(owner_table.c.epoch).with_for_update()


class PostgresqlDatabase:
    """Implements `bus.store.database.Database`."""

    reads: Final[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writes: Final[Mapping[str, Any]] = {}

    def __init__(self, url: URL, *, owner: MailboxCode) -> None:
        """Raises BadConfig where the driver is not installed, or is not ours."""
        self.schema = schema_of(url, owner)
        self._session_name = name_of(owner)
        self._owner = owner
        plain = url.set(drivername="postgresql", password=None, query={})
        self.name = f"{plain.render_as_string()} ({self.schema})"
        self._engine = _engine_of(url, self)
        self._claim: Claim | None = None

    @property
    def session_name(self) -> str:
        return self._session_name

    def open(self) -> Engine:
        return self._engine

    def claim(self) -> Claim:
        return Claim(self._engine, store=self.name, schema=self.schema, name=self._session_name)

    def own(self) -> Claim:
        claim, until, taken = self.claim(), time.monotonic() + _PATIENCE, False
        try:
            while not (taken := claim.take()) and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            if not taken:
                claim.release()
                self._engine.dispose()
        if not taken:
            raise AlreadyRunning(store=self.name, pid=claim.holder.name if claim.holder else "?")
        return claim

    def exists(self) -> bool:
        return True

    def prepare(self, connection: Connection) -> None:
        version = connection.dialect.server_version_info
        encoding = connection.scalar(text("SHOW server_encoding"))
        if version is None or version < (OLDEST,):
            raise BadConfig(file=self.name, why=f"PostgreSQL {OLDEST} or later is needed; this is {version}")
        if encoding != "UTF8":
            raise BadConfig(file=self.name, why=f"the database must be in UTF8; this one is in {encoding}")
        # Asked first: who may not make schemas is refused also where it is there already.
        if not connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": self.schema}):
            connection.execute(CreateSchema(self.schema, if_not_exists=True))
        connection.execute(text("SET LOCAL statement_timeout = 0"))

    def begin(self, connection: Connection, *, epoch: int | None) -> None:
        """One row is locked by each write. READ COMMITTED: who waited for it sees all that was committed meanwhile."""
        now = connection.scalar(_EPOCH)
        if epoch is not None and now != epoch:
            raise StoreTaken(store=self.name)

    def give_back(self, connection: Connection) -> bool:
        """PostgreSQL's own housekeeping does."""
        return False


for _library in ("psycopg", "sqlalchemy"):  # what they say of lost connections is told by our own errors, once
    logging.getLogger(_library).addHandler(logging.NullHandler())


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
            why="PostgreSQL needs psycopg, which is not installed: uv sync --extra postgres, or "
            "pip install 'lienthong[postgres]' / chưa cài psycopg",
        ) from exc
    said = url.query.get("options", ())
    options = " ".join(
        [*(f"-c {name}={value}" for name, value in {"search_path": database.schema, **_SESSION}.items())]
        + ([said] if isinstance(said, str) else [*said])
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
