"""What reports read from every ledger, and the calendars it keeps, whatever database it lies in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from bus.directory.agencies import Directory
from bus.errors import BadCalendar
from bus.handling.calendar import CalendarEdition, SignedCalendar, calendar_of, read_calendar, sign_calendar
from bus.ledger import calendars, keep
from bus.ledger.records import DailyKey, DeliveryRow, DocumentNumber, DocumentRow, Lifeline, ObligationRow
from bus.ledger.reports.figures import ByClock, Paper, Report
from bus.ledger.reports.question import Period, Question
from bus.ledger.reports.read import report
from bus.ledger.store import Ledger
from bus.trust.trust_store import TrustStore
from schemas.codes import BusinessType
from schemas.docket import DocumentKey
from schemas.values import AgencyCode, MessageId
from tests.identities import papers

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

AGENCIES = """
[[agency]]
code = "H49"
names = [{ vi = "UBND tỉnh Quảng Ninh" }]
[[agency]]
code = "H49.06"
names = [{ vi = "Sở Nội vụ" }]
[[agency]]
code = "000.00.61.H49"
parent = "H49"
names = [{ vi = "Trung tâm lưu trữ" }]
[[agency]]
code = "H53"
names = [{ vi = "UBND tỉnh Tây Ninh" }]
"""
DIRECTORY = Directory.parse({"a.toml": AGENCIES}, on=date(2026, 11, 30))
QUARTER = Question(period=Period.parse("2026-Q4"))


def lifeline(number: int, agency: AgencyCode = "H49", *, business: BusinessType = BusinessType.UPDATE) -> Lifeline:
    """Of a document that was sent an hour ago; two things are owed, within the next hour."""
    document, message = DocumentNumber(number), MessageId(f"0190b6f4-7c3e-7abc-8def-{number:012x}")
    sent_at = NOW - HOUR
    row = DocumentRow(
        number=document,
        key=DocumentKey(issuer="G22", id=f"G22,2026/11/30,{number}/VPCP-TTĐT"),
        known=True,
        sender="G22",
        mailbox="G22",
        message=message,
        business=business,
        sent_at=sent_at,
    )
    delivery = DeliveryRow(
        document=document,
        agency=agency,
        mailbox=agency,
        sender="G22",
        message=message,
        business=business,
        sent_at=sent_at,
        last_at=sent_at,
    )
    owed = [
        ObligationRow(
            document=document,
            recipient=agency,
            clock=clock,
            debtor=agency,
            creditor="G22",
            started_at=sent_at,
            warn_at=NOW,
            due_at=NOW + HOUR,
            calendar="2026-3",
        )
        for clock in ("accept", "finish")
    ]
    return Lifeline(document=row, deliveries={agency: delivery}, obligations=tuple(owed))


def put(ledger: Ledger, *lines: Lifeline) -> None:
    with ledger.writing() as connection:
        keep.keep_lifelines(connection, lines, before={})


def count(ledger: Ledger, *counted: tuple[str, AgencyCode, str, str, int]) -> None:
    with ledger.writing() as connection:
        keep.add_counters(
            connection,
            {
                DailyKey(date.fromisoformat(day), agency, measure, detail): n
                for day, agency, measure, detail, n in counted
            },
        )


def made(
    ledger: Ledger,
    question: Question = QUARTER,
    *,
    now: datetime = NOW,
    names: bool = True,
    paper: Mapping[AgencyCode, Paper] | None = None,
) -> Report:
    with ledger.reading() as connection:
        return report(connection, question, now=now, directory=DIRECTORY if names else None, paper=paper)


class ReportContract:
    def test_what_went_on_paper(self, ledger: Ledger) -> None:
        """It counts for the unit that its agency is below, and for no report of others."""
        count(
            ledger,
            ("2026-11-30", "H49.06", "sent", "", 30),
            ("2026-11-30", "000.00.61.H49", "sent", "", 20),
            ("2026-11-30", "H53", "sent", "", 8),
        )
        paper = {"H49.06": Paper(30, 1), "000.00.61.H49": Paper(20, 2), "H53": Paper(24, 3)}
        whole = made(ledger, paper=paper)
        assert whole.paper == {"H49": Paper(50, 3), "H53": Paper(24, 3)}
        assert (whole.electronic("H49"), whole.electronic("H53")) == (Fraction(1, 2), Fraction(1, 4))
        assert whole.electronic() == Fraction(58, 132)
        one = made(ledger, Question(period=QUARTER.period, agency="H49"), paper=paper)
        assert one.electronic() == one.electronic("H49.06") == Fraction(1, 2)
        alone = made(ledger, Question(period=QUARTER.period, agency="H49", below=False), paper=paper)
        assert alone.electronic() is None

    def test_the_days_of_a_period(self, ledger: Ledger) -> None:
        """Its first and its last day are in it; the days before are those of the period before."""
        days = ("2026-06-30", "2026-07-01", "2026-09-30", "2026-10-01", "2026-12-31", "2027-01-01")
        count(ledger, *((day, "H49", "sent", "", 10**number) for number, day in enumerate(days)))
        found = made(ledger)
        assert (found.total.sent, found.before.sent) == (11000, 110)

    def test_units_of_the_country(self, ledger: Ledger) -> None:
        """A line for each ministry and province, with all that is below it by the directory; who is not in it stands
        for himself."""
        for code in ("H49", "H49.06", "H49.06.1", "000.00.61.H49", "H53", "H99.1"):
            count(ledger, ("2026-11-30", code, "sent", "", 1))
        assert {code: each.sent for code, each in made(ledger).units.items()} == {"H49": 4, "H53": 1, "H99.1": 1}
        assert made(ledger).names["H49"] == "UBND tỉnh Quảng Ninh"
        assert len(made(ledger, names=False).units) == 6

    @pytest.mark.parametrize(
        ("names", "below", "expected"),
        [
            (True, True, {"000.00.61.H49", "H49", "H49.06"}),
            (False, True, {"H49", "H49.06"}),
            (True, False, {"H49"}),
        ],
    )
    def test_one_agency(self, ledger: Ledger, names: bool, below: bool, expected: set[AgencyCode]) -> None:
        """With the units below it, a line each, or alone; H490 is none of them."""
        for code in ("H49", "H49.06", "000.00.61.H49", "H490", "H53"):
            count(ledger, ("2026-11-30", code, "received", "", 1))
        asked = Question(period=QUARTER.period, agency="H49", below=below)
        found = made(ledger, asked, names=names)
        assert set(found.units) == expected
        assert found.names["H49"] == ("UBND tỉnh Quảng Ninh" if names else "H49")

    def test_what_is_owed_now(self, ledger: Ledger) -> None:
        """By who owes it; late where its time is over at the moment of the report; closed ones are in the counters."""
        put(ledger, lifeline(1), lifeline(2, "H53"))
        before, after = made(ledger), made(ledger, now=NOW + timedelta(hours=2))
        assert before.total.clocks == {"accept": ByClock(open=2), "finish": ByClock(open=2)}
        assert after.units["H53"].clocks == {"accept": ByClock(open=1, overdue=1), "finish": ByClock(open=1, overdue=1)}
        other = made(ledger, Question(period=Period.parse("2026-Q3")))
        assert other.total.clocks == {}
        assert other.units == {}

    def test_what_is_met_is_not_owed(self, ledger: Ledger) -> None:
        """Nor what is void."""
        line = lifeline(1)
        one, other = line.obligations
        put(
            ledger,
            replace(line, obligations=(replace(one, met_at=NOW), replace(other, void_at=NOW, void_why="refused"))),
        )
        assert made(ledger, now=NOW + timedelta(days=9)).total.clocks == {}

    def test_one_kind_of_document(self, ledger: Ledger) -> None:
        """In the counters, and in what is owed."""
        put(ledger, lifeline(1), lifeline(2, business=BusinessType.NEW))
        count(ledger, ("2026-11-30", "G22", "sent", "", 5), ("2026-11-30", "G22", "sent.update", "", 1))
        found = made(ledger, Question(period=QUARTER.period, kind=BusinessType.UPDATE))
        assert (found.total.sent, found.total.deadlines.open) == (1, 2)
        found = made(ledger, Question(period=QUARTER.period, kind=BusinessType.NEW))
        assert (found.total.sent, found.total.deadlines.open) == (4, 2)

    def test_what_it_was_counted_by(self, ledger: Ledger) -> None:
        """The editions of its years; provisional where one of them is unconfirmed."""
        year = Question(period=Period.parse("2025-12-01..2026-01-31"))
        signed = edition(2026)
        with ledger.reading() as connection:
            found = report(
                connection, year, now=NOW, calendar=calendar_of([signed.edition]), paper={"H49": Paper(1, 2)}
            )
        assert (found.calendar, found.provisional) == ("2025-0 2026-1", True)
        assert found.paper == {"H49": Paper(1, 2)}

    def test_of_nothing(self, ledger: Ledger) -> None:
        """A ledger that was begun today has a report, too."""
        found = made(ledger)
        assert (found.total.sent, found.units, found.total.deadlines.share) == (0, {}, None)


# -- calendars ---------------------------------------------------------------------------------------------------------

OFFICE = papers(datetime(2026, 1, 1, tzinfo=UTC))
SIGNER, CHAIN = OFFICE.directory_signer()
TRUST = TrustStore(OFFICE.roots)
SIGNED_AT = datetime(2026, 11, 1, tzinfo=UTC)


def edition(year: int, number: int = 1, *, decision: str = "1/QĐ-TTg") -> SignedCalendar:
    text = CalendarEdition(
        year=year,
        edition=number,
        confirmed=True,
        decision=decision,
        decided_on=date(2026, 11, 1),
        decided_by="Thủ tướng Chính phủ",
        signed_at=SIGNED_AT,
    )
    return read_calendar(sign_calendar(text, signer=SIGNER, chain=CHAIN), trust_store=TRUST, now=NOW)


def kept(ledger: Ledger, trust: TrustStore = TRUST) -> calendars.Kept:
    with ledger.reading() as connection:
        return calendars.kept(connection, trust_store=trust, now=NOW)


def keep_all(ledger: Ledger, *offered: SignedCalendar, at: datetime = NOW) -> int:
    with ledger.writing() as connection:
        held = calendars.kept(connection, trust_store=TRUST, now=at)
        return calendars.keep(connection, offered, held, now=at)


class CalendarContract:
    def test_they_are_kept_with_when_they_came(self, ledger: Ledger) -> None:
        """In the order in which they came; what is held already is no news."""
        later = NOW + timedelta(days=1)
        assert keep_all(ledger, edition(2027), edition(2026)) == 2
        assert keep_all(ledger, edition(2026), edition(2026, 2), at=later) == 1
        assert [(at, f"{each.edition.days}") for at, each in kept(ledger).taken] == [
            (NOW, "2026-1"),
            (NOW, "2027-1"),
            (later, "2026-2"),
        ]

    @pytest.mark.parametrize(("number", "decision"), [(1, "1/QĐ-TTg"), (2, "2/QĐ-TTg")])
    def test_nothing_older_and_no_second_one(self, ledger: Ledger, number: int, decision: str) -> None:
        """Another one under a number that is held is refused, and so is an older one that nobody held."""
        keep_all(ledger, edition(2026, 2))
        with pytest.raises(BadCalendar, match="not newer"):
            keep_all(ledger, edition(2026, number, decision=decision))
        assert len(kept(ledger).taken) == 1

    def test_one_that_stands_no_more(self, ledger: Ledger) -> None:
        """Is told, and counts no longer: its signer is none of those that are believed now."""
        keep_all(ledger, edition(2026))
        found = kept(ledger, TrustStore(papers().roots))
        assert (found.taken, len(found.refused)) == ((), 1)
