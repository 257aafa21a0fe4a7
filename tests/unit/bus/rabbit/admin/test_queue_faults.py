"""bus/rabbit/admin/queue_faults.py: the faults of a queue and of a node."""

from collections.abc import Mapping
from typing import Any

import pytest

import bus.rabbit.admin.queue_faults as module
from bus.rabbit.admin.queue_age import QueueAge
from bus.rabbit.admin.queue_faults import Rule, every_fault, node_alarms, queue_faults, quota_alarms
from bus.rabbit.admin.queue_state import QueueState

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
        ({"unacknowledged": 2, "oldest": QueueAge(299)}, []),
        ({"unacknowledged": 2, "oldest": QueueAge(300)}, ["stuck"]),
        ({"unacknowledged": 2, "oldest": QueueAge(300), "rate_out": 0.2}, []),
        ({"unacknowledged": 2, "oldest": None}, []),
        ({"ready": 100, "rate_in": 5.0, "rate_out": 4.0}, ["growing"]),
        ({"ready": 99, "rate_in": 5.0, "rate_out": 4.0}, []),
        ({"ready": 100, "rate_in": 4.0, "rate_out": 5.0}, []),
        ({"ready": 100, "rate_in": 5.0, "consumers": 0}, ["nobody-reads"]),
        ({"counted": False, "consumers": 0, "policy": None}, ["no-figures"]),
        ({"name": "urgent.H61", "policy": "lienthong-lane"}, []),
        ({"name": "urgent.H61", "messages": 100, "limit_messages": 100, "rate_in": 5.0}, []),
        ({"name": "urgent.H61", "consumers": 0, "policy": None}, ["lane-unread", "no-limits"]),
        ({"name": "urgent.H61", "consumers": 0, "inbox_gone": True}, []),
        ({"name": "dead", "messages": 0, "consumers": 0, "policy": None}, []),
        ({"name": "dead", "messages": 2, "consumers": 0}, ["dead-letters"]),
        ({"name": "dead", "messages": 2, "size": 80, "limit_bytes": 100}, ["dead-letters", "dead-nearly-full"]),
        ({"name": "unroutable", "messages": 2, "size": 100, "limit_bytes": 100}, ["unroutable", "dead-full"]),
        ({"name": "dead.H17", "messages": 0, "consumers": 0}, []),
        ({"name": "dead.H17", "messages": 2, "consumers": 0}, ["own-dead-letters"]),
        ({"name": "unroutable", "messages": 2, "missing": ("b",)}, ["member-missing", "unroutable"]),
    ],
)
def test_says_what_is_wrong(facts: Mapping[str, Any], codes: list[str]) -> None:
    """Each state that needs a person has its word; a quiet, read inbox has none."""
    assert [fault.code for fault in queue_faults(QueueState(**{**FINE, **facts}))] == codes


def test_names_the_figures() -> None:
    """The words hold what was measured, in both languages."""
    full = QueueState(**FINE, messages=150, limit_messages=100)
    (fault,) = queue_faults(full)
    assert (fault.text.en, fault.text.vi) == ("full (150%)", "đầy (150%)")
    (fault,) = queue_faults(QueueState(**FINE, unacknowledged=2, oldest=QueueAge(3600, at_least=True)))
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
    assert [fault.code for fault in node_alarms([{"name": "rabbit@a", **node}])] == codes


def test_who_is_near_a_quota_is_said_with_the_share() -> None:
    """As the guard's file has it."""
    (alarm,) = quota_alarms([{"mailbox": "H17", "subject": "dead", "share": 0.83}])
    assert (alarm.code, "H17" in alarm.text.en, "83%" in alarm.text.vi) == ("quota", True, True)


def test_every_rule_can_be_looked_up() -> None:
    """`lienthong explain` and the handbook's page of codes name each code once, and leave no fact open."""
    rules = [each for each in vars(module).values() if isinstance(each, Rule)]
    for group in vars(module).values():
        members = group.values() if isinstance(group, dict) else group if isinstance(group, tuple) else ()
        rules += [each for each in members if isinstance(each, Rule)]
    found = every_fault()
    assert {each.code for each in found} >= {each.code for each in rules}
    assert len({each.code for each in found}) == len(found)
    assert not any("{" in text for each in found for text in (*each.text, *each.remedy))
