"""The second set of derived tables, which a rebuild fills while the first one serves, and how they change places."""

from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, MetaData, inspect, text

from bus.ledger.derived import Derived, derived
from bus.ledger.tables import now

_PREFIXES: Final = ("a_", "b_")
"""SQLite renames no index: one that came with a rebuild keeps its name, and the next rebuild takes the other prefix."""


def make(connection: Connection) -> Derived:
    """Empty, whatever an earlier rebuild left. In a write of its own."""
    discard(connection)
    shadow = _shadow(_free_prefix(connection))
    if connection.dialect.name == "postgresql":
        from bus.store.sql.postgresql import copy_partial_indexes  # a ledger in a file needs it not

        copy_partial_indexes(shadow.metadata)
    shadow.metadata.create_all(connection, checkfirst=False)
    return shadow


def find(connection: Connection) -> Derived | None:
    """The set that a rebuild has begun to fill; None where none has."""
    shadow = _shadow(_free_prefix(connection))
    return shadow if inspect(connection).has_table(shadow.document.name) else None


def swap(connection: Connection, shadow: Derived) -> None:
    """It takes the place of the tables in use, which are dropped. In the write that fills in the last of it: whoever
    reads sees the one set or the other."""
    for old, new in zip(now.tables, shadow.tables, strict=True):
        connection.execute(text(f"DROP TABLE {old.name}"))
        connection.execute(text(f"ALTER TABLE {new.name} RENAME TO {old.name}"))


def discard(connection: Connection) -> None:
    """Drops what a rebuild left that was cut short, if there is any."""
    there = set(inspect(connection).get_table_names())
    for prefix in _PREFIXES:
        for table in _shadow(prefix).tables:
            if table.name in there:
                connection.execute(text(f"DROP TABLE {table.name}"))


@lru_cache(maxsize=len(_PREFIXES))
def _shadow(prefix: str) -> Derived:
    """The same objects each time: statements over them are compiled once."""
    return derived(MetaData(), prefix)


def _free_prefix(connection: Connection) -> str:
    taken = {str(index["name"]) for index in inspect(connection).get_indexes(now.document.name)}
    return next(prefix for prefix in _PREFIXES if not any(name.startswith(prefix) for name in taken))
