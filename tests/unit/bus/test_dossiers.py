"""Which document a status is about: the corners that no story of tests/scenarios goes through."""

import pytest

from bus.handling import Verdict
from schemas.codes import StatusCode
from tests.scenarios.country import Land, document, status


@pytest.mark.parametrize(
    ("id_", "heard"),
    [
        ("g22,2016-07-01,1/cv-vp", [("01", "H49"), ("03", "H49")]),
        ("H49-internal-1", [("01", "H49")]),
    ],
)
def test_a_status_without_a_number_goes_by_its_id_alone(id_: str, heard: list[tuple[str, str]]) -> None:
    """In any writing of it; an id that nobody knows is an orphan, for there is nothing else to go by."""
    land = Land()
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    accepted = status(StatusCode.ACCEPTED, sent, "H49", "G22", id_=id_)
    bare = accepted.concerns.model_copy(update={"code": None, "issued_on": None})
    land["H49"].dms.write(accepted.model_copy(update={"concerns": bare}))
    land.settle()
    assert land["G22"].dms.heard == heard
    last = list(land["G22"].dms.reports.values())[-1]
    assert last.verdict is Verdict.APPLIED
