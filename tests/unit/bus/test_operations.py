"""The operator's verbs: the corners that no story of tests/scenarios goes through."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from bus import operations
from bus.errors import NoSuchMessage, NotPossible
from bus.mailroom import address, seal
from bus.message import publication
from bus.records import Box, OutboxChange, State
from schemas.codes import BusinessType
from schemas.document import Business
from tests.contract.store import arrived, mid
from tests.scenarios.country import Land, document


@pytest.fixture
def land() -> Land:
    return Land()


def steps(land: Land, at: str) -> list[str]:
    return [step.what for step in operations.trace(land[at].store, document().id)]


def test_what_was_just_taken_in_has_no_more_to_tell(land: Land) -> None:
    """It waits, and nothing is wrong with it."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    assert steps(land, "H49") == ["document sealed by sender", "document taken in"]


@pytest.mark.parametrize(
    ("business", "name"),
    [
        (BusinessType.NEW, "document"),
        (BusinessType.REVOKE, "revocation"),
        (BusinessType.UPDATE, "update"),
        (BusinessType.REPLACE, "replacement"),
    ],
)
def test_a_step_is_named_for_what_the_package_does(land: Land, business: BusinessType, name: str) -> None:
    """A document and its revocation have one id: the trace must tell them apart."""
    land["G22"].dms.write(document())
    land.settle(2)
    land["G22"].dms.write(document(business=Business(type=business)))
    for _ in range(6):  # a change waits a little for the document it is about
        land.settle(2)
        land.wait(timedelta(minutes=5))
    assert {f"{name} accepted", f"{name} published"} <= set(steps(land, "G22"))
    assert {f"{name} taken in", f"{name} filed"} <= set(steps(land, "H49"))


def test_a_second_message_of_the_same_content_was_passed_over(land: Land) -> None:
    """It is done and was not filed: the trace says which, and why."""
    member = land["G22"].member
    addressed = address(member, document())
    for _ in range(2):
        land["G22"].broker.publish([publication(seal(member, addressed, now=land.now))])
    land.settle()
    trace = operations.trace(land["H49"].store, document().id)
    assert [step.what for step in trace].count("document filed") == 1
    assert [step.detail for step in trace if step.what == "document passed over"] == ["duplicate"]


@pytest.mark.parametrize(
    ("verb", "box", "at"), [(operations.retry, Box.IN, "H49"), (operations.release, Box.IN, "H49")]
)
def test_what_is_done_stays_done(land: Land, verb: object, box: Box, at: str) -> None:
    """Neither retry nor release takes a filed message back onto the road; nothing of the batch is changed."""
    assert callable(verb)
    land["G22"].dms.write(document())
    land.settle()
    (row,) = operations.list_rows(land[at].store, box, state=State.DONE)
    with pytest.raises(NotPossible):
        verb(land[at].store, box, [row.docket.id], now=land.now)
    assert operations.show(land[at].store, box, row.docket.id).state is State.DONE


@pytest.mark.parametrize(("tried", "may"), [(False, True), (True, False)])
def test_what_a_recipient_may_have_cannot_be_withdrawn(land: Land, tried: bool, may: bool) -> None:
    """The broker was asked once and gave no clear answer: to say it is cancelled could be untrue."""
    land["G22"].dms.write(document())
    land.collect("G22")
    store = land["G22"].store
    with store.write() as tx:
        (row,) = tx.rows(Box.OUT)
        message = row.docket.id
        tx.change_outbox([OutboxChange(message=message, state=State.WAITING, attempts=0, tried=tried, at=land.now)])
    with nullcontext() if may else pytest.raises(NotPossible):
        operations.withdraw(store, message, now=land.now)
    assert operations.show(store, Box.OUT, message).state is (State.CANCELLED if may else State.WAITING)


def test_what_was_set_aside_in_the_inbox_can_be_discarded(land: Land) -> None:
    """Of every sender that used the id, what is parked or refused, and nothing else; the body goes, the trace tells."""
    store, entries = land["H49"].store, [arrived(1, sender=sender) for sender in ("G22", "H53", "Z99")]
    message = entries[0].docket.id
    states = {"G22": State.PARKED, "H53": State.REFUSED, "Z99": State.WAITING}
    with store.write() as tx:
        tx.put_inbox([replace(entry, state=states[entry.docket.sender.mailbox], error="why") for entry in entries])
    before = operations.discard(store, message, now=land.now)
    assert {(row.docket.sender.mailbox, row.state, row.size) for row in before} == {
        ("G22", State.PARKED, 4),
        ("H53", State.REFUSED, 4),
    }
    after = {row.docket.sender.mailbox: row for row in operations.list_rows(store, Box.IN)}
    assert {sender: row.state for sender, row in after.items()} == {
        "G22": State.CANCELLED,
        "H53": State.CANCELLED,
        "Z99": State.WAITING,
    }
    assert (after["G22"].size, after["G22"].error, after["G22"].finished_at) == (0, "why", land.now)
    document_id = before[0].docket.document.id if before[0].docket.document else ""
    assert "inbox.discard" in [step.what for step in operations.trace(store, document_id)]
    with pytest.raises(NotPossible, match="waiting"):
        operations.discard(store, message, now=land.now)
    with pytest.raises(NoSuchMessage):
        operations.discard(store, mid(9), now=land.now)
