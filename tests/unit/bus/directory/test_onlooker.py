"""bus/directory/onlooker.py: who may speak for which agency, at which time. Keys and certificates are tried by every
judge's tests."""

from datetime import date, datetime, timedelta

import pytest

from bus.directory.onlooker import CLOSED_SINCE, Onlooker
from bus.errors import NoKey
from schemas.docket import Address
from schemas.values import VIETNAM
from tests.scenarios.country import Land

CLOSED = date(2025, 7, 1)
"""The day on which H08 closes."""
LAST = datetime(2025, 6, 30, 23, tzinfo=VIETNAM)


def onlooker(on: date) -> Onlooker:
    return Onlooker(directory=Land()["G22"].member.directory.as_of(on))


@pytest.mark.parametrize(
    ("agency", "mailbox", "made", "later", "served"),
    [
        ("H49", "H49", LAST, timedelta(0), True),
        ("H49", "H53", LAST, timedelta(0), False),
        ("H08", "H08", LAST, timedelta(days=1), True),
        ("H08", "H08", LAST, CLOSED_SINCE + timedelta(seconds=1), False),
        ("H08", "H08", LAST + timedelta(days=2), timedelta(0), False),
        ("H99", "H49", LAST, timedelta(0), False),
    ],
    ids=["its own", "another's", "closed since, on its way", "closed long since", "made after it closed", "unknown"],
)
def test_who_may_speak_for_whom(agency: str, mailbox: str, made: datetime, later: timedelta, served: bool) -> None:
    """What was on its way when an agency closed still arrives, for two months."""
    address = Address(agency=agency, mailbox=mailbox)
    found = onlooker(CLOSED)
    assert found.served(address, at=made, now=made + later) is served


def test_keys_of_a_mailbox() -> None:
    """Those that the directory lists; of an unknown mailbox none."""
    found = onlooker(CLOSED)
    assert found.verify_keys("H49")
    assert found.objection("H49", found.verify_keys("H49")[0].id, at=LAST) is None
    with pytest.raises(NoKey):
        found.verify_keys("H99")
