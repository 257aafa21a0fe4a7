"""What one step of the ingest asks of the tables and writes into them: verbs over a connection, of a whole batch each.
They judge nothing. `tables` is the set of derived tables: those in use, or those of a rebuild."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from bus.ledger import rows
from bus.ledger.derived import Derived
from bus.ledger.folded import fold
from bus.ledger.moves import Move
from bus.ledger.records import (
    Checkpoint,
    DailyKey,
    DocumentNumber,
    Event,
    EventNumber,
    LedgerReceiptLine,
    Lifeline,
    Seen,
)
from bus.ledger.statements import derived, kept
from bus.ledger.tables import GENUINE, moved, seen
from bus.ledger.tables import now as in_use
from bus.ledger.years import place_of
from bus.store.normal_forms import document_form
from bus.store.sql.batches import insert_rows, look_up, run
from bus.store.sql.times import from_micros, maybe_micros, to_micros
from schemas.docket import DocumentKey
from schemas.values import MailboxCode, MessageId

_AT_ONCE: Final = 500
"""Values in one list of a statement."""


def seen_among(
    connection: Connection, messages: Iterable[tuple[MailboxCode, MessageId]]
) -> dict[tuple[MailboxCode, MessageId, bool], Seen]:
    """Of these messages those that came, by sender, id, and whether what came was genuine."""
    wanted = set(messages)
    found = dict[tuple[MailboxCode, MessageId, bool], Seen]()
    for row in _all(connection, kept.SEEN, "messages", sorted({message for _, message in wanted})):
        if (row.mailbox, row.message) in wanted:
            key = (row.mailbox, MessageId(row.message), bool(row.genuine))
            found[key] = Seen(row.docket_sha256.hex(), row.event, row.document)
    return found


def insert_events(connection: Connection, events: Sequence[Event], about: Mapping[EventNumber, DocumentNumber]) -> None:
    """Keeps events that were not seen, in the order of their numbers (bus/ledger/years.py gives those). `about`: which
    document each is about, where it is about one."""
    for place, some in _by_place(connection, events):
        insert_rows(connection, place, [rows.event_row(event, about.get(event.number)) for event in some])
    insert_rows(connection, seen, [_seen_row(event, about.get(event.number)) for event in events])


def keep_receipt_lines(connection: Connection, lines: Sequence[LedgerReceiptLine]) -> None:
    """Keeps what genuine receipts say. Of several words of one mailbox on one message `held` counts before `refused`,
    then the earliest."""
    run(connection, kept.KEEP_LINE, [rows.receipt_row(line) for line in lines])


def receipt_lines(
    connection: Connection, messages: Iterable[tuple[MailboxCode, MessageId]]
) -> dict[tuple[MailboxCode, MessageId], list[LedgerReceiptLine]]:
    """What receipts say of these messages, by their sender and id. One may speak of another docket than the one that
    came under this id: compare `docket_sha256`."""
    wanted = set(messages)
    found = defaultdict[tuple[MailboxCode, MessageId], list[LedgerReceiptLine]](list)
    for row in _all(connection, kept.LINES, "messages", sorted({message for _, message in wanted})):
        if (key := (row.sender, MessageId(row.message))) in wanted:
            found[key].append(rows.receipt_of(row))
    return dict(found)


def numbers_of(
    connection: Connection, keys: Iterable[DocumentKey], *, tables: Derived = in_use
) -> dict[DocumentKey, DocumentNumber]:
    """The documents of these keys that are known. Spellings of one id are one document: case, Unicode form, spaces, and
    2015-09-30 for 2015/09/30."""
    wanted = defaultdict[tuple[str, str], list[DocumentKey]](list)
    for key in keys:
        wanted[key.issuer, document_form(key.id)].append(key)
    forms = sorted({fold(key.id) for each in wanted.values() for key in each})
    found = dict[DocumentKey, DocumentNumber]()
    for row in _all(connection, derived.of(tables).by_form, "forms", forms):
        for key in wanted.get((row.issuer, document_form(row.document)), ()):
            found[key] = DocumentNumber(row.number)
    return found


def sizes(
    connection: Connection, numbers: Collection[DocumentNumber], *, tables: Derived = in_use
) -> dict[DocumentNumber, int]:
    """How many deliveries each of these documents has; one that has none is left out."""
    found = _all(connection, derived.of(tables).sizes, "numbers", sorted(numbers))
    return {DocumentNumber(row.document): row.deliveries for row in found}


def lifelines(
    connection: Connection, numbers: Collection[DocumentNumber], *, tables: Derived = in_use
) -> dict[DocumentNumber, Lifeline]:
    """All that is derived of these documents; one that is not there is left out."""
    statements, wanted = derived.of(tables), sorted(numbers)
    deliveries, obligations = defaultdict[int, list[Any]](list), defaultdict[int, list[Any]](list)
    for row in _all(connection, statements.deliveries, "numbers", wanted):
        deliveries[row.document].append(rows.delivery_of(row))
    for row in _all(connection, statements.obligations, "numbers", wanted):
        obligations[row.document].append(rows.obligation_of(row))
    return {
        DocumentNumber(row.number): Lifeline(
            document=rows.document_of(row),
            deliveries={each.agency: each for each in deliveries[row.number]},
            obligations=tuple(obligations[row.number]),
        )
        for row in _all(connection, statements.documents, "numbers", wanted)
    }


def keep_lifelines(
    connection: Connection,
    lines: Iterable[Lifeline],
    *,
    before: Mapping[DocumentNumber, Lifeline],
    tables: Derived = in_use,
) -> None:
    """Writes what differs from `before`, which is what the tables hold of these documents."""
    statements = derived.of(tables)
    document, delivery, obligation = list[Any](), list[Any](), list[Any]()
    gone_deliveries, gone_obligations = list[Any](), list[Any]()
    for line in lines:
        number = line.document.number
        old = before.get(number)
        if line is old:
            continue
        if old is None or old.document != line.document:
            document.append(rows.document_row(line.document))
        had = old.deliveries if old else {}
        delivery += [rows.delivery_row(each) for agency, each in line.deliveries.items() if had.get(agency) != each]
        gone_deliveries += [{"document": number, "agency": agency} for agency in had.keys() - line.deliveries.keys()]
        owed = {(each.recipient, each.clock): each for each in old.obligations} if old else {}
        still = {(each.recipient, each.clock): each for each in line.obligations}
        obligation += [rows.obligation_row(each) for key, each in still.items() if owed.get(key) != each]
        gone_obligations += [
            {"document": number, "recipient": recipient, "clock": clock}
            for recipient, clock in owed.keys() - still.keys()
        ]
    run(connection, statements.keep_document, document)
    run(connection, statements.keep_delivery, delivery)
    run(connection, statements.keep_obligation, obligation)
    run(connection, statements.drop_delivery, gone_deliveries)
    run(connection, statements.drop_obligation, gone_obligations)


def drop_lifelines(connection: Connection, lines: Iterable[Lifeline], *, tables: Derived = in_use) -> None:
    """Takes all rows of these documents out. Their counters are the caller's to take back."""
    statements = derived.of(tables)
    gone = list(lines)
    run(connection, statements.drop_document, [{"number": line.document.number} for line in gone])
    run(
        connection,
        statements.drop_delivery,
        [{"document": line.document.number, "agency": agency} for line in gone for agency in line.deliveries],
    )
    run(
        connection,
        statements.drop_obligation,
        [
            {"document": each.document, "recipient": each.recipient, "clock": each.clock}
            for line in gone
            for each in line.obligations
        ],
    )


