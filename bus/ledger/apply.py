"""What a batch of kept events does to the derived tables: the lifelines concerned are loaded, folded, written, and the
counters follow. The one way in, for the ingest and for a rebuild, which gives other tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.counters import difference
from bus.ledger.derived import Derived
from bus.ledger.fold import concerned, fold
from bus.ledger.moves import Move, moves
from bus.ledger.records import DailyKey, DocumentNumber, Event, EventNumber, LedgerReceiptLine, Lifeline
from bus.ledger.tables import GENUINE
from bus.ledger.tables import now as in_use
from bus.store.normal_forms import document_form
from schemas.codes import Kind
from schemas.docket import DocumentKey
from schemas.values import AgencyCode


class Form(NamedTuple):
    """Two spellings of one id are one document."""

    issuer: AgencyCode
    id: str


def form_of(key: DocumentKey) -> Form:
    return Form(key.issuer, document_form(key.id))


@dataclass(slots=True)
class _Told:
    """What a batch tells of one document."""

    key: DocumentKey
    events: list[Event] = field(default_factory=list)
    lines: list[LedgerReceiptLine] = field(default_factory=list)


def lines_of(events: Iterable[Event]) -> Iterator[LedgerReceiptLine]:
    """What genuine receipts say, a line a message."""
    for event in events:
        docket = event.docket
        if event.standing != GENUINE or docket.kind is not Kind.RECEIPT:
            continue
        for line in docket.acknowledges:
            yield LedgerReceiptLine(
                message=line.message,
                mailbox=docket.sender.mailbox,
                sender=docket.recipients[0].mailbox,  # a receipt answers one mailbox, schemas §7
                docket_sha256=line.docket_sha256,
                outcome=line.outcome,
                code=line.code,
                at=docket.created_at,
                event=event.number,
            )


def apply(
    connection: Connection,
    events: Sequence[Event],
    *,
    rules: Rules,
    at: datetime,
    tables: Derived = in_use,
) -> Mapping[EventNumber, DocumentNumber]:
    """Which document each event is about, where it is about one that the ledger has.

    The receipts among them are kept already (keep.py: `keep_receipt_lines`); what a message was told of before it came
    is found there. What is not genuine changes nothing, and is about a document only if that is there anyway."""
    told = _told(events)
    _add_kept_lines(connection, events, told)
    about = _lines_about(connection, events)
    numbers = keep.numbers_of(connection, (each.key for each in told.values()), tables=tables)
    before = keep.lifelines(connection, {*numbers.values(), *about}, tables=tables)
    known = {form_of(line.document.key): line for line in before.values()}
    for number, lines in about.items():
        if (line := before.get(number)) is not None:
            told.setdefault(form_of(line.document.key), _Told(line.document.key)).lines += lines
    after: dict[Form, Lifeline] = {}
    changes: Counter[DailyKey] = Counter()
    moved: list[Move] = []
    for form, each in told.items():
        old = known.get(form)
        if not each.events and not (old and each.lines):
            continue
        after[form] = line = fold(old.document.key if old else each.key, old, each.events, each.lines, rules=rules)
        if line is not old:
            changes.update(difference(old, line))
            moved += moves(old, line, at=at)
    keep.keep_lifelines(connection, after.values(), before=before, tables=tables)
    keep.add_counters(connection, changes, tables=tables)
    if tables is in_use:  # the history of what people were told: a rebuild tells nobody anything
        keep.keep_moves(connection, moved)
    found = {**known, **after}
    return {
        event.number: found[form].document.number
        for event in events
        if event.docket.document is not None and (form := form_of(event.docket.document)) in found
    }


def _told(events: Sequence[Event]) -> dict[Form, _Told]:
    """By document. One that only what is not genuine names is there, and nothing is told of it."""
    told: dict[Form, _Told] = {}
    for event in events:
        genuine = event.standing == GENUINE
        named = () if event.docket.document is None else (event.docket.document,)
        for key in concerned(event.docket) if genuine else named:
            one = told.setdefault(form_of(key), _Told(key))
            if genuine:
                one.events.append(event)
    return told


def _carriers(events: Iterable[Event]) -> Iterator[Event]:
    """Those that carry a document: of them a receipt's line matters."""
    return (event for event in events if event.standing == GENUINE and event.docket.kind is Kind.DOCUMENT)


def _add_kept_lines(connection: Connection, events: Sequence[Event], told: Mapping[Form, _Told]) -> None:
    """What receipts say of the messages of this batch; some may have come before their message."""
    own = {(event.docket.sender.mailbox, event.docket.id): event for event in _carriers(events)}
    for message, lines in keep.receipt_lines(connection, own).items():
        event = own[message]
        assert event.docket.document is not None
        right = [line for line in lines if line.docket_sha256 == event.docket_sha256]
        told[form_of(event.docket.document)].lines += right


def _lines_about(connection: Connection, events: Sequence[Event]) -> Mapping[DocumentNumber, list[LedgerReceiptLine]]:
    """What the receipts of this batch say of messages that came before it, by the document that those are about."""
    own = {(event.docket.sender.mailbox, event.docket.id) for event in _carriers(events)}
    lines = [line for line in lines_of(events) if (line.sender, line.message) not in own]
    seen = keep.seen_among(connection, {(line.sender, line.message) for line in lines})
    about = defaultdict[DocumentNumber, list[LedgerReceiptLine]](list)
    for line in lines:
        message = seen.get((line.sender, line.message, True))
        if message is None or message.document is None or message.docket_sha256 != line.docket_sha256:
            continue
        about[message.document].append(line)
    return about
