"""Entries of a recovered store that lost their bodies or their segments, which lie in tables of their own, and so in
pages of their own. What was to be sent is cancelled, so that it may be sent again; what was received is forgotten, so
that it may be taken in again."""

import sqlite3
from datetime import datetime
from hashlib import sha256

from bus.handling.transport import OutboxState
from bus.ports.records import Box
from bus.store.losses import LostMessage, Remedy, lost_message
from bus.store.rebuild import NOT_KNOWN, OPEN_STATES, Rebuilt
from bus.store.sql.times import to_micros
from schemas.docket import Blob, Docket
from schemas.values import MailboxCode

_Entry = tuple[int, str, bytes, str | None]
"""Number, state, docket, error."""


def end_without_bodies(connection: sqlite3.Connection, done: Rebuilt, *, owner: MailboxCode, now: datetime) -> None:
    """Within the caller's transaction, after `rebuild`."""
    # A receipt that waits to be told never had any content: nothing of it is lost.
    done.made["inbox_body"] += connection.execute(
        f"INSERT OR IGNORE INTO inbox_body (sequence, body) SELECT sequence, X'' FROM inbox"  # noqa: S608
        f" WHERE size = 0 AND state IN ({OPEN_STATES})"
    ).rowcount
    for box in Box:
        lost: list[_Entry] = connection.execute(
            f"SELECT sequence, state, docket, error FROM {box} WHERE size > 0 AND state IN ({OPEN_STATES})"  # noqa: S608
            f" AND sequence NOT IN (SELECT sequence FROM {box}_body) ORDER BY sequence"
        ).fetchall()
        done.lost[f"{box}_body"] += len(lost)
        known = {each[0] for each in lost}
        lost += [each for each in _without_segments(connection, done, box) if each[0] not in known]
        done.entries += [_named(box, each, owner) for each in lost]
        if box is Box.OUT:
            _cancel(connection, done, lost, to_micros(now))
        else:
            done.lost["inbox"] += len(lost)
            _forget(connection, done, lost)
        connection.execute(
            f"UPDATE {box}_blob SET sequence = NULL, begun_at = 0 WHERE sequence NOT IN"  # noqa: S608
            f" (SELECT sequence FROM {box} WHERE state IN ({OPEN_STATES}))"
        )


def _named(box: Box, entry: _Entry, owner: MailboxCode) -> LostMessage:
    _, state, kept, error = entry
    docket = Docket.from_kept(kept)
    told = None if error and error.endswith(NOT_KNOWN) else state
    named = lost_message(box, {"state": told, "sender": docket.sender.mailbox}, owner=owner, docket=docket)
    return named.model_copy(update={"remedy": Remedy.NONE}) if _is_gone(box, state) else named


def _is_gone(box: Box, state: str) -> bool:
    """The broker has it, and a receipt will end it: there is nothing to repeat."""
    return box is Box.OUT and state == OutboxState.SENT


def _cancel(connection: sqlite3.Connection, done: Rebuilt, lost: list[_Entry], now: int) -> None:
    for sequence, state, _, _ in lost:
        if _is_gone(Box.OUT, state):
            connection.execute("UPDATE outbox SET next_at = NULL, size = 0 WHERE sequence = ?", (sequence,))
            continue
        connection.execute(
            "UPDATE outbox SET state = 'cancelled', next_at = NULL, expires_at = NULL, size = 0, finished_at = ?,"
            " error = 'its body was lost with a damaged file' WHERE sequence = ?",
            (now, sequence),
        )
        connection.execute("UPDATE outbox_recipient SET size = NULL WHERE sequence = ?", (sequence,))
        gone = connection.execute("DELETE FROM outbox_body WHERE sequence = ?", (sequence,)).rowcount
        done.lost["outbox_body"] += gone  # one without its segments


def _forget(connection: sqlite3.Connection, done: Rebuilt, lost: list[_Entry]) -> None:
    """With what else there is of these entries, which goes with them."""
    done.numbers["inbox"].update(each[0] for each in lost)
    for sequence, *_ in lost:
        for part in ("inbox_body", "inbox_transfer"):
            done.lost[part] += connection.execute(f"DELETE FROM {part} WHERE sequence = ?", (sequence,)).rowcount  # noqa: S608
        connection.execute("DELETE FROM inbox WHERE sequence = ?", (sequence,))


def _without_segments(connection: sqlite3.Connection, done: Rebuilt, box: Box) -> list[_Entry]:
    """Entries that had all segments of their blobs, and lost some, or part of one. What an inbox was still fetching is
    fetched anew."""
    found = connection.execute(
        f"SELECT sequence, state, docket, error, whole_at IS NOT NULL FROM {box} LEFT JOIN"  # noqa: S608
        f" (SELECT sequence AS of_entry, finished_at AS whole_at FROM {box}_transfer) ON of_entry = sequence"
        f" WHERE state IN ({OPEN_STATES}) ORDER BY sequence"
    ).fetchall()
    lost: list[_Entry] = []
    for sequence, state, kept, error, is_whole in found:
        docket = Docket.from_kept(kept)
        if not docket.blobs:
            continue
        if box is Box.IN and not is_whole:
            connection.execute("UPDATE inbox_transfer SET done = 0, mark = NULL WHERE sequence = ?", (sequence,))
            connection.executemany(
                "INSERT OR IGNORE INTO inbox_blob (message, sender, blob, sequence, begun_at) VALUES (?, ?, ?, ?, 0)",
                [(docket.id, docket.sender.mailbox, blob.id, sequence) for blob in docket.blobs],
            )
        elif bad := [blob for blob in docket.blobs if not _is_whole(connection, box, sequence, blob)]:
            lost.append((sequence, state, kept, error))
            for blob in bad:
                done.lost[f"{box}_segment"] += connection.execute(
                    f'DELETE FROM {box}_segment WHERE "of" IN'  # noqa: S608
                    f" (SELECT number FROM {box}_blob WHERE sequence = ? AND blob = ?)",
                    (sequence, blob.id),
                ).rowcount
    return lost


def _is_whole(connection: sqlite3.Connection, box: Box, sequence: int, blob: Blob) -> bool:
    segments = connection.execute(
        f'SELECT data FROM {box}_segment JOIN {box}_blob ON {box}_blob.number = "of"'  # noqa: S608
        f" WHERE sequence = ? AND blob = ? ORDER BY {box}_segment.number",
        (sequence, blob.id),
    )
    digests = [sha256(data).digest() for (data,) in segments]
    return len(digests) == blob.segments and sha256(b"".join(digests)).hexdigest() == blob.sha256
