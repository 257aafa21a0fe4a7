"""Whose turn it is, at each place where a delivery can stand."""

from datetime import datetime
from typing import Any

import pytest

from bus.handling.statuses import Change
from bus.ledger.queries.wanted import Standing
from bus.ledger.turns import _BY_STANDING, NEXT, Missing, turn_of
from schemas.codes import Outcome, StatusCode
from schemas.values import AgencyCode
from tests.contract.ledger_rows import DAY, NOW, delivery, document, obligation

S = StatusCode
PAPER = document(1, "H49", "1/CV", days=2)


@pytest.mark.parametrize(
    ("codes", "others", "missing", "who"),
    [
        ((), {"outcome": None}, Missing.RECEIPT, "H53"),
        ((), {}, Missing.ARRIVED, "H53"),
        ((), {"outcome": Outcome.REFUSED}, Missing.MENDED, "H49"),
        ((S.ARRIVED,), {}, Missing.DECISION, "H53"),
        ((S.ARRIVED,), {"outcome": None}, Missing.DECISION, "H53"),  # its receipt was lost
        ((S.ARRIVED, S.REFUSED), {}, Missing.SENT_ELSEWHERE, "H49"),
        ((S.ACCEPTED,), {}, Missing.HANDLING, "H53"),
        ((S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS), {}, Missing.HANDLING, "H53"),
        ((S.DONE,), {}, Missing.NOTHING, None),
        ((S.DONE,), {"change": Change.REVOCATION}, Missing.ANSWER, "H53"),
        ((S.ACCEPTED, S.TAKE_BACK), {"change": Change.TAKE_BACK}, Missing.ANSWER, "H53"),
        ((S.REFUSED, S.TAKE_BACK), {"change": Change.TAKE_BACK}, Missing.SENT_ELSEWHERE, "H49"),
        ((S.ACCEPTED,), {"change": Change.REFUSED}, Missing.HANDLING, "H53"),
        ((S.ACCEPTED,), {"change": Change.AGREED, "withdrawn": True}, Missing.NOTHING, None),
    ],
)
def test_what_is_missing(
    codes: tuple[StatusCode, ...], others: dict[str, Any], missing: Missing, who: AgencyCode | None
) -> None:
    """And who must do it."""
    turn = turn_of(delivery(PAPER, "H53", *codes, **others), [])
    assert (turn.missing, turn.who) == (missing, who)
    assert not turn.is_late(NOW)


def test_the_first_that_is_due_counts() -> None:
    """Of what is open: then what has no limit. Its debtor is whose turn it is: a successor, too."""
    at = delivery(PAPER, "H53", S.ARRIVED)
    met = obligation(at, "acknowledge", due=-2, met_at=NOW, met_by="01")
    late = obligation(at, "accept", due=-1, debtor="H54", passed_to="H54")
    later, endless = obligation(at, "finish", due=3), obligation(at, "change", due=None)
    turn = turn_of(at, [endless, later, met, late])
    assert (turn.who, turn.obligation, turn.due_at) == ("H54", late, NOW - DAY)
    assert turn.is_late(NOW)
    assert not turn.is_late(NOW - 2 * DAY)
    assert turn_of(at, [endless]).due_at is None
    assert turn_of(at, [endless]).since == at.last_at


def test_nobody_owes_what_the_sender_must_mend() -> None:
    """The recipient's clock runs out, but the next step is not its own."""
    at = delivery(PAPER, "H53", outcome=Outcome.REFUSED)
    assert turn_of(at, [obligation(at, "acknowledge", due=-1)]).obligation is None


def test_each_has_words_and_each_standing_a_turn() -> None:
    """In both languages."""
    assert set(NEXT) == set(Missing)
    assert set(_BY_STANDING) == set(Standing) - {Standing.CHANGE_ASKED}
    assert isinstance(turn_of(delivery(PAPER, "H53"), []).since, datetime)
