"""Maintenance of a store's file: a check, and the recovery of a damaged one. salvage.py reads what can be read,
rebuild.py makes anew what can be, losses.py is the report of what cannot. Backups are in backup.py."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bus.crashpoints import reached
from bus.errors import AlreadyRunning, NoStore, StoreDamaged, StoreFull, StoreLost, Words, of_system, said, side_by_side
from bus.ports.records import Box
from bus.store.bodyless import end_without_bodies
from bus.store.losses import (
    Losses,
    LostMessage,
    Remedy,
    Window,
    open_reports,
    read_report,
    report_of,
    settled,
    window,
)
from bus.store.open import path_of
from bus.store.rebuild import OPEN_STATES, Rebuilt, bad_bodies, rebuild, rebuild_owner
from bus.store.salvage import Salvaged, salvage
from bus.store.sql.faults import translated
from bus.store.sql.file_lock import FileLock
from bus.store.sql.sqlite import check_in_place, recovery_of
from bus.store.sql.times import from_micros, to_micros
from bus.store.tables import metadata
from schemas.docket import Docket
from schemas.values import MailboxCode

RECOVERED = "store.recovered"
SETTLED = "store.losses-settled"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a store's file; all empty where it is sound."""

    findings: tuple[str, ...] = ()
    """In SQLite's words."""
    losses: Losses | None = None
    """What a recovery would not bring back; None where nothing was tried."""
    lost: StoreLost | None = None
    """Why a recovery could not save it."""
    in_use: bool = False
    """The daemon has it: nothing was tried."""


def check(url: str, *, owner: MailboxCode) -> Checked:
    """The daemon may run; while it does not, a recovery is tried on a copy, so that it is known what it would cost.
    Raises NoStore; StoreFull where there is no room for that copy."""
    found = _findings(existing(url))
    path = path_of(url)
    if not found or recovery_of(path).exists():
        return Checked(tuple(found))
    try:
        ownership = FileLock(path, owner=owner)
    except AlreadyRunning:
        return Checked(tuple(found), in_use=True)
    try:
        return Checked(tuple(found), _tried(path, owner=owner))
    except StoreLost as error:
        lost = StoreLost(store=path, why=error.facts["why"])  # of the file itself, not of the copy
        return Checked(tuple(dict.fromkeys([*found, _reason(error)])), lost=lost)
    finally:
        ownership.release()


def _findings(path: Path) -> list[str]:
    try:
        check_in_place(path)
        with translated(str(path)), closing(sqlite3.connect(path)) as connection:
            found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(100)")]
            if found != ["ok"]:
                return found
            if not _tables(connection):
                return ["tệp rỗng / it is empty"]
            return _unsaid(connection)
    except ValueError:
        return ["có dòng không đọc được / rows that cannot be read"]
    except StoreDamaged as error:
        return [_reason(error)]


def _reason(error: StoreDamaged | StoreLost) -> str:
    """In both languages where it is in our words."""
    return side_by_side(error.facts["why"])


def _unsaid(connection: sqlite3.Connection) -> list[str]:
    """What SQLite does not see, at one moment: bodies of which a part is noise, and entries that lost theirs."""
    found = []
    connection.execute("BEGIN")
    for box in Box:
        if bad := len(bad_bodies(connection, box)):
            found.append(f"{box}: {bad} nội dung hỏng / {bad} bodies are not what their dockets describe")
        (missing,) = connection.execute(
            f"SELECT count(*) FROM {box} WHERE size > 0 AND state IN ({OPEN_STATES})"  # noqa: S608
            f" AND sequence NOT IN (SELECT sequence FROM {box}_body)"
        ).fetchone()
        (alone,) = connection.execute(
            f"SELECT count(*) FROM {box}_body WHERE sequence NOT IN (SELECT sequence FROM {box})"  # noqa: S608
        ).fetchone()
        if alone:
            found.append(f"{box}: {alone} nội dung không còn bản tin / {alone} bodies without an entry")
        if missing:
            found.append(f"{box}: {missing} bản tin mất nội dung / {missing} entries lost their bodies")
    return found


def _tried(path: Path, *, owner: MailboxCode) -> Losses:
    """On a copy beside it, which is removed."""
    try:
        with translated(str(path)), TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            copy = Path(folder) / path.name
            for tail in ("", "-wal"):
                if (part := path.with_name(path.name + tail)).exists():
                    shutil.copyfile(part, copy.with_name(copy.name + tail))
            return _saved(copy, copy.with_name("saved"), owner=owner, now=datetime.now(UTC), kept=path)
    except OSError as exc:
        raise StoreFull(store=path, why=of_system(exc)) from exc