def add_counters(connection: Connection, changes: Mapping[DailyKey, int], *, tables: Derived = in_use) -> None:
    """Adds to counters, or takes from them. One that is back at nothing is no row any more."""
    statements = derived.of(tables)
    changed = [(_counter(key), amount) for key, amount in sorted(changes.items()) if amount]
    run(connection, statements.count, [{**key, "amount": amount} for key, amount in changed])
    run(connection, statements.drop_empty, [key for key, amount in changed if amount < 0])


def keep_moves(connection: Connection, moves: Iterable[Move]) -> None:
    """Writes down which obligations moved, and why."""
    insert_rows(
        connection,
        moved,
        [
            {
                **move._asdict(),
                "at": to_micros(move.at),
                "before": maybe_micros(move.before),
                "after": maybe_micros(move.after),
            }
            for move in moves
        ],
    )


def checkpoint(connection: Connection, stream: str) -> Checkpoint | None:
    """Where a stream was read to; None before its first message."""
    row = connection.execute(kept.CHECKPOINT, {"of": stream}).one_or_none()
    return _checkpoint(row) if row else None


def checkpoints(connection: Connection) -> list[Checkpoint]:
    """Of every stream that was ever read."""
    return [_checkpoint(row) for row in connection.execute(kept.CHECKPOINTS)]


def keep_checkpoint(connection: Connection, reached: Checkpoint) -> None:
    """A stream was read to here. In the transaction of what was read."""
    run(connection, kept.KEEP_CHECKPOINT, [{**reached._asdict(), "at": to_micros(reached.at)}])


def events_after(connection: Connection, after: EventNumber, *, limit: int) -> list[Event]:
    """The next events, whatever their standing, in the order in which they came."""
    return [rows.event_of(row) for row in connection.execute(kept.ON, {"after": after, "limit": limit})]


def events_about(connection: Connection, documents: Collection[DocumentNumber]) -> list[Event]:
    """The events about these documents, whatever their standing, in the order in which they came; receipts are about
    messages and are not among them."""
    found = [rows.event_of(row) for row in _all(connection, kept.ABOUT, "documents", sorted(documents))]
    return sorted(found, key=lambda event: event.number)


def events_numbered(connection: Connection, numbers: Collection[EventNumber]) -> dict[EventNumber, Event]:
    """Events by their numbers; one whose year was dropped is left out."""
    found = (rows.event_of(row) for row in _all(connection, kept.BY_NUMBER, "numbers", sorted(numbers)))
    return {event.number: event for event in found}


def _all(connection: Connection, lookup: Any, name: str, values: Sequence[Any]) -> Iterator[Row[Any]]:
    """In lists of a bounded length: SQLite takes so many parameters."""
    for start in range(0, len(values), _AT_ONCE):
        yield from look_up(connection, lookup, {name: values[start : start + _AT_ONCE]}).all()


def _by_place(connection: Connection, events: Sequence[Event]) -> Iterator[tuple[Any, list[Event]]]:
    places = defaultdict[Any, list[Event]](list)
    for event in events:
        places[place_of(connection, event.number)].append(event)
    yield from places.items()


def _seen_row(event: Event, about: DocumentNumber | None) -> dict[str, Any]:
    return {
        "message": event.docket.id,
        "mailbox": event.docket.sender.mailbox,
        "genuine": event.standing == GENUINE,
        "docket_sha256": bytes.fromhex(event.docket_sha256),
        "event": event.number,
        "document": about if event.standing == GENUINE else None,
    }


def _counter(key: DailyKey) -> dict[str, Any]:
    return {**key._asdict(), "day": key.day.isoformat()}


def _checkpoint(row: Row[Any]) -> Checkpoint:
    return Checkpoint(row.stream, row.next, row.last_offset, row.last_sha256, row.epoch, from_micros(row.at))
