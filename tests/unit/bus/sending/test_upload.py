"""bus/sending/upload.py: what one step does, and what a recipient's question for missing segments does."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from bus.errors import BlobsAway
from bus.handling.transport import OutboxState
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box, ReceiptLine
from bus.ports.retry import ASK, UPLOAD
from bus.sending.upload import Uploaded, answer_missing_blob
from schemas.codes import Outcome
from schemas.values import MessageId
from tests.scenarios.country import document
from tests.scenarios.large import LargeLand


@pytest.fixture
def land() -> LargeLand:
    return LargeLand()


def accepted(land: LargeLand, mib: int = 3) -> MessageId:
    land.send("G22", "H49", mib=mib)
    (answer,) = land.collect_large("G22")
    assert answer.message
    return answer.message


def test_nothing_to_upload(land: LargeLand) -> None:
    """A step of nothing puts nothing."""
    assert land.upload("G22") == Uploaded()
    assert land.depot.puts == 0


@pytest.mark.parametrize(
    ("steps", "state"), [(0, OutboxState.UPLOADING), (1, OutboxState.UPLOADING), (3, OutboxState.WAITING)]
)
def test_a_step_puts_a_few_segments(land: LargeLand, steps: int, state: OutboxState) -> None:
    """With the last of them the message is to be published, and says where they are."""
    message = accepted(land, mib=SEGMENTS_AT_ONCE + 1)
    for _ in range(steps):
        land.upload("G22")
    assert land.row("G22", Box.OUT, message).state is state
    with land["G22"].store.read() as tx:
        (entry,) = tx.outbox.unfinished([message])
    assert bool(entry.headers) == (state is OutboxState.WAITING)


def test_a_place_that_is_away_is_tried_again(land: LargeLand) -> None:
    """As long as that lasts; the message says why it waits."""
    message = accepted(land)
    land.depot.away = "down"
    with pytest.raises(BlobsAway):
        land.upload("G22")
    row = land.row("G22", Box.OUT, message)
    assert (row.state, row.attempts, row.next_at) == (OutboxState.UPLOADING, 1, land.now + UPLOAD.first / 2)
    assert "down" in str(row.error)
    assert land.upload("G22") == Uploaded()
    land.depot.away = None
    land.wait(UPLOAD.first)
    land.upload_all("G22")
    row = land.row("G22", Box.OUT, message)
    assert (row.state, row.attempts, row.error) == (OutboxState.WAITING, 0, None)


def line(land: LargeLand, message: MessageId, **other: object) -> ReceiptLine:
    row = land.row("G22", Box.OUT, message)
    said = ReceiptLine(
        message=message,
        mailbox="H49",
        outcome=Outcome.REFUSED,
        code="blob-missing",
        at=land.now + timedelta(minutes=1),
        docket_sha256=sha256(row.docket.to_json()).hexdigest(),
    )
    return replace(said, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "other", "done", "after"),
    [
        (OutboxState.SENT, {}, True, OutboxState.UPLOADING),
        (OutboxState.PARKED, {}, True, OutboxState.UPLOADING),
        (OutboxState.WAITING, {}, True, OutboxState.WAITING),
        (OutboxState.SENT, {"docket_sha256": "0" * 64}, False, OutboxState.SENT),
        (OutboxState.SENT, {"mailbox": "H53"}, False, OutboxState.SENT),
    ],
    ids=["sent", "parked", "on its way", "another docket", "another mailbox"],
)
def test_a_question_for_segments(
    land: LargeLand, before: OutboxState, other: dict[str, object], done: bool, after: OutboxState
) -> None:
    """They are put there again for whoever asks, and did not get what is under way anyway."""
    _, message = land.sent("G22", "H49", mib=3)
    memory = land["G22"].store.memory.outbox
    memory[message] = replace(memory[message], entry=replace(memory[message].entry, state=before))
    with land["G22"].store.write() as tx:
        assert answer_missing_blob(tx, line(land, message, **other), now=land.now) is done
    assert land.row("G22", Box.OUT, message).state is after


@pytest.mark.parametrize(("later", "again"), [(ASK.first / 8, False), (ASK.first / 2, True)])
def test_a_question_costs_little_and_its_answer_much(land: LargeLand, later: timedelta, again: bool) -> None:
    """Who asks far sooner than our own daemons do is not answered yet."""
    _, message = land.sent("G22", "H49", mib=3)
    with land["G22"].store.write() as tx:
        assert answer_missing_blob(tx, line(land, message), now=land.now)
    land.upload_all("G22")
    land.publish("G22")
    land.wait(later)
    with land["G22"].store.write() as tx:
        assert answer_missing_blob(tx, line(land, message), now=land.now)
    assert land.events("G22").count("blob.asked-again") == 1 + again


def test_a_message_without_blobs_misses_none(land: LargeLand) -> None:
    """The question is a refusal like any other."""
    land["G22"].dms.write(document())
    (answer,) = land.collect("G22")
    assert answer.message
    with land["G22"].store.write() as tx:
        assert not answer_missing_blob(tx, line(land, answer.message), now=land.now)
