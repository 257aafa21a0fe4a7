"""What one mailbox may put into what all share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bus.errors import BadConfig
from bus.topology.names import Kept
from bus.topology.quotas import MOST, RULES, STEPS, Amount, Quotas, QuotaTable, Subject, Tally, read_quotas

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SMALL = QuotaTable(Quotas(audit_messages=10, audit_bytes=1000, dead_messages=5, dead_bytes=100))


@pytest.mark.parametrize(
    ("subject", "sizes", "share"),
    [
        (Subject.AUDIT, [1] * 7, None),
        (Subject.AUDIT, [1] * 8, 0.8),
        (Subject.AUDIT, [900], 0.9),
        (Subject.AUDIT, [1] * 10, 1.0),
        (Subject.DEAD, [60, 60], 1.2),
        (Subject.BLAMED, [60, 60], None),
    ],
    ids=["little", "nearly, by count", "nearly, by bytes", "over, by count", "over, by bytes", "another quota"],
)
def test_the_fuller_of_count_and_bytes_decides(subject: Subject, sizes: list[int], share: float | None) -> None:
    """From eight tenths on it is said, from the whole on it is over."""
    tally = Tally()
    for size in sizes:
        tally.add(subject, "H17", size=size, at=NOW)
    uses = tally.uses(SMALL, at=NOW)
    assert [use.share for use in uses] == ([] if share is None else [share])
    assert all(use.is_over == (use.share >= 1) for use in uses)


def test_the_fullest_comes_first_and_each_is_counted_alone() -> None:
    """H17's flood is not H49's."""
    tally = Tally()
    for mailbox, count in (("H49", 8), ("H17", 30), ("G22", 1)):
        for _ in range(count):
            tally.add(Subject.AUDIT, mailbox, size=1, at=NOW)
    assert [(use.mailbox, use.used) for use in tally.uses(SMALL, at=NOW)] == [("H17", (30, 30)), ("H49", (8, 8))]


@pytest.mark.parametrize("subject", list(Subject))
def test_what_is_older_than_the_span_counts_no_more(subject: Subject) -> None:
    """The span slides in steps; after it nothing is left, not even the name."""
    table = QuotaTable(Quotas(audit_messages=2, dead_messages=2, blamed_messages=2))
    span = RULES[subject].span
    tally = Tally()
    tally.add(subject, "H17", size=1, at=NOW)
    tally.add(subject, "H17", size=1, at=NOW + span / 2)
    assert tally.uses(table, at=NOW + span / 2)
    assert not tally.uses(table, at=NOW + span)
    assert tally.to_rows()
    assert not tally.uses(table, at=NOW + 2 * span)
    assert not tally.to_rows()


def test_what_was_counted_outlives_the_process_and_is_forgotten_on_demand() -> None:
    """A restart of the guard gives nobody a second quota; an isolation does."""
    tally = Tally()
    for step in range(STEPS):
        tally.add(Subject.AUDIT, "H17", size=50, at=NOW - timedelta(hours=step))
    tally.add(Subject.DEAD, "H17", size=500, at=NOW)
    again = Tally.from_rows(tally.to_rows())
    assert again.uses(SMALL, at=NOW) == tally.uses(SMALL, at=NOW)
    again.forget(Subject.AUDIT, "H17")
    again.forget(Subject.AUDIT, "H49")
    assert [use.subject for use in again.uses(SMALL, at=NOW)] == [Subject.DEAD]


def test_what_others_say_of_a_mailbox_isolates_nobody() -> None:
    """Who lies could cost another's history. What floods `audit` takes its dead letters along, unseen otherwise."""
    assert {subject: rule.isolates for subject, rule in RULES.items()} == {
        Subject.AUDIT: (Kept.AUDIT, Kept.DEAD),
        Subject.DEAD: (Kept.DEAD,),
        Subject.BLAMED: (),
    }


def test_names_that_others_think_out_are_bounded() -> None:
    """A liar cannot fill the guard's memory; what the broker itself vouches for is always counted."""
    tally = Tally()
    for number in range(MOST + 5):
        tally.add(Subject.BLAMED, f"X{number}", size=1, at=NOW)
    tally.add(Subject.BLAMED, "X1", size=1, at=NOW)
    tally.add(Subject.AUDIT, "H17", size=1, at=NOW)
    assert len(tally.to_rows()) == MOST + 1


def test_quotas_are_read_for_all_and_for_one() -> None:
    """A mailbox has the common ones, but for those of its own."""
    table = read_quotas({"dead_bytes": 7, "mailbox": {"H17": {"dead_messages": 3}}}, file="quotas.toml")
    assert table.of("G22").of(Subject.DEAD) == Amount(5_000, 7)
    assert table.of("H17").of(Subject.DEAD) == Amount(3, 7)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"dead": 7}, "one of"),
        ({"dead_bytes": 0}, "above 0"),
        ({"dead_bytes": "7"}, "above 0"),
        ({"dead_bytes": True}, "above 0"),
        ({"mailbox": 7}, "mailbox.CODE"),
        ({"mailbox": {"H17": 7}}, "mailbox.CODE"),
        ({"mailbox": {"H17": {"span": 7}}}, "one of"),
    ],
)
def test_a_quota_that_is_none_is_refused(content: Mapping[str, Any], words: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(BadConfig, match=words):
        read_quotas(content, file="quotas.toml")


def test_the_least_quota_is_of_each_measure_alone() -> None:
    """One mailbox may have few messages, another few bytes."""
    table = QuotaTable(
        Quotas(dead_messages=9, dead_bytes=90), {"A": Quotas(dead_messages=3), "B": Quotas(dead_bytes=7)}
    )
    assert table.least(Subject.DEAD) == Amount(3, 7)


def test_many_at_once_count_as_many() -> None:
    """What one look finds is added as a whole."""
    tally, now = Tally(), datetime(2026, 11, 30, 9, tzinfo=UTC)
    tally.add(Subject.DEAD, "A", size=50, at=now, messages=5)
    (use,) = tally.uses(QuotaTable(Quotas(dead_messages=5)), at=now)
    assert (use.used, use.is_over) == (Amount(5, 50), True)
