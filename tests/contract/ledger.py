"""What every ledger keeps, whatever database it lies in. A test file gives it a `ledger` fixture and subclasses these.

Here: what came, and lifelines. What is dropped, made anew and moved has files of its own: ledger_retention.py.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Select, func, select

from bus.handling.statuses import Change
from bus.ledger import keep
from bus.ledger.queries import loading
from bus.ledger.records import (
    Carried,
    ChangedBy,
    Checkpoint,
    DailyKey,
    DeliveryRow,
    DocumentNumber,
    DocumentRow,
    Event,
    EventNumber,
    LedgerReceiptLine,
    Lifeline,
    ObligationRow,
    Position,
    Seen,
    StatusHeard,
)
from bus.ledger.statements import derived, kept, past
from bus.ledger.store import Ledger
from bus.ledger.tables import GENUINE, YEAR, now
from bus.ledger.years import next_number, year_of, years
from bus.store.sql.batches import Lookup
from bus.trust.keys import KeyId
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.docket import Address, Docket, DocumentKey, SealedContent
from schemas.values import MailboxCode, MessageId

NOW = datetime(2026, 11, 30, 9, 30, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOUR = timedelta(hours=1)


def mid(number: int) -> MessageId:
    return MessageId(f"0190b6f4-7c3e-7abc-8def-{number:012x}")


def key(number: int = 1, *, issuer: str = "G22") -> DocumentKey:
    return DocumentKey(issuer=issuer, id=f"{issuer},2026/11/30,{number}/VPCP-TTĐT")


def event(
    number: int,
    *,
    message: int | None = None,
    sender: MailboxCode = "G22",
    standing: str = GENUINE,
    document: DocumentKey | None = None,
    received_at: datetime = NOW,
) -> Event:
    """`number` within 2026."""
    docket = Docket(
        id=mid(number if message is None else message),
        kind=Kind.DOCUMENT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=(Address(agency="H49", mailbox="H49"),),
        created_at=NOW - HOUR,
        document=document or key(number),
        business_type=BusinessType.NEW,
        content=SealedContent(size=4, sha256="0" * 64),
    )
    return Event(
        number=numbered(number),
        position=Position("audit", 1, number),
        received_at=received_at,
        publisher=sender,
        standing=standing,
        docket=docket,
        docket_bytes=docket.to_json(),
        docket_sha256=sha256(docket.to_json()).hexdigest(),
        signature=Signature("ed25519", KeyId("0" * 32), bytes(64)),
        size=1234,
    )


def numbered(number: int, *, year: int = 2026) -> EventNumber:
    return EventNumber(year * YEAR + number)


def lifeline(number: int, *, recipients: tuple[str, ...] = ("H49",), known: bool = True) -> Lifeline:
    """As full as one can be."""
    document = DocumentNumber(numbered(number))
    return Lifeline(
        document=DocumentRow(
            number=document,
            key=key(number),
            known=known,
            sender="G22",
            mailbox="G22",
            message=mid(number),
            business=BusinessType.UPDATE,
            code_number=f"{number}",
            code_notation="VPCP-TTĐT",
            issued_on=date(2026, 11, 30),
            sent_at=NOW - HOUR,
            priority=Priority.URGENT,
            due_on=date(2026, 12, 31),
            expires_at=LATER,
            attachments=2,
            size=1234,
            changes=(key(90),),
            changed_by=(ChangedBy(key(91), BusinessType.REVOKE, LATER, mid(91), ("H49", "H53"), date(2026, 12, 31)),),
        ),
        deliveries={agency: delivery(document, agency) for agency in recipients},
        obligations=tuple(owed(document, agency, clock) for agency in recipients for clock in ("accept", "done")),
    )


def delivery(document: DocumentNumber, agency: str) -> DeliveryRow:
    return DeliveryRow(
        document=document,
        agency=agency,
        mailbox=agency,
        sender="G22",
        message=mid(1),
        carried=(
            Carried(mid(1), agency, BusinessType.NEW, NOW - HOUR, None, Outcome.HELD, None, NOW),
            Carried(mid(2), agency, BusinessType.UPDATE, NOW, date(2026, 12, 31), Outcome.REFUSED, "no-key", LATER),
        ),
        business=BusinessType.NEW,
        sent_at=NOW - HOUR,
        outcome=Outcome.HELD,
        receipted_at=NOW,
        state=StatusCode.ACCEPTED,
        change=Change.UPDATE,
        statuses=(
            StatusHeard(StatusCode.ARRIVED, NOW, EventNumber(document + 1)),
            StatusHeard(StatusCode.ACCEPTED, LATER, EventNumber(document + 2)),
        ),
        last_at=LATER,
    )


def owed(document: DocumentNumber, agency: str, clock: str) -> ObligationRow:
    return ObligationRow(
        document=document,
        recipient=agency,
        clock=clock,
        debtor=agency,
        creditor="G22",
        started_at=NOW - HOUR,
        warn_at=NOW,
        due_at=LATER,
        calendar="2026-3",
    )


def line(number: int, *, at: datetime = NOW, outcome: Outcome = Outcome.HELD, by: int = 9, **other: Any) -> Any:
    values = {"mailbox": "H49", "sender": "G22", "docket_sha256": event(number).docket_sha256} | other
    code = None if outcome is Outcome.HELD else "unknown-agency"
    return LedgerReceiptLine(message=mid(number), outcome=outcome, code=code, at=at, event=numbered(by), **values)


class EventContract:
    def test_an_event_is_read_as_it_was_kept(self, ledger: Ledger) -> None:
        """Docket and signature byte for byte, times to the microsecond, where it lay and what it is about."""
        one, forged = event(1), event(2, standing="bad-signature")
        about = DocumentNumber(one.number)
        insert(ledger, one, forged, about={one.number: about})
        with ledger.reading() as connection:
            assert keep.events_after(connection, EventNumber(0), limit=9) == [one, forged]
            assert keep.events_about(connection, [about]) == [one]
            assert keep.events_numbered(connection, [one.number, numbered(99)]) == {one.number: one}

    def test_events_are_read_on_in_portions(self, ledger: Ledger) -> None:
        """In the order of their numbers, from where the reader was."""
        insert(ledger, *(event(number) for number in range(1, 6)))
        with ledger.reading() as connection:
            first = keep.events_after(connection, EventNumber(0), limit=3)
            rest = keep.events_after(connection, first[-1].number, limit=3)
        assert [each.number for each in first + rest] == [numbered(number) for number in range(1, 6)]

    def test_what_came_is_seen(self, ledger: Ledger) -> None:
        """By sender and message id; the same id of another sender is another message."""
        one = event(1)
        insert(ledger, one, about={one.number: DocumentNumber(one.number)})
        with ledger.reading() as connection:
            seen = keep.seen_among(connection, [("G22", mid(1)), ("H49", mid(1)), ("G22", mid(2))])
        assert seen == {("G22", mid(1), True): Seen(one.docket_sha256, one.number, DocumentNumber(one.number))}

    def test_what_is_forged_does_not_stand_in_the_way(self, ledger: Ledger) -> None:
        """Kept under the same sender and id, it is seen apart, and about no document."""
        forged, genuine = event(1, standing="bad-signature"), event(2, message=1)
        insert(ledger, forged, about={forged.number: DocumentNumber(7)})
        insert(ledger, genuine)
        with ledger.reading() as connection:
            seen = keep.seen_among(connection, [("G22", mid(1))])
        assert {key[2]: found.event for key, found in seen.items()} == {False: forged.number, True: genuine.number}
        assert seen["G22", mid(1), False].document is None

    def test_many_are_seen_at_once(self, ledger: Ledger) -> None:
        """More than one list of a statement holds."""
        events = [event(number) for number in range(1, 1203)]
        insert(ledger, *events)
        with ledger.reading() as connection:
            seen = keep.seen_among(connection, [("G22", each.docket.id) for each in events])
        assert len(seen) == len(events)


class YearContract:
    def test_the_first_number_of_a_year(self, ledger: Ledger) -> None:
        """Says the year; the next follows on the last that was kept."""
        assert next_of(ledger, NOW) == numbered(0)
        insert(ledger, event(0), event(1))
        assert next_of(ledger, NOW) == numbered(2)

    def test_a_year_begins_in_viet_nam(self, ledger: Ledger) -> None:
        """Seven hours before that of Greenwich. Events of both years are read as of one table."""
        insert(ledger, event(1))
        eve = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
        assert next_of(ledger, eve - timedelta(seconds=1)) == numbered(2)
        assert next_of(ledger, eve) == numbered(0, year=2027)
        later = replace(event(3, received_at=eve), number=numbered(0, year=2027))
        insert(ledger, later, about={later.number: DocumentNumber(numbered(1))})
        with ledger.reading() as connection:
            assert years(connection) == [2026, 2027]
            assert keep.events_after(connection, EventNumber(0), limit=9) == [event(1), later]
            assert keep.events_about(connection, [DocumentNumber(numbered(1))]) == [later]
        assert year_of(later.number) == 2027

    def test_a_clock_that_is_set_back(self, ledger: Ledger) -> None:
        """Numbers only grow: they say the order in which events came."""
        assert next_of(ledger, NOW.replace(year=2027)) == numbered(0, year=2027)
        assert next_of(ledger, NOW) == numbered(0, year=2027)


class ReceiptLineContract:
    @pytest.mark.parametrize(
        ("words", "counts"),
        [
            pytest.param([(NOW, Outcome.HELD)], 0, id="one"),
            pytest.param([(NOW, Outcome.HELD), (LATER, Outcome.HELD)], 0, id="the first counts"),
            pytest.param([(NOW, Outcome.REFUSED), (LATER, Outcome.HELD)], 1, id="held after all"),
            pytest.param([(NOW, Outcome.REFUSED), (LATER, Outcome.REFUSED)], 0, id="the first refusal"),
        ],
    )
    def test_which_word_counts(self, ledger: Ledger, words: list[tuple[datetime, Outcome]], counts: int) -> None:
        """Of several of one mailbox on one message; the same whatever order they came in, in one batch or in two."""
        lines = [line(1, at=at, outcome=outcome, by=9 + number) for number, (at, outcome) in enumerate(words)]
        for order in (lines, lines[::-1]):
            with pytest.raises(Undone), ledger.writing() as connection:  # noqa: PT012 — both orders begin with nothing
                keep.keep_receipt_lines(connection, order[:1])
                keep.keep_receipt_lines(connection, order)
                assert keep.receipt_lines(connection, [("G22", mid(1))]) == {("G22", mid(1)): [lines[counts]]}
                raise Undone

    def test_a_line_is_of_one_docket(self, ledger: Ledger) -> None:
        """What is said of another docket under the same id stands beside, and takes no place of it."""
        wrong, right = line(1, docket_sha256="f" * 64), line(1, at=LATER)
        with ledger.writing() as connection:
            keep.keep_receipt_lines(connection, [wrong, right])
        with ledger.reading() as connection:
            found = keep.receipt_lines(connection, [("G22", mid(1)), ("H49", mid(1))])
        assert {each.docket_sha256: each for each in found["G22", mid(1)]} == {
            wrong.docket_sha256: wrong,
            right.docket_sha256: right,
        }
        assert len(found) == 1


class LifelineContract:
    def test_a_lifeline_is_read_as_it_was_kept(self, ledger: Ledger) -> None:
        """With every column of its document, deliveries and obligations."""
        lines = [lifeline(1, recipients=("H49", "H53")), lifeline(2, known=False)]
        put(ledger, *lines)
        assert read(ledger, 1, 2, 3) == {each.document.number: each for each in lines}
        with ledger.reading() as connection:
            sizes = keep.sizes(connection, [DocumentNumber(numbered(number)) for number in (1, 2, 3)])
        assert sizes == {each.document.number: len(each.deliveries) for each in lines if each.deliveries}

    def test_only_what_changed_is_written(self, ledger: Ledger) -> None:
        """A new state, a recipient and an obligation more and less: what is read is what was kept last."""
        old = lifeline(1, recipients=("H49", "H53"))
        put(ledger, old)
        changed = replace(old.deliveries["H49"], state=StatusCode.DONE, withdrawn=True)
        new = replace(
            old,
            document=replace(old.document, changed_by=()),
            deliveries={"H49": changed, "H30": delivery(old.document.number, "H30")},
            obligations=(replace(old.obligations[0], met_at=LATER, met_by="03"),),
        )
        put(ledger, new, before={old.document.number: old})
        assert read(ledger, 1) == {old.document.number: new}

    def test_lifelines_are_dropped(self, ledger: Ledger) -> None:
        """With all rows of theirs, and none of others."""
        one, other = lifeline(1, recipients=("H49", "H53")), lifeline(2)
        put(ledger, one, other)
        with ledger.writing() as connection:
            keep.drop_lifelines(connection, [one])
            counts = [connection.scalar(select(func.count()).select_from(table)) for table in now.tables]
        assert (read(ledger, 1, 2), counts) == ({other.document.number: other}, [1, 1, 2, 0])

    @pytest.mark.parametrize(
        ("kept", "asked"),
        [
            ("G22,2026/11/30,1/VPCP-TTĐT", "G22,2026/11/30,1/VPCP-TTĐT"),
            ("G22,2026/11/30,1/VPCP-TTĐT", "G22,2026-11-30,1/vpcp-ttđt"),
            ("G22,2026-11-30,1/VPCP-TTĐT", "G22,2026/11/30,1/VPCP-TTĐT"),
            ("G22,2026/11/30, 1/VPCP-TTĐT", "G22,2026/11/30,  1/VPCP-TTÐT\u200b"),
        ],
    )
    def test_a_document_is_found_by_its_key(self, ledger: Ledger, kept: str, asked: str) -> None:
        """However its id is spelt, as two mailboxes on the road may spell it."""
        line = lifeline(1)
        put(ledger, replace(line, document=replace(line.document, key=DocumentKey(issuer="G22", id=kept))))
        wanted = DocumentKey(issuer="G22", id=asked)
        with ledger.reading() as connection:
            assert keep.numbers_of(connection, [wanted]) == {wanted: line.document.number}

    def test_marks_and_issuer_are_of_the_key(self, ledger: Ledger) -> None:
        """An id without its marks is another document's, and so is the same id of another issuer."""
        put(ledger, lifeline(1))
        bare = DocumentKey(issuer="G22", id="G22,2026/11/30,1/VPCP-TTDT")
        with ledger.reading() as connection:
            assert keep.numbers_of(connection, [bare, DocumentKey(issuer="H49", id=key(1).id)]) == {}


