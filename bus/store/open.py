"""Opening a store: its owner is checked, its lock or lease taken, its tables brought up to date."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, Engine, Table, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bus.crashpoints import reached
from bus.errors import BadConfig, NotInAFile, Words, said
from bus.store import migrate
from bus.store.sql.database import Database, Ownership
from bus.store.sql.faults import translated
from bus.store.sql.place import real_path
from bus.store.sql.sqlite import SqliteDatabase
from bus.store.store import SqlStore
from bus.store.tables import metadata
from bus.store.tables import owner as owner_table
from schemas.values import MailboxCode

if TYPE_CHECKING:
    from bus.store.sql.postgresql import PostgresqlDatabase


class Tables(NamedTuple):
    """Whose they are, and how older ones come to look like today's."""

    owner: Table
    """Of one row: the mailbox, and who holds its lease."""
    revisions: tuple[str, ...]
    scripts: Path


STORE = Tables(owner_table, migrate.REVISIONS, migrate.SCRIPTS)

SHARED_DRIVERS = frozenset({"postgresql", "postgresql+psycopg"})


def open_store(url: str, *, owner: MailboxCode, exclusive: bool = True) -> SqlStore:
    """The store at `sqlite:////absolute/path.db` or in `postgresql+psycopg://user@host/database`, made where there is
    none, its tables brought up to date.

    `exclusive` for the daemon: raises AlreadyRunning, naming the process, where another has it. Without, for commands
    beside the daemon: every verb works, and writes wait their turn with the daemon's.

    Raises BadConfig for another mailbox's store, a newer version's, or no store at all; StoreFull; StoreAway;
    StoreDamaged.
    """
    database = database_of(url, owner=owner)
    return open_database(database, owner=owner, ownership=database.own() if exclusive else None)


def open_database(database: Database, *, owner: MailboxCode, ownership: Ownership | None) -> SqlStore:
    """As `open_store`; where it raises, the ownership is released."""
    return SqlStore(database, open_engine(database, STORE, owner=owner, ownership=ownership), ownership=ownership)


def open_engine(database: Database, of: Tables, *, owner: MailboxCode, ownership: Ownership | None) -> Engine:
    """Its tables brought up to date, and entered. Raises as `open_store`; the ownership is then released."""
    try:
        engine = database.open()
        try:
            with translated(database.name):
                _bring_up(engine, database, of, owner=owner, exclusive=ownership is not None)
                if ownership:
                    ownership.enter()
        except BaseException:
            engine.dispose()
            raise
    except BaseException:
        if ownership:
            ownership.release()
        raise
    return engine


def is_current(url: str, *, owner: MailboxCode) -> bool:
    """Whether `open_store` would find nothing to bring up. Raises as it does."""
    database = database_of(url, owner=owner)
    if not database.exists():
        return False
    engine = database.open()
    try:
        with translated(database.name), engine.connect() as connection:
            return migrate.is_current(connection, store=database.name)
    finally:
        engine.dispose()


def look(url: str, *, owner: MailboxCode) -> bool:
    """Whether there is a store of this version; it is neither made nor brought up, and no lock is taken. Raises as
    `open_store` does where there is one that it could not open."""
    database = database_of(url, owner=owner)
    if not database.exists():
        return False
    engine = database.open()
    try:
        with translated(database.name), engine.connect() as connection:
            if not migrate.is_current(connection, store=database.name):
                return False
            check_owner(connection, database, owner_table, owner=owner)
            return True
    finally:
        engine.dispose()


def is_shared(url: str) -> bool:
    """Whether daemons on several machines may stand by for it. Raises BadConfig."""
    return parsed_url(url).get_backend_name() == "postgresql"


def wants(url: str, *, owner: MailboxCode) -> list[str]:
    """What a shared store's server lacks to keep what it confirms; empty where all is well. Raises as `open_store`."""
    from bus.store.sql.postgresql import wants as wants_of

    database = database_of(url, owner=owner)
    engine = database.open()
    try:
        with translated(database.name), engine.connect() as connection:
            found = wants_of(connection)
            if migrate.is_current(connection, store=database.name):
                check_owner(connection, database, owner_table, owner=owner)
            else:
                found.append(
                    "its tables are not made, or of an earlier version: the daemon brings them up / chưa có bảng"
                )
            return found
    finally:
        engine.dispose()


