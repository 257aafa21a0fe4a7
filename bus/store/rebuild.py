"""Rows of a damaged store made anew from what is left: an entry from its body, which lies in a table of its own;
recipients and blobs from dockets and indexes; a dossier from its key, the document's docket, and the history of
statuses. What comes of it is counted, and what does not is named (losses.py)."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from bus.handling.deadlines import Stage
from bus.handling.statuses import Change, Handling, Verdict, apply_status
from bus.handling.transport import INBOX_FINISHED, OUTBOX_FINISHED, STATES, InboxState, OutboxState
from bus.ports.records import Box, Dossier, HandlingKey
from bus.store.dossiers import row_of
from bus.store.losses import LostMessage, lost_message
from bus.store.normal_forms import document_form
from bus.store.outbox import mailbox_of
from bus.store.salvage import Salvaged, Trace
from bus.store.sound import docket_in, is_body_of, set_aside
from bus.store.sql.times import from_micros, to_micros
from bus.topology.names import DEAD
from bus.wire.message import routing_keys
from schemas.codes import Kind, Priority, StatusCode
from schemas.docket import Docket
from schemas.values import AgencyCode, MailboxCode

OPEN: Final = tuple(str(state) for state in STATES.values() if state not in OUTBOX_FINISHED | INBOX_FINISHED)
OPEN_STATES: Final = ", ".join(f"'{state}'" for state in OPEN)
ANEW: Final = "its row was lost with a damaged file, and made anew from its body"
NOT_KNOWN: Final = "; where it stood is not known"


@dataclass(slots=True)
class Rebuilt:
    """Rows by table, and the entries that could not be made anew."""

    made: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    entries: list[LostMessage] = field(default_factory=list)
    perhaps: Counter[str] = field(default_factory=Counter)
    """Rows that may have been there."""
    numbers: dict[str, set[int]] = field(default_factory=lambda: {str(box): set() for box in Box})
    """Of entries that are lost."""


def rebuild(connection: sqlite3.Connection, found: Salvaged, *, owner: MailboxCode, now: datetime) -> Rebuilt:
    """Within the caller's transaction."""
    done = Rebuilt()
    for box in Box:
        rows = [(sequence,) for sequence in bad_bodies(connection, box)]
        connection.executemany(f"DELETE FROM {box}_body WHERE sequence = ?", rows)  # noqa: S608
        _entries(connection, box, found, done, owner=owner, now=now)
        _blobs(connection, box, found, done, now=now)
    _recipients(connection, found, done)
    _dossiers(connection, found, done, owner=owner, now=now)
    for table in ("status", "event", "outbox_segment", "inbox_segment"):
        done.lost[table] += len(found.traces.get(table, ()))
    return done


