"""bus/sending/expire.py: which recipients are given up, by what they have said until then."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from bus.handling.transport import OutboxState
from bus.ports.records import Box
from bus.ports.store import Store
from bus.sending.expire import Ended, expire
from schemas.codes import Outcome, Priority
from tests.contract.store import line
from tests.fakes.store import Overtaken
from tests.scenarios.country import Land, document
from tests.scenarios.looking import rows

HOUR = timedelta(hours=1)
TO = ("H49", "H53")


def sent(land: Land, number: int = 1) -> None:
    office = land["G22"]
    office.member = replace(office.member, expiry={Priority.NORMAL: HOUR})
    office.dms.write(document("G22", *TO, number=number))
    land.collect("G22")


@pytest.mark.parametrize(
    ("answers", "given_up"),
    [
        ({}, ["H49", "H53"]),
        ({"H49": Outcome.HELD}, ["H53"]),
        ({"H49": Outcome.REFUSED}, ["H53"]),
        ({"H49": Outcome.HELD, "H53": Outcome.REFUSED}, []),
    ],
)
def test_who_has_not_answered_is_given_up(answers: dict[str, Outcome], given_up: list[str]) -> None:
    """Once, and all in one note; where all have answered nothing expires."""
    land = Land()
    sent(land)
    (row,) = rows(land, "G22", Box.OUT)
    with land["G22"].store.write() as tx:
        tx.outbox.put_receipts([replace(line(1, code, said), message=row.docket.id) for code, said in answers.items()])
    land.wait(HOUR)
    ended = land.expire("G22")
    assert [event.name for event in ended.events] == (["outbox.expired"] if given_up else [])
    (row,) = rows(land, "G22", Box.OUT)
    assert row.state is OutboxState.DONE
    assert [each.mailbox for each in row.recipients if each.code == "not-in-time"] == given_up
    land.deliver("G22")
    assert [bounce.mailbox for bounce in land["G22"].dms.bounces] == given_up
    assert land.expire("G22") == Ended()


@pytest.mark.parametrize(("later", "ends"), [(HOUR - timedelta(microseconds=1), 0), (HOUR, 1)])
def test_it_ends_to_the_moment(later: timedelta, ends: int) -> None:
    """By this mailbox's clock."""
    land = Land()
    sent(land)
    land.wait(later)
    assert len(land.expire("G22").events) == ends


def test_who_answers_in_the_last_moment_is_not_given_up() -> None:
    """Between the look and the write."""
    land = Land()
    sent(land)
    land.wait(HOUR)
    office = land["G22"]
    (row,) = rows(land, "G22", Box.OUT)

    def answered() -> None:
        with office.store.write() as tx:
            tx.outbox.put_receipts([replace(line(1, code), message=row.docket.id) for code in TO])

    store = cast(Store, Overtaken(office.store, answered))
    assert expire(store, member=office.member, now=land.now) == Ended()
    assert not office.store.memory.inbox


def test_documents_for_many_end_in_several_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the recipients, who may be a thousand of one document; one alone is always one commit."""
    monkeypatch.setattr("bus.sending.expire.RECIPIENTS", 3)
    land = Land()
    for number in range(1, 4):
        sent(land, number)
    land.wait(HOUR)
    ended = [land.expire("G22") for _ in range(4)]
    assert [(len(each.events), each.more) for each in ended] == [(1, True), (1, True), (1, False), (0, False)]
