"""bus/sending/receipts.py: the lines of a receipt, a note to oneself, and what goes to the queue of the dead."""

from hashlib import sha256

import pytest

from bus.errors import BadMessage, BusError, TooLarge
from bus.sending.receipts import acknowledged, note, receipt, set_aside
from bus.topology.names import DEAD
from bus.wire.envelope import parse, verify
from schemas.codes import Outcome, Priority
from schemas.docket import Address
from schemas.values import MessageId
from tests.scenarios.country import Land, document

MESSAGE = MessageId("00000000-0000-7000-8000-0000000000aa")
DIGEST = "ab" * 32
G22 = Address(agency="G22", mailbox="G22")


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (None, Outcome.HELD, None),
        (TooLarge(what="x", size=2, limit=1), Outcome.REFUSED, "too-large"),
        (BadMessage(why="x"), Outcome.REFUSED, "bad-message"),
    ],
)
def test_a_line_says_held_or_why_not(error: BusError | None, outcome: Outcome, code: str | None) -> None:
    """By the error's code: its words are the reader's."""
    line = acknowledged(MESSAGE, DIGEST, error)
    assert (line.message, line.docket_sha256, line.outcome, line.code) == (MESSAGE, DIGEST, outcome, code)


def test_a_receipt_is_signed_and_not_receipted() -> None:
    """It goes to one mailbox, seals nothing, and is done once the broker has it."""
    land = Land()
    member = land["H49"].member
    lines = [acknowledged(MESSAGE, DIGEST, None)]
    entry = receipt(member, G22, lines, now=land.now, priority=Priority.URGENT)
    assert (entry.outstanding, entry.expects_receipts, entry.key) == (("receipt.G22",), False, None)
    parsed = parse(entry.body)
    verify(parsed, land["G22"].member.verify_keys("H49"))
    assert (parsed.docket.acknowledges, parsed.docket.priority) == (tuple(lines), Priority.URGENT)
    assert not parsed.sealed


def test_a_note_is_to_oneself() -> None:
    """It lies in one's own inbox, and never travels."""
    land = Land()
    land["G22"].dms.write(document())
    land.collect("G22")
    with land["G22"].store.read() as tx:
        (row,) = tx.outbox.rows()
    told = note("G22", MESSAGE, [row], "withdrawn", now=land.now)
    assert (told.id, told.sender, told.recipients) == (MESSAGE, G22, (G22,))
    (line,) = told.acknowledges
    assert (line.message, line.outcome, line.code) == (row.docket.id, Outcome.REFUSED, "withdrawn")
    assert line.docket_sha256 == sha256(row.docket.to_json()).hexdigest()


@pytest.mark.parametrize(("about", "user"), [(None, None), (MESSAGE, None), (MESSAGE, "H53")])
def test_what_is_set_aside_keeps_its_bytes(about: MessageId | None, user: str | None) -> None:
    """With the reason beside them, who set it aside, and who had published it."""
    land = Land()
    entry = set_aside(land["H49"].member, b"junk", BadMessage(why="x"), about=about, now=land.now, user=user)
    assert (entry.body, entry.outstanding, entry.expects_receipts) == (b"junk", (DEAD,), False)
    assert entry.headers["x-lienthong-reason"] == "bad-message"
    assert entry.headers["x-lienthong-set-aside-by"] == "H49"
    assert entry.headers.get("x-lienthong-published-by") == user
    (line,) = entry.docket.acknowledges
    assert line.message == (about or entry.docket.id)
