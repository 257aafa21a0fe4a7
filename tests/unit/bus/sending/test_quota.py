"""bus/sending/quota.py: which limit is passed, and what a message adds."""

import pytest

from bus.ports.records import UnderWay
from bus.sending.quota import SLACK, added, exceeded, shares, without
from schemas.agency import Quota
from tests.scenarios.country import Land
from tests.unit.bus.receiving.mail import sealed

QUOTA = Quota(messages=10, bytes=1000, blobs=100)


@pytest.mark.parametrize(
    ("used", "slack", "unit"),
    [
        (UnderWay(10, 1000, 100), 1.0, None),
        (UnderWay(11, 1001, 101), 1.0, "messages"),
        (UnderWay(10, 1001, 0), 1.0, "bytes"),
        (UnderWay(10, 1000, 101), 1.0, "bytes of large attachments"),
        (UnderWay(11, 1100, 110), SLACK, None),
        (UnderWay(12, 0, 0), SLACK, "messages"),
    ],
)
def test_the_first_limit_that_is_passed(used: UnderWay, slack: float, unit: str | None) -> None:
    """Full is not over; a recipient holds a little more than a sender may send."""
    assert exceeded(used, QUOTA, slack=slack).get("unit") == unit


def test_the_share_of_each_limit() -> None:
    assert [share.ratio for share in shares(UnderWay(5, 100, 100), QUOTA)] == [0.5, 0.1, 1.0]


def test_a_message_more_and_a_message_less() -> None:
    """The one takes back the other."""
    docket = sealed(Land()).docket
    used = added(UnderWay(1, 10, 5), 20, 0)
    assert used == UnderWay(2, 30, 5)
    assert without(used, docket, 20) == UnderWay(1, 10, 5)
