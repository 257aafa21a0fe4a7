"""bus/store/sound.py: noise is no row of ours, and half a body no body. Whole files of noise: test_salvage.py."""

import os
from typing import Any

import pytest

from bus.handling.transport import OutboxState
from bus.store.normal_forms import document_form
from bus.store.sound import docket_in, is_body_of, is_sound
from bus.store.sql.times import to_micros
from bus.wire.message import REASON
from schemas.docket import Docket
from tests.unit.bus.store.filled import at, body_of, described, document, receipt

CONTENT = b"sealed content"
DOCKET = described(document(7), CONTENT)
BODY = body_of(DOCKET, CONTENT)


def outbox(**other: Any) -> dict[str, Any]:
    """A row as its columns are written."""
    return {
        "sequence": 1,
        "message": DOCKET.id,
        "state": str(OutboxState.WAITING),
        "priority": 0,
        "next_at": None,
        "entered_at": to_micros(at(7)),
        "document": document_form("H49,2026/11/22,7/VPCP-TTĐT"),
        "submission": None,
        "headers": None,
        "expires_at": None,
        "error": "a broker wrote a \0",
        "docket": DOCKET.to_json(),
    } | other


DOSSIER = {
    "document": "A 7", "document_form": document_form("A 7"), "change": "none", "state": "01", "priority": 0
}  # fmt: skip
STATUS = {"code": "01", "verdict": "applied", "document": "A 7", "document_form": document_form("A 7")}


@pytest.mark.parametrize(
    ("table", "row", "sound"),
    [
        ("outbox", outbox(), True),
        ("outbox", outbox(message="another"), False),
        ("outbox", outbox(priority=3), False),
        ("outbox", outbox(document=None), False),
        ("outbox", outbox(state="fetched"), False),
        ("outbox", outbox(state="nonsense"), False),
        ("outbox", outbox(docket=DOCKET.to_json()[:-9] + bytes(9)), False),
        ("outbox", outbox(entered_at=-1), False),
        ("outbox", outbox(next_at=1 << 62), False),
        ("outbox", outbox(expires_at=to_micros(at(8))), False),
        ("outbox", outbox(submission="nonsense"), False),
        ("outbox", outbox(headers="{"), False),
        ("outbox", outbox(headers='{"x-lienthong-blobs": "stream 5"}'), True),
        ("inbox", outbox(sender="H49", blobs=0), True),
        ("inbox", outbox(sender="G22", blobs=0), False),
        ("inbox", outbox(sender="H49", blobs=5), False),
        ("outbox_recipient", {"outcome": None}, True),
        ("outbox_recipient", {"outcome": "held"}, True),
        ("outbox_recipient", {"outcome": "hel\0"}, False),
        ("dossier", DOSSIER, True),
        ("dossier", DOSSIER | {"state": None}, True),
        ("dossier", DOSSIER | {"state": "77"}, False),
        ("dossier", DOSSIER | {"document_form": "B"}, False),
        ("status", STATUS, True),
        ("status", STATUS | {"verdict": "nonsense"}, False),
        ("event", {"at": 0, "name": "x", "detail": "it began, and then\0\0"}, False),
        ("event", {"at": 0, "name": "x", "detail": "it began"}, True),
    ],
)
def test_rows(table: str, row: dict[str, Any], sound: bool) -> None:
    """What it says twice it says equally, its words are ours, and its times are of this era."""
    assert is_sound(table, row) is sound


def test_bodies() -> None:
    """The content is what the docket describes, and the docket that of the row."""
    assert docket_in(BODY) == DOCKET
    cut = BODY[:-3] + b"\0\0\0"
    for other in (cut, BODY[:-3], os.urandom(90), b""):
        assert docket_in(other) is None
        assert not is_body_of(DOCKET, other, None)
    assert is_body_of(DOCKET, BODY, None)
    assert not is_body_of(described(document(8), CONTENT), BODY, None)


def test_bodies_without_content() -> None:
    """A receipt seals nothing, and one that waits to be told has no bytes at all; what was set aside is known by its
    digest."""
    made = receipt(7, sender="H49", to="G22")
    assert docket_in(body_of(made)) == made
    assert is_body_of(made, b"", None)
    note: Docket = receipt(7, sender="H49", to="H49", body=b"junk")
    assert is_body_of(note, b"junk", f'{{"{REASON}": "bad-message"}}')
    assert not is_body_of(note, b"junl", f'{{"{REASON}": "bad-message"}}')
