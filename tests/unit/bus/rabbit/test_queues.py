"""What is wrong with a queue, in words, and how old its oldest message is."""

from collections.abc import Mapping
from typing import Any

import pytest

from bus.rabbit.queues import Age, QueueState, alarms, faults, in_words, oldest, rate

FINE: dict[str, Any] = {"name": "inbox.H61", "consumers": 1, "policy": "lienthong-inbox"}


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"consumers": 0}, ["nobody-reads"]),
        ({"policy": None}, ["no-limits"]),
        ({"policy": "theirs"}, ["no-limits"]),
        ({"state": "minority"}, ["down"]),
        ({"missing": ("rabbit@b",)}, ["member-missing"]),
        ({"lacking": ("rabbit@b",)}, ["few-copies"]),
        ({"messages": 79, "limit_messages": 100}, []),
        ({"messages": 80, "limit_messages": 100}, ["nearly-full"]),
        ({"messages": 100, "limit_messages": 100}, ["full"]),
        ({"size": 90, "limit_bytes": 100, "messages": 1, "limit_messages": 100}, ["nearly-full"]),
        ({"unacknowledged": 2, "oldest": Age(299)}, []),
        ({"unacknowledged": 2, "oldest": Age(300)}, ["stuck"]),
        ({"unacknowledged": 2, "oldest": Age(300), "rate_out": 0.2}, []),
        ({"unacknowledged": 2, "oldest": None}, []),
        ({"ready": 100, "rate_in": 5.0, "rate_out": 4.0}, ["growing"]),
        ({"ready": 99, "rate_in": 5.0, "rate_out": 4.0}, []),
        ({"ready": 100, "rate_in": 4.0, "rate_out": 5.0}, []),
        ({"ready": 100, "rate_in": 5.0, "consumers": 0}, ["nobody-reads"]),
        ({"counted": False, "consumers": 0, "policy": None}, ["no-figures"]),
        ({"name": "urgent.H61", "policy": "lienthong-lane"}, []),
        ({"name": "urgent.H61", "messages": 100, "limit_messages": 100, "rate_in": 5.0}, []),
        ({"name": "urgent.H61", "consumers": 0, "policy": None}, ["lane-unread", "no-limits"]),
        ({"name": "dead", "messages": 0, "consumers": 0, "policy": None}, []),
        ({"name": "dead", "messages": 2, "consumers": 0}, ["dead-letters"]),
        ({"name": "unroutable", "messages": 2, "missing": ("b",)}, ["member-missing", "unroutable"]),
    ],
)
def test_says_what_is_wrong(facts: Mapping[str, Any], codes: list[str]) -> None:
    """Each state that needs a person has its word; a quiet, read inbox has none."""
    assert [fault.code for fault in faults(QueueState(**{**FINE, **facts}))] == codes


def test_names_the_figures() -> None:
    """The words hold what was measured, in both languages."""
    full = QueueState(**FINE, messages=150, limit_messages=100)
    (fault,) = faults(full)
    assert (fault.text.en, fault.text.vi) == ("full (150%)", "đầy (150%)")
    (fault,) = faults(QueueState(**FINE, unacknowledged=2, oldest=Age(3600, at_least=True)))
    assert fault.text.en == "2 not acknowledged for > 1 h"


@pytest.mark.parametrize(
    ("node", "codes"),
    [
        ({"running": True, "mem_alarm": False, "disk_free_alarm": False, "partitions": []}, []),
        ({"running": True, "mem_alarm": True}, ["memory"]),
        ({"running": True, "disk_free_alarm": True, "partitions": ["b"]}, ["disk", "partition"]),
        ({"running": False}, ["node-down"]),
    ],
)
def test_a_node_raises_the_alarm(node: Mapping[str, Any], codes: list[str]) -> None:
    """What stops a whole broker stands above its queues."""
    assert [fault.code for fault in alarms([{"name": "rabbit@a", **node}])] == codes


# Samples: seconds ago -> figure; the horizon is an hour ago unless a row says otherwise.
@pytest.mark.parametrize(
    ("depths", "acknowledged", "horizon", "age"),
    [
        ({}, {}, 3600, None),
        ({0: 0, 5: 0}, {}, 3600, Age(0)),
        ({0: 2, 5: 2, 10: 2, 15: 0, 20: 0}, {}, 3600, Age(15)),
        ({0: 2, 5: 2, 10: 2}, {}, 3600, Age(10, at_least=True)),
        ({0: 5, 5: 5, 10: 5, 15: 5}, {0: 9, 5: 6, 10: 4, 15: 0}, 3600, Age(10)),
        ({0: 5, 5: 7, 10: 9}, {0: 4, 5: 2, 10: 0}, 3600, Age(10, at_least=True)),
        ({0: 3, 60: 3, 120: 0, 180: 0}, {}, 100, Age(60, at_least=True)),
    ],
    ids=["no figures", "empty", "idle", "beyond memory", "flowing", "draining", "node restarted"],
)
def test_reads_the_age_from_the_past(
    depths: dict[int, int], acknowledged: dict[int, int], horizon: int, age: Age | None
) -> None:
    """The oldest came after the last moment whose messages have all been acknowledged since."""
    now = 1_795_000_000_000

    def samples(rows: dict[int, int]) -> dict[int, int]:
        return {now - 1000 * ago: figure for ago, figure in rows.items()}

    assert oldest(samples(depths), samples(acknowledged), horizon=now - 1000 * horizon) == age


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (None, ""),
        (Age(0), "≈ 0 s"),
        (Age(59), "≈ 59 s"),
        (Age(180), "≈ 3 min"),
        (Age(3600, at_least=True), "> 1 h"),
        (Age(45, at_least=True), "> 45 s"),
    ],
)
def test_an_age_in_words(age: Age | None, words: str) -> None:
    """An estimate says that it is one, and a lower bound too."""
    assert in_words(age) == words


@pytest.mark.parametrize(("value", "words"), [(0.0, "0"), (0.25, "0.2"), (9.94, "9.9"), (1234.5, "1234")])
def test_a_rate_in_words(value: float, words: str) -> None:
    """A trickle keeps its decimal, a flood does not."""
    assert rate(value) == words
