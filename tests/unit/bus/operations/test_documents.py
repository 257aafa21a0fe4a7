"""bus/operations/documents.py: at which stage each document is said to be, at each recipient."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.errors import DmsAway, RefusedByDms
from bus.operations.documents import PAGE, Stage, Standing, Wanted, list_documents
from bus.operations.messages import discard_message, withdraw_message
from bus.ports.records import Box
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Business
from tests.scenarios.country import Land, document, status
from tests.scenarios.large import LargeLand

S = StatusCode
HOUR = timedelta(hours=1)


@pytest.fixture
def land() -> Land:
    return Land()


def standings(land: Land, at: str = "G22", *, box: Box = Box.OUT, **wanted: Any) -> Sequence[Standing]:
    return list_documents(land[at].store, Wanted(**wanted), box=box, mailbox=at, now=land.now)


def stages(land: Land, at: str = "G22", **wanted: Any) -> list[tuple[str, str, Stage | S]]:
    found = standings(land, at, **wanted)
    return [(each.number or "", each.recipient.agency, each.stage) for each in found]


def test_the_stages_of_what_is_sent(land: Land) -> None:
    """From accepted to done, each recipient for itself; the newest document first."""
    sent = document("G22", "H49", "H53")
    land["G22"].dms.write(sent)
    land.collect("G22")
    assert stages(land) == [("1/CV-VP", "H49", Stage.WAITING), ("1/CV-VP", "H53", Stage.WAITING)]
    land.publish("G22")
    assert [stage for *_, stage in stages(land)] == [Stage.AT_BROKER, Stage.AT_BROKER]
    land["H49"].dms.away = DmsAway(why="bảo trì")
    land["H53"].broker.cut()
    land.settle(3)
    assert [stage for *_, stage in stages(land)] == [Stage.RECEIPTED, Stage.AT_BROKER]
    assert stages(land, stage=Stage.RECEIPTED) == [("1/CV-VP", "H49", Stage.RECEIPTED)]
    land["H49"].dms.away = None
    land["H53"].broker.mend()
    land.wait(HOUR)
    land.settle()
    land["H49"].dms.write(status(S.IN_PROGRESS, sent, "H49", "G22"))
    land.settle()
    land["G22"].dms.write(document(number=2))
    land.collect("G22")
    assert stages(land) == [
        ("2/CV-VP", "H49", Stage.WAITING),
        ("1/CV-VP", "H49", S.IN_PROGRESS),
        ("1/CV-VP", "H53", S.ARRIVED),
    ]
    assert stages(land, limit=1) == [("2/CV-VP", "H49", Stage.WAITING)]


def test_what_did_not_arrive(land: Land) -> None:
    """Refused, not in time, withdrawn, given up: each by its name, with what was said."""
    land["G22"].member = replace(land["G22"].member, expiry={Priority.IMMEDIATE_TIMED: HOUR})
    land["H49"].dms.refuses[document().id] = RefusedByDms(document=document().id, why="trial")
    land["H53"].broker.cut()
    land["G22"].dms.write(document())
    land["G22"].dms.write(document("G22", "H53", number=2, priority=Priority.IMMEDIATE_TIMED))
    land.settle(3)
    land.wait(2 * HOUR)
    land.settle(2)
    land["G22"].dms.write(document(number=3))
    (answer,) = land.collect("G22")
    assert answer.message
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(document(number=4))
    land.collect("G22")
    for _ in range(902):
        land.publish("G22")
        land.wait(timedelta(minutes=6))
    assert [(each.stage, (each.why or "").partition(" ")[0]) for each in standings(land)] == [
        (Stage.PARKED, "RabbitMQ"),
        (Stage.WITHDRAWN, ""),
        (Stage.NOT_IN_TIME, "not-in-time"),
        (Stage.REFUSED, "refused-by-dms"),
    ]
    for stage in (Stage.PARKED, Stage.WITHDRAWN, Stage.NOT_IN_TIME, Stage.REFUSED):
        assert [each.stage for each in standings(land, stage=stage)] == [stage]


def test_what_was_sent_again_stands_where_the_last_message_stands(land: Land) -> None:
    """One row for each document and recipient, however often it was sent."""
    sent = document("G22", "H49", "H53")
    land["H53"].dms.refuses[sent.id] = RefusedByDms(document=sent.id, why="trial")
    land["G22"].dms.write(sent)
    land.settle()
    assert [stage for *_, stage in stages(land)] == [S.ARRIVED, Stage.REFUSED]
    land["H53"].dms.refuses.clear()
    land["G22"].dms.write(sent)
    land.collect("G22")
    assert stages(land) == [("1/CV-VP", "H53", Stage.WAITING), ("1/CV-VP", "H49", S.ARRIVED)]
    assert stages(land, stage=Stage.REFUSED) == [], "nobody need look at it any more"


def test_who_has_it_after_all_is_said_to_have_it(land: Land) -> None:
    """The first message came late, the second never did: what its recipient reports counts."""
    land["G22"].member = replace(land["G22"].member, expiry={Priority.IMMEDIATE_TIMED: HOUR})
    sent = document("G22", "H53", priority=Priority.IMMEDIATE_TIMED)
    land["H53"].broker.cut()
    land["G22"].dms.write(sent)
    land.settle(3)
    land.wait(HOUR)
    land.settle(2)
    land["H53"].broker.mend()
    land.take_in("H53")
    land["G22"].dms.write(sent)
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H53")
    land.settle(3)
    land.wait(HOUR)
    land.settle(2)
    assert [(each.stage, each.why) for each in standings(land)] == [(S.ARRIVED, None)]


def test_a_change_stands_where_it_was_answered(land: Land) -> None:
    """Its own row: receipted, then agreed to or refused; the document's row is not touched by it."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    land["H49"].dms.write(status(S.DONE, sent, "H49", "G22"))
    land.settle()
    business = Business(type=BusinessType.UPDATE, reason="nhầm", document_id=sent.id)
    land["G22"].dms.write(sent.model_copy(update={"business": business}))
    land.settle()
    assert [stage for *_, stage in stages(land)] == [Stage.RECEIPTED, S.DONE]
    assert [stage for *_, stage in stages(land, stage=Stage.RECEIPTED)] == [Stage.RECEIPTED]
    land["H49"].dms.write(status(S.CHANGE_REFUSED, sent, "H49", "G22"))
    land.settle()
    assert [(each.stage, each.business) for each in standings(land)] == [
        (S.CHANGE_REFUSED, BusinessType.UPDATE),
        (S.DONE, BusinessType.NEW),
    ]
    assert [stage for *_, stage in stages(land, stage=S.CHANGE_REFUSED)] == [S.CHANGE_REFUSED]


