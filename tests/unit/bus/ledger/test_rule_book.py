"""bus/ledger/rule_book.py: the rules are made anew when what they are made of is another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bus.directory.onlooker import Onlooker
from bus.handling.calendar import read_calendar
from bus.handling.clocks import TABLE
from bus.ledger.calendars import keep, kept
from bus.ledger.open import open_ledger
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.trust.trust_store import TrustStore
from tests.identities import Papers
from tests.scenarios.country import Land
from tests.unit.bus.handling.test_calendar import NOW, SWAPPED, TRUST, signed

LATER = NOW + timedelta(days=20)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield ledger
    ledger.close()


def take(ledger: Ledger) -> None:
    """The edition that swaps a working day."""
    with ledger.writing() as connection:
        offered = read_calendar(signed(), trust_store=TRUST, now=NOW)
        keep(connection, [offered], kept(connection, trust_store=TRUST, now=NOW), now=NOW)


def test_rules_are_made_once(ledger: Ledger) -> None:
    """Until the calendar, or the directory, or its day, is another one."""
    land = Land()
    held = [Onlooker(directory=land["G22"].member.directory, trust_store=TRUST)]
    book = RuleBook(lambda: held[0], TABLE, lambda: LATER)
    with ledger.reading() as connection:
        first = book.of(connection)
        assert book.of(connection) is first
        assert first.calendars.known(None).is_working(SWAPPED)
    take(ledger)
    with ledger.reading() as connection:
        second = book.of(connection)
        assert second is not first
        assert not second.calendars.known(None).is_working(SWAPPED)
        assert second.calendars.known(NOW - timedelta(days=1)).is_working(SWAPPED)
        held[0] = replace(held[0])
        assert book.of(connection) is not second


@pytest.mark.parametrize("trust_store", [None, TrustStore(Papers().roots)], ids=["unsigned", "another authority's"])
def test_an_edition_that_does_not_stand(ledger: Ledger, trust_store: TrustStore | None) -> None:
    """What lies in the database is judged again: it may have been in other hands."""
    take(ledger)
    held = Onlooker(directory=Land()["G22"].member.directory, trust_store=trust_store)
    with capture_logs() as logs, ledger.reading() as connection:
        rules = RuleBook(lambda: held, TABLE, lambda: LATER).of(connection)
    assert rules.calendars.known(None).is_working(SWAPPED)
    assert [each["event"] for each in logs] == ["ledger.calendar-refused"] * (trust_store is not None)
