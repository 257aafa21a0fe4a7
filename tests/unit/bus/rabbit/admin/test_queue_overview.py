"""bus/rabbit/admin/queue_overview.py: the management API's figures, read. A real broker is tests/integration's."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_age import QueueAge
from bus.rabbit.admin.queue_overview import Overview, fetch_overview
from bus.rabbit.streams.audit_tail import TAG

NOW = 1_795_000_000_000
NODE = {"name": "rabbit@a", "running": True, "uptime": 7_200_000}
BOUND = {"source": "agency.H49", "destination": "route", "destination_type": "exchange", "routing_key": "document.#"}
POLICY = {"policy": "lienthong-inbox", "effective_policy_definition": {"max-length": 100, "max-length-bytes": 1000}}


def overview(
    *rows: Mapping[str, Any],
    nodes: tuple[Mapping[str, Any], ...] = (NODE,),
    hour: tuple[Mapping[str, Any], ...] = (),
    readers: tuple[str, ...] = (),
    exchanges: tuple[str, ...] = (),
) -> tuple[Overview, list[str]]:
    """Of a broker that has these queues, with the coarse figures of the past `hour`; and what it was asked."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/nodes"):
            return httpx.Response(200, json=list(nodes))
        if request.url.path.endswith("/audit"):
            return httpx.Response(200, json={"consumer_details": [{"consumer_tag": tag} for tag in readers]})
        if "/exchanges/" in request.url.path:
            return httpx.Response(200, json=[{"name": name} for name in exchanges])
        if "/bindings/" in request.url.path:
            return httpx.Response(200, json=[BOUND])
        is_coarse = request.url.params.get("lengths_age") == "3600"
        return httpx.Response(200, json=list(hour if is_coarse else rows))

    with Management("https://u:p@broker:15672", transport=httpx.MockTransport(handle)) as management:
        return fetch_overview(management, vhost="a/b"), asked


def samples(**ago: int) -> dict[str, Any]:
    """Figures by the seconds ago: `s15=3`."""
    return {"samples": [{"timestamp": NOW - 1000 * int(name[1:]), "sample": figure} for name, figure in ago.items()]}


def test_queues_of_mail_come_by_name_and_dead_letters_last() -> None:
    """Streams and other people's queues are left out."""
    names = ("unroutable", "inbox.H49", "dead", "urgent.H49", "audit", "blobs.H49", "theirs", "inbox.G22")
    found, asked = overview(*({"name": name} for name in names))
    assert [queue.name for queue in found.queues] == ["inbox.G22", "inbox.H49", "urgent.H49", "dead", "unroutable"]
    past = "no past is asked for where nothing waits"
    assert asked == ["/api/queues/a/b", "/api/nodes", "/api/exchanges/a/b", "/api/queues/a/b/audit"], past
    assert not any(queue.counted for queue in found.queues)


def test_figures_are_read() -> None:
    """What is missing in an answer is 0 or nothing."""
    row = {
        "name": "inbox.H49",
        **POLICY,
        "messages": 5,
        "messages_ready": 3,
        "messages_unacknowledged": 2,
        "message_bytes": 500,
        "consumers": 1,
        "members": ["rabbit@a", "rabbit@b"],
        "online": ["rabbit@a"],
        "message_stats": {"publish_details": {"rate": 1.5}, "ack_details": {"rate": 0.5, **samples(s0=0, s30=0)}},
        "messages_details": samples(s0=5, s5=5, s30=0),
    }
    (queue,) = overview(row)[0].queues
    assert (queue.ready, queue.unacknowledged, queue.size, queue.consumers) == (3, 2, 500, 1)
    assert (queue.rate_in, queue.rate_out, queue.fullness) == (1.5, 0.5, 0.5)
    assert (queue.missing, queue.lacking, queue.state, queue.counted) == (("rabbit@b",), (), "running", True)
    assert queue.oldest == QueueAge(30.0)


def test_fine_figures_count_before_coarse_ones() -> None:
    """The coarse ones of the last minute are rounded up, into the future even."""
    row = {"name": "inbox.H49", "messages": 5, "messages_details": samples(s5=5, s10=5)}
    hour = {"name": "inbox.H49", "messages_details": samples(s0=0, s7=0, s60=0)}
    (queue,) = overview(row, hour=(hour,))[0].queues
    assert queue.oldest == QueueAge(55.0)


@pytest.mark.parametrize(
    ("nodes", "codes", "lacking"),
    [
        ((NODE,), [], ()),
        ((NODE, {"name": "rabbit@b", "running": True}), [], ("rabbit@b",)),
        ((NODE, {"name": "rabbit@b", "running": False}), ["node-down"], ()),
        (({**NODE, "mem_alarm": True},), ["memory"], ()),
    ],
    ids=["one", "two, one copy", "one is down", "out of memory"],
)
def test_nodes_say_what_is_wrong(
    nodes: tuple[Mapping[str, Any], ...], codes: list[str], lacking: tuple[str, ...]
) -> None:
    """Their alarms, and which of them has no replica."""
    found, _ = overview({"name": "inbox.H49", "messages": 0, "members": ["rabbit@a"]}, nodes=nodes)
    assert [alarm.code for alarm in found.alarms] == codes
    assert found.queues[0].lacking == lacking


@pytest.mark.parametrize(
    ("names", "readers", "codes"),
    [
        (("inbox.H49",), (), []),
        (("audit",), (), ["no-guard"]),
        (("audit",), ("ctag1.x",), ["no-guard"]),
        (("audit",), ("ctag1.x", TAG), []),
        (("audit", "audit.H17", "dead.H17", "audit.G22"), (TAG,), ["isolated", "isolated"]),
    ],
    ids=["no bus yet", "nobody reads", "somebody else reads", "guarded", "isolated"],
)
def test_who_is_isolated_and_whether_somebody_counts_is_said(
    names: tuple[str, ...], readers: tuple[str, ...], codes: list[str]
) -> None:
    """Whoever counts is known by the tag of its consumer; an isolated mailbox by what it has of its own."""
    found, _ = overview(*({"name": name} for name in names), readers=readers)
    assert [alarm.code for alarm in found.alarms] == codes
    assert [queue.name for queue in found.queues if queue.name.startswith("dead.")] == [
        name for name in names if name.startswith("dead.")
    ]


def test_what_is_gone_is_an_alarm() -> None:
    """By the mailboxes' exchanges: their inboxes, and what all share."""
    found, asked = overview({"name": "dead"}, {"name": "urgent.H49"}, exchanges=("agency.H49", "route"))
    assert [each.name for each in found.queues if each.inbox_gone] == ["urgent.H49"]
    assert "/api/bindings/a/b" in asked
    assert [alarm.code for alarm in found.alarms] == ["exchange-gone", "queue-gone", "binding-gone"]
    assert found.alarms[1].text.en.startswith("queues gone: inbox.H49, ")
    assert "agency.H49 → route (document.#)" not in found.alarms[2].text.en
    assert found.gone == ("H49",)