def test_what_is_overdue(land: Land) -> None:
    """Its day is over, and nobody there has said yes or no; who is asked, and of what was received, too."""
    for number, day in ((1, date(2016, 7, 2)), (2, date(2016, 7, 2)), (3, date(2016, 7, 9))):
        land["G22"].dms.write(document(number=number, due_on=day))
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, document(number=2), "H49", "G22"))
    land.settle()
    assert stages(land, overdue=True) == []
    land.wait(timedelta(days=2))
    late = [("1/CV-VP", "H49", S.ARRIVED)]
    assert stages(land, overdue=True) == late
    assert stages(land, overdue=True, stage=S.ARRIVED) == late
    assert stages(land, overdue=True, since=land.now - timedelta(days=3)) == late
    assert stages(land, overdue=True, recipient="H53") == []
    assert stages(land, "H49", box=Box.IN, overdue=True) == late
    (answer,) = [each for each in standings(land) if each.is_overdue]
    assert (answer.due_on, answer.why) == (date(2016, 7, 2), None)


def test_what_was_received(land: Land) -> None:
    """To be filed, filed, refused, discarded; only for this mailbox's own agencies, and nothing twice."""
    land["H49"].dms.away = DmsAway(why="bảo trì")
    sent = document("G22", "H49", "H53")
    land["G22"].dms.write(sent)
    land.settle(3)
    assert stages(land, "H49", box=Box.IN) == [("", "H49", Stage.TO_FILE)]
    land["H49"].dms.away = None
    land["H49"].dms.refuses[document(number=2).id] = RefusedByDms(document="x", why="trial")
    land["G22"].dms.write(document(number=2))
    land.wait(timedelta(minutes=5))
    land.settle()
    assert stages(land, "H49", box=Box.IN) == [("", "H49", Stage.REFUSED), ("1/CV-VP", "H49", S.ARRIVED)]
    assert stages(land, "H49", box=Box.IN, sender="H53") == []
    (row,) = standings(land, "H49", box=Box.IN, stage=Stage.REFUSED)
    assert row.sender == "G22"
    discard_message(land["H49"].store, row.message, now=land.now)
    assert stages(land, "H49", box=Box.IN, stage=Stage.DISCARDED) == [("", "H49", Stage.DISCARDED)]


