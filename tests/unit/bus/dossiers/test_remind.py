"""bus/dossiers/remind.py: what is said of a document that is due, by what is known of it at its recipient."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from bus.dossiers.remind import remind
from bus.ports.store import Store
from schemas.codes import StatusCode
from tests.fakes.store import Overtaken
from tests.scenarios.country import Land, document, status

DUE = document(due_on=date(2016, 7, 4))
EVE = datetime(2016, 7, 3, 17, tzinfo=UTC)
"""The day begins in Việt Nam."""
OVER = EVE + timedelta(days=1)


@pytest.mark.parametrize(
    ("turns", "known"), [(0, "no receipt"), (1, "held by its mailbox, not filed"), (2, "arrived there, not accepted")]
)
def test_it_says_how_far_the_document_came(turns: int, known: str) -> None:
    """By what came back until then."""
    land = Land()
    land["G22"].dms.write(DUE)
    land.collect("G22")
    if turns:
        land.publish("G22")
        land.take_in("H49")
        if turns > 1:
            land.deliver("H49")
        land.publish("H49")
        land.take_in("G22")
        land.deliver("G22")
    (event,) = remind(land["G22"].store, now=OVER)
    assert event.detail == f"H49: due 2016-07-04, {known}"
    assert event.document
    assert event.document.id == DUE.id


@pytest.mark.parametrize(
    ("said", "at", "names"),
    [
        (None, EVE - timedelta(seconds=1), []),
        (None, EVE, ["deadline.near"]),
        (None, OVER, ["deadline.passed"]),
        (StatusCode.ACCEPTED, OVER, []),
        (StatusCode.REFUSED, OVER, []),
        (StatusCode.ARRIVED, OVER, ["deadline.passed"]),
    ],
)
def test_whom_is_waited_for(said: StatusCode | None, at: datetime, names: list[str]) -> None:
    """Until somebody there says yes or no; each stage once."""
    land = Land()
    land["G22"].dms.write(DUE)
    land.settle()
    if said is not None:
        land["H49"].dms.write(status(said, DUE, "H49", "G22"))
        land.settle()
    store = land["G22"].store
    assert [event.name for event in remind(store, now=at)] == names
    assert not remind(store, now=at)


def test_what_is_taken_up_in_the_last_moment_is_not_reminded_of() -> None:
    """Between the look and the write."""
    land = Land()
    land["G22"].dms.write(DUE)
    land.settle()
    land["H49"].dms.write(status(StatusCode.ACCEPTED, DUE, "H49", "G22"))
    store = land["G22"].store
    assert not remind(cast(Store, Overtaken(store, land.settle)), now=OVER)
    assert all(dossier.told is None for dossier in store.memory.dossiers.values())


@pytest.mark.parametrize(
    "due_on", [date(1, 1, 1), date(1900, 1, 1), date(1970, 1, 1), DUE.issued_on - timedelta(days=1)]
)
def test_no_deadline_is_told_of_that_nobody_set(due_on: date) -> None:
    """Neither of a document that was handed over with such a day, nor of one that an older release has kept."""
    land = Land()
    land["G22"].dms.write(document(due_on=due_on))
    land.settle()
    store = land["G22"].store
    assert not remind(store, now=OVER)
    for key, dossier in store.memory.dossiers.items():
        assert dossier.due_on is None
        store.memory.dossiers[key] = replace(dossier, due_on=due_on)
    assert not remind(store, now=OVER)
    assert all(dossier.due_on is None for dossier in store.memory.dossiers.values())
