"""bus/wire/message.py"""

from dataclasses import replace

import pytest

from bus.ports.records import OutboxEntry
from bus.topology.names import DEAD
from bus.topology.wanted import topology
from bus.wire.message import (
    LEVELS,
    MAX_CC,
    exchange,
    inbox,
    lanes,
    properties,
    publication,
    routing_key,
    routing_keys,
)
from schemas.codes import Kind, Priority
from schemas.docket import Docket, SealedContent
from tests.vectors.make import CITY, DOCUMENT, MINISTRY, RECEIPT, docket_of

DOCKET: Docket = docket_of(DOCUMENT, SealedContent(size=1, sha256="0" * 64))
ENTRY = OutboxEntry(docket=DOCKET, body=b"body", key=None, outstanding=routing_keys(DOCKET), headers={"x-a": "1"})


def test_names() -> None:
    """Exchange and queue are named by the mailbox, routing keys by kind and recipient mailbox (schemas §6.1)."""
    assert (exchange("H49"), inbox("H49")) == ("agency.H49", "inbox.H49")
    assert routing_key(Kind.STATUS, "G22") == "status.G22"
    assert routing_keys(DOCKET) == ("document.G22", "document.H29")


@pytest.mark.parametrize("kind", Kind)
def test_bound(kind: Kind) -> None:
    """Every routing key that is written is bound to the queue of its mailbox."""
    bound = {(binding.key, binding.destination) for binding in topology(["G22"], vhost="/").bindings}
    assert (routing_key(kind, "G22"), inbox("G22")) in bound


def test_one_key_a_mailbox() -> None:
    """Two agencies of one mailbox are one routing key."""
    docket = DOCKET.model_copy(update={"recipients": (CITY, MINISTRY, CITY)})
    assert routing_keys(docket) == ("document.H29", "document.G22")


def test_publication() -> None:
    """A publish goes to what is outstanding, and no longer to what was confirmed."""
    sent = publication(replace(ENTRY, outstanding=("document.H29",)))
    assert (sent.message, sent.kind, sent.routing, sent.body) == (DOCKET.id, Kind.DOCUMENT, ("document.H29",), b"body")
    assert (sent.priority, sent.created_at, sent.headers) == (Priority.URGENT, DOCKET.created_at, {"x-a": "1"})


def test_properties() -> None:
    """Properties are as in schemas §6.2; every routing key but the first is in CC."""
    made = properties(publication(ENTRY), user="H49")
    assert (made.message_id, made.type, made.content_type) == (
        DOCKET.id,
        "document",
        "application/vnd.lienthong.message",
    )
    assert (made.delivery_mode, made.priority, made.timestamp) == (2, 5, 1795330800)
    assert (made.user_id, made.app_id) == ("H49", "lienthong")
    assert made.headers == {
        "x-a": "1",
        "x-lienthong-version": "1",
        "CC": ["document.H29", "urgent.G22", "urgent.H29"],
    }


def test_the_version_is_the_dockets() -> None:
    """Operators see it at the broker; readers go by the body (schemas §6.2)."""
    second = DOCKET.model_copy(update={"version": 2, "issued_on": DOCUMENT.issued_on})
    made = properties(publication(replace(ENTRY, docket=second)), user="H49")
    assert made.headers["x-lienthong-version"] == "2"


@pytest.mark.parametrize(
    ("outstanding", "priority", "copied"),
    [
        (("document.A",), Priority.NORMAL, None),
        (("document.A", "document.B.1", "document.C"), Priority.NORMAL, ["document.B.1", "document.C"]),
        (("receipt.A",), Priority.URGENT, ["urgent.A"]),
        (("document.A", "document.B.1"), Priority.IMMEDIATE, ["document.B.1", "urgent.A", "urgent.B.1"]),
    ],
)
def test_cc(outstanding: tuple[str, ...], priority: Priority, copied: list[str] | None) -> None:
    """CC is there when there is somebody in it; what is urgent goes by the lanes too (schemas §6.6)."""
    docket = DOCKET.model_copy(update={"priority": priority})
    made = properties(publication(replace(ENTRY, docket=docket, outstanding=outstanding)), user=None)
    assert made.headers.get("CC") == copied


def test_lanes_fit_into_the_header() -> None:
    """A circular to a thousand mailboxes with the longest codes overtakes at as many of them as there is room for."""
    keys = tuple(f"document.{number:064}" for number in range(1024))
    added = lanes(keys, Priority.URGENT)
    assert 0 < len(added) < 1024
    assert sum(5 + len(key) for key in (*keys, *added)) <= MAX_CC
    assert len(lanes(tuple(f"document.H{number}" for number in range(1024)), Priority.URGENT)) == 1024


def test_lanes_are_bound_where_there_are_any() -> None:
    """The key of a lane is bound to the lane before RabbitMQ 4.3, and to nothing from then on."""
    (key,) = lanes(("document.G22",), Priority.URGENT)
    for version, bound in (((4, 2), ["urgent.G22"]), ((4, 3), [])):
        bindings = topology(["G22"], vhost="/", version=version).bindings
        assert [binding.destination for binding in bindings if binding.key == key] == bound


def test_levels() -> None:
    """A more urgent document has a higher level, an ordinary one the level of a message without any: 4."""
    levels = [LEVELS[priority] for priority in sorted(Priority)]
    assert levels == sorted(set(levels))
    assert LEVELS[Priority.NORMAL] == 4
    assert max(levels) <= 9  # classic queues know no more


def test_set_aside() -> None:
    """What goes to `dead` does not say that it is a message: nobody could tell."""
    made = properties(publication(replace(ENTRY, docket=RECEIPT, outstanding=(DEAD,))), user="H49")
    assert (made.type, made.content_type) == ("dead", "application/octet-stream")
    assert made.headers == {"x-a": "1"}
