"""What SQLite says when it cannot go on, as errors of ours. Anything else is a defect and passes as it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from bus.errors import BusError, StoreDamaged, StoreFull

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
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Raises StoreFull or StoreDamaged, naming the store, where the block failed for such a reason."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as exc:
        if error := _meaning(exc, store):
            raise error from exc
        raise


def _meaning(exc: DBAPIError | sqlite3.Error, store: str) -> BusError | None:
    said = exc.orig if isinstance(exc, DBAPIError) else exc
    # The low byte is the kind of failure, what is above it only says where (sqlite.org/rescode.html).
    match getattr(said, "sqlite_errorcode", 0) & 0xFF:
        case code if code in _FULL:
            return StoreFull(store=store, why=str(said))
        case code if code in _DAMAGED:
            return StoreDamaged(store=store, why=str(said))
        case _:
            return None