def recover(url: str, *, owner: MailboxCode, now: datetime | None = None) -> Losses:
    """Puts a sound file with everything readable in the damaged one's place, and keeps that beside it, with a report of
    what is missing. Cut short, it is to be run again: until then the store is not opened.

    Raises AlreadyRunning while the daemon does; StoreLost where not enough is left: then only a backup helps; StoreFull
    where there is no room beside the file for a copy of it and what is saved. Then everything is as it was.
    """
    path, now = path_of(url), now or datetime.now(UTC)
    ready = recovery_of(path)
    if not ready.exists():  # else somebody pulled the plug between the two halves: the first is done
        existing(url)
    ownership = FileLock(path, owner=owner)
    try:
        with translated(str(path)):
            if not ready.exists():
                _save_what_is_left(path, ready, owner=owner, now=now)
            return _put_in_place(path, ready)
    except OSError as exc:
        raise StoreFull(store=path, why=of_system(exc)) from exc
    finally:
        ownership.release()


def _save_what_is_left(path: Path, ready: Path, *, owner: MailboxCode, now: datetime) -> None:
    """Into a file that is complete once it has its name; the report lies beside it."""
    kept = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    fresh = path.with_name(f".{path.name}.recovering")
    copies = {tail: kept.with_name(kept.name + tail) for tail in ("", "-wal")}
    try:
        for tail, copy in copies.items():
            if (part := path.with_name(path.name + tail)).exists():
                shutil.copy2(part, copy)
                _sync(copy)
        losses = _saved(path, fresh, owner=owner, now=now, kept=kept)
        _sync(fresh)
        _told_of(ready).write_bytes(losses.to_json())
        _owned_as(path, _told_of(ready))
        _sync(_told_of(ready))
    except BaseException:
        for copy in (fresh, *copies.values()):
            copy.unlink(missing_ok=True)
        raise
    reached("recover.saved")
    fresh.rename(ready)
    _sync(path.parent)
    reached("recover.ready")


