"""What is found, from figures: rows of cases for each source."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bus.directory.edition import Edition
from bus.directory.keys import MailboxKeys
from bus.errors import Words
from bus.ledger.alerts import figures
from bus.ledger.alerts.causes import CAUSES, Found, names_in
from bus.ledger.alerts.find import at_broker, in_directory, in_record, in_streams, lagging
from bus.ledger.streams import Alarm, StreamState
from bus.rabbit.admin.queue_age import QueueAge
from bus.rabbit.admin.queue_faults import gap_alarm, isolation_alarms, node_alarms
from bus.rabbit.admin.queue_overview import Overview
from bus.rabbit.admin.queue_state import QueueState
from bus.rabbit.streams.audit_reader import Continuity
from bus.trust.keys import SealingKey, SigningKey
from schemas.agency import Mailbox
from tests.unit.bus.directory.offices import NOW as CENTRES
from tests.unit.bus.directory.offices import Centre
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables
from tests.unit.bus.ledger.alerts.figures_world import DAY, put_day, put_delivery, put_event, put_obligation
from tests.unit.bus.ledger.alerts.test_figures import docket

MONDAY = date(2026, 11, 30)
FRIDAY = MONDAY - 3 * DAY
"""The last working day: at ten on a Monday morning, that Friday is judged."""


def told(found: Iterable[Found]) -> list[tuple[str, str]]:
    """Cause and subject of each; every fact that its sentences name is there."""
    found = list(found)
    for each in found:
        assert names_in(CAUSES[each.cause]) <= set(each.facts)
    return [(each.cause, each.subject) for each in found]


# -- streams -----------------------------------------------------------------------------------------------------------


def stream(*, minutes: int = 0, is_open: bool = True, found: Continuity | None = None, hours: int = 0) -> StreamState:
    """So many minutes behind; found otherwise than it was so many hours ago."""
    state = StreamState("audit", is_open=is_open)
    state.oldest = state.read_at = NOW - timedelta(minutes=minutes)
    if found is not None:
        state.note(Alarm(NOW - timedelta(hours=hours), "audit", found, 1))
    return state


@pytest.mark.parametrize(
    ("state", "causes"),
    [
        (stream(), []),
        (stream(minutes=4), []),
        (stream(minutes=5), ["ledger-behind"]),
        (stream(minutes=60, is_open=False), ["ledger-cannot-read"]),
        (StreamState("audit"), ["ledger-cannot-read"]),  # never since the process began
        (stream(found=Continuity.ANOTHER, hours=23), ["stream-recreated"]),
        (stream(found=Continuity.ANOTHER, hours=24), []),
        (stream(found=Continuity.CUT), ["stream-cut"]),
    ],
)
def test_a_stream_is_read_or_somebody_hears(state: StreamState, causes: list[str]) -> None:
    """Behind, away, made anew, cut; of one that cannot be read it is not said as well that it is behind."""
    assert told(in_streams([state], now=NOW)) == [(cause, "audit") for cause in causes]


def test_a_broker_that_tells_nothing_of_its_queues_is_found() -> None:
    """With its reason: else silence about queues would look like peace."""
    assert told(in_streams([], refusal=Words("từ chối", "refused"), now=NOW)) == [("broker-not-asked", "")]


# -- the record --------------------------------------------------------------------------------------------------------


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def record(tables: Tables, **how: Any) -> list[Found]:
    with tables.reading() as connection:
        return list(in_record(connection, now=NOW, is_working=lambda day: day.weekday() < 5, **how))


def test_a_quiet_ledger_finds_nothing(tables: Tables) -> None:
    """Nor does one on its first day."""
    assert record(tables) == []


def test_signatures_that_do_not_stand_are_their_publishers(tables: Tables) -> None:
    """One alert a mailbox, with its most frequent reason."""
    for standing in ("untrusted", "bad-signature", "bad-signature"):
        put_event(tables, standing=standing, at=NOW - timedelta(hours=1))
    (found,) = record(tables)
    assert told([found]) == [("unproven", "H29")]
    assert (found.facts["count"], found.facts["standing"]) == (3, "bad-signature")


def test_what_the_ledger_failed_at_is_its_operators(tables: Tables) -> None:
    """Beside what does not stand; nobody is told that his signatures are bad."""
    put_event(tables, standing="not-folded", at=NOW - timedelta(hours=1))
    assert told(record(tables)) == [("not-folded", "H29")]
    put_event(tables, standing="bad-signature", at=NOW - timedelta(hours=1))
    assert sorted(told(record(tables))) == [("not-folded", "H29"), ("unproven", "H29")]


def test_what_was_sent_a_day_ago_has_its_receipt(tables: Tables) -> None:
    """Large attachments apart: there the way is another."""
    put_delivery(tables, docket("m1"), at=NOW - 2 * DAY)
    put_delivery(tables, docket("m2"), at=NOW - 3 * DAY)
    put_delivery(tables, docket("m3", blobs=True), at=NOW - 2 * DAY)
    put_delivery(tables, docket("m4"), at=NOW - timedelta(hours=23))
    found = {each.cause: each for each in record(tables)}
    assert found["no-receipt"].facts == {"count": 2, "oldest_at": (NOW - 3 * DAY).isoformat()}
    assert found["blobs-not-fetched"].facts["count"] == 1
    assert len(found) == 2


def test_one_dead_mailbox_hides_no_other(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the oldest, which are looked at, are all of one: an alert about another would end, and nothing has."""
    monkeypatch.setattr(figures, "MOST", 2)
    for message in ("m1", "m2"):
        put_delivery(tables, docket(message), at=NOW - 9 * DAY)
    put_delivery(tables, docket("m3"), at=NOW - 2 * DAY, mailbox="H30")
    put_delivery(tables, docket("m4"), at=NOW - 3 * DAY, mailbox="H30")
    put_delivery(tables, docket("m5"), at=NOW - timedelta(hours=23), mailbox="H31")
    dead, other = record(tables)
    assert told([dead, other]) == [("no-receipt", "H29"), ("no-receipt", "H30")]
    assert other.facts == {"count": 2, "oldest_at": (NOW - 3 * DAY).isoformat()}