def test_large_files_that_are_being_fetched() -> None:
    """It is here, and not whole."""
    land = LargeLand()
    land.sent("G22", "H49", mib=3)
    assert stages(land, "H49", box=Box.IN) == [("", "H49", Stage.FETCHING)]
    assert stages(land, "H49", box=Box.IN, stage=Stage.FETCHING) == [("", "H49", Stage.FETCHING)]


def test_a_second_message_of_what_was_filed_is_no_second_row(land: Land) -> None:
    """It was passed over."""
    sent = document("G22", "H49", "H53")
    land["G22"].dms.write(sent)
    land.settle()
    with land["G22"].store.write() as tx:
        (row,) = tx.outbox.rows(document=sent.id)
    memory = land["G22"].store.memory
    del memory.outbox[row.docket.id]
    land["G22"].dms.write(sent)
    land.settle()
    assert stages(land, "H49", box=Box.IN) == [("1/CV-VP", "H49", S.ARRIVED)]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"part": "1/cv"}, ["1/CV-VP"]),
        ({"part": "cv-vp"}, ["3/CV-VP", "2/CV-VP", "1/CV-VP"]),
        ({"part": "cv-vp", "recipient": "H53"}, ["3/CV-VP"]),
        ({"part": "cv-vp", "number": "2"}, ["2/CV-VP"]),
        ({"number": "2/cv-vp"}, ["2/CV-VP"]),
        ({"part": "nothing"}, []),
        ({"sender": "G22"}, ["3/CV-VP", "2/CV-VP", "1/CV-VP"]),
        ({"sender": "H49"}, []),
        ({"recipient": "H53"}, ["3/CV-VP"]),
        ({"recipient": "H53", "stage": S.ARRIVED}, ["3/CV-VP"]),
        ({"part": "cv-vp", "since": Land().now + HOUR}, ["3/CV-VP", "2/CV-VP"]),
        ({"until": Land().now + HOUR}, ["1/CV-VP"]),
    ],
)
def test_what_is_asked_for(land: Land, wanted: dict[str, Any], numbers: list[str]) -> None:
    """Filters narrow together; a part of an id or number is found however it is written."""
    for number, to in ((1, "H49"), (2, "H49"), (3, "H53")):
        land["G22"].dms.write(document("G22", to, number=number))
        land.settle()
        land.wait(HOUR)
    assert [number for number, *_ in stages(land, **wanted)] == numbers


def test_more_than_a_page(land: Land) -> None:
    """One page after the other, until there are enough."""
    for start in range(0, PAGE + 50, 100):
        for number in range(start, start + 100):
            land["G22"].dms.write(document(number=number))
        land.collect("G22")
    assert len(stages(land, limit=PAGE + 40)) == PAGE + 40
    assert len(stages(land, recipient="H53")) == 0
