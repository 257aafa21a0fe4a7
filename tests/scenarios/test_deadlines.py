"""Documents that are due, and that an agency has not taken up: the sender's mailbox says so before it is too late."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bus.dossiers.remind import BATCH, remind
from bus.errors import DmsAway, RefusedByDms
from bus.operations.events import recent_events
from bus.operations.messages import withdraw_message
from bus.operations.trace import trace_document
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business, Replaced
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import events

DAY = date(2016, 7, 4)
NEAR = datetime(2016, 7, 3, 17, 0, tzinfo=UTC)
"""The day begins in Việt Nam: a whole day is left."""
OVER = NEAR + timedelta(days=1)
MOMENT = timedelta(seconds=1)
DUE = document("G22", "H49", "H53", due_on=DAY)


@pytest.fixture
def land() -> Land:
    return Land()


def sent(land: Land, *, away: str = "H53") -> Land:
    """One recipient has accepted, the other is away."""
    land[away].broker.cut()
    land["G22"].dms.write(DUE)
    land.settle(3)
    land["H49"].dms.write(status(StatusCode.ACCEPTED, DUE, "H49", "G22"))
    land.settle(3)
    return land


def said_at(land: Land, now: datetime) -> list[str]:
    land.now = now
    return land.remind("G22")


def test_it_warns_once_before_and_once_after(land: Land) -> None:
    """With the document, the agency and the day, for whom it still waits; visible in events and trace."""
    sent(land)
    assert said_at(land, NEAR - MOMENT) == []
    assert said_at(land, NEAR) == ["H53: due 2016-07-04, no receipt"]
    assert said_at(land, OVER - MOMENT) == []
    assert said_at(land, OVER) == ["H53: due 2016-07-04, no receipt"]
    assert said_at(land, OVER + timedelta(days=9)) == []
    assert {"deadline.near", "deadline.passed"} <= events(land, "G22", DUE.id)
    steps = [step.what for step in trace_document(land["G22"].store, DUE.id)]
    assert steps.count("deadline.near") == steps.count("deadline.passed") == 1
    (newest, *_) = recent_events(land["G22"].store, limit=9, name="deadline.passed")
    assert newest.message
    assert newest.document
    assert newest.document.id == DUE.id


def test_a_mailbox_that_was_down_says_the_last_stage_only(land: Land) -> None:
    """Back after the day is over, there is nothing near any more."""
    sent(land)
    assert len(said_at(land, OVER)) == 1
    assert "deadline.near" not in events(land, "G22", DUE.id)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("held", "H53: due 2016-07-04, held by its mailbox, not filed"),
        ("arrived", "H53: due 2016-07-04, arrived there, not accepted"),
        ("refused", "H53: due 2016-07-04, refused: refused-by-dms"),
        ("accepted", None),
        ("taken back", None),
        ("forgotten", "H53: due 2016-07-04, no receipt"),
    ],
)
def test_it_says_how_far_it_came(land: Land, how: str, words: str | None) -> None:
    """Who has said yes or no is waited for no more; nor is one whose document is asked back."""
    away = "H08"
    match how:
        case "held":
            land["H53"].dms.away = DmsAway(why="bảo trì")
        case "refused":
            land["H53"].dms.refuses[DUE.id] = RefusedByDms(document=DUE.id, why="sai")
        case "taken back" | "forgotten":
            away = "H53"
        case _:
            pass
    sent(land, away=away)
    match how:
        case "accepted":
            land["H53"].dms.write(status(StatusCode.ACCEPTED, DUE, "H53", "G22"))
        case "taken back":
            land["G22"].dms.write(status(StatusCode.TAKE_BACK, DUE, "G22", "H53"))
        case "forgotten":
            land["H53"].broker.mend()
            land["H53"].dms.away = DmsAway(why="bảo trì")
            land.settle(3)
            land["G22"].store.forget(land.now + timedelta(days=1))
        case _:
            pass
    if how != "forgotten":
        land.settle(3)
    assert said_at(land, NEAR) == ([words] if words else [])


def test_what_was_withdrawn_is_said_to_be(land: Land) -> None:
    """Nobody there is at fault: it is for the sender to send it again, or to forget it."""
    land["G22"].dms.write(DUE)
    (answer,) = land.collect("G22")
    assert answer.message
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    assert "H53: due 2016-07-04, withdrawn before it left" in said_at(land, NEAR)


def test_the_message_that_carried_it_is_named(land: Land) -> None:
    """Not another one about the same document: a request to another agency, or what went to others only."""
    sent(land)
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, DUE, "G22", "H49"))
    update = Business(type=BusinessType.UPDATE, document_id=DUE.id, reason="bổ sung")
    land["G22"].dms.write(document("G22", "H49", id_=DUE.id, business=update))
    land.settle(2)
    with land["G22"].store.read() as tx:
        first = tx.outbox.rows(document=DUE.id)[-1].docket.id
    assert said_at(land, NEAR) == ["H53: due 2016-07-04, no receipt"]
    (event, *_) = recent_events(land["G22"].store, limit=9, name="deadline.near")
    assert event.message == first


def test_only_its_sender_is_warned(land: Land) -> None:
    """The day is the sender's wish: the recipient's mailbox says nothing of it."""
    sent(land, away="H08")
    land.now = OVER
    assert land.remind("H49") == land.remind("H53") == []


def test_an_update_sets_another_day(land: Land) -> None:
    """The new day is watched from the beginning; one that says nothing of it leaves it."""
    sent(land)
    assert len(said_at(land, NEAR)) == 1
    for number, due_on in ((1, DAY + timedelta(days=7)), (2, None)):
        update = Business(type=BusinessType.UPDATE, document_id=DUE.id, reason="gia hạn")
        content = f"%PDF-1.7 {number} %%EOF".encode()
        land["G22"].dms.write(document("G22", "H53", id_=DUE.id, business=update, due_on=due_on, content=content))
        land.settle(2)
    assert said_at(land, OVER) == []
    assert said_at(land, NEAR + timedelta(days=7)) == ["H53: due 2016-07-11, no receipt"]


def test_what_was_replaced_is_due_no_more(land: Land) -> None:
    """The new document has a day of its own, or none."""
    sent(land)
    replaced = Replaced(document_id=DUE.id, agencies=())
    business = Business(type=BusinessType.REPLACE, reason="thay", replaced=(replaced,))
    land["G22"].dms.write(document("G22", "H53", number=2, business=business))
    land.settle(2)
    assert said_at(land, OVER) == []


def test_many_are_said_in_batches(land: Land) -> None:
    """No more than a batch at once, and each once."""
    for number in range(1, BATCH + 2):
        land["G22"].dms.write(document(number=number, due_on=DAY))
    while land.collect("G22"):
        pass
    said = [len(remind(land["G22"].store, now=OVER)) for _ in range(3)]
    assert said == [BATCH, 1, 0]