@pytest.mark.parametrize("most", [2, 5000])
def test_who_can_give_no_receipt_any_more_is_not_called(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """An agency that the directory has closed; what was sent more than 30 days ago, and its alert ends."""
    monkeypatch.setattr(figures, "MOST", most)
    put_delivery(tables, docket("m1"), at=NOW - 31 * DAY)
    put_delivery(tables, docket("m2"), at=NOW - 5 * DAY, agency="H31", mailbox="H31")
    put_delivery(tables, docket("m3"), at=NOW - 4 * DAY, agency="H31", mailbox="H31")
    put_delivery(tables, docket("m4"), at=NOW - 2 * DAY, agency="H30", mailbox="H30")
    assert told(record(tables)) == [("no-receipt", "H31"), ("no-receipt", "H30")]
    assert told(record(tables, is_closed=lambda code: code == "H31")) == [("no-receipt", "H30")]
    with tables.reading() as connection:
        assert figures.oldest_unreceipted(connection, now=NOW) == NOW - 5 * DAY
        oldest = figures.oldest_unreceipted(connection, now=NOW, is_closed=lambda code: code == "H31")
    assert oldest == NOW - 2 * DAY


def test_an_agency_far_below_its_habit_is_silent(tables: Tables) -> None:
    """On its weekday; one that sends as ever is not."""
    for weeks in range(1, 9):
        for agency in ("H29", "H30"):
            put_day(tables, agency, FRIDAY - timedelta(weeks=weeks), "sent", 40)
    put_day(tables, "H30", FRIDAY, "sent", 38)
    put_day(tables, "H29", FRIDAY, "sent", 1)
    (found,) = record(tables)
    assert told([found]) == [("silent", "H29")]
    assert found.facts == {"day": "2026-11-27", "count": 1, "habit": 40}


@pytest.mark.parametrize(("refused", "received", "found"), [(3, 10, True), (2, 10, False), (9, 9, False)])
def test_an_agency_that_refuses_much_is_found(tables: Tables, refused: int, received: int, *, found: bool) -> None:
    """More than a fifth of ten or more in a week."""
    put_day(tables, "H29", MONDAY, "received", received)
    put_day(tables, "H29", MONDAY - 6 * DAY, "refused", 1, "expired")
    put_day(tables, "H29", MONDAY, "refused", refused - 1, "02")
    put_day(tables, "H29", MONDAY - 7 * DAY, "refused", 100, "old")
    assert told(record(tables)) == ([("refuses-much", "H29")] if found else [])


def test_whoever_owes_what_is_overdue_is_found(tables: Tables) -> None:
    """Once, however much it owes."""
    for days in (1, 2, 3):
        put_obligation(tables, "H29", NOW - days * DAY)
    (found,) = record(tables)
    assert told([found]) == [("overdue", "H29")]
    assert found.facts == {"count": 3, "oldest_at": (NOW - 3 * DAY).isoformat()}


def test_an_unconfirmed_year_is_found(tables: Tables) -> None:
    """Whoever calls says which years should have been confirmed by now."""
    assert told(record(tables, unconfirmed=[2027])) == [("calendar-unconfirmed", "2027")]


# -- the broker --------------------------------------------------------------------------------------------------------

FINE: dict[str, Any] = {"name": "inbox.H29", "consumers": 1, "policy": "lienthong-inbox"}


def broker(*queues: dict[str, Any], alarms: Any = (), **how: Any) -> list[tuple[str, str]]:
    states = tuple(QueueState(**{**FINE, **queue}) for queue in queues)
    return told(at_broker(Overview(queues=states, alarms=tuple(alarms)), **how))


@pytest.mark.parametrize(
    ("queue", "found"),
    [
        ({}, []),
        ({"counted": False, "consumers": 0}, []),
        ({"consumers": 0}, [("queue.nobody-reads", "H29")]),
        ({"ready": 200, "rate_in": 9.0}, [("queue.growing", "H29")]),
        ({"messages": 5, "oldest": QueueAge(3700)}, [("queue-old", "H29")]),
        ({"messages": 5, "oldest": QueueAge(3500)}, []),
        # Nobody reads says it all
        ({"messages": 5, "oldest": QueueAge(3700), "consumers": 0}, [("queue.nobody-reads", "H29")]),
        ({"name": "urgent.H29", "consumers": 0}, [("queue.lane-unread", "urgent.H29")]),
        ({"name": "dead", "messages": 1}, [("queue.dead-letters", "dead")]),
        ({"name": "dead", "messages": 1, "oldest": QueueAge(9000)}, [("queue.dead-letters", "dead")]),
        ({"name": "unroutable", "messages": 1}, [("queue.unroutable", "unroutable")]),
    ],
)
def test_a_queues_fault_is_found_at_its_mailbox(queue: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """At the queue, where it is no inbox."""
    assert broker(queue) == found


@pytest.mark.parametrize(("messages", "found"), [(0, []), (1, [("queue.nobody-reads", "H29")])])
def test_a_mailbox_that_has_not_joined_need_not_read(messages: int, found: list[tuple[str, str]]) -> None:
    """Until somebody sends it mail."""
    assert broker({"consumers": 0, "messages": messages}, joined={"H30"}) == found
    assert broker({"consumers": 0, "messages": messages}, joined={"H29"}) == [("queue.nobody-reads", "H29")]


def test_an_alarm_is_at_the_node_or_mailbox_that_it_names() -> None:
    """Two nodes are two alerts; what is gone is one of the whole broker, whatever its names are."""
    alarms = (
        *node_alarms(
            [{"name": "rabbit@a", "running": False}, {"name": "rabbit@b", "running": True, "mem_alarm": True}]
        ),
        *isolation_alarms(["audit.H29"], is_guarded=False),
        gap_alarm("queue-gone", "inbox.H30, inbox.H31"),
    )
    assert broker(alarms=alarms) == [
        ("queue.node-down", "rabbit@a"),
        ("queue.memory", "rabbit@b"),
        ("queue.isolated", "H29"),
        ("queue.no-guard", ""),
        ("queue.queue-gone", ""),
    ]


def test_a_quota_nearly_used_is_found() -> None:
    """As the guard's file says it."""
    assert broker(uses=[{"mailbox": "H29", "subject": "audit", "share": 0.85}]) == [("queue.quota", "H29")]


# -- the directory -----------------------------------------------------------------------------------------------------


def test_who_lags_behind_the_newest_version_is_found() -> None:
    """Where anybody reads a newer one; nobody lags while all read the same."""
    old, new = Mailbox(code="H29"), Mailbox(code="H30", versions=(1, 2))
    assert told(lagging([new, old])) == [("version-lags", "H29")]
    assert told(lagging([old])) == told(lagging([])) == []


def edition(
    *, lasts: timedelta = 60 * DAY, list_lasts: timedelta = 90 * DAY, certificate: timedelta = 900 * DAY
) -> Edition:
    """Of one mailbox, issued at the centre's own NOW."""
    centre = Centre()
    signer, sealing = SigningKey.generate(), SealingKey.generate()
    made = centre.office.certificate("H49", signer, at=CENTRES, lasts=certificate)
    stated = centre.office.statement("H49", sealing, signer, at=CENTRES)
    keys = MailboxKeys(certificates=(made.der,), sealing=(stated.encoded,))
    register = centre.register(centre.crl(lasts=list_lasts), H49=keys)
    return centre.takes(None, centre.edition(1, lasts=lasts, register=register))


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ({}, []),
        ({"lasts": 14 * DAY}, [("directory-ends", "directory")]),
        ({"list_lasts": 13 * DAY}, [("directory-ends", "lists")]),
        ({"certificate": 14 * DAY}, [("key-ends", "H49")]),
        ({"certificate": 15 * DAY}, []),
    ],
)
def test_what_ends_within_two_weeks_is_found(ends: dict[str, timedelta], found: list[tuple[str, str]]) -> None:
    """The edition, its lists of revocation, and of each mailbox what ends first."""
    assert told(in_directory(edition(**ends), now=CENTRES)) == found


def test_what_has_ended_is_found() -> None:
    """Until it is renewed, or taken out of the directory."""
    (found,) = in_directory(edition(certificate=2 * DAY), now=CENTRES + 3 * DAY)
    assert found.cause == "key-ends"
    assert found.facts["ends_at"] == (CENTRES + 2 * DAY).isoformat()
    assert found.facts["what"]["en"] == "signing certificate"
