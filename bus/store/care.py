"""Care for a store's file: is it sound, a copy while the daemon runs, and saving what a damaged one still holds. What
can be read of that is bus/store/salvage.py's to say; what its holes mean for the road is decided here."""

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bus.crashpoints import reached
from bus.errors import BadConfig, StoreDamaged, StoreFull, StoreLost
from bus.message import DEAD, REASON, routing_keys
from bus.records import Box, State
from bus.store.faults import translated
from bus.store.moments import to_micros
from bus.store.opening import path_of
from bus.store.outbox import mailbox_of
from bus.store.ownership import FileOwnership
from bus.store.salvage import salvage
from bus.store.sqlite import check_in_place, recovery_of
from bus.store.tables import metadata
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId

_OPEN = tuple(str(state) for state in State if state not in {State.DONE, State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What came of it. Messages named here lost their bodies with the damaged pages."""

    kept: Path
    """The damaged file, as it was."""
    outbox: tuple[MessageId, ...]
    """Cancelled: not to be sent from here any more. Their document system may send them again."""
    inbox: tuple[MessageId, ...]
    """Forgotten: they are taken in again when they come again."""
    rows: dict[Box, int]


def check(url: str) -> list[str]:
    """What SQLite finds wrong with the file; empty where it is sound. The daemon may run. Raises BadConfig where there
    is none."""
    path = _existing(url)
    try:
        check_in_place(path)
        with translated(str(path)), closing(sqlite3.connect(path)) as connection:
            found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(100)")]
            if found == ["ok"] and not _tables(connection):
                return ["it is empty / tệp rỗng"]
    except StoreDamaged as error:
        return [str(error.facts["why"])]
    return [] if found == ["ok"] else found


def backup(url: str, target: Path) -> None:
    """A copy of one moment, while the daemon runs. Overwrites nothing: raises BadConfig where `target` is or cannot be;
    StoreFull where there is no room for it; StoreDamaged."""
    path = _existing(url)
    check_in_place(path)
    draft = target.with_name(f".{target.name}.tmp")
    try:
        if target.exists():
            raise BadConfig(
                file=target,
                why="it exists already; a backup overwrites nothing / đã có tệp này; sao lưu không ghi đè",
            )
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o640)
        try:
            _copy(path, draft)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise BadConfig(file=target, why=exc.strerror) from exc


def _copy(path: Path, draft: Path) -> None:
    """All in one step: in several, it would begin anew whenever the daemon wrote between two. Raises StoreDamaged where
    a copy would be no backup."""
    with (
        translated(f"{path} → {draft}"),
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
        (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise StoreDamaged(store=path, why=said)


def recover(url: str, *, owner: MailboxCode, now: datetime | None = None) -> Recovered:
    """Puts a sound file with everything readable in the damaged one's place, and keeps that beside it. Cut short, it is
    to be run again: until then the store is not opened.

    Raises AlreadyRunning while the daemon does; StoreLost where not enough is left: then only a backup helps; StoreFull
    where there is no room beside the file for a copy of it and what is saved. Then everything is as it was.
    """
    path, now = path_of(url), now or datetime.now(UTC)
    ready = recovery_of(path)
    if not ready.exists():  # else somebody pulled the plug between the two halves: the first is done
        _existing(url)
    ownership = FileOwnership(path, owner=owner)
    try:
        with translated(str(path)):
            if not ready.exists():
                _save_what_is_left(path, ready, now)
            return _put_in_place(path, ready)
    except OSError as exc:
        raise StoreFull(store=path, why=exc.strerror) from exc
    finally:
        ownership.release()


def _save_what_is_left(path: Path, ready: Path, now: datetime) -> None:
    """Into a file of its own, complete once it has its name; what is to be told of it lies beside it."""
    kept = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    fresh = path.with_name(f".{path.name}.recovering")
    copies = {tail: kept.with_name(kept.name + tail) for tail in ("", "-wal")}
    try:
        for tail, copy in copies.items():
            if (part := path.with_name(path.name + tail)).exists():
                shutil.copy2(part, copy)
                _sync(copy)
        told = {"kept": str(kept), **_saved(path, fresh, now)}
        _told_of(ready).write_text(json.dumps(told), encoding="utf-8")
        _sync(_told_of(ready))
    except BaseException:
        for copy in (fresh, *copies.values()):
            copy.unlink(missing_ok=True)
        raise
    reached("recover.saved")
    fresh.rename(ready)
    _sync(path.parent)
    reached("recover.ready")


def _saved(path: Path, fresh: Path, now: datetime) -> dict[str, object]:
    """What was lost, and how much was not."""
    salvage(path, fresh)
    there = path.stat()
    fresh.chmod(stat.S_IMODE(there.st_mode))
    with suppress(PermissionError):  # recovered by root, it stays its daemon's
        os.chown(fresh, there.st_uid, there.st_gid)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        _whole(connection, path)
        _with_recipients(connection)
        outbox, inbox = _without_bodies(connection, to_micros(now))
        rows = {str(box): _count(connection, box) for box in Box}
    return {"outbox": outbox, "inbox": inbox, "rows": rows}


def _put_in_place(path: Path, ready: Path) -> Recovered:
    told = json.loads(_told_of(ready).read_text(encoding="utf-8"))
    # First: SQLite would play the damaged file's log into the sound one.
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    _sync(path.parent)
    reached("recover.bared")
    ready.replace(path)
    _sync(path.parent)
    reached("recover.replaced")
    _told_of(ready).unlink()
    return Recovered(
        kept=Path(told["kept"]),
        outbox=tuple(map(MessageId, told["outbox"])),
        inbox=tuple(map(MessageId, told["inbox"])),
        rows={box: told["rows"][str(box)] for box in Box},
    )


def _told_of(ready: Path) -> Path:
    return ready.with_name(f"{ready.name}.json")


def _sync(path: Path) -> None:
    """A file's content, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _existing(url: str) -> Path:
    path = path_of(url)
    if not path.exists():
        raise BadConfig(file=path, why="there is no store / không có kho ở đây")
    return path


def _whole(connection: sqlite3.Connection, path: Path) -> None:
    """Tables, version and owner must be there: nobody guesses them."""
    names = _tables(connection)
    missing = sorted({*metadata.tables, "alembic_version"} - names)
    empty = [name for name in ("alembic_version", "owner") if name in names and not _count(connection, name)]
    if missing or empty:
        said = ", ".join([*missing, *empty])
        raise StoreLost(store=path, why=f"{said} cannot be read any more / không đọc được nữa")


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 — a table of ours


def _with_recipients(connection: sqlite3.Connection) -> None:
    """Of what is still to be sent or answered; who may have answered is asked again."""
    rows = connection.execute(
        "SELECT sequence, docket, headers FROM outbox WHERE state IN ('waiting', 'sent', 'parked', 'uploading')"
    ).fetchall()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT OR IGNORE INTO outbox_recipient (sequence, mailbox, routing, confirmed) VALUES (?, ?, ?, 0)",
        [
            (sequence, mailbox_of(key), key)
            for sequence, docket, headers in rows
            for key in ((DEAD,) if REASON in (headers or "") else routing_keys(Docket.from_json(docket)))
        ],
    )
    connection.execute("COMMIT")


def _without_bodies(connection: sqlite3.Connection, now: int) -> tuple[tuple[MessageId, ...], tuple[MessageId, ...]]:
    """Rows and bodies lie apart: one may have been lost without the other."""
    states = ", ".join(f"'{state}'" for state in _OPEN)
    lost: dict[Box, list[tuple[int, str, str]]] = {}
    connection.execute("BEGIN IMMEDIATE")
    # A receipt that waits to be told never had any content: nothing of it is lost.
    connection.execute(
        f"INSERT OR IGNORE INTO inbox_body (sequence, body) SELECT sequence, X'' FROM inbox"  # noqa: S608
        f" WHERE size = 0 AND state IN ({states})"
    )
    for box in Box:
        body = f"{box}_body"
        connection.execute(f"DELETE FROM {body} WHERE sequence NOT IN (SELECT sequence FROM {box})")  # noqa: S608
        lost[box] = connection.execute(
            f"SELECT sequence, message, state FROM {box} WHERE size > 0 AND state IN ({states})"  # noqa: S608
            f" AND sequence NOT IN (SELECT sequence FROM {body})"
        ).fetchall()
        known = {row[0] for row in lost[box]}
        lost[box] += [row for row in _without_segments(connection, box) if row[0] not in known]
    for sequence, _, state in lost[Box.OUT]:
        if state == State.SENT:  # the broker has it; a receipt will end it, and there is nothing to repeat
            connection.execute("UPDATE outbox SET next_at = NULL, size = 0 WHERE sequence = ?", (sequence,))
        else:
            connection.execute(
                "UPDATE outbox SET state = 'cancelled', next_at = NULL, expires_at = NULL, size = 0, finished_at = ?,"
                " error = 'its body was lost with a damaged file' WHERE sequence = ?",
                (now, sequence),
            )
    connection.executemany("DELETE FROM inbox WHERE sequence = ?", [(row[0],) for row in lost[Box.IN]])
    for box in Box:
        connection.execute(
            f"UPDATE {box}_blob SET sequence = NULL, begun_at = 0 WHERE sequence NOT IN"  # noqa: S608
            f" (SELECT sequence FROM {box} WHERE state IN ({states}))"
        )
    connection.execute("COMMIT")
    outbox = tuple(MessageId(message) for _, message, state in lost[Box.OUT] if state != State.SENT)
    return outbox, tuple(MessageId(message) for _, message, _ in lost[Box.IN])


def _without_segments(connection: sqlite3.Connection, box: Box) -> list[tuple[int, str, str]]:
    """Entries that had all segments of what travels apart, and lost some. What an inbox was still fetching is fetched
    anew, from the first on."""
    connection.execute(
        f'DELETE FROM {box}_segment WHERE "of" NOT IN (SELECT number FROM {box}_blob)'  # noqa: S608
    )
    states = ", ".join(f"'{state}'" for state in _OPEN)
    found = connection.execute(
        f"SELECT sequence, message, state, docket, whole_at IS NOT NULL FROM {box} LEFT JOIN"  # noqa: S608
        f" (SELECT sequence AS of_entry, finished_at AS whole_at FROM {box}_transfer) ON of_entry = sequence"
        f" WHERE state IN ({states})"
    ).fetchall()
    lost = []
    for sequence, message, state, docket_bytes, is_whole in found:
        docket = Docket.from_json(docket_bytes)
        if not docket.blobs:
            continue
        if box is Box.IN and not is_whole:
            connection.execute("UPDATE inbox_transfer SET done = 0, mark = NULL WHERE sequence = ?", (sequence,))
            connection.executemany(
                "INSERT OR IGNORE INTO inbox_blob (message, sender, blob, sequence, begun_at) VALUES (?, ?, ?, ?, 0)",
                [(message, docket.sender.mailbox, blob.id, sequence) for blob in docket.blobs],
            )
            continue
        (kept,) = connection.execute(
            f'SELECT count(*) FROM {box}_segment JOIN {box}_blob ON {box}_blob.number = "of" WHERE sequence = ?',  # noqa: S608
            (sequence,),
        ).fetchone()
        if kept < sum(blob.segments for blob in docket.blobs):
            lost.append((sequence, message, state))
    return lost
