"""Opening a ledger: a file of SQLite, or a schema in PostgreSQL, made where there is none, brought up to date."""

from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from bus.ledger.migrate import REVISIONS, SCRIPTS
from bus.ledger.store import Ledger
from bus.ledger.tables import metadata
from bus.ledger.tables import owner as owner_table
from bus.store.open import Tables, is_shared, open_engine, parsed_url
from bus.store.sql.database import Database
from bus.store.sql.place import real_path
from bus.store.sql.sqlite import SqliteDatabase
from schemas.values import MailboxCode

OWNER: Final[MailboxCode] = "ledger"
"""Stands where a mailbox's store has the mailbox."""

TABLES: Final = Tables(owner_table, REVISIONS, SCRIPTS)


def open_ledger(url: str, *, exclusive: bool = True) -> Ledger:
    """The ledger at `sqlite:////absolute/path.db`, or in `postgresql+psycopg://user@host/database`: there in the schema
    `ledger`, or as `?options=-csearch_path=NAME` names it.

    `exclusive` for the process that writes what came: raises AlreadyRunning, naming the process, where another has it.
    Without, for commands and the console beside it: every verb works, and writes wait their turn.

    Raises BadConfig for what is no ledger of this version, or no place of one; StoreFull; StoreAway; StoreDamaged.
    """
    database = database_of(url)
    ownership = database.own() if exclusive else None
    engine = open_engine(database, TABLES, owner=OWNER, ownership=ownership)
    return Ledger(database, engine, ownership=ownership)


def database_of(url: str) -> Database:
    """Raises BadConfig."""
    parsed = parsed_url(url)
    if is_shared(url):
        from bus.store.sql.postgresql import PostgresqlDatabase, copy_partial_indexes  # a ledger in a file needs it not

        copy_partial_indexes(metadata)
        return PostgresqlDatabase(in_schema(parsed), owner_table, owner=OWNER)
    assert parsed.database
    return SqliteDatabase(parsed, real_path(Path(parsed.database)), owner=OWNER)


def in_schema(url: URL) -> URL:
    """In the schema `ledger` where the URL names none."""
    options = url.query.get("options", ())
    given = [options] if isinstance(options, str) else [*options]
    if any("search_path" in each for each in given):
        return url
    return url.update_query_dict({"options": " ".join([*given, "-csearch_path=ledger"])})
