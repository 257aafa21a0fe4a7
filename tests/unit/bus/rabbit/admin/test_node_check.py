"""Which door of a running broker should be closed, and who closes it."""

from dataclasses import replace

import pytest

from bus.rabbit.admin.node_check import Verdict, check_node
from bus.rabbit.admin.node_facts import Listener, NodeFacts, TlsDoor

A = "rabbit@a"
CLOSED = NodeFacts(
    version="4.3.6",
    nodes=(A,),
    listeners=(
        Listener(A, "amqp/ssl", "::", 5671, asks_lists=True),
        Listener(A, "http", "127.0.0.1", 15672),
        Listener(A, "https", "0.0.0.0", 15671),
        Listener(A, "clustering", "127.0.0.1", 25672),
    ),
    mechanisms=frozenset({"EXTERNAL"}),
    doors=(TlsDoor("bus", 5671, ("TLSv1_3",), False),),
)


def with_listener(protocol: str, address: str) -> NodeFacts:
    return replace(CLOSED, listeners=(*CLOSED.listeners, Listener(A, protocol, address, 1)))


def test_a_closed_node_has_nothing_wrong() -> None:
    """What cannot be seen from outside is named all the same, with the command that shows it."""
    found = check_node(CLOSED)
    assert {check.code for check in found if check.verdict is Verdict.UNSEEN} == {"login-name", "cookie"}
    assert not [check for check in found if check.verdict is Verdict.WRONG]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (with_listener("amqp", "::"), "clear-listener"),
        (with_listener("http", "0.0.0.0"), "clear-listener"),
        (with_listener("http", "10.0.0.1"), "clear-listener"),
        (with_listener("stream", "::"), "clear-listener"),
        (with_listener("http/prometheus", "::"), "clear-listener"),
        (with_listener("mqtt", "::"), "clear-listener"),
        (with_listener("amqp/ssl", "::"), "revocation"),
        (with_listener("clustering", "::"), "cluster-port"),
        (replace(CLOSED, has_guest=True), "guest"),
        (replace(CLOSED, guest_logs_in=True), "guest"),
        (replace(CLOSED, mechanisms=frozenset({"EXTERNAL", "PLAIN"})), "mechanisms"),
        (replace(CLOSED, mechanisms=frozenset()), "mechanisms"),
        (replace(CLOSED, lacking_plugin=(A,)), "plugin"),
        (replace(CLOSED, nameable=("quantri",)), "nameable"),
        (replace(CLOSED, doors=(TlsDoor("bus", 5671, ("TLSv1_2", "TLSv1_3"), False),)), "tls-versions"),
        (replace(CLOSED, doors=(TlsDoor("bus", 5671, ("TLSv1_3",), True),)), "client-certificate"),
        (replace(CLOSED, doors=()), "no-tls"),
    ],
)
def test_each_open_door_is_wrong_alone_and_comes_first(facts: NodeFacts, code: str) -> None:
    """With who acts, in both languages."""
    first, *rest = check_node(facts)
    assert (first.code, first.verdict) == (code, Verdict.WRONG)
    assert "the operator" in first.remedy.en
    assert first.remedy.vi
    assert not [check for check in rest if check.verdict is Verdict.WRONG]


def test_what_only_a_person_can_see_is_not_called_right() -> None:
    """A port that does not answer from here; the port between the nodes of a cluster, which a firewall guards."""
    away = check_node(replace(CLOSED, doors=(TlsDoor("bus", 5671, (), False),)))
    assert ("tls-versions", Verdict.WRONG) in [(check.code, check.verdict) for check in away]
    young = check_node(replace(CLOSED, mechanisms=None))
    assert ("mechanisms", Verdict.UNSEEN) in [(check.code, check.verdict) for check in young]
    cluster = replace(with_listener("clustering", "::"), nodes=(A, "rabbit@b"))
    assert ("cluster-port", Verdict.UNSEEN) in [(check.code, check.verdict) for check in check_node(cluster)]
