"""bus/receiving/receipts.py: what a recipient says, what is mended without a word, and what people are told."""

from hashlib import sha256

import pytest

from bus.handling.transport import OutboxState
from bus.ports.records import Box
from bus.receiving.receipts import mend, record
from bus.sending.receipts import receipt
from schemas.codes import Outcome
from schemas.docket import Acknowledged, Address, Docket
from schemas.values import MessageId
from tests.scenarios.country import Land, document
from tests.scenarios.looking import rows

US = Address(agency="G22", mailbox="G22")


@pytest.fixture
def land() -> Land:
    """One document is on its way from G22 to H49."""
    made = Land()
    made["G22"].dms.write(document())
    made.collect("G22")
    made.publish("G22")
    return made


def said(land: Land, outcome: Outcome, code: str | None, *, message: MessageId | None = None) -> Docket:
    (row,) = rows(land, "G22", Box.OUT)
    digest = sha256(row.docket.to_json()).hexdigest()
    line = Acknowledged(message=message or row.docket.id, docket_sha256=digest, outcome=outcome, code=code)
    return receipt(land["H49"].member, US, [line], now=land.now).docket


def heard(land: Land, docket: Docket) -> list[str]:
    """The events of a receipt."""
    office = land["G22"]
    before = len(office.store.memory.events)
    mended = mend(office.store, [docket], member=office.member, now=land.now)
    with office.store.write() as tx:
        tx.dossiers.put_events(record(tx, [docket], mended, now=land.now))
    return [event.name for event in office.store.memory.events[before:]]


@pytest.mark.parametrize(
    ("earlier", "outcome", "code", "state", "told", "events"),
    [
        ((), Outcome.HELD, None, OutboxState.DONE, 0, []),
        ((), Outcome.REFUSED, "too-large", OutboxState.DONE, 1, []),
        ((), Outcome.REFUSED, "key-withdrawn", OutboxState.WAITING, 0, ["outbox.awaits-key"]),
        ((), Outcome.REFUSED, "blob-missing", OutboxState.DONE, 1, []),
        (((Outcome.HELD, None),), Outcome.REFUSED, "key-withdrawn", OutboxState.DONE, 0, []),
        (((Outcome.REFUSED, "not-in-time"),), Outcome.HELD, None, OutboxState.DONE, 2, ["outbox.held-after-all"]),
    ],
)
def test_what_a_line_does(
    land: Land,
    earlier: tuple[tuple[Outcome, str | None], ...],
    outcome: Outcome,
    code: str | None,
    state: OutboxState,
    told: int,
    events: list[str],
) -> None:
    """Held ends it; a refusal waits in the inbox to be told; a withdrawn key is mended, and nobody need know."""
    office = land["G22"]
    dockets = [said(land, *each) for each in (*earlier, (outcome, code))]
    found = [name for docket in dockets for name in heard(land, docket)]
    with office.store.read() as tx:
        assert len(tx.inbox.rows()) == told
    assert [row.state for row in rows(land, "G22", Box.OUT)] == [state]
    assert found == events


def test_a_line_about_a_message_of_nobodys_is_passed_over(land: Land) -> None:
    """Nothing is told of it."""
    office = land["G22"]
    stranger = said(land, Outcome.REFUSED, "too-large", message=MessageId("00000000-0000-7000-8000-00000000ffff"))
    assert heard(land, stranger) == []
    assert not office.store.memory.inbox


def test_one_mailbox_does_not_speak_for_another(land: Land) -> None:
    """A receipt of a mailbox that the message was not sent to says nothing of it."""
    office = land["G22"]
    docket = said(land, Outcome.REFUSED, "too-large")
    stranger = docket.model_copy(update={"sender": Address(agency="H53", mailbox="H53")})
    heard(land, stranger)
    assert not office.store.memory.inbox
    assert [row.state for row in rows(land, "G22", Box.OUT)] == [OutboxState.SENT]


def test_a_withdrawn_key_after_held_in_one_batch_is_about_an_older_copy(land: Land) -> None:
    """As in two batches."""
    office = land["G22"]
    dockets = [said(land, Outcome.HELD, None), said(land, Outcome.REFUSED, "key-withdrawn")]
    assert not mend(office.store, dockets, member=office.member, now=land.now)


def test_what_was_mended_is_not_told_with_what_was_refused(land: Land) -> None:
    """Two lines of one receipt: people hear of the one that is final."""
    office = land["G22"]
    office.dms.write(document(number=2))
    land.collect("G22")
    land.publish("G22")
    lines = []
    for row, code in zip(rows(land, "G22", Box.OUT), ("too-large", "too-much-held"), strict=True):
        digest = sha256(row.docket.to_json()).hexdigest()
        lines.append(Acknowledged(message=row.docket.id, docket_sha256=digest, outcome=Outcome.REFUSED, code=code))
    assert heard(land, receipt(land["H49"].member, US, lines, now=land.now).docket) == ["outbox.held-back"]
    land.deliver("G22")
    assert [bounce.error.code for bounce in office.dms.bounces] == ["too-large"]
