"""An alert begins once, lasts, ends by itself, and can be silenced."""

from datetime import timedelta
from pathlib import Path

import pytest

from bus.ledger.alerts.causes import Source
from bus.ledger.alerts.keep import (
    ENDS_AFTER,
    KEPT,
    Alert,
    AlertNumber,
    SilenceNumber,
    by_cause,
    end_silence,
    forget,
    latest_alerts,
    one_alert,
    open_alerts,
    silence,
    silence_of,
    silences,
)
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables, overdue, unread

MINUTE = timedelta(minutes=1)
LONGER = ENDS_AFTER + MINUTE


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def held(tables: Tables) -> list[Alert]:
    with tables.reading() as connection:
        return open_alerts(connection)


def test_what_is_found_again_is_one_alert(tables: Tables) -> None:
    """With the time when it began, the time when it was last found, and its newest facts."""
    tables.look(overdue(count=3))
    tables.look(overdue(count=5), at=NOW + MINUTE)
    (alert,) = held(tables)
    assert (alert.since, alert.last_at, alert.facts["count"]) == (NOW, NOW + MINUTE, 5)


def test_a_cause_at_two_subjects_is_two_alerts(tables: Tables) -> None:
    """Each ends by itself."""
    tables.look(overdue("H29"), overdue("H30"))
    tables.look(overdue("H30"), at=NOW + LONGER)
    assert [alert.subject for alert in held(tables)] == ["H30"]


@pytest.mark.parametrize(("after", "ends"), [(ENDS_AFTER - MINUTE, False), (ENDS_AFTER, True)])
def test_an_alert_ends_by_itself(tables: Tables, after: timedelta, *, ends: bool) -> None:
    """Once its cause was not found for ten minutes: what comes and goes meanwhile is one alert."""
    tables.look(overdue())
    kept = tables.look(at=NOW + after)
    assert bool(kept.ended) is ends
    assert bool(held(tables)) is not ends


def test_what_comes_back_after_its_end_is_another_alert(tables: Tables) -> None:
    """With a beginning of its own."""
    tables.look(overdue())
    tables.look(at=NOW + LONGER)
    tables.look(overdue(), at=NOW + 2 * LONGER)
    with tables.reading() as connection:
        newest, first = latest_alerts(connection, limit=10)
    assert (newest.since, newest.ended_at) == (NOW + 2 * LONGER, None)
    assert (first.since, first.ended_at) == (NOW, NOW + LONGER)


def test_a_source_that_did_not_answer_ends_nothing(tables: Tables) -> None:
    """With the broker away, nobody knows whether its queues are read by now."""
    tables.look(unread())
    tables.look(at=NOW + LONGER, asked=frozenset({Source.RECORD}))
    assert [alert.cause.code for alert in held(tables)] == ["queue.nobody-reads"]


def test_a_blink_is_not_raised(tables: Tables) -> None:
    """An adapter that starts again leaves its queue alone for a minute: nobody is told within five."""
    tables.look(unread())
    assert not held(tables)[0].is_raised
    tables.look(unread(), at=NOW + 5 * MINUTE)
    assert held(tables)[0].is_raised


def test_what_ended_long_ago_is_forgotten(tables: Tables) -> None:
    """And what ended lately, or goes on, is not."""
    tables.look(overdue("H29"))
    tables.look(overdue("H30"), at=NOW + LONGER)
    with tables.writing() as connection:
        assert forget(connection, now=NOW + KEPT) == 0
        assert forget(connection, now=NOW + KEPT + 2 * LONGER) == 1
        assert [alert.subject for alert in latest_alerts(connection, limit=10)] == ["H30"]


def test_alerts_are_paged_by_their_numbers(tables: Tables) -> None:
    """Newest first."""
    tables.look(*(overdue(f"H{number}") for number in range(10, 15)))
    with tables.reading() as connection:
        page = latest_alerts(connection, limit=2)
        assert [alert.subject for alert in page] == ["H14", "H13"]
        more = latest_alerts(connection, limit=2, before=page[-1].number)
        assert [alert.subject for alert in more] == ["H12", "H11"]


