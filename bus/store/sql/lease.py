"""The lease of a store that several machines share. Its holder has a session that holds an advisory lock, which
PostgreSQL takes back when process, machine or connection dies, and that asks something of the server every second: so
one that was frozen or cut off is told from one that works.

What makes it safe is not the lock but the epoch, a fencing token: each holder has a higher one, and no write under an
earlier one is ever committed (postgresql.py, `begin`).
"""

import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Engine, Table, bindparam, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bus.store.sql.faults import translated

HEARTBEAT = 1.0
"""Seconds between two signs of life."""
EXPIRY = 6.0
"""Seconds without one after which the lease has expired, for the others and for its holder."""

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)")
"""Whether the advisory lock is ours now."""

_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
"""Lets go of it."""

_SIGN_OF_LIFE = text("SELECT 1")
"""Anything at all: what counts is that the session did something."""

# A lock of one wide key lies there as its two halves.
_HOLDER = text("""
    SELECT activity.pid, activity.application_name AS name, activity.backend_start AS since,
           extract(epoch FROM clock_timestamp() - activity.state_change) AS silent
    FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1 AND activity.datname = current_database()
      AND held.database = activity.datid
      AND (held.classid::bigint << 32) | held.objid::bigint = :key
""")
"""The session that holds the lock, and for how long it was silent."""

_END = text("SELECT pg_terminate_backend(:pid)")
"""Ends one session."""

_END_ALL_OF = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = :name AND datname = current_database() AND usename = current_user
""")
"""Ends all sessions of an earlier holder."""

# By the clock, so that no number comes back where a backup was put in the place of the tables.
_NOW = text("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


def name_of(mailbox: str) -> str:
    """Of all sessions of one opening of a store. It fits what PostgreSQL keeps of a name, and no two are the same."""
    host = socket.gethostname().encode("ascii", "replace").decode()[:16]
    return f"lienthong {mailbox[:16]} {secrets.token_hex(4)} {host}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the store now."""

    name: str
    """host:pid"""
    since: datetime
    """Since when that session is connected."""


class Lease:
    """Implements `bus.store.sql.database.Ownership`, once taken. One thread takes, enters and releases; all may ask
    `is_held`."""

    def __init__(self, engine: Engine, owners: Table, *, store: str, schema: str, name: str) -> None:
        """`owners`: a table of one row with the columns epoch, holder and since."""
        self._engine = engine
        self._owners = owners
        self._store = store
        self._name = name
        self._key = int.from_bytes(sha256(f"lienthong {schema}".encode()).digest()[:8]) >> 1
        self._session: Connection | None = None
        self._heart: threading.Thread | None = None
        self._ended = threading.Event()
        self._alive_at = 0.0
        self._epoch: int | None = None
        self.holder: Holder | None = None
        """Who had it when it was last asked for."""

    @property
    def epoch(self) -> int | None:
        return self._epoch

    @property
    def is_held(self) -> bool:
        """Once False it stays so, whatever the server says later: who was told has let go."""
        if self._heart is not None and time.monotonic() - self._alive_at >= EXPIRY:
            self._ended.set()
        return self._heart is not None and not self._ended.is_set()

    def take(self) -> bool:
        """Whether it is ours now. A holder whose lease has expired is thrown out; the next try may do then. Raises
        StoreAway."""
        with translated(self._store):
            try:
                session = self._connected()
                began = time.monotonic()
                if session.scalar(_TRY_LOCK, {"key": self._key}):
                    self.holder, self._alive_at = None, began
                    self._heart = threading.Thread(target=self._beat, name="store.lease", daemon=True)
                    self._heart.start()
                    return True
                self._look_at_holder(session)
            except BaseException:
                self._disconnect()
                raise
        return False

    def enter(self) -> None:
        """Takes the next epoch, once the tables are there. From then on no earlier holder can write."""
        c = self._owners.c
        next_epoch = (
            update(self._owners)
            .values(epoch=func.greatest(c.epoch + 1, _NOW), holder=bindparam("name"), since=_NOW)
            .returning(c.epoch)
        )
        with self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            before = connection.scalar(select(c.holder))
            if before is not None:  # what it left open would be waited for
                connection.execute(_END_ALL_OF, {"name": before})
            self._epoch = connection.scalar(next_epoch, {"name": self._name})

    def release(self) -> None:
        self._ended.set()
        if self._heart is not None:
            self._heart.join(HEARTBEAT)
            if self._heart.is_alive():  # its network is gone: the server's patience will end that session
                return
        if self._session is not None:
            with suppress(SQLAlchemyError):  # at once: a session that ends is waited for by nobody
                self._session.execute(_UNLOCK, {"key": self._key})
        self._disconnect()

    def _connected(self) -> Connection:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._session

    def _disconnect(self) -> None:
        if self._session is not None:
            with suppress(SQLAlchemyError):
                self._session.invalidate()  # the lock goes with the session, not back into the pool
                self._session.close()
            self._session = None

    def _look_at_holder(self, session: Connection) -> None:
        row = session.execute(_HOLDER, {"key": self._key}).one_or_none()
        if row is None:
            return
        self.holder = Holder(row.name.rpartition(" ")[2], row.since)
        if row.silent is not None and row.silent > EXPIRY:
            session.execute(_END, {"pid": row.pid})

    def _beat(self) -> None:
        assert self._session is not None
        while not self._ended.wait(HEARTBEAT):
            began = time.monotonic()
            try:
                self._session.scalar(_SIGN_OF_LIFE)
            except Exception:  # noqa: BLE001 — whatever it was: it is not ours for certain any more
                self._ended.set()
                return
            self._alive_at = began