class CounterContract:
    def test_counters_add_up(self, ledger: Ledger) -> None:
        """In one write or in several; one that is back at nothing is no row."""
        sent, refused = (DailyKey(date(2026, 11, 30), "G22", *of) for of in (("sent",), ("refused", "no-key")))
        for changes in ({sent: 2, refused: 1}, {sent: 3, refused: -1}, {sent: 0}, {}):
            with ledger.writing() as connection:
                keep.add_counters(connection, changes)
        with ledger.reading() as connection:
            rows = connection.execute(select(now.daily)).all()
        assert [tuple(row) for row in rows] == [("2026-11-30", "G22", "sent", "", 5)]


class CheckpointContract:
    def test_a_checkpoint_is_kept_with_what_was_read(self, ledger: Ledger) -> None:
        """The last one of each stream counts; one that was cut short never was."""
        first, second = (Checkpoint("audit", offset, offset - 1, "0" * 64, 1, NOW) for offset in (5, 9))
        other = Checkpoint("audit.H49", 0, None, None, 2, LATER)
        for each in (first, second, other):
            with ledger.writing() as connection:
                keep.keep_checkpoint(connection, each)
        with pytest.raises(Undone), ledger.writing() as connection:  # noqa: PT012
            keep.keep_checkpoint(connection, second._replace(next=99))
            insert_in(connection, event(1))
            raise Undone
        with ledger.reading() as connection:
            assert keep.checkpoints(connection) == [second, other]
            assert keep.checkpoint(connection, "audit") == second
            assert keep.checkpoint(connection, "audit.H53") is None
            assert keep.seen_among(connection, [("G22", mid(1))]) == {}