def path_of(url: str) -> Path:
    """The real path of an SQLite store's file: lock and recovery lie beside that. Raises NotInAFile, BadConfig."""
    parsed = parsed_url(url)
    assert parsed.database
    if is_shared(url):
        raise NotInAFile(store=_shown(parsed))
    return real_path(Path(parsed.database))


def database_of(url: str, *, owner: MailboxCode) -> Database:
    """Raises BadConfig."""
    parsed = parsed_url(url)
    if is_shared(url):
        return postgresql_of(parsed, owner=owner)
    return SqliteDatabase(parsed, path_of(url), owner=owner)


def postgresql_of(url: URL, *, owner: MailboxCode) -> "PostgresqlDatabase":
    """Raises BadConfig."""
    from bus.store.sql.postgresql import PostgresqlDatabase, copy_partial_indexes  # few daemons need it

    copy_partial_indexes(metadata)
    return PostgresqlDatabase(url, owner_table, owner=owner)


def parsed_url(url: str) -> URL:
    """Raises BadConfig for what is no place of a store."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the second where no port is a number: perhaps it is the end of a password
        hidden = re.sub(r"(?<=:)(?!//).*(?=@)", "***", url).partition("?")[0]
        raise BadConfig(
            file=hidden,
            why=said(
                "kho phải ghi bằng địa chỉ, như sqlite:////var/lib/lienthong/H49.db hoặc "
                "postgresql+psycopg://lienthong@db/lienthong; trong mật khẩu, @ ghi là %40, : là %3A, / là %2F",
                "a store is named by a URL, such as sqlite:////var/lib/lienthong/H49.db or "
                "postgresql+psycopg://lienthong@db/lienthong; in a password @ is %40, : is %3A, / is %2F",
            ),
        ) from None
    in_a_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}
    on_a_server = parsed.drivername in SHARED_DRIVERS and parsed.database
    if not in_a_file and not on_a_server:
        why = said(
            "kho là một tệp SQLite, sqlite:////ĐƯỜNG/DẪN.db, hoặc một cơ sở dữ liệu PostgreSQL: "
            "postgresql+psycopg://NGƯỜI-DÙNG@MÁY/TÊN",
            "a store is an SQLite file, sqlite:////path/to/file.db, or a database of PostgreSQL's: "
            "postgresql+psycopg://user@host/database",
        )
        raise BadConfig(file=_shown(parsed), why=why)
    return parsed


def _shown(url: URL) -> str:
    """libpq takes a password among the options, too."""
    return url.set(query={}).render_as_string(hide_password=True)


def _bring_up(engine: Engine, database: Database, of: Tables, *, owner: MailboxCode, exclusive: bool) -> None:
    def is_current(connection: Connection) -> bool:
        return migrate.is_current(connection, store=database.name, revisions=of.revisions)

    with engine.connect() as connection:
        if is_current(connection):
            return check_owner(connection, database, of.owner, owner=owner)
    # A command must not change the tables under a running daemon of the version before.
    held = None if exclusive else database.own()
    try:
        with engine.connect().execution_options(**database.writes) as connection, connection.begin():
            if not is_current(connection):
                database.prepare(connection)
                migrate.upgrade(connection, of.revisions[-1], scripts=of.scripts)
                reached("migrate.upgraded")
            check_owner(connection, database, of.owner, owner=owner)
        reached("migrate.committed")
    finally:
        if held:
            held.release()
    return None


def check_owner(connection: Connection, database: Database, owners: Table, *, owner: MailboxCode) -> None:
    """Two mailboxes on one host, and one URL copied from the other: each would send the other's messages."""
    whose = connection.scalar(select(owners.c.mailbox))
    if whose is None:
        connection.execute(insert(owners), {"mailbox": owner})
    elif whose != owner:
        raise BadConfig(
            file=database.name,
            why=Words(
                f"đó là kho của hộp thư {whose}, không phải của {owner}",
                f"it is the store of mailbox {whose}, not of {owner}",
            ),
        )
