"""bus/rabbit/admin/replicas.py: queues with too few replicas, and the words for them."""

from collections.abc import Mapping
from typing import Any

import pytest

from bus.rabbit.admin.replicas import UnderReplicated, nodes_without_replica, replica_notes, under_replicated

A, B, C, D = "rabbit@a", "rabbit@b", "rabbit@c", "rabbit@d"


@pytest.mark.parametrize(
    ("members", "running", "without"),
    [
        ([A], [A], ()),
        ([A, B, C], [A, B, C], ()),
        ([A, B, C], [A, B, C, D], ()),
        ([A], [A, B, C], (B, C)),
        ([A, B], [A, B, C], (C,)),
        ([A, B], [A, B], ()),
        ([A, B, C], [A, B], ()),
        ([], [A, B, C], ()),
        (None, [A, B, C], ()),
    ],
    ids=["one node", "all", "three of four", "one of three", "two of three", "two", "one is down", "empty", "unknown"],
)
def test_three_copies_are_enough(members: list[str] | None, running: list[str], without: tuple[str, ...]) -> None:
    """And as many as there are nodes, where there are fewer; a copy that is down is another trouble."""
    assert nodes_without_replica({"name": "inbox.H49", "members": members}, running) == without


def test_streams_count_too() -> None:
    """Classic queues do not: they have no copies at all."""
    rows: list[Mapping[str, Any]] = [
        {"name": "inbox.H49", "type": "quorum", "members": [A]},
        {"name": "audit", "type": "stream", "members": [A, B]},
        {"name": "other", "type": "classic", "members": [A]},
        {"name": "new", "type": "quorum"},
    ]
    assert under_replicated(rows, [A, B, C]) == (
        UnderReplicated("audit", "stream", 2, (C,)),
        UnderReplicated("inbox.H49", "quorum", 1, (B, C)),
    )


def test_words_name_the_command() -> None:
    """One command for all quorum queues, one for each stream; a long list is cut short."""
    inboxes = [UnderReplicated(f"inbox.H{number}", "quorum", 2, (C,)) for number in range(7)]
    quorum, stream = replica_notes([*inboxes, UnderReplicated("audit", "stream", 2, (C,))], vhost="gov")
    assert quorum.en.endswith("inbox.H4 (2), … (+2). On a node: rabbitmq-queues grow rabbit@c all")
    assert stream.en.endswith("audit (2). On a node: rabbitmq-streams add_replica --vhost gov audit rabbit@c")
    assert quorum.vi.startswith("Quá ít bản sao")
    assert replica_notes([], vhost="gov") == ()
