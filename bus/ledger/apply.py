"""What a batch of kept events does to the derived tables: the lifelines concerned are loaded, folded, written, and the
counters follow, so many deliveries at once. The one way in, for the ingest and for a rebuild, which gives other
tables."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.counters import difference
from bus.ledger.derived import Derived
from bus.ledger.fold import concerned, fold, is_same
from bus.ledger.moves import Move, moves
from bus.ledger.portions import MOST_DELIVERIES, portions
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

    key: DocumentKey | None
    """None of one that receipts tell of, by its number."""
    number: DocumentNumber | None = None
    """Where the ledger has it."""
    events: list[Event] = field(default_factory=list)
    lines: list[LedgerReceiptLine] = field(default_factory=list)

    @property
    def recipients(self) -> int:
        """Named by these events: so many deliveries may be added."""
        return sum(len(event.docket.recipients) for event in self.events)


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
    most: int = MOST_DELIVERIES,
) -> Mapping[EventNumber, DocumentNumber]:
    """Which document each event is about, where it is about one that the ledger has.

    The receipts among them are kept already (keep.py: `keep_receipt_lines`); what a message was told of before it came
    is found there. What is not genuine changes nothing, and is about a document only if that is there anyway.
    Documents that have so many deliveries together are in memory at once."""
    told = _told(events)
    numbers = keep.numbers_of(connection, (each.key for each in told.values() if each.key), tables=tables)
    for each in told.values():
        each.number = numbers.get(each.key) if each.key else None
    of_receipts = _add_lines(connection, events, told.values())
    changed = [each for each in (*told.values(), *of_receipts) if each.events or each.lines]
    sizes = keep.sizes(connection, {each.number for each in changed if each.number is not None}, tables=tables)

    def size(each: _Told) -> int:
        return each.recipients + (sizes.get(each.number, 0) if each.number is not None else 0)

    for some in portions(changed, size, most=most):
        _follow(connection, some, rules=rules, at=at, tables=tables)
    return {
        event.number: number
        for event in events
        if event.docket.document is not None and (number := told[form_of(event.docket.document)].number) is not None
    }


def _follow(connection: Connection, told: Sequence[_Told], *, rules: Rules, at: datetime, tables: Derived) -> None:
    """Loads, folds and writes the documents of one portion, and counts; then each has its number."""
    kept = _kept_lines(connection, told)
    before = keep.lifelines(connection, [each.number for each in told if each.number is not None], tables=tables)
    after: list[Lifeline] = []
    changes: Counter[DailyKey] = Counter()
    moved: list[Move] = []
    for place, each in enumerate(told):
        old = before.get(each.number) if each.number is not None else None
        key = old.document.key if old else each.key
        if key is None or not (old or each.events):
            continue
        line = fold(key, old, each.events, [*kept[place], *each.lines], rules=rules)
        if line is not old:
            changes.update(difference(old, line))
            moved += moves(old, line, at=at)
        after.append(line)
        each.number = line.document.number
    keep.keep_lifelines(connection, after, before=before, tables=tables)
    keep.add_counters(connection, changes, tables=tables)
    if tables is in_use:  # the history of what people were told: a rebuild tells nobody anything
        keep.keep_moves(connection, moved)


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


def _kept_lines(connection: Connection, told: Sequence[_Told]) -> Mapping[int, list[LedgerReceiptLine]]:
    """What receipts say of the messages that carry these documents, by place; some may have come before them."""
    own = {
        (event.docket.sender.mailbox, event.docket.id): (place, event)
        for place, each in enumerate(told)
        for event in _carriers(each.events)
        if each.key is not None and is_same(each.key, event.docket.document)
    }
    kept = defaultdict[int, list[LedgerReceiptLine]](list)
    for message, lines in keep.receipt_lines(connection, own).items():
        place, event = own[message]
        kept[place] += [line for line in lines if line.docket_sha256 == event.docket_sha256]
    return kept


def _add_lines(connection: Connection, events: Sequence[Event], told: Collection[_Told]) -> list[_Told]:
    """What the receipts of this batch say of messages that came before it: of these documents, and of others."""
    by_number = {each.number: each for each in told if each.number is not None}
    others = list[_Told]()
    for number, lines in _lines_about(connection, events).items():
        if (one := by_number.get(number)) is None:
            others.append(one := _Told(None, number))
        one.lines += lines
    return others


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
