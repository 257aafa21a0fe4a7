"""A store with something in every table, in every state, and bodies that are what their dockets say; and what is in its
file, to be compared with what a recovery leaves."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bus.errors import BadSignature
from bus.handling.statuses import Handling, Verdict
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import (
    BlobKey,
    Dossier,
    Event,
    HandlingKey,
    InboxChange,
    InboxEntry,
    OutboxChange,
    OutboxEntry,
    ReceiptLine,
    Segment,
    StatusRecord,
    SubmissionKey,
    Transfer,
)
from bus.ports.store import Store
from bus.store.open import open_store
from bus.store.sql.pages import Pages
from bus.topology.names import DEAD
from bus.wire.envelope import MAGICS
from bus.wire.message import REASON, routing_keys
from schemas.codes import BusinessType, Kind, Outcome, StatusCode
from schemas.docket import SEGMENT, Acknowledged, Address, Blob, Docket, DocumentKey, SealedContent
from schemas.framing import frame
from schemas.values import MailboxCode, MessageId

BEGIN: Final = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
OWNER: Final = "H49"
OTHERS: Final = ("G22", "H08", "H29", "K01")
PAGE: Final = 4096


def at(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def message_id(minute: int, salt: int) -> MessageId:
    """A UUID of version 7, as our ids are."""
    millis = int(at(minute).timestamp() * 1000)
    return MessageId(str(UUID(int=millis << 80 | 7 << 76 | 2 << 62 | salt)))


def body_of(docket: Docket, content: bytes = b"") -> bytes:
    signature = frame((b"ecdsa-p256", b"0" * 32, bytes(64)))
    wraps = frame(part for to in docket.mailboxes for part in (to.encode(), b"1" * 32, os.urandom(1168)))
    return frame((docket.to_json(), signature, wraps if docket.content else b"", content), after=MAGICS[docket.version])


def described(docket: Docket, content: bytes) -> Docket:
    return docket.model_copy(update={"content": SealedContent(size=len(content), sha256=sha256(content).hexdigest())})


def document(
    minute: int, *, sender: MailboxCode = OWNER, to: Sequence[MailboxCode] = ("G22",), blobs: tuple[Blob, ...] = ()
) -> Docket:
    return Docket(
        id=message_id(minute, 1000 + sum(sender.encode())),
        kind=Kind.DOCUMENT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=tuple(Address(agency=each, mailbox=each) for each in to),
        created_at=at(minute),
        document=DocumentKey(issuer=sender, id=f"{sender},2026/11/22,{minute}/VPCP-TTĐT"),
        business_type=BusinessType.NEW,
        due_on=date(2026, 12, 24),
        attachments=len(blobs),
        blobs=blobs or None,
        content=SealedContent(size=0, sha256="0" * 64),
    )


def status(minute: int, *, sender: MailboxCode, to: MailboxCode, about: DocumentKey) -> Docket:
    return Docket(
        id=message_id(minute, 5),
        kind=Kind.STATUS,
        sender=Address(agency=sender, mailbox=sender),
        recipients=(Address(agency=to, mailbox=to),),
        created_at=at(minute),
        document=about,
        status=StatusCode.ARRIVED,
        content=SealedContent(size=0, sha256="0" * 64),
    )


def receipt(minute: int, *, sender: MailboxCode, to: MailboxCode, body: bytes | None = None) -> Docket:
    about = Acknowledged(
        message=message_id(minute, 7),
        docket_sha256=sha256(body or b"").hexdigest(),
        outcome=Outcome.REFUSED if body else Outcome.HELD,
        code=BadSignature.code if body else None,
    )
    return Docket(
        id=message_id(minute, 8),
        kind=Kind.RECEIPT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=(Address(agency=to, mailbox=to),),
        created_at=at(minute),
        acknowledges=(about,),
    )


def key_of(docket: Docket, content: bytes) -> SubmissionKey:
    assert docket.document
    what = "0" if docket.status is None else docket.status.value
    return SubmissionKey(docket.kind, docket.document.issuer, docket.document.id, what, sha256(content).hexdigest())


def outgoing(docket: Docket, *, size: int = 1500, **how: Any) -> OutboxEntry:
    content = os.urandom(size)
    whole = described(docket, content)
    return OutboxEntry(
        docket=whole,
        body=body_of(whole, content),
        key=key_of(whole, content),
        outstanding=routing_keys(whole),
        source=f"{docket.id}.edxml",
        kept_key=os.urandom(76),
        **how,
    )


def incoming(docket: Docket, *, size: int = 1500, state: InboxState = InboxState.WAITING) -> InboxEntry:
    content = os.urandom(size)
    whole = described(docket, content)
    return InboxEntry(docket=whole, body=body_of(whole, content), taken_at=docket.created_at, state=state)


def blob_of(number: int, data: Sequence[bytes]) -> Blob:
    digest = sha256(b"".join(sha256(each).digest() for each in data)).hexdigest()
    return Blob(attachment=1, id=f"{number:032x}", size=len(data) * SEGMENT, segments=len(data), sha256=digest)


def fill(path: Path, count: int = 30) -> None:
    store = open_store(f"sqlite:///{path}", owner=OWNER)
    _fill_outbox(store, count)
    _fill_inbox(store, count)
    _fill_dossiers(store, count)
    store.close()


_OUT_STATES: Final = (OutboxState.WAITING, OutboxState.SENT, OutboxState.DONE, OutboxState.PARKED, OutboxState.SENT)


def _fill_outbox(store: Store, count: int) -> None:
    entries: list[OutboxEntry] = []
    for number in range(count):
        to = OTHERS[: 1 + number % len(OTHERS)]
        entries.append(outgoing(document(number, to=to), size=200 + 137 * (number % 29)))
        about = DocumentKey(issuer="G22", id=f"G22,2026/11/22,{number}/VPCP-TTĐT")
        if number % 3 == 0:
            entries.append(outgoing(status(number, sender=OWNER, to="G22", about=about), size=300))
        if number % 5 == 0:
            made = receipt(number, sender=OWNER, to="G22")
            entries.append(
                OutboxEntry(
                    docket=made, body=body_of(made), key=None, outstanding=routing_keys(made), expects_receipts=False
                )
            )
    junk = os.urandom(900)
    note = receipt(count, sender=OWNER, to=OWNER, body=junk)
    entries.append(
        OutboxEntry(
            docket=note, body=junk, key=None, outstanding=(DEAD,), expects_receipts=False, headers={REASON: "junk"}
        )
    )
    for number in range(count, count + 3):
        data = [os.urandom(9000), os.urandom(5000)]
        made = document(number, blobs=(blob_of(number, data),))
        _keep(store, made, data, is_sent=True)
        entries.append(outgoing(made, state=OutboxState.UPLOADING, next_at=at(number)))
    with store.write() as tx:
        tx.outbox.put(entries, at=BEGIN)
    with store.write() as tx:
        for each in entries[-3:]:
            tx.outbox.put_transfer(Transfer(message=each.docket.id, sender=OWNER, began_at=BEGIN))
        small = entries[:-4]
        for number, each in enumerate(small):
            state = _OUT_STATES[number % len(_OUT_STATES)]
            if state is OutboxState.DONE:
                tx.outbox.put_receipts([_held(each, to) for to in each.docket.mailboxes])
            elif state is not OutboxState.WAITING:
                next_at = None if state is OutboxState.PARKED else at(99_999)
                tx.outbox.change(
                    [OutboxChange(message=each.docket.id, state=state, attempts=1, next_at=next_at, at=BEGIN)]
                )
                if state is OutboxState.SENT:
                    tx.outbox.put_receipts([_held(each, to) for to in each.docket.mailboxes[:-1]])


def _held(entry: OutboxEntry, mailbox: MailboxCode) -> ReceiptLine:
    return ReceiptLine(message=entry.docket.id, mailbox=mailbox, outcome=Outcome.HELD, code=None, at=at(500))


def _keep(store: Store, docket: Docket, data: Sequence[bytes], *, is_sent: bool) -> None:
    assert docket.blobs
    blob = BlobKey(docket.sender.mailbox, docket.id, docket.blobs[0].id)
    with store.write() as tx:
        box = tx.outbox if is_sent else tx.inbox
        pieces = [Segment(blob=blob.blob, number=number, data=each) for number, each in enumerate(data, 1)]
        box.put_segments(blob, pieces, at=BEGIN)


_IN_STATES: Final = (InboxState.WAITING, InboxState.DONE, InboxState.PARKED, InboxState.WAITING, InboxState.REFUSED)


def _fill_inbox(store: Store, count: int) -> None:
    entries = [
        incoming(document(number, sender=OTHERS[number % 4], to=(OWNER,)), size=200 + 137 * (number % 29))
        for number in range(count)
    ]
    about = DocumentKey(issuer=OWNER, id=f"{OWNER},2026/11/22,1/VPCP-TTĐT")
    entries += [incoming(status(count + n, sender="G22", to=OWNER, about=about), size=300) for n in range(count // 3)]
    with store.write() as tx:
        tx.inbox.put(entries)
        tx.inbox.put([InboxEntry(docket=receipt(777, sender="G22", to=OWNER), body=b"", taken_at=at(777))])
        for number, each in enumerate(entries):
            state = _IN_STATES[number % len(_IN_STATES)]
            content = each.body
            key = key_of(each.docket, content) if state is InboxState.DONE else None
            tx.inbox.change(
                [InboxChange(message=each.docket.id, state=state, attempts=1, key=key, filed_as="5/2026", at=BEGIN)]
            )
    for number, state in ((800, InboxState.FETCHING), (801, InboxState.FETCHED), (802, InboxState.FETCHED)):
        data = [os.urandom(9000), os.urandom(5000)]
        made = document(number, sender="G22", to=(OWNER,), blobs=(blob_of(number, data),))
        with store.write() as tx:
            tx.inbox.put([incoming(made, state=state)])
        _keep(store, made, data, is_sent=False)
        done = at(number) if state is InboxState.FETCHED else None
        moved = Transfer(message=made.id, sender="G22", began_at=at(number), done=2, mark="5", finished_at=done)
        with store.write() as tx:
            tx.inbox.put_transfer(moved)


def _fill_dossiers(store: Store, count: int) -> None:
    dossiers: list[Dossier] = []
    records: list[StatusRecord] = []
    for number in range(count + 3):
        sent = [(OWNER, each) for each in OTHERS[: 1 + number % len(OTHERS)]]
        for issuer, handler in (*sent, (OTHERS[number % 4], OWNER)):
            key = HandlingKey(issuer, f"{issuer},2026/11/22,{number}/VPCP-TTĐT", handler)
            arrived = StatusCode.ARRIVED if number % 2 else None
            dossiers.append(
                Dossier(
                    key=key,
                    handling=Handling(state=arrived),
                    code=f"{number}/VPCP-TTĐT",
                    issued_on="2026-11-22",
                    updated_at=at(number),
                    ref=f"{number}.edxml",
                    due_on=date(2026, 12, 24) if issuer == OWNER else None,
                )
            )
            if arrived:
                records.append(
                    StatusRecord(
                        key=key,
                        code=arrived,
                        verdict=Verdict.APPLIED,
                        at=at(number),
                        recorded_at=at(number),
                        message=message_id(number, 5),
                        description="đã đến nơi",
                    )
                )
    events = [
        Event(at=at(number), name="outbox.late", message=message_id(number, 1), detail="chưa có biên nhận " * 9)
        for number in range(2 * count)
    ]
    with store.write() as tx:
        tx.dossiers.put(dossiers)
        tx.dossiers.put_statuses(records * 2)
        tx.dossiers.put_events([replace(each, document=None) for each in events])


# -- what is in its file -----------------------------------------------------------------------------------------------

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]

_KEYS: Final = {
    "outbox_recipient": ("sequence", "mailbox"),
    "dossier": ("issuer", "document", "handler"),
    "inbox_segment": ("of", "number"),
    "outbox_segment": ("of", "number"),
}


def rows_of(path: Path) -> Rows:
    """Every row of every table, by its key."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: Rows = {}
        for table in tables:
            rows = [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]
            keys = _KEYS.get(table) or (next(iter(rows[0] if rows else {"": 0})),)
            found[table] = {tuple(row[key] for key in keys): row for row in rows}
    return found


def owned(data: bytes, root: int) -> list[int]:
    """The pages of one tree, with the chains that hang from them, by the pointer map."""
    pages = Pages(data)
    children: dict[int, list[int]] = {}
    for number in range(2, pages.count + 1):
        entry = pages._map_entry(number)
        if entry is not None and entry[0] in {3, 4, 5}:
            children.setdefault(entry[1], []).append(number)
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop(0))
        waiting += children.get(found[-1], [])
    return found
