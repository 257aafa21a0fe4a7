"""The operator's verbs: the corners that no story of tests/scenarios goes through."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest

from bus.errors import NoSuchMessage, NotPossible
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import discard_message, list_rows, release, retry, show_message, withdraw_message
from bus.operations.trace import trace_document
from bus.ports.records import Box, OutboxChange
from schemas.values import MessageId
from tests.contract.store import arrived, mid, sending
from tests.scenarios.country import Land, document


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.mark.parametrize(("verb", "box", "at"), [(retry, Box.IN, "H49"), (release, Box.IN, "H49")])
def test_what_is_done_stays_done(land: Land, verb: object, box: Box, at: str) -> None:
    """Neither retry nor release takes a filed message back onto the road; nothing of the batch is changed."""
    assert callable(verb)
    land["G22"].dms.write(document())
    land.settle()
    (row,) = list_rows(land[at].store, box, state=InboxState.DONE)
    with pytest.raises(NotPossible):
        verb(land[at].store, box, [row.docket.id], now=land.now)
    assert show_message(land[at].store, box, row.docket.id).state is InboxState.DONE


@pytest.mark.parametrize(("tried", "may"), [(False, True), (True, False)])
def test_what_a_recipient_may_have_cannot_be_withdrawn(land: Land, tried: bool, may: bool) -> None:
    """The broker was asked once and gave no clear answer: to say it is cancelled could be untrue."""
    land["G22"].dms.write(document())
    land.collect("G22")
    store = land["G22"].store
    with store.write() as tx:
        (row,) = tx.outbox.rows()
        message = row.docket.id
        tx.outbox.change(
            [OutboxChange(message=message, state=OutboxState.WAITING, attempts=0, tried=tried, at=land.now)]
        )
    with nullcontext() if may else pytest.raises(NotPossible):
        withdraw_message(store, message, now=land.now, new_id=land["G22"].member.new_id)
    assert show_message(store, Box.OUT, message).state is (OutboxState.CANCELLED if may else OutboxState.WAITING)


def test_what_was_set_aside_in_the_inbox_can_be_discarded(land: Land) -> None:
    """Of every sender that used the id, what is parked or refused, and nothing else; the body goes, the trace tells."""
    store, entries = land["H49"].store, [arrived(1, sender=sender) for sender in ("G22", "H53", "Z99")]
    message = entries[0].docket.id
    states = {"G22": InboxState.PARKED, "H53": InboxState.REFUSED, "Z99": InboxState.WAITING}
    with store.write() as tx:
        tx.inbox.put([replace(entry, state=states[entry.docket.sender.mailbox], error="why") for entry in entries])
    before = discard_message(store, message, now=land.now)
    assert {(row.docket.sender.mailbox, row.state, row.size) for row in before} == {
        ("G22", InboxState.PARKED, 4),
        ("H53", InboxState.REFUSED, 4),
    }
    after = {row.docket.sender.mailbox: row for row in list_rows(store, Box.IN)}
    assert {sender: row.state for sender, row in after.items()} == {
        "G22": InboxState.CANCELLED,
        "H53": InboxState.CANCELLED,
        "Z99": InboxState.WAITING,
    }
    assert (after["G22"].size, after["G22"].error, after["G22"].finished_at) == (0, "why", land.now)
    document_id = before[0].docket.document.id if before[0].docket.document else ""
    assert "inbox.discard" in [step.what for step in trace_document(store, document_id)]
    with pytest.raises(NotPossible, match="waiting"):
        discard_message(store, message, now=land.now)
    with pytest.raises(NoSuchMessage):
        discard_message(store, mid(9), now=land.now)


S, T = OutboxState, InboxState


@pytest.mark.parametrize(
    ("verb", "box", "before", "after"),
    [
        (retry, Box.OUT, S.WAITING, S.WAITING),
        (retry, Box.OUT, S.SENT, S.SENT),
        (retry, Box.OUT, S.PARKED, S.WAITING),
        (retry, Box.OUT, S.DONE, None),
        (release, Box.OUT, S.PARKED, S.WAITING),
        (release, Box.OUT, S.WAITING, None),
        (retry, Box.IN, T.WAITING, T.WAITING),
        (retry, Box.IN, T.PARKED, T.WAITING),
        (retry, Box.IN, T.REFUSED, None),
        (release, Box.IN, T.PARKED, T.WAITING),
        (release, Box.IN, T.REFUSED, T.WAITING),
        (release, Box.IN, T.DONE, None),
    ],
)
def test_what_a_verb_takes(
    land: Land,
    verb: Callable[..., Sequence[MessageId]],
    box: Box,
    before: OutboxState | InboxState,
    after: OutboxState | InboxState | None,
) -> None:
    """Due at once afterwards; what the verb does not take stays as it is, and says where it stands."""
    store = land["G22"].store
    with store.write() as tx:
        if isinstance(before, OutboxState):
            tx.outbox.put([sending(1, state=before)], at=land.now)
        else:
            tx.inbox.put([replace(arrived(1), state=before)])
    if after is None:
        with pytest.raises(NotPossible, match=str(before)):
            verb(store, box, [mid(1)], now=land.now)
        assert show_message(store, box, mid(1)).state is before
        return
    assert verb(store, box, [mid(1)], now=land.now) == [mid(1)]
    row = show_message(store, box, mid(1))
    assert (row.state, row.next_at) == (after, land.now)


@pytest.mark.parametrize("box", list(Box))
@pytest.mark.parametrize("verb", [retry, release])
def test_a_message_that_is_not_there(land: Land, verb: Callable[..., Sequence[MessageId]], box: Box) -> None:
    """Is said by name; the others that were named stay as they are."""
    store = land["G22"].store
    with store.write() as tx:
        tx.outbox.put([sending(1, state=S.PARKED)], at=land.now)
        tx.inbox.put([replace(arrived(1), state=T.PARKED)])
    with pytest.raises(NoSuchMessage):
        verb(store, box, [mid(1), mid(2)], now=land.now)
    assert show_message(store, box, mid(1)).state == "parked"
