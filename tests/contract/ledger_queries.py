"""What a ledger answers, whichever database it is in: lists, counters, documents found, obligations, lifelines."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bus.handling.statuses import Change
from bus.ledger import rows
from bus.ledger.keep import insert_events as keep_events
from bus.ledger.keep import keep_receipt_lines
from bus.ledger.moves import Move
from bus.ledger.queries import documents, lifelines
from bus.ledger.queries.deliveries import count_deliveries, list_deliveries
from bus.ledger.queries.documents import Finding, Sought, by_key, by_number, find
from bus.ledger.queries.lifelines import event_of_number, lifeline
from bus.ledger.queries.obligations import (
    Asked,
    Tally,
    list_open,
    list_settled,
    obligations_of,
    tally,
    tally_owed_to,
)
from bus.ledger.queries.paging import Amount
from bus.ledger.queries.wanted import Filter, Standing
from bus.ledger.records import DocumentNumber, Event, EventNumber, LedgerReceiptLine
from bus.ledger.tables import GENUINE, moved
from bus.ledger.years import next_number
from bus.store.sql.times import to_micros
from schemas.codes import BusinessType, Kind, Outcome, StatusCode
from schemas.docket import Address, DocumentKey
from tests.contract.ledger import event
from tests.contract.ledger_rows import DAY, NOW, delivery, document, keep, obligation

S = StatusCode

ONE = document(1, "H49", "12/QĐ-UBND", days=10)
TWO = document(2, "G22", "112/CV-VP", days=3)
THREE = document(3, "H53", "12/TB-VP", days=3)
FOUR = document(4, "H49", "13/QĐ-UBND", days=1, business=BusinessType.REVOKE)
FIVE = document(5, "H49", "5/CV-Đ", days=0)

ONE_H53 = delivery(ONE, "H53", S.ARRIVED, S.ACCEPTED)
ONE_G22 = delivery(ONE, "G22", outcome=None, receipted_at=None)
TWO_H49 = delivery(TWO, "H49", S.ARRIVED)
THREE_H49 = delivery(THREE, "H49", S.ARRIVED, S.DONE)
FOUR_H53 = delivery(FOUR, "H53")
FIVE_H53 = delivery(FIVE, "H53", outcome=Outcome.REFUSED, refusal="too-large")
FIVE_H49 = delivery(FIVE, "H49", S.ARRIVED, change=Change.TAKE_BACK)
FIVE_G22 = delivery(FIVE, "G22", S.ACCEPTED, change=Change.AGREED, withdrawn=True)

OWED = (
    obligation(ONE_H53, "finish", due=-1),
    obligation(ONE_H53, "acknowledge", due=-9, met_at=NOW - 10 * DAY, met_by="01"),
    obligation(ONE_G22, "acknowledge", due=-9),
    obligation(ONE_G22, "finish", due=-1),
    obligation(TWO_H49, "accept", due=0.5),
    obligation(TWO_H49, "finish", due=4, provisional=True),
    obligation(THREE_H49, "finish", due=-2, met_at=NOW - DAY, met_by="06"),
    obligation(FIVE_H49, "change", due=None),
    obligation(FIVE_H53, "acknowledge", due=1, void_at=NOW, void_why="unreached"),
)
ROWS = (
    *(ONE, TWO, THREE, FOUR, FIVE),
    *(ONE_H53, ONE_G22, TWO_H49, THREE_H49, FOUR_H53, FIVE_H53, FIVE_H49, FIVE_G22),
    *OWED,
)


def place(number: int, agency: str) -> tuple[int, str]:
    return number, agency


class ListContract:
    """Over a `connection` to empty tables."""

    @pytest.fixture(autouse=True)
    def rows(self, connection: Connection) -> None:
        keep(connection, ROWS)

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ({}, ["5 H53", "5 H49", "5 G22", "4 H53", "3 H49", "2 H49", "1 H53", "1 G22"]),
            ({"sender": "H49"}, ["5 H53", "5 H49", "5 G22", "4 H53", "1 H53", "1 G22"]),
            ({"recipient": "H49"}, ["5 H49", "3 H49", "2 H49"]),
            ({"sender": "H49", "recipient": "H53"}, ["5 H53", "4 H53", "1 H53"]),
            ({"agency": "H53"}, ["5 H53", "4 H53", "3 H49", "1 H53"]),
            ({"agency": "H49"}, ["5 H53", "5 H49", "5 G22", "4 H53", "3 H49", "2 H49", "1 H53", "1 G22"]),
            ({"agency": "H53", "sender": "H49"}, ["5 H53", "4 H53", "1 H53"]),
            ({"since": NOW - 3 * DAY, "until": NOW}, ["4 H53", "3 H49", "2 H49"]),
            ({"business": BusinessType.REVOKE}, ["4 H53"]),
            ({"recipient": "H53", "business": BusinessType.NEW}, ["5 H53", "1 H53"]),
            ({"standing": Standing.UNRECEIPTED}, ["1 G22"]),
            ({"standing": Standing.RECEIPTED}, ["4 H53"]),
            ({"standing": Standing.NOT_TAKEN}, ["5 H53"]),
            ({"standing": Standing.ARRIVED}, ["5 H49", "2 H49"]),
            ({"standing": Standing.ACCEPTED, "sender": "H49"}, ["1 H53"]),
            ({"standing": Standing.DONE, "recipient": "H49"}, ["3 H49"]),
            ({"standing": Standing.WITHDRAWN}, ["5 G22"]),
            ({"standing": Standing.CHANGE_ASKED, "agency": "H49"}, ["5 H49"]),
            ({"overdue": True}, ["1 G22", "1 H53"]),
            ({"overdue": True, "recipient": "H53"}, ["1 H53"]),
            ({"overdue": True, "sender": "G22"}, []),
            ({"overdue": True, "agency": "H49", "standing": Standing.ACCEPTED}, ["1 H53"]),
            ({"overdue": True, "since": NOW - DAY}, []),
            ({"of": ["H53"]}, ["5 H53", "4 H53", "3 H49", "1 H53"]),
            ({"of": ["G22", "H53"]}, ["5 H53", "5 G22", "4 H53", "3 H49", "2 H49", "1 H53", "1 G22"]),
            ({"of": ["H53"], "sender": "H49"}, ["5 H53", "4 H53", "1 H53"]),
            ({"of": ["H53"], "sender": "H49", "recipient": "G22"}, []),
            ({"of": ["H53"], "overdue": True}, ["1 H53"]),
            ({"of": ["G22"], "agency": "H53"}, []),
            ({"of": []}, []),
        ],
    )
    def test_a_filter(self, connection: Connection, wanted: dict[str, Any], expected: list[str]) -> None:
        """The newest first; of what is overdue, the longest overdue first. Whole, and row by row behind a cursor."""
        sought = Filter(**wanted)
        whole = list_deliveries(connection, sought, now=NOW)
        assert [f"{row.document.number} {row.delivery.agency}" for row in whole.rows] == expected
        assert whole.next is None
        assert _one_by_one(connection, sought) == expected

    def test_who_was_never_sent_it_is_no_recipient(self, connection: Connection) -> None:
        """It spoke of the document, and that is all: no list shows it, and no counter counts it."""
        keep(connection, [delivery(ONE, "H99", S.DONE, message=None)])
        assert not list_deliveries(connection, Filter(recipient="H99"), now=NOW).rows
        assert not count_deliveries(connection, Filter(recipient="H99"), now=NOW).standing[Standing.DONE].count
        assert not find(connection, Sought(text="12", recipient="H99")).documents
        (found,) = find(connection, Sought(text="12", recipient="G22")).documents
        assert found.recipients == 2
        history = lifeline(connection, ONE.number)
        assert history is not None
        assert [each.agency for each in history.strangers] == ["H99"]
        assert "H99" not in [each.agency for each in history.deliveries]
        assert lifeline(connection, ONE.number, of=["H99"]) is None

    def test_a_row(self, connection: Connection) -> None:
        """Document and delivery as they were kept, with what is still owed, the earliest due first."""
        (row,) = list_deliveries(connection, Filter(recipient="G22", until=NOW), now=NOW).rows
        assert (row.document, row.delivery) == (ONE, ONE_G22)
        assert [each.clock for each in row.open] == ["acknowledge", "finish"]
        assert row.standing is Standing.UNRECEIPTED
        assert row.is_late(NOW)
        assert not row.is_late(NOW - 10 * DAY)

    def test_what_comes_meanwhile_moves_no_page(self, connection: Connection) -> None:
        """The next page begins behind the last row shown."""
        first = list_deliveries(connection, Filter(), now=NOW, limit=4)
        six = document(6, "G22", "1/X", days=-1)
        keep(connection, [six, delivery(six, "H53")])
        second = list_deliveries(connection, Filter(), now=NOW, after=first.next, limit=4)
        assert [each.document.number for each in second.rows] == [3, 2, 1, 1]

    def test_counters_follow_the_filter(self, connection: Connection) -> None:
        """By standing and overdue, whichever of them the filter asks for."""
        wanted = Filter(sender="H49", standing=Standing.DONE, overdue=True)
        counted = count_deliveries(connection, wanted, now=NOW)
        assert {standing: count.count for standing, count in counted.standing.items() if count.count} == {
            Standing.UNRECEIPTED: 1,
            Standing.RECEIPTED: 1,
            Standing.NOT_TAKEN: 1,
            Standing.ARRIVED: 1,
            Standing.ACCEPTED: 1,
            Standing.WITHDRAWN: 1,
            Standing.CHANGE_ASKED: 1,
        }
        assert counted.overdue == Amount(2, more=False)
        assert count_deliveries(connection, Filter(of=["H53"]), now=NOW).overdue == Amount(1, more=False)

    def test_counters_of_all_agencies(self, connection: Connection) -> None:
        """By the same standings, of the newest; what is overdue of all."""
        counted = count_deliveries(connection, Filter(business=BusinessType.NEW), now=NOW)
        assert {standing: count.count for standing, count in counted.standing.items() if count.count} == {
            Standing.UNRECEIPTED: 1,
            Standing.NOT_TAKEN: 1,
            Standing.ARRIVED: 2,
            Standing.ACCEPTED: 1,
            Standing.DONE: 1,
            Standing.WITHDRAWN: 1,
            Standing.CHANGE_ASKED: 1,
        }
        assert counted.overdue == Amount(2, more=False)
        assert not any(count.more for count in counted.standing.values())

    def test_a_counter_is_bounded(self, connection: Connection) -> None:
        """Beyond 1,000 it says that there are more."""
        many = document(9, "G22", "9/X", days=2)
        keep(connection, [many, *(delivery(many, f"X{number}", S.IN_PROGRESS) for number in range(1001))])
        counted = count_deliveries(connection, Filter(sender="G22"), now=NOW)
        assert counted.standing[Standing.IN_PROGRESS] == Amount(1000, more=True)
        assert counted.standing[Standing.ARRIVED] == Amount(1, more=False)


def _one_by_one(connection: Connection, wanted: Filter) -> list[str]:
    found, after = list[str](), None
    while True:
        page = list_deliveries(connection, wanted, now=NOW, after=after, limit=1)
        found += [f"{row.document.number} {row.delivery.agency}" for row in page.rows]
        if page.next is None:
            return found
        after = page.next


class FindContract:
    """Over a `connection` to empty tables."""

    @pytest.fixture(autouse=True)
    def rows(self, connection: Connection) -> None:
        keep(connection, ROWS)

    @pytest.mark.parametrize(
        ("text", "more", "expected"),
        [
            ("12/QĐ-UBND", {}, [1]),
            ("12/qd-ubnd", {}, [1]),
            ("12 / QÐ-UBND", {}, [1]),  # an Icelandic Ð
            ("12/qd", {}, [1]),
            ("12", {}, [3, 1]),
            ("1", {}, []),
            ("5/CV-D", {}, [5]),
            ("H49,2026/11/01,12/QĐ-UBND", {}, [1]),
            ("h49,2026-11-01,12/qd", {}, [1]),
            ("H49,", {}, [5, 4, 1]),
            ("12", {"sender": "H53"}, [3]),
            ("12", {"recipient": "G22"}, [1]),
            ("12", {"agency": "H49"}, [3, 1]),
            ("12", {"agency": "G22"}, [1]),
            ("12", {"of": ["G22"]}, [1]),
            ("12", {"of": []}, []),
            ("12", {"since": NOW - 4 * DAY}, [3]),
            ("12", {"until": NOW - 4 * DAY}, [1]),
            ("12", {"issued_on": ONE.issued_on}, [3, 1]),
            ("12", {"issued_on": NOW.date()}, []),
            ("%", {}, []),
            ("", {}, []),
            ("  ", {}, []),
        ],
    )
    def test_a_document_by_what_people_know(
        self, connection: Connection, text: str, more: dict[str, Any], expected: list[int]
    ) -> None:
        """Number and notation with marks or none, the number alone, an id or its beginning; the newest first."""
        finding = find(connection, Sought(text=text, **more))
        assert [each.document.number for each in finding.documents] == expected
        assert not finding.more

    def test_what_is_exactly_so_comes_first(self, connection: Connection) -> None:
        """Then what begins so, though it is newer."""
        keep(connection, [document(7, "G22", "12/QĐ-UBND-X")])
        assert [each.document.number for each in find(connection, Sought(text="12/qd-ubnd")).documents] == [1, 7]

    def test_where_there_are_more(self, connection: Connection) -> None:
        """It says so; how many, nobody counts."""
        finding = find(connection, Sought(text="H49"), limit=2)
        assert [each.document.number for each in finding.documents] == [5, 4]
        assert finding.more

    def test_where_not_all_are_looked_at(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says so, where the one that is sought was not found among those that were."""
        monkeypatch.setattr(documents, "CANDIDATES", 1)
        assert find(connection, Sought(text="12", recipient="H08")) == Finding([], more=True)
        assert find(connection, Sought(text="13", of=["H49"])).more
        assert not find(connection, Sought(text="13", of=["H08"])).more
        monkeypatch.setattr(documents, "LOOKED_THROUGH", 1)
        assert find(connection, Sought(text="13", of=["H08"])).more
        assert not find(connection, Sought(text="zzz", of=["H08"])).more

    def test_an_agency_finds_its_own_among_all_others(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Sent or received, though more documents of that number than are candidates are none of its."""
        monkeypatch.setattr(documents, "CANDIDATES", 3)
        others = [document(number, f"A{number}", "12/QĐ-UBND", days=20) for number in range(100, 110)]
        received = document(110, "A110", "12/QĐ-UBND", days=15)
        keep(connection, [*others, received, delivery(received, "H08"), document(111, "H08", "12/QĐ-UBND")])
        finding = find(connection, Sought(text="12", of=["H08"]))
        assert sorted(each.document.number for each in finding.documents) == [110, 111]
        assert not finding.more

    def test_where_each_stands(self, connection: Connection) -> None:
        """How many recipients stand where; a recipient sees itself alone."""
        (found,) = find(connection, Sought(text="5/cv-d")).documents
        assert found.standing == {Standing.ARRIVED: 1, Standing.NOT_TAKEN: 1, Standing.WITHDRAWN: 1}
        assert found.recipients == 3
        (found,) = find(connection, Sought(text="5/cv-d", of=["H53"])).documents
        assert found.standing == {Standing.NOT_TAKEN: 1}

    def test_by_its_key_and_number(self, connection: Connection) -> None:
        """An id may be spelt otherwise, but for its marks."""
        assert by_key(connection, ONE.key) == ONE
        assert by_key(connection, DocumentKey(issuer="H49", id="h49,2026-11-01,12/qđ-ubnd")) == ONE
        assert by_key(connection, DocumentKey(issuer="H49", id="h49,2026-11-01,12/qd-ubnd")) is None
        assert by_key(connection, DocumentKey(issuer="H53", id=ONE.key.id)) is None
        assert by_number(connection, DocumentNumber(2)) == TWO
        assert by_number(connection, DocumentNumber(99)) is None


class ObligationContract:
    """Over a `connection` to empty tables."""

    @pytest.fixture(autouse=True)
    def rows(self, connection: Connection) -> None:
        keep(connection, ROWS)

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({}, ["1 G22 acknowledge", "1 G22 finish", "1 H53 finish", "2 H49 accept", "2 H49 finish", "5 H49 change"]),
            ({"debtor": "H49"}, ["2 H49 accept", "2 H49 finish", "5 H49 change"]),
            ({"creditor": "H49"}, ["1 G22 acknowledge", "1 G22 finish", "1 H53 finish", "5 H49 change"]),
            ({"debtor": "G22", "creditor": "H49"}, ["1 G22 acknowledge", "1 G22 finish"]),
            ({"clocks": ["finish"]}, ["1 G22 finish", "1 H53 finish", "2 H49 finish"]),
            ({"due_before": NOW}, ["1 G22 acknowledge", "1 G22 finish", "1 H53 finish"]),
            ({"due_before": NOW + DAY, "debtor": "H49"}, ["2 H49 accept"]),
            ({"of": ["G22"]}, ["1 G22 acknowledge", "1 G22 finish", "2 H49 accept", "2 H49 finish"]),
            ({"of": []}, []),
        ],
    )
    def test_what_is_open(self, connection: Connection, asked: dict[str, Any], expected: list[str]) -> None:
        """The earliest due first, then what has no limit. Whole, and row by row behind a cursor."""
        whole = list_open(connection, Asked(**asked))
        assert [_told(each.obligation) for each in whole.rows] == expected
        assert whole.next is None
        found, after = list[str](), None
        for _ in expected:
            page = list_open(connection, Asked(**asked), after=after, limit=1)
            found += [_told(each.obligation) for each in page.rows]
            after = page.next
        assert found == expected
        assert after is None

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"debtor": "H49"}, ["3 H49 finish"]),
            ({"debtor": "H53"}, ["5 H53 acknowledge", "1 H53 acknowledge"]),
            ({"debtor": "H53", "creditor": "G22"}, []),
            ({"creditor": "H49"}, ["5 H53 acknowledge", "1 H53 acknowledge"]),
            ({}, ["5 H53 acknowledge", "3 H49 finish", "1 H53 acknowledge"]),
            ({"clocks": ["finish"]}, ["3 H49 finish"]),
            ({"of": ["G22"]}, []),
        ],
    )
    def test_what_is_settled(self, connection: Connection, asked: dict[str, Any], expected: list[str]) -> None:
        """Met or void, the newest sent first; with where and when. Whole, and row by row behind a cursor."""
        since, until = NOW - 10 * DAY, NOW + DAY
        whole = list_settled(connection, Asked(**asked), since=since, until=until)
        assert [_told(each.obligation) for each in whole.rows] == expected
        found, after = list[str](), None
        for _ in expected:
            page = list_settled(connection, Asked(**asked), since=since, until=until, after=after, limit=1)
            found += [_told(each.obligation) for each in page.rows]
            after = page.next
        assert found == expected
        assert after is None

    def test_a_period_of_sending(self, connection: Connection) -> None:
        """From its first moment to before its last."""
        found = list_settled(connection, Asked(), since=NOW - 10 * DAY, until=NOW - 3 * DAY)
        assert [_told(each.obligation) for each in found.rows] == ["1 H53 acknowledge"]

    def test_with_its_document(self, connection: Connection) -> None:
        """So that a list can name it."""
        (owed,) = list_open(connection, Asked(debtor="H53")).rows
        assert owed.document == ONE
        assert owed.obligation == OWED[0]

    def test_all_of_one_document(self, connection: Connection) -> None:
        """Met and void ones, too."""
        of_five = obligations_of(connection, DocumentNumber(5))
        assert [_told(each) for each in of_five] == ["5 H49 change", "5 H53 acknowledge"]

    def test_how_much(self, connection: Connection) -> None:
        """Open, late, and near its time; of who owes nothing: nothing."""
        assert tally(connection, now=NOW, debtors=["G22", "H49", "X"]) == {
            "G22": Tally(2, 2, 0),
            "H49": Tally(3, 0, 1),
            "X": Tally(0, 0, 0),
        }
        assert tally_owed_to(connection, now=NOW, creditors=["H49"]) == {"H49": Tally(4, 3, 0)}


def _told(obligation: Any) -> str:
    return f"{obligation.document} {obligation.recipient} {obligation.clock}"


class LifelineContract:
    """Over a `connection` to empty tables."""

    @pytest.fixture(autouse=True)
    def rows(self, connection: Connection) -> None:
        keep(connection, ROWS)

    def test_every_recipient(self, connection: Connection) -> None:
        """With what is owed there, met or not."""
        history = lifeline(connection, ONE.number)
        assert history is not None
        assert history.document == ONE
        assert list(history.deliveries) == [ONE_G22, ONE_H53]
        assert {each.clock for each in history.owed_at("H53")} == {"finish", "acknowledge"}
        assert not history.more_hops

    @pytest.mark.parametrize(
        ("number", "asked", "expected"),
        [
            (1, {"recipients": ["H53"]}, ["H53"]),
            (1, {"of": ["H49"]}, ["G22", "H53"]),
            (1, {"of": ["H53"]}, ["H53"]),
            (1, {"of": ["H53"], "recipients": ["G22"]}, None),
            (1, {"of": ["H99"]}, None),
            (99, {}, None),
        ],
    )
    def test_who_sees_what(
        self, connection: Connection, number: int, asked: dict[str, Any], expected: list[str] | None
    ) -> None:
        """Its sender all of it; a recipient itself; others nothing, as if there were none."""
        history = lifeline(connection, DocumentNumber(number), **asked)
        assert (history and [each.agency for each in history.deliveries]) == expected

    def test_every_message_about_it(self, connection: Connection) -> None:
        """In the order in which they were read, whatever their standing, each with what was answered to exactly it."""
        paper, arrived = _event(1), _event(2, sender="H53", status=S.ARRIVED)
        forged = _event(3, sender="G22", status=S.DONE, standing="bad-signature")
        next_number(connection, now=NOW)
        keep_events(
            connection, [paper, arrived, forged], {each.number: ONE.number for each in (paper, arrived, forged)}
        )
        held, other = _line(paper, "H53"), _line(paper, "G22", docket_sha256="0" * 64)
        keep_receipt_lines(connection, [held, other])
        history = lifeline(connection, ONE.number)
        assert history is not None
        assert [(hop.event, list(hop.receipts)) for hop in history.hops] == [
            (paper, [held]),
            (arrived, []),
            (forged, []),
        ]
        part = lifeline(connection, ONE.number, of=["H53"])
        assert part is not None
        assert [hop.event.number for hop in part.hops] == [paper.number, arrived.number]
        assert event_of_number(connection, forged.number) == forged
        assert event_of_number(connection, EventNumber(7)) is None

    def test_no_more_messages_are_read_than_are_shown(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The earliest, and whether there are others; those of one recipient are found among all the others'."""
        monkeypatch.setattr(lifelines, "MESSAGES", 2)
        read = list[EventNumber]()

        def event_of(row: Any) -> Event:
            read.append(row.number)
            return rows.event_of(row)

        monkeypatch.setattr(lifelines, "event_of", event_of)
        told = [_event(number, sender="G22", status=S.ARRIVED) for number in range(1, 9)]
        told += [_event(number, sender="H53", status=S.ARRIVED) for number in (9, 10)]
        next_number(connection, now=NOW)
        keep_events(connection, told, {each.number: ONE.number for each in told})
        history = lifeline(connection, ONE.number)
        assert history is not None
        assert [hop.event.number for hop in history.hops] == [each.number for each in told[:2]]
        assert history.more_hops
        assert read == [each.number for each in told[:3]]
        part = lifeline(connection, ONE.number, of=["H53"])
        assert part is not None
        assert [hop.event.number for hop in part.hops] == [each.number for each in told[8:]]
        assert not part.more_hops

    def test_what_moved_a_due_time(self, connection: Connection) -> None:
        """Each move says why, and from when to when."""
        values = {"document": 1, "recipient": "H53", "clock": "finish", "at": to_micros(NOW), "why": "calendar 2026-4"}
        connection.execute(insert(moved), {**values, "before": None, "after": to_micros(NOW + DAY)})
        history = lifeline(connection, ONE.number, recipients=["H53"])
        assert history is not None
        assert history.moved == [Move(ONE.number, "H53", "finish", NOW, "calendar 2026-4", None, NOW + DAY)]


def _event(number: int, *, sender: str = "H49", status: StatusCode | None = None, standing: str = GENUINE) -> Event:
    plain = event(number, sender=sender, standing=standing, document=ONE.key)
    to = ("H53", "G22") if status is None else ("H49",)
    changed: dict[str, Any] = {"recipients": tuple(Address(agency=each, mailbox=each) for each in to)}
    if status is not None:
        changed |= {"kind": Kind.STATUS, "business_type": None, "status": status}
    docket = plain.docket.model_copy(update=changed)
    digest = sha256(docket.to_json()).hexdigest()
    return replace(plain, docket=docket, docket_bytes=docket.to_json(), docket_sha256=digest)


def _line(of: Event, mailbox: str, **others: Any) -> LedgerReceiptLine:
    return LedgerReceiptLine(
        message=of.docket.id,
        mailbox=mailbox,
        sender=of.docket.sender.mailbox,
        outcome=Outcome.HELD,
        code=None,
        at=NOW,
        event=EventNumber(of.number + 100),
        **{"docket_sha256": of.docket_sha256, **others},
    )