def rebuild_owner(connection: sqlite3.Connection, found: Salvaged) -> None:
    """Whose store it is, and of what version: one row each, of which an index has all that counts."""
    for table in ("owner", "alembic_version"):
        for trace in found.traces.get(table, {}).values():
            insert(connection, table, [trace])


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many were not there. Columns that the file does not have yet are left out."""
    there = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
    names = [name for name in (rows[0] if rows else ()) if name in there]
    marks, quoted = ", ".join("?" * len(names)), ", ".join(f'"{name}"' for name in names)
    statement = f"INSERT OR IGNORE INTO {table} ({quoted}) VALUES ({marks})"  # noqa: S608 — names of ours
    return sum(connection.execute(statement, [row[name] for name in names]).rowcount for row in rows)


# -- entries -----------------------------------------------------------------------------------------------------------


def bad_bodies(connection: sqlite3.Connection, box: Box) -> list[int]:
    """Entries whose body is not the one that their docket describes. What is left of a body whose last page was damaged
    is none; SQLite itself does not notice."""
    headers = "headers" if box is Box.OUT else "NULL"
    rows = connection.execute(
        f"SELECT sequence, docket, {headers}, body FROM {box} JOIN {box}_body USING (sequence)"  # noqa: S608
    )
    return [number for number, docket, said, body in rows if not is_body_of(Docket.from_kept(docket), body, said)]


def _entries(
    connection: sqlite3.Connection, box: Box, found: Salvaged, done: Rebuilt, *, owner: MailboxCode, now: datetime
) -> None:
    traces = found.traces.get(str(box), {})
    parts = [f"{box}_body", f"{box}_transfer", *(["outbox_recipient"] if box is Box.OUT else [])]
    numbers = {number for number in traces if isinstance(number, int)}
    for sequence in sorted({*numbers, *_without_entry(connection, box, parts)}):
        trace = traces.get(sequence, {})
        body = connection.execute(f"SELECT body FROM {box}_body WHERE sequence = ?", (sequence,)).fetchone()  # noqa: S608
        docket = docket_in(body[0]) if body else None
        if docket is not None and _is_ours(box, docket, trace, owner):
            make = _outbox_row if box is Box.OUT else _inbox_row
            row = make(docket, {**trace, "sequence": sequence, "size": len(body[0])}, now)
            done.made[str(box)] += insert(connection, str(box), [row])
            if row["state"] == OutboxState.UPLOADING != trace.get("state"):  # from the first segment on
                connection.execute(
                    "UPDATE outbox_transfer SET done = 0, kind = NULL, mark = NULL, finished_at = NULL"
                    " WHERE sequence = ?",
                    (sequence,),
                )
            continue
        routing = connection.execute("SELECT routing FROM outbox_recipient WHERE sequence = ?", (sequence,))
        told = next(routing, (None,))[0] if box is Box.OUT else None
        done.entries.append(lost_message(box, trace, owner=owner, routing=told))
        done.lost[str(box)] += 1
        done.numbers[str(box)].add(sequence)
        if body is None and trace.get("state") in {None, *OPEN}:
            (done.lost if trace.get("state") else done.perhaps)[f"{box}_body"] += 1
        for part in parts:
            gone = connection.execute(f"DELETE FROM {part} WHERE sequence = ?", (sequence,)).rowcount  # noqa: S608
            done.lost[part] += gone


def _without_entry(connection: sqlite3.Connection, box: Box, parts: Iterable[str]) -> Iterator[int]:
    for part in parts:
        rows = connection.execute(f"SELECT DISTINCT sequence FROM {part} EXCEPT SELECT sequence FROM {box}")  # noqa: S608
        yield from (sequence for (sequence,) in rows.fetchall())


def _is_ours(box: Box, docket: Docket, trace: Trace, owner: MailboxCode) -> bool:
    """What is set aside for the queue `dead` may be anybody's message."""
    if trace.get("message", docket.id) != docket.id:
        return False
    return docket.sender.mailbox == owner if box is Box.OUT else owner in docket.mailboxes


def _entry_row(docket: Docket, known: Trace, state: str) -> dict[str, Any]:
    return {
        "sequence": known["sequence"],
        "message": docket.id,
        "state": state,
        "priority": int(docket.priority),
        "attempts": 0,
        "next_at": known.get("next_at"),
        "size": known["size"],
        "entered_at": to_micros(docket.created_at),
        "document": document_form(docket.document.id) if docket.document else None,
        "submission": known.get("submission"),
        "error": ANEW if known.get("state") else ANEW + NOT_KNOWN,
        "docket": docket.to_json(),
    }


def _outbox_row(docket: Docket, known: Trace, now: datetime) -> dict[str, Any]:
    """One that the broker may have goes there again: recipients drop what they hold. Where its segments wait is not
    known any more: they are put there anew."""
    state = known.get("state")
    state = state if state in OPEN and state in set(OutboxState) else str(OutboxState.WAITING)
    if docket.blobs and state != OutboxState.PARKED:
        state = str(OutboxState.UPLOADING)
    row = _entry_row(docket, known, state)
    if state == OutboxState.SENT and row["next_at"] is None:
        row["next_at"] = to_micros(now)
    return row | {
        "expects_receipts": docket.kind is not Kind.RECEIPT,
        "tried": True,
        "expires_at": None if docket.expires_at is None else to_micros(docket.expires_at),
    }


