"""Agencies and mailboxes as the directory lists them."""

from datetime import date

import pytest
from pydantic import ValidationError

from schemas.agency import Agency, AgencyGroup, AgencyName, Mailbox, Party


def test_an_agency_is_open_and_nameless_parts_are_absent() -> None:
    """Only the code and a name must be known."""
    agency = Agency(code="H49.06", names=(AgencyName(vi="Sở A"),))
    assert (agency.aliases, agency.closed, agency.successor, agency.forward) == ((), None, None, False)
    assert Agency.from_json(agency.to_json()) == agency


def test_an_agency_carries_its_history() -> None:
    """Renamed, closed, succeeded: all of it survives JSON."""
    agency = Agency(
        code="H08",
        aliases=("000.00.00.H08",),
        names=(AgencyName(vi="A"), AgencyName(vi="B", en="C", since=date(2020, 1, 1))),
        opened=date(2016, 1, 1),
        closed=date(2025, 7, 1),
        successor="H21",
        forward=True,
        basis="Nghị quyết",
    )
    assert Agency.from_json(agency.to_json()) == agency


@pytest.mark.parametrize("code", ["", "Sở", ".H49", "A" * 65, "H49/06"])
def test_a_code_is_of_plain_letters(code: str) -> None:
    """Codes have the same letters in a party, an agency and a mailbox."""
    for build in (lambda: Party(code=code), lambda: Mailbox(code=code), lambda: Agency(code=code, names=())):
        with pytest.raises(ValidationError):
            build()


def test_groups_are_the_letters_of_the_decision() -> None:
    """QĐ 20/2020: A to K, with X for enterprises' codes and Z for others."""
    assert sorted(group.value for group in AgencyGroup) == list("ABCDEFGHIJKXZ")
