"""bus/daemon/quotas.py: most of a quota in use is said once, and shown."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bus.daemon.metrics import RoadCollector
from schemas.agency import Quota
from schemas.values import MessageId
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, step


@pytest.fixture
def land() -> Land:
    """H49 takes ten messages of one sender."""
    made = Land()
    made.allow("H49", Quota(messages=10))
    return made


def send(land: Land, count: int, *, first: int = 1) -> None:
    for number in range(first, first + count):
        land["G22"].dms.write(document(number=number))
    land.collect("G22")


def said(land: Land, code: str) -> list[Any]:
    with capture_logs() as logs:
        assert not step(daemon_of(land, code), "quotas")
    return [entry for entry in logs if entry["event"] == "quota.nearly"]


def test_what_is_nearly_used_is_said_once_on_the_way_up(land: Land) -> None:
    """To the sender, with the figures; again only after it has been below."""
    daemon = daemon_of(land, "G22")
    send(land, 7)
    with capture_logs() as logs:
        step(daemon, "quotas")
        send(land, 1, first=8)
        for _ in range(3):
            step(daemon, "quotas")
        (entry,) = [each for each in logs if each["event"] == "quota.nearly"]
        facts = {name: entry[name] for name in ("mailbox", "recipient", "what", "used", "limit")}
        assert facts == {"mailbox": "G22", "recipient": "H49", "what": "messages", "used": 8, "limit": 10}
        land.settle()
        step(daemon, "quotas")
        send(land, 9, first=20)
        step(daemon, "quotas")
    assert [each["used"] for each in logs if each["event"] == "quota.nearly"] == [8, 9]
    details = [each.detail for each in land["G22"].store.memory.events if each.name == "quota.nearly"]
    assert details == [f"G22 → H49: {used} / 10 bản tin / messages" for used in (8, 9)]


def test_the_recipient_says_whose_mail_it_holds(land: Land) -> None:
    """It is not filed: its own people have to see why."""
    send(land, 8)
    land.publish("G22")
    land.take_in("H49")
    (entry,) = said(land, "H49")
    assert (entry["sender"], entry["recipient"], entry["used"]) == ("G22", "H49", 8)


def test_the_largest_share_is_a_gauge(land: Land) -> None:
    """Of what was sent and of what is held; of a mailbox that left the directory nothing is said."""
    daemon, registry = daemon_of(land, "G22"), CollectorRegistry()
    registry.register(RoadCollector([daemon]))
    send(land, 5)
    memory = land["G22"].store.memory.outbox
    out = next(iter(memory.values()))
    gone = MessageId("00000000-0000-7000-8000-0000000000ff")
    memory[gone] = replace(out, entry=replace(out.entry, outstanding=("document.H99",)))
    step(daemon, "quotas")
    for side, ratio in (("sent", 0.5), ("held", 0.0)):
        labels = {"mailbox": "G22", "side": side}
        assert registry.get_sample_value("lienthong_quota_used_ratio", labels) == ratio
