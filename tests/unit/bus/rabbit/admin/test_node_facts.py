"""What is read of a broker's answers. What a real node answers: tests/integration/test_check.py."""

from typing import Any

import httpx
import pytest

from bus.errors import BadConfig
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.node_facts import Listener, NodeFacts, TlsDoor, fetch_facts, look_at_door
from tests.unit.bus.rabbit.nobody import closed_ports

ANSWERS: dict[str, Any] = {
    "overview": {
        "rabbitmq_version": "3.10.8",
        "listeners": [
            {"node": "rabbit@a", "protocol": "http", "ip_address": "::", "port": 15672, "socket_opts": []},
            {"node": "rabbit@a", "protocol": "http", "ip_address": "::", "port": 1, "socket_opts": {"ip": "127.0.0.1"}},
        ],
    },
    "nodes": [
        {
            "name": "rabbit@a",
            "running": True,
            "enabled_plugins": ["rabbitmq_management"],
            "auth_mechanisms": [{"name": "PLAIN", "enabled": True}, {"name": "EXTERNAL", "enabled": False}],
        },
        {"name": "rabbit@b", "running": False},
    ],
    "users": [{"name": "guest", "tags": ""}],
    "permissions": [{"user": "guest", "vhost": "/", "configure": "", "write": "", "read": ""}],
    "user-limits": [],
    "vhosts": [],
}


def asked(answers: dict[str, Any], guest: int) -> NodeFacts:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers[request.url.path.removeprefix("/api/")])

    with (
        Management("https://a:b@broker", transport=httpx.MockTransport(handle)) as management,
        Management(
            "https://guest:guest@broker", transport=httpx.MockTransport(lambda _: httpx.Response(guest, json={}))
        ) as stranger,
    ):
        return fetch_facts(management, stranger, vhost="bus", host="broker", plugin="rabbitmq_auth_mechanism_ssl")


@pytest.mark.parametrize(("guest", "logs_in"), [(200, True), (401, False)])
def test_facts_are_read(guest: int, logs_in: bool) -> None:
    """A node that is down says nothing; a mechanism that is off is none; what a listener was told counts."""
    assert asked(ANSWERS, guest) == NodeFacts(
        version="3.10.8",
        nodes=("rabbit@a", "rabbit@b"),
        listeners=(Listener("rabbit@a", "http", "::", 15672), Listener("rabbit@a", "http", "127.0.0.1", 1)),
        lacking_plugin=("rabbit@a",),
        mechanisms=frozenset({"PLAIN"}),
        has_guest=True,
        guest_logs_in=logs_in,
        nameable=("guest",),
    )


@pytest.mark.parametrize("overview", [{}, [], {"rabbitmq_version": "4", "listeners": [{}]}, {"listeners": 7}])
def test_an_odd_answer_is_said(overview: object) -> None:
    """No traceback."""
    with pytest.raises(BadConfig):
        asked({**ANSWERS, "overview": overview}, 401)


def test_a_node_that_has_just_started_says_nothing_yet() -> None:
    """Neither that it takes certificates only, nor that it does not."""
    facts = asked({**ANSWERS, "nodes": [{"name": "rabbit@a", "running": True}]}, 401)
    assert (facts.mechanisms, facts.lacking_plugin) == (None, ())


def test_a_door_that_does_not_answer_offers_nothing() -> None:
    """Neither a version, nor a way in."""
    with closed_ports(1) as (port,):
        assert look_at_door("127.0.0.1", port) == TlsDoor("127.0.0.1", port, (), False)
