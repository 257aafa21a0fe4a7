"""What every ledger drops by its rule of retention."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, insert, select

from bus.ledger import keep
from bus.ledger.counters import counts_of
from bus.ledger.fold import MOST_CONCERNED
from bus.ledger.records import DocumentNumber, Event, EventNumber, Lifeline
from bus.ledger.retention import Retention
from bus.ledger.store import Ledger
from bus.ledger.tables import YEAR, access, alert, moved, notice, now, receipt_line, seen, silence
from bus.ledger.years import next_number, years
from bus.store.sql.times import to_micros
from tests.contract.ledger import NOW, delivery, event, lifeline, line, mid, numbered

EARLIER = NOW.replace(year=2024)


class RetentionContract:
    def test_a_year_is_dropped_whole(self, ledger: Ledger) -> None:
        """Its events, that they came, what receipts said of them, the documents first heard of in it and their share of
        the counters. What came later about others stays, with its numbers."""
        old, kept = came(ledger, 1, year=2024), came(ledger, 2, year=2026)
        dropped(ledger, keeps=1)
        with ledger.reading() as connection:
            assert years(connection) == [2026]
            assert keep.events_after(connection, EventNumber(0), limit=9) == [event(2)]
            assert set(keep.lifelines(connection, [old.document.number, kept.document.number])) == {
                kept.document.number
            }
            assert set(keep.seen_among(connection, [("G22", mid(n)) for n in (1, 2)])) == {("G22", mid(2), True)}
            assert set(keep.receipt_lines(connection, [("G22", mid(n)) for n in (1, 2)])) == {("G22", mid(2))}
            assert counters(ledger) == dict(counts_of(kept))
            assert connection.scalar(select(func.count()).select_from(moved)) == 1

    def test_what_is_left_of_a_document_goes_with_it(self, ledger: Ledger) -> None:
        """A status that came in a later year is about nothing any more: a rebuild would make a document of it that
        nobody knows."""
        old = came(ledger, 1, year=2024)
        with ledger.writing() as connection:
            next_number(connection, now=NOW)
            late, other = event(7), event(8)
            keep.insert_events(connection, [late, other], {late.number: old.document.number})
            keep.keep_receipt_lines(connection, [line(7), line(8)])
        dropped(ledger, keeps=1)
        with ledger.reading() as connection:
            assert keep.events_after(connection, EventNumber(0), limit=9) == [other]
            assert connection.scalars(select(seen.c.event)).all() == [other.number]
            assert connection.scalars(select(receipt_line.c.message)).all() == [mid(8)]

    def test_more_than_one_portion(self, ledger: Ledger) -> None:
        """As many as there are."""
        with ledger.writing() as connection:
            next_number(connection, now=EARLIER)
            events = [of_year(event(number), 2024) for number in range(1, 452)]
            keep.insert_events(connection, events, {})
        dropped(ledger, keeps=1)
        with ledger.reading() as connection:
            assert (years(connection), connection.scalar(select(func.count()).select_from(seen))) == ([], 0)

    def test_nothing_is_too_old(self, ledger: Ledger) -> None:
        """The years that the rule keeps stay whole, down to the first event of the oldest."""
        first, last = came(ledger, 0, year=2025), came(ledger, 1, year=2026)
        assert not Retention(ledger, keeps=1).step(NOW)
        with ledger.reading() as connection:
            assert years(connection) == [2025, 2026]
            assert set(keep.lifelines(connection, [first.document.number, last.document.number])) == {
                first.document.number,
                last.document.number,
            }

    def test_what_was_said_goes_too(self, ledger: Ledger) -> None:
        """Alerts with their notices, silences and questions that are older; of the log of questions its last row stays,
        from which the chain goes on."""
        with ledger.writing() as connection:
            for number, at in enumerate((EARLIER, NOW), start=1):
                said(connection, number, to_micros(at))
            connection.execute(insert(alert), {**_ALERT, "number": 3, "since": 1, "ended_at": None})
        assert not Retention(ledger, keeps=1).step(NOW)
        with ledger.reading() as connection:
            assert connection.scalars(select(alert.c.number).order_by(alert.c.number)).all() == [2, 3]
            assert [connection.scalars(select(table.c.number)).all() for table in (notice, silence, access)] == [
                [2]
            ] * 3
        assert not Retention(ledger, keeps=1).step(NOW.replace(year=2036))
        with ledger.reading() as connection:
            assert connection.scalars(select(access.c.number)).all() == [2]


_ALERT = {"cause": "silent", "subject": "H49", "last_at": 0, "facts": "{}"}


def said(connection: object, number: int, at: int) -> None:
    execute = connection.execute  # type: ignore[attr-defined]
    execute(insert(alert), {**_ALERT, "number": number, "since": at, "ended_at": at})
    execute(insert(notice), {"number": number, "alert": number, "what": "raised", "channel": "mail", "attempts": 0})
    execute(
        insert(silence),
        {"number": number, "cause": "*", "subject": "*", "reason": "", "by": "x", "begins_at": at, "ends_at": at},
    )
    execute(
        insert(access),
        {"number": number, "at": at, "who": "x", "role": "x", "what": "x", "subject": "{}", "before": "", "hash": ""},
    )


def came(ledger: Ledger, number: int, *, year: int) -> Lifeline:
    """A document with its event, a receipt, its counters and a row of its history."""
    one = of_year(event(number), year)
    line_ = of_number(lifeline(number), DocumentNumber(one.number * MOST_CONCERNED + 1))
    with ledger.writing() as connection:
        next_number(connection, now=NOW.replace(year=year))
        keep.insert_events(connection, [one], {one.number: line_.document.number})
        keep.keep_receipt_lines(connection, [line(number)])
        keep.keep_lifelines(connection, [line_], before={})
        keep.add_counters(connection, counts_of(line_))
        connection.execute(
            insert(moved),
            {"document": line_.document.number, "recipient": "H49", "clock": "done", "at": 1, "why": "document"},
        )
    return line_


def of_year(of: Event, year: int) -> Event:
    return replace(of, number=EventNumber(of.number - numbered(0) + year * YEAR))


def of_number(of: Lifeline, number: DocumentNumber) -> Lifeline:
    return Lifeline(
        document=replace(of.document, number=number),
        deliveries={agency: delivery(number, agency) for agency in of.deliveries},
        obligations=tuple(replace(each, document=number) for each in of.obligations),
    )


def dropped(ledger: Ledger, *, keeps: int, at: datetime = NOW) -> None:
    retention = Retention(ledger, keeps=keeps)
    while retention.step(at):
        pass


def counters(ledger: Ledger) -> dict[tuple[object, ...], int]:
    with ledger.reading() as connection:
        rows = connection.execute(select(now.daily)).all()
    return {(datetime.fromisoformat(day).date(), *rest): amount for day, *rest, amount in rows}
