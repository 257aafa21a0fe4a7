"""What a message read at a place says of the stream. Reading itself: tests/integration/test_audit_reader.py."""

import hashlib

import pytest

from bus.rabbit.streams.audit_reader import AuditMessage, Continuity, Place, continuity

PLACE = Place(7, hashlib.sha256(b"body").hexdigest())


@pytest.mark.parametrize(
    ("offset", "body", "found"),
    [
        (7, b"body", Continuity.SAME),
        (7, b"other", Continuity.ANOTHER),
        (8, b"body", Continuity.CUT),
        (90, b"", Continuity.CUT),
    ],
)
def test_what_the_first_message_says(offset: int, body: bytes, found: Continuity) -> None:
    """The same bytes at the same offset, or another stream; none any more at that offset, or it was cut."""
    assert continuity(PLACE, AuditMessage(offset, "G22", "document.H49", body)) is found


def test_a_place_is_of_the_whole_body() -> None:
    """By its digest: nothing is believed of what a message says of itself."""
    assert AuditMessage(7, None, "", b"body").place == PLACE
    assert "body" not in repr(AuditMessage(7, None, "", b"body"))