def test_one_is_found_by_its_number(tables: Tables) -> None:
    """And another number is nothing."""
    (number,) = tables.look(overdue()).begun
    with tables.reading() as connection:
        found = one_alert(connection, number)
        assert found is not None
        assert found.text.en.startswith("Agency H29: 3 obligations overdue")
        assert one_alert(connection, AlertNumber(number + 1)) is None


def test_alerts_are_grouped_by_cause(tables: Tables) -> None:
    """What keeps somebody waiting comes first."""
    tables.look(overdue("H30"), overdue("H29"), unread("H31"))
    groups = by_cause(held(tables))
    assert {cause.code: [alert.subject for alert in alerts] for cause, alerts in groups.items()} == {
        "queue.nobody-reads": ["H31"],
        "overdue": ["H29", "H30"],
    }
    assert next(iter(groups)).grave


@pytest.mark.parametrize(
    ("cause", "subject", "covers"),
    [
        ("overdue", "H29", True),
        ("*", "H29", True),
        ("overdue", "*", True),
        ("overdue", "H30", False),
        ("silent", "H29", False),
    ],
)
def test_a_silence_covers_a_cause_at_a_subject(tables: Tables, cause: str, subject: str, *, covers: bool) -> None:
    """`*` is every one."""
    tables.look(overdue("H29"))
    with tables.writing() as connection:
        how = {"reason": "chuyển trụ sở", "by": "an", "begins_at": NOW, "ends_at": NOW + MINUTE}
        silence(connection, cause=cause, subject=subject, **how)  # type: ignore[arg-type]
        (alert,) = open_alerts(connection)
        found = silence_of(alert, silences(connection, now=NOW), now=NOW)
    assert (found is not None) is covers


@pytest.mark.parametrize(("at", "silent"), [(-1, False), (0, True), (59, True), (60, False)])
def test_a_silence_has_an_end(tables: Tables, at: int, *, silent: bool) -> None:
    """It begins with its first moment, and its last is not in it."""
    tables.look(overdue())
    with tables.writing() as connection:
        silence(connection, reason="x", by="an", begins_at=NOW, ends_at=NOW + 60 * MINUTE)
        now = NOW + at * MINUTE
        hushed = silences(connection, now=now)
        assert (silence_of(open_alerts(connection)[0], hushed, now=now) is not None) is silent


@pytest.mark.parametrize(("reason", "minutes"), [("", 60), ("  ", 60), ("x", 0), ("x", -1)])
def test_a_silence_needs_a_reason_and_an_end(tables: Tables, reason: str, minutes: int) -> None:
    """Else nobody would know why nothing was said, or until when."""
    with tables.writing() as connection, pytest.raises(ValueError, match="reason"):
        silence(connection, reason=reason, by="an", begins_at=NOW, ends_at=NOW + minutes * MINUTE)


def test_a_silence_is_ended_before_its_time(tables: Tables) -> None:
    """Once; it stays recorded."""
    with tables.writing() as connection:
        number = silence(connection, reason="x", by="an", begins_at=NOW, ends_at=NOW + 60 * MINUTE)
        assert end_silence(connection, number, now=NOW + MINUTE)
        assert not end_silence(connection, number, now=NOW + 2 * MINUTE)
        assert not end_silence(connection, SilenceNumber(number + 1), now=NOW)
        assert silences(connection, now=NOW + MINUTE) == []


def test_of_two_silences_the_longer_counts(tables: Tables) -> None:
    """The one that says until when nobody is told."""
    tables.look(overdue())
    with tables.writing() as connection:
        for hours in (1, 3, 2):
            silence(connection, reason=f"{hours}", by="an", begins_at=NOW, ends_at=NOW + timedelta(hours=hours))
        found = silence_of(open_alerts(connection)[0], silences(connection, now=NOW), now=NOW)
    assert found is not None
    assert found.reason == "3"
