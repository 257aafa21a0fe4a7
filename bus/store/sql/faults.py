"""Errors of SQLite and PostgreSQL as errors of ours, where the store cannot go on. Any other is a defect and passes as
it is, without what people wrote."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bus.errors import BusError, StoreAway, StoreDamaged, StoreFull

_FULL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,  # its locks do not work: a network file system
        sqlite3.SQLITE_NOLFS,
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# Of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest beginning counts.
_BY_STATE: dict[str, type[BusError]] = {
    "08": StoreAway,  # the connection broke
    "25P03": StoreAway,  # a transaction was left open for too long
    "25006": StoreAway,  # the server only reads: a replica, or one that was made one
    "28": StoreAway,  # it lets this role in no more
    "3D": StoreAway,  # no such database
    "3F": StoreAway,  # no such schema
    "40": StoreAway,  # deadlock, or another write was first
    "42501": StoreAway,  # not allowed to
    "53": StoreFull,  # disk, memory
    "53300": StoreAway,  # too many connections
    "55P03": StoreAway,  # a lock that lasted
    "57": StoreAway,  # it shuts down, it starts up, an administrator ended the session, it took too long
    "58": StoreFull,  # its disk does not do what it should
    "XX001": StoreDamaged,
    "XX002": StoreDamaged,
}


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Raises StoreFull, StoreAway or StoreDamaged, naming the store, where the block failed for such a reason."""
    try:
        yield
    except NoConnectionFree as exc:
        raise StoreAway(store=store, why=str(exc)) from exc
    except (DBAPIError, sqlite3.Error) as exc:
        if error := _meaning(exc, store):
            raise error from exc
        raise


def _meaning(exc: DBAPIError | sqlite3.Error, store: str) -> BusError | None:
    said: Any = exc.orig if isinstance(exc, DBAPIError) else exc
    if isinstance(exc, DBAPIError) and hasattr(said, "sqlstate"):
        return _of_postgresql(exc, said, store)
    # The low byte is the kind of failure, what is above it only says where (sqlite.org/rescode.html).
    match getattr(said, "sqlite_errorcode", 0) & 0xFF:
        case code if code in _FULL:
            return StoreFull(store=store, why=str(said))
        case code if code in _DAMAGED:
            return StoreDamaged(store=store, why=str(said))
        case _:
            return None


def _of_postgresql(exc: DBAPIError, said: Any, store: str) -> BusError | None:
    why = " ".join((said.diag.message_primary or str(said)).split())
    # Behind the first line stands the row that was refused, with what people wrote in it.
    said.args = exc.args = (why,)
    state = said.sqlstate
    if state is None:  # the driver's own word: only lost connections are not ours to mend
        lost = exc.connection_invalidated or type(said).__name__ == "OperationalError"
        return StoreAway(store=store, why=why) if lost else None
    kinds = [_BY_STATE[state[:length]] for length in (5, 2) if state[:length] in _BY_STATE]
    return kinds[0](store=store, why=why) if kinds else None