def _saved(path: Path, fresh: Path, *, owner: MailboxCode, now: datetime, kept: Path) -> Losses:
    found = salvage(path, fresh)
    _owned_as(path, fresh)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        rebuild_owner(connection, found)
        _whole(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        done = rebuild(connection, found, owner=owner, now=now)
        end_without_bodies(connection, done, owner=owner, now=now)
        losses = _report(connection, found, done, kept=kept, now=now)
        _note(connection, RECOVERED, detail=_in_words(losses), now=now)
        connection.execute("COMMIT")
    return losses


def _owned_as(path: Path, other: Path) -> None:
    """Recovered by root, it stays its daemon's."""
    there = path.stat()
    other.chmod(stat.S_IMODE(there.st_mode))
    with suppress(PermissionError):
        os.chown(other, there.st_uid, there.st_gid)


def _put_in_place(path: Path, ready: Path) -> Losses:
    losses = read_report(_told_of(ready))
    # First: SQLite would play the damaged file's log into the sound one.
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    if not losses.is_complete:  # before the store is there: what is missing is never unsaid
        report = report_of(path, losses.at)
        report.write_bytes(losses.to_json())
        _owned_as(ready, report)
        _sync(report)
    _sync(path.parent)
    reached("recover.bared")
    ready.replace(path)
    _sync(path.parent)
    reached("recover.replaced")
    _told_of(ready).unlink()
    return losses


def check_readable(url: str) -> None:
    """A glance: whether the list of tables can be read. Raises NoStore, StoreDamaged."""
    path = existing(url)
    check_in_place(path)
    why: object = Words("tệp rỗng", "it is empty")
    try:
        with translated(str(path)), closing(sqlite3.connect(path)) as connection:
            if "owner" in _tables(connection):
                return
    except ValueError as exc:  # SQLite quotes names of noise
        why = exc
    raise StoreDamaged(store=path, why=why)


def settle_losses(url: str, *, now: datetime | None = None) -> list[Path]:
    """Somebody has dealt with what the reports name: they are put away, and an event says so. The daemon may run.
    Raises StoreDamaged, StoreFull."""
    path = existing(url)
    reports = open_reports(path)
    check_in_place(path)
    if reports:
        with translated(str(path)), closing(sqlite3.connect(path, isolation_level=None, timeout=15)) as connection:
            named = ", ".join(report.name for report in reports)
            _note(connection, SETTLED, detail=named, now=now or datetime.now(UTC))
    return [settled(report) for report in reports]


def _note(connection: sqlite3.Connection, name: str, *, detail: str, now: datetime) -> None:
    connection.execute("INSERT INTO event (at, name, detail) VALUES (?, ?, ?)", (to_micros(now), name, detail))


# -- the report --------------------------------------------------------------------------------------------------------


def _report(connection: sqlite3.Connection, found: Salvaged, done: Rebuilt, *, kept: Path, now: datetime) -> Losses:
    perhaps, open_ended = _perhaps(connection, found, done)
    messages = tuple(done.entries)
    by_remedy = {remedy: [each for each in messages if each.remedy is remedy] for remedy in Remedy}
    gaps = {
        box: _gaps(connection, found, box, now) if _is_unsure(box, messages, perhaps, open_ended) else [] for box in Box
    }
    forms = {trace.get("document_form") for trace in found.traces.get("status", {}).values()}
    return Losses(
        at=now,
        kept=str(kept),
        rows={str(box): _count(connection, box) for box in Box},
        made={table: count for table, count in done.made.items() if count},
        lost={table: count for table, count in done.lost.items() if count},
        perhaps=perhaps,
        open_ended=open_ended,
        messages=messages,
        documents=tuple(sorted(form for form in forms if isinstance(form, str))),
        replay=window(by_remedy[Remedy.REPLAY], gaps[Box.IN]),
        resend=window(by_remedy[Remedy.RESEND], gaps[Box.OUT]),
    )


def _is_unsure(
    box: Box, messages: tuple[LostMessage, ...], perhaps: dict[str, int], open_ended: tuple[str, ...]
) -> bool:
    """Whether something of a box may be missing whose time is not known."""
    timeless = any(each.box is box and each.made_at is None and each.remedy is not Remedy.NONE for each in messages)
    return timeless or box in perhaps or box in open_ended


def _perhaps(connection: sqlite3.Connection, found: Salvaged, done: Rebuilt) -> tuple[dict[str, int], tuple[str, ...]]:
    """Where neither a table nor an index could be read as a whole: numbers between others that are nobody's."""
    most = dict(done.perhaps)
    open_ended: list[str] = []
    for table, tree in found.hurt.items():
        if table.endswith("_transfer"):
            most[table] = sum(_transfers_wanted(connection, table, low, high) for low, high in tree.gaps)
            continue
        if table not in found.untold or table.endswith("_body") or table == "outbox_recipient":
            continue  # every row of these is named by an index, or by its entry
        known = done.numbers.get(table) or {number for number in found.traces[table] if isinstance(number, int)}
        for low, high in tree.gaps:
            if high is None:
                open_ended.append(table)
                continue
            between = "rowid > ? AND rowid < ?"
            (there,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {between}", (low, high)).fetchone()  # noqa: S608
            named = sum(low < number < high for number in known)
            most[table] = most.get(table, 0) + max(0, high - low - 1 - there - named)
    for box, parts in ((Box.OUT, ("outbox_recipient", "outbox_transfer")), (Box.IN, ("inbox_transfer",))):
        if done.numbers[box]:  # whom those were for that are lost themselves, and how far they were
            open_ended += [part for part in parts if part in found.hurt]
    return {table: count for table, count in most.items() if count > 0}, tuple(dict.fromkeys(open_ended))


def _transfers_wanted(connection: sqlite3.Connection, table: str, low: int, high: int | None) -> int:
    """How far an upload or a fetch was: entries with large attachments, or behind such, that have none in a gap."""
    box = table.removesuffix("_transfer")
    rows = connection.execute(
        f"SELECT docket, state FROM {box} WHERE sequence > ? AND sequence < ?"  # noqa: S608
        f" AND sequence NOT IN (SELECT sequence FROM {table})",
        (low, high or 1 << 62),
    )
    return sum(state == "uploading" or bool(Docket.from_kept(docket).blobs) for docket, state in rows.fetchall())


def _gaps(connection: sqlite3.Connection, found: Salvaged, box: Box, now: datetime) -> list[Window]:
    """When that which nothing names was made, by its neighbours' times: those before it were made earlier, or lay
    waiting with it; the one behind it was entered later."""
    tree = found.hurt.get(str(box))
    gaps = tree.gaps if tree and tree.gaps else [(0, None)]
    windows = []
    for low, high in gaps:
        before = connection.execute(
            f"SELECT docket FROM {box} WHERE sequence <= ? ORDER BY sequence DESC LIMIT 20",  # noqa: S608
            (low,),
        ).fetchall()
        after = connection.execute(f"SELECT entered_at FROM {box} WHERE sequence >= ? LIMIT 1", (high or 1 << 62,))  # noqa: S608
        since = min((Docket.from_kept(docket).created_at for (docket,) in before), default=now - _FAR_BACK)
        until = next((from_micros(at) for (at,) in after), now)
        windows.append(Window(since=min(since, until), until=until))
    return windows


_FAR_BACK = timedelta(days=30)


def _in_words(losses: Losses) -> str:
    if losses.is_complete:
        return "nothing is missing"
    parts = [f"{count} {table}" for table, count in losses.lost.items()]
    parts += [f"perhaps {count} more {table}" for table, count in losses.perhaps.items()]
    parts += [f"the end of {table}" for table in losses.open_ended]
    return f"missing: {', '.join(parts)}: see lienthong store losses"


def _told_of(ready: Path) -> Path:
    return ready.with_name(f"{ready.name}.json")


def _sync(path: Path) -> None:
    """A file's content, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def existing(url: str) -> Path:
    """The file of a store. Raises NoStore where there is none, and NotInAFile."""
    path = path_of(url)
    if not path.exists():
        raise NoStore(store=path)
    return path


def _whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreLost where a table, the version or the owner is missing."""
    names = _tables(connection)
    missing = sorted({*metadata.tables, "alembic_version"} - names)
    empty = [name for name in ("alembic_version", "owner") if name in names and not _count(connection, name)]
    if missing or empty:
        tables = ", ".join([*missing, *empty])
        why = said("không còn đọc được {tables}", "{tables} cannot be read any more", tables=tables)
        raise StoreLost(store=path, why=why)


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 — a table of ours
