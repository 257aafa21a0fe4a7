"""What may be asked falls into branches, each of which an index answers."""

from itertools import product
from typing import Any

import pytest

from bus.ledger.queries.wanted import Branch, Filter, Standing, branches_of, standing_of
from schemas.codes import Outcome, StatusCode
from tests.contract.ledger_rows import delivery, document

AGENCIES = ("A", "B", "C", "D")
WANTED = [
    Filter(sender=sender, recipient=recipient, agency=agency, of=of)
    for sender, recipient, agency, of in product(
        (None, "A"), (None, "A", "B"), (None, "A", "C"), (None, ("A",), ("A", "C"), ())
    )
]


def _asked(wanted: Filter, sender: str, recipient: str) -> bool:
    ends = {sender, recipient}
    return (
        wanted.sender in {None, sender}
        and wanted.recipient in {None, recipient}
        and (wanted.agency is None or wanted.agency in ends)
        and (wanted.of is None or not ends.isdisjoint(wanted.of))
    )


def _is_in(branch: Branch, sender: str, recipient: str) -> bool:
    return branch.sender in {None, sender} and branch.recipient in {None, recipient} and sender not in branch.not_from


@pytest.mark.parametrize("wanted", WANTED)
def test_each_that_is_asked_for_is_in_one_branch(wanted: Filter) -> None:
    """And no other is in any: counted twice, a counter would lie."""
    branches = branches_of(wanted)
    for sender, recipient in product(AGENCIES, AGENCIES):
        found = sum(_is_in(branch, sender, recipient) for branch in branches)
        assert found == _asked(wanted, sender, recipient), (sender, recipient, branches)


@pytest.mark.parametrize(
    ("codes", "others", "standing"),
    [
        ((), {"outcome": None}, Standing.UNRECEIPTED),
        ((), {}, Standing.RECEIPTED),
        ((), {"outcome": Outcome.REFUSED}, Standing.NOT_TAKEN),
        ((StatusCode.ARRIVED,), {"outcome": None}, Standing.ARRIVED),
        ((StatusCode.DONE,), {}, Standing.DONE),
        ((StatusCode.ACCEPTED,), {"withdrawn": True}, Standing.WITHDRAWN),
    ],
)
def test_where_a_delivery_stands(codes: tuple[StatusCode, ...], others: dict[str, Any], standing: Standing) -> None:
    """A status says more than a receipt, and a withdrawal ends both."""
    assert standing_of(delivery(document(1, "A", "1/X"), "B", *codes, **others)) is standing


def test_every_status_of_the_first_track_is_a_standing() -> None:
    """01 to 06."""
    assert {code.value for code in StatusCode if code <= StatusCode.DONE} <= {each.value for each in Standing}