def _inbox_row(docket: Docket, known: Trace, _: datetime) -> dict[str, Any]:
    state = known.get("state")
    if state not in OPEN or state not in set(InboxState):
        state = str(InboxState.FETCHING if docket.blobs else InboxState.WAITING)
    blobs = sum(blob.size for blob in docket.blobs or ())
    return _entry_row(docket, known, state) | {"sender": docket.sender.mailbox, "answered": 0, "blobs": blobs}


# -- what belongs to entries -------------------------------------------------------------------------------------------


def _blobs(connection: sqlite3.Connection, box: Box, found: Salvaged, done: Rebuilt, *, now: datetime) -> None:
    table = f"{box}_blob"
    partly: dict[int, list[Trace]] = {}
    for number, trace in found.traces.get(table, {}).items():
        row = {"number": number, "sequence": None, **trace, "begun_at": to_micros(now)}
        if {"sender", "message", "blob"} <= trace.keys():
            done.made[table] += insert(connection, table, [row])
        else:
            partly.setdefault(row["sequence"] or 0, []).append(row)
    for sequence, rows in partly.items():
        whole = _blobs_by_docket(connection, box, sequence, rows)
        done.made[table] += insert(connection, table, whole)
        done.lost[table] += len(rows) - len(whole)
    connection.execute(
        f'DELETE FROM {box}_segment WHERE "of" NOT IN (SELECT number FROM {table})'  # noqa: S608
    )


def _blobs_by_docket(
    connection: sqlite3.Connection, box: Box, sequence: int, rows: Sequence[Trace]
) -> list[dict[str, Any]]:
    """Whose ids no index has any more: those that their entry's docket names, in its order, which is that in which they
    were numbered. Their segments prove it, or the entry is given up. None where it names another number of them."""
    kept = connection.execute(f"SELECT docket FROM {box} WHERE sequence = ?", (sequence,)).fetchone()  # noqa: S608
    docket = Docket.from_kept(kept[0]) if kept else None
    there = {blob for (blob,) in connection.execute(f"SELECT blob FROM {box}_blob WHERE sequence = ?", (sequence,))}  # noqa: S608
    missing = [blob.id for blob in (docket.blobs or () if docket else ()) if blob.id not in there]
    if docket is None or len(missing) != len(rows):
        return []
    named = {"sender": docket.sender.mailbox, "message": docket.id}
    in_order = sorted(rows, key=lambda row: int(row["number"]))
    return [{**row, **named, "blob": blob} for row, blob in zip(in_order, missing, strict=True)]


def _recipients(connection: sqlite3.Connection, found: Salvaged, done: Rebuilt) -> None:
    """Of what is still to be sent or answered: those who had answered are asked again. Of what is finished nobody
    knows any more what they answered."""
    table = "outbox_recipient"
    some = "" if table in found.hurt else f" WHERE state IN ({OPEN_STATES})"
    rows = connection.execute(f"SELECT sequence, state, size, submission, docket, headers FROM outbox{some}")  # noqa: S608
    for sequence, state, size, submission, kept, headers in rows:
        docket = Docket.from_kept(kept)
        keys = (DEAD,) if set_aside(headers) else routing_keys(docket)
        there = {mailbox for (mailbox,) in _answers(connection, sequence)}
        missing = [key for key in keys if mailbox_of(key) not in there]
        if state not in OPEN:
            done.lost[table] += len(missing)
            continue
        apart = sum(blob.size for blob in docket.blobs or ())
        done.made[table] += insert(
            connection,
            table,
            [
                {
                    "sequence": sequence,
                    "mailbox": mailbox_of(key),
                    "routing": key,
                    "confirmed": False,
                    "size": size if submission else None,
                    "blobs": apart,
                }
                for key in missing
            ],
        )


def _answers(connection: sqlite3.Connection, sequence: int) -> sqlite3.Cursor:
    return connection.execute("SELECT mailbox FROM outbox_recipient WHERE sequence = ?", (sequence,))