class Undone(Exception):
    """Raised within a write, to take it back."""


def next_of(ledger: Ledger, at: datetime) -> EventNumber:
    with ledger.writing() as connection:
        return next_number(connection, now=at)


def insert(ledger: Ledger, *events: Event, about: dict[EventNumber, DocumentNumber] | None = None) -> None:
    with ledger.writing() as connection:
        insert_in(connection, *events, about=about)


def insert_in(connection: Any, *events: Event, about: dict[EventNumber, DocumentNumber] | None = None) -> None:
    next_number(connection, now=events[0].received_at)
    keep.insert_events(connection, events, about or {})


def put(ledger: Ledger, *lines: Lifeline, before: dict[DocumentNumber, Lifeline] | None = None) -> None:
    with ledger.writing() as connection:
        keep.keep_lifelines(connection, lines, before=before or {})


def read(ledger: Ledger, *numbers: int) -> dict[DocumentNumber, Lifeline]:
    with ledger.reading() as connection:
        return keep.lifelines(connection, [DocumentNumber(numbered(number)) for number in numbers])


# What one step of the ingest asks, or a page shows, with parameters for EXPLAIN. A batch has hundreds of each.
_MANY = list(range(300))
LOOKUPS: dict[str, tuple[Lookup[Any] | Select[Any], dict[str, Any]]] = {
    "seen": (kept.SEEN, {"messages": [f"m{number}" for number in _MANY]}),
    "lines": (kept.LINES, {"messages": [f"m{number}" for number in _MANY]}),
    "about": (kept.ABOUT, {"documents": _MANY}),
    "by number": (kept.BY_NUMBER, {"numbers": _MANY}),
    "on": (kept.ON, {"after": 7, "limit": 1000}),
    "by form": (derived.of(now).by_form, {"forms": [f"f{number}" for number in _MANY]}),
    "documents": (derived.of(now).documents, {"numbers": _MANY}),
    "sizes": (derived.of(now).sizes, {"numbers": _MANY}),
    "deliveries": (derived.of(now).deliveries, {"numbers": _MANY}),
    "obligations": (derived.of(now).obligations, {"numbers": _MANY}),
    "a page's deliveries": (loading.DELIVERIES, {"documents": _MANY, "agencies": ["a", "b"]}),
    "a page's obligations": (loading.OWED, {"documents": _MANY, "agencies": ["a", "b"]}),
    "old documents": (past.DOCUMENTS, {"before": 7, "limit": 9}),
    "later events": (past.LATER_EVENTS, {"documents": _MANY, "before": 7}),
    "old events": (past.EVENTS, {"after": 7, "before": 9, "limit": 9}),
}
