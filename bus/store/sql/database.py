"""The port to a database, where SQLite and PostgreSQL differ; sqlite.py and postgresql.py implement it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine


class Ownership(Protocol):
    """The exclusive use of a store by one daemon: a lock or a lease."""

    @property
    def epoch(self) -> int | None:
        """The fencing token, which every write must find unchanged; None where no other machine can write."""

    @property
    def is_held(self) -> bool:
        """False once it was lost, or may have been: stop working. Nothing is written afterwards either way."""

    def enter(self) -> None:
        """Once the tables are there: from here on no earlier owner can write."""

    def release(self) -> None: ...


class Database(Protocol):
    @property
    def name(self) -> str:
        """For people. Never a password."""

    @property
    def file(self) -> Path | None:
        """None where it is on a server."""

    @property
    def reads(self) -> Mapping[str, Any]:
        """Execution options of a connection that reads one moment's state."""

    @property
    def writes(self) -> Mapping[str, Any]: ...
    @property
    def erases(self) -> Mapping[str, Any]:
        """Of a write whose deleted rows are overwritten in the file; on PostgreSQL they wait for VACUUM."""

    def open(self) -> Engine:
        """Raises BadConfig where there can be none."""

    def own(self) -> Ownership:
        """For the daemon. Raises AlreadyRunning, naming the process."""

    def exists(self) -> bool:
        """False where nobody has opened it yet."""

    def prepare(self, connection: Connection) -> None:
        """In the transaction that makes the tables, before it does. Raises BadConfig for what is no place for them."""

    def begin(self, connection: Connection, *, epoch: int | None) -> None:
        """At the beginning of every write: waits until nobody else writes. Raises StoreTaken where the store has
        another owner by now."""

    def give_back(self, connection: Connection) -> bool:
        """Returns some free space to the disk. True when there is more. With no transaction open."""
