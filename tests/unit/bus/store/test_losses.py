"""bus/store/losses.py: what is said of a lost message, and the reports beside a store."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box, SubmissionKey
from bus.store.losses import (
    Losses,
    LostMessage,
    Remedy,
    Window,
    lost_message,
    open_reports,
    read_report,
    report_of,
    settled,
    window,
)
from bus.store.normal_forms import submission_text
from schemas.codes import Kind
from tests.unit.bus.store.filled import at, document, message_id, receipt

SUBMITTED = submission_text(SubmissionKey(Kind.DOCUMENT, "H49", "H49,2026/11/22,7", "0", sha256(b"").hexdigest()))
WAITING, DONE = {"state": str(OutboxState.WAITING)}, {"state": str(InboxState.DONE)}


@pytest.mark.parametrize(
    ("box", "known", "routing", "kind", "remedy"),
    [
        (Box.OUT, WAITING | {"submission": SUBMITTED}, None, "document", Remedy.RESEND),
        (Box.OUT, WAITING | {"submission": "nonsense"}, "status.G22", "status", Remedy.RESEND),
        (Box.OUT, WAITING, "receipt.G22", "receipt", Remedy.NONE),
        (Box.OUT, WAITING, "dead", "dead", Remedy.NONE),
        (Box.OUT, {}, None, None, Remedy.RESEND),
        (Box.OUT, DONE | {"submission": SUBMITTED}, "document.G22", "document", Remedy.NONE),
        (Box.IN, WAITING | {"sender": "G22"}, None, None, Remedy.REPLAY),
        (Box.IN, {}, None, None, Remedy.REPLAY),
        (Box.IN, DONE | {"sender": "G22"}, None, None, Remedy.NONE),
        (Box.IN, WAITING | {"sender": "H49"}, None, None, Remedy.NONE),
    ],
)
def test_what_brings_a_message_back(
    box: Box, known: dict[str, Any], routing: str | None, kind: str | None, remedy: Remedy
) -> None:
    """A package is sent again, the audit stream replayed; others repeat what is theirs, and what is done with stays
    done with. A note to oneself never travelled."""
    found = lost_message(box, known, owner="H49", routing=routing)
    assert (found.kind, found.remedy) == (kind, remedy)


def test_when_it_was_made() -> None:
    """By its docket; else by its id, where that is one of ours; else nobody knows."""
    made = document(7)
    assert lost_message(Box.OUT, WAITING, owner="H49", docket=made).made_at == made.created_at
    assert lost_message(Box.OUT, WAITING, owner="H49", docket=made).document == "H49,2026/11/22,7/VPCP-TTĐT"
    assert lost_message(Box.OUT, WAITING, owner="H49", docket=receipt(7, sender="H49", to="G22")).document is None
    assert lost_message(Box.IN, {"message": message_id(9, 1)}, owner="H49").made_at == at(9)
    for other in ("6ba7b810-9dad-41d1-80b4-00c04fd430c8", "any-id", None):
        assert lost_message(Box.IN, {"message": other}, owner="H49").made_at is None


def test_the_stretch_that_holds_them_all() -> None:
    """With a margin; and with the gaps of what nothing names. None where nothing is lost."""
    made = [LostMessage(box=Box.IN, made_at=at(minute), remedy=Remedy.REPLAY) for minute in (30, 50)]
    nameless = LostMessage(box=Box.IN, remedy=Remedy.REPLAY)
    ten = timedelta(minutes=10)
    assert window([*made, nameless], []) == Window(since=at(30) - ten, until=at(50) + ten)
    assert window(made, [Window(since=at(5), until=at(40))]) == Window(since=at(5) - ten, until=at(50) + ten)
    assert window([nameless], []) is None


def test_reports_are_open_until_they_are_put_away(tmp_path: Path) -> None:
    """Beside the store, under its name, the oldest first; another store's are none of its."""
    path, moment = tmp_path / "H49 [1].db", datetime(2026, 11, 30, tzinfo=UTC)
    losses = Losses(at=moment, kept="x", rows={"outbox": 1, "inbox": 2}, made={}, lost={"inbox": 3}, perhaps={})
    assert not losses.is_complete
    for days in (1, 0):
        report_of(path, moment + timedelta(days=days)).write_bytes(losses.to_json())
    (tmp_path / "H49 1.db.losses-20261130T000000Z.json").write_bytes(b"")
    first, second = open_reports(path)
    assert first.name < second.name
    assert read_report(first) == losses
    assert settled(first).name == "H49 [1].db.losses-20261130T000000Z.done.json"
    assert open_reports(path) == [second]
