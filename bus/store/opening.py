"""How a store is opened: whose it is, that nobody else runs on it, and that its tables are today's."""

from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bus.crashpoints import reached
from bus.errors import BadConfig, StoreDamaged
from bus.store import migrate, sqlite
from bus.store.faults import translated
from bus.store.ownership import Ownership
from bus.store.sql import SqlStore
from bus.store.tables import owner as owner_table
from schemas.values import MailboxCode


def open_store(url: str, *, owner: MailboxCode, exclusive: bool = True) -> SqlStore:
    """The store at `sqlite:////absolute/path.db`, made where there is none, its tables brought up to date.

    `exclusive` for the daemon: raises AlreadyRunning, naming the process, where another has it. Without, for commands
    beside the daemon: every verb works, and writes wait their turn with the daemon's.

    Raises BadConfig for another mailbox's store, a newer version's, or no store at all; StoreFull; StoreDamaged.
    """
    parsed, path = _parse(url)
    ownership = Ownership(path, owner=owner) if exclusive else None
    try:
        engine = _engine(parsed, path)
        try:
            with translated(str(path)):
                _bring_up(engine, path, owner=owner, exclusive=exclusive)
        except BaseException:
            engine.dispose()
            raise
    except BaseException:
        if ownership:
            ownership.release()
        raise
    return SqlStore(engine, name=str(path), ownership=ownership)


def is_current(url: str) -> bool:
    """Whether `open_store` would find nothing to bring up. Raises as it does."""
    parsed, path = _parse(url)
    if not path.exists():
        return False
    engine = _engine(parsed, path)
    try:
        with translated(str(path)), engine.connect() as connection:
            return migrate.is_current(connection, store=str(path))
    finally:
        engine.dispose()


def path_of(url: str) -> Path:
    """Raises BadConfig."""
    return _parse(url)[1]


def recovery_of(path: Path) -> Path:
    """Where `recover` (bus/store/care.py) keeps what it saved, until that is in the store's place."""
    return path.with_name(f".{path.name}.recovered")


def check_in_place(path: Path) -> None:
    """Raises StoreDamaged where its recovery was cut short: what is in the store's place is the damaged file."""
    if recovery_of(path).exists():
        raise StoreDamaged(store=path, why="its recovery was cut short / việc cứu kho bị ngắt giữa chừng")


def _parse(url: str) -> tuple[URL, Path]:
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise BadConfig(file=url, why="a store is named by a URL, such as sqlite:////var/lib/lienthong/H49.db") from exc
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        shown = parsed.render_as_string(hide_password=True)
        raise BadConfig(file=shown, why="this version keeps its store in an SQLite file: sqlite:////path/to/file.db")
    return parsed, Path(parsed.database)


def _engine(url: URL, path: Path) -> Engine:
    check_in_place(path)
    try:
        return sqlite.engine_of(url, path)
    except OSError as exc:
        raise BadConfig(file=path, why=f"the store cannot be made there: {exc.strerror}") from exc


def _bring_up(engine: Engine, path: Path, *, owner: MailboxCode, exclusive: bool) -> None:
    with engine.connect() as connection:
        if migrate.is_current(connection, store=str(path)):
            return _check_owner(connection, path, owner=owner)
    # A command must not change the tables under a running daemon of the version before.
    held = None if exclusive else Ownership(path, owner=owner)
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if not migrate.is_current(connection, store=str(path)):
                migrate.upgrade(connection)
                reached("migrate.upgraded")
            _check_owner(connection, path, owner=owner)
        reached("migrate.committed")
    finally:
        if held:
            held.release()
    return None


def _check_owner(connection: Connection, path: Path, *, owner: MailboxCode) -> None:
    """Two mailboxes on one host, and one URL copied from the other: each would send the other's messages."""
    whose = connection.scalar(select(owner_table.c.mailbox))
    if whose is None:
        connection.execute(insert(owner_table), {"mailbox": owner})
    elif whose != owner:
        raise BadConfig(file=path, why=f"it is the store of mailbox {whose}, not of {owner}")