# -- dossiers ----------------------------------------------------------------------------------------------------------


def _dossiers(
    connection: sqlite3.Connection, found: Salvaged, done: Rebuilt, *, owner: MailboxCode, now: datetime
) -> None:
    traces = list(found.traces.get("dossier", {}).values())
    whole = [trace for trace in traces if {"issuer", "document", "handler"} <= trace.keys()]
    named = len(whole)
    documents: dict[str, list[_Source]] = {}
    if len(whole) < len(traces) or "dossier" in found.untold:
        sources = list(_sources(connection, owner))
        whole += [trace for source in sources for trace in source.keys]
    for trace in whole:
        form = document_form(trace["document"])
        if form not in documents:
            documents[form] = list(_sources(connection, owner, form))
        source = next((each for each in documents[form] if each.issuer == trace["issuer"]), None)
        made = _dossier(connection, trace, source, told_known="dossier" not in found.untold, now=now)
        done.made["dossier"] += insert(connection, "dossier", [row_of(made)])
    done.lost["dossier"] += max(0, len(traces) - max(named, done.made["dossier"]))


@dataclass(frozen=True, slots=True)
class _Source:
    """The entry that carried a document."""

    box: Box
    issuer: AgencyCode
    docket: Docket
    ref: str | None
    entered_at: int
    keys: Sequence[Trace]


def _sources(connection: sqlite3.Connection, owner: MailboxCode, form: str | None = None) -> Iterator[_Source]:
    for box in Box:
        one = "document IS NOT NULL" if form is None else "document = ?"
        rows = connection.execute(
            f"SELECT docket, ref, entered_at FROM {box} WHERE {one}"  # noqa: S608
            + (f" AND state = '{InboxState.DONE}'" if box is Box.IN else "")  # else it is not filed yet
            + " ORDER BY sequence",
            () if form is None else (form,),
        )
        for kept, ref, entered_at in rows.fetchall():
            docket = Docket.from_kept(kept)
            if docket.kind is not Kind.DOCUMENT or docket.document is None:
                continue
            handlers = [each.agency for each in docket.recipients if box is Box.OUT or each.mailbox == owner]
            key = {"issuer": docket.document.issuer, "document": docket.document.id}
            yield _Source(
                box,
                docket.document.issuer,
                docket,
                ref,
                entered_at,
                [{**key, "handler": handler} for handler in handlers],
            )


def _dossier(
    connection: sqlite3.Connection, trace: Trace, source: _Source | None, *, told_known: bool, now: datetime
) -> Dossier:
    """The spelling of its number is that of the index; a due day that is not watched any more has been spoken of."""
    key = HandlingKey(trace["issuer"], trace["document"], trace["handler"])
    due_on = source.docket.due_on if source and source.box is Box.OUT else None
    made = Dossier(
        key=key,
        handling=Handling(),
        code=trace.get("code_form"),
        issued_on=trace.get("issued_on"),
        updated_at=from_micros(source.entered_at) if source else now,
        ref=source.ref if source else None,
        priority=source.docket.priority if source else Priority.NORMAL,
        due_on=due_on,
        told=Stage.PASSED if due_on and told_known and trace.get("watched") is None else None,
    )
    lines = connection.execute(
        "SELECT code, recorded_at FROM status WHERE issuer = ? AND document = ? AND handler = ? AND verdict = ?"
        " ORDER BY number",
        (*key, str(Verdict.APPLIED)),
    )
    for code, at in lines.fetchall():
        made = replace(made, handling=_after(made.handling, StatusCode(code)), updated_at=from_micros(at))
    return made


_ANSWERS: Final = {StatusCode.CHANGE_AGREED: Change.AGREED, StatusCode.CHANGE_REFUSED: Change.REFUSED}


def _after(handling: Handling, code: StatusCode) -> Handling:
    """What was applied then; an answer may be to a request that is in no history."""
    verdict, after = apply_status(handling, code)
    if verdict is Verdict.APPLIED or code not in _ANSWERS:
        return after
    return replace(handling, change=_ANSWERS[code])
