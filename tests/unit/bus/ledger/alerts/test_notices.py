"""Who is told of what, once: the outbox of alerts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bus.ledger.alerts.causes import Cause
from bus.ledger.alerts.keep import ENDS_AFTER, AlertNumber, silence
from bus.ledger.alerts.notices import due, failed, note, sendings, sent, waiting
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables, overdue, unread

MINUTE = timedelta(minutes=1)
LONGER = ENDS_AFTER + MINUTE


@dataclass(frozen=True)
class Listener:
    name: str
    only: str = ""

    def wants(self, cause: Cause) -> bool:
        return cause.code.startswith(self.only)


MAIL = Listener("mail")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def noted(tables: Tables, *listeners: Listener, at: datetime = NOW) -> list[tuple[str, str, str]]:
    """What waits after one look at whom to tell."""
    with tables.writing() as connection:
        note(connection, listeners or (MAIL,), now=at)
        return [(each.channel, each.what, each.alert.subject) for each in due(connection, now=at)]


def take(tables: Tables, at: datetime = NOW) -> None:
    with tables.writing() as connection:
        sent(connection, due(connection, now=at), now=at)


def test_an_alert_is_told_once_a_channel(tables: Tables) -> None:
    """However often it is found."""
    tables.look(overdue())
    assert noted(tables, MAIL, Listener("hook")) == [("hook", "raised", "H29"), ("mail", "raised", "H29")]
    take(tables)
    tables.look(overdue(), at=NOW + MINUTE)
    assert noted(tables, MAIL, Listener("hook"), at=NOW + MINUTE) == []


def test_a_channel_hears_what_it_wants(tables: Tables) -> None:
    """A ministry's webhook for queues is told of queues."""
    tables.look(overdue(), unread())
    tables.look(overdue(), unread(), at=NOW + 5 * MINUTE)
    assert noted(tables, Listener("hook", only="queue."), at=NOW + 5 * MINUTE) == [("hook", "raised", "H29")]


def test_nobody_is_told_of_a_blink(tables: Tables) -> None:
    """What ends within its patience is not told, nor is its end."""
    tables.look(unread())
    assert noted(tables) == []
    tables.look(at=NOW + LONGER)
    assert noted(tables, at=NOW + LONGER) == []


def test_the_end_is_told_to_whoever_took_the_beginning(tables: Tables) -> None:
    """Once, and to nobody else."""
    tables.look(overdue())
    assert noted(tables) != []
    take(tables)
    tables.look(at=NOW + LONGER)
    assert noted(tables, MAIL, Listener("new"), at=NOW + LONGER) == [("mail", "ended", "H29")]
    take(tables, NOW + LONGER)
    assert noted(tables, at=NOW + 2 * LONGER) == []


def test_what_ended_before_it_could_be_told_is_not_told(tables: Tables) -> None:
    """A mail server that was away all the time brings no old news afterwards."""
    tables.look(overdue())
    assert noted(tables) != []
    tables.look(at=NOW + LONGER)
    assert noted(tables, at=NOW + LONGER) == []
    with tables.reading() as connection:
        assert waiting(connection) == 0


def test_an_end_that_overtakes_a_sending_under_way_is_told(tables: Tables) -> None:
    """The channel took the beginning while the alert ended: it hears of the end, too."""
    tables.look(overdue())
    noted(tables)
    with tables.reading() as connection:
        under_way = due(connection, now=NOW)
    tables.look(at=NOW + LONGER)
    with tables.writing() as connection:
        sent(connection, under_way, now=NOW + LONGER)
    assert noted(tables, at=NOW + LONGER) == [("mail", "ended", "H29")]


def test_a_silence_holds_back_what_lasts_beyond_it(tables: Tables) -> None:
    """Nothing is told while it lasts; what is still so afterwards is."""
    with tables.writing() as connection:
        silence(connection, subject="H29", reason="x", by="an", begins_at=NOW, ends_at=NOW + 5 * MINUTE)
    tables.look(overdue("H29"), overdue("H30"))
    assert noted(tables) == [("mail", "raised", "H30")]
    take(tables)
    tables.look(overdue("H29"), overdue("H30"), at=NOW + 5 * MINUTE)
    assert noted(tables, at=NOW + 5 * MINUTE) == [("mail", "raised", "H29")]


def test_what_failed_waits_for_its_time(tables: Tables) -> None:
    """With the reason, and how often it was tried."""
    (number,) = tables.look(overdue()).begun
    noted(tables)
    with tables.writing() as connection:
        failed(connection, [(each, NOW + MINUTE) for each in due(connection, now=NOW)], why="away")
        assert due(connection, now=NOW) == []
        assert waiting(connection) == 1
        (later,) = due(connection, now=NOW + MINUTE)
        (shown,) = sendings(connection, number)
    assert later.attempts == 1
    assert (shown.error, shown.next_at, shown.sent_at) == ("away", NOW + MINUTE, None)


def test_what_is_given_up_waits_no_more(tables: Tables) -> None:
    """It stays recorded with its reason."""
    (number,) = tables.look(overdue()).begun
    noted(tables)
    with tables.writing() as connection:
        failed(connection, [(each, None) for each in due(connection, now=NOW)], why="no such channel")
        assert waiting(connection) == 0
        assert [each.error for each in sendings(connection, number)] == ["no such channel"]
        assert sendings(connection, AlertNumber(number + 1)) == []
