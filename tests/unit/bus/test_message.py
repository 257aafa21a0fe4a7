"""bus/message.py"""

from dataclasses import replace

import pytest

from bus.message import DEAD, LEVELS, exchange, inbox, properties, publication, routing_key, routing_keys
from bus.records import OutboxEntry
from bus.topology import topology
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
    assert made.headers == {"x-a": "1", "x-lienthong-version": "1", "CC": ["document.H29"]}


@pytest.mark.parametrize(("outstanding", "copied"), [(("a",), None), (("a", "b", "c"), ["b", "c"])])
def test_cc(outstanding: tuple[str, ...], copied: list[str] | None) -> None:
    """CC is there when there is somebody in it."""
    assert properties(publication(replace(ENTRY, outstanding=outstanding)), user=None).headers.get("CC") == copied


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
