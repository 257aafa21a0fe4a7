from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.handling.statuses import FORWARD, PENDING, Change, Handling, Verdict, apply_request, apply_status
from schemas.codes import BusinessType, StatusCode

S, V, C = StatusCode, Verdict, Change


def after(*codes: StatusCode | BusinessType) -> Handling:
    handling = Handling()
    for code in codes:
        _, handling = apply_request(handling, code) if isinstance(code, BusinessType) else apply_status(handling, code)
    return handling


@pytest.mark.parametrize(
    ("before", "code", "verdict", "state"),
    [
        ((), S.ARRIVED, V.APPLIED, S.ARRIVED),
        ((), S.ACCEPTED, V.APPLIED, S.ACCEPTED),
        ((), S.DONE, V.APPLIED, S.DONE),
        ((S.ARRIVED,), S.REFUSED, V.APPLIED, S.REFUSED),
        ((S.ARRIVED, S.ACCEPTED), S.ASSIGNED, V.APPLIED, S.ASSIGNED),
        ((S.ACCEPTED,), S.DONE, V.APPLIED, S.DONE),
        ((S.ASSIGNED,), S.ASSIGNED, V.REPEATED, S.ASSIGNED),
        ((S.IN_PROGRESS,), S.IN_PROGRESS, V.REPEATED, S.IN_PROGRESS),
        ((S.ACCEPTED,), S.ARRIVED, V.LATE, S.ACCEPTED),
        ((S.IN_PROGRESS,), S.ACCEPTED, V.LATE, S.IN_PROGRESS),
        ((S.REFUSED,), S.ARRIVED, V.LATE, S.REFUSED),
        ((S.ACCEPTED,), S.REFUSED, V.ILLEGAL, S.ACCEPTED),
        ((S.REFUSED,), S.DONE, V.ILLEGAL, S.REFUSED),
        ((S.DONE,), S.REFUSED, V.ILLEGAL, S.DONE),
        ((S.TAKE_BACK, S.CHANGE_AGREED), S.DONE, V.LATE, None),
    ],
)
def test_the_first_track_only_moves_forward(
    before: tuple[StatusCode, ...], code: StatusCode, verdict: Verdict, state: StatusCode | None
) -> None:
    """A status behind the state is kept as late; one that must not follow is said to be illegal; neither moves it."""
    found, handling = apply_status(after(*before), code)
    assert (found, handling.state) == (verdict, state)


@pytest.mark.parametrize(
    ("before", "code", "verdict", "change", "withdrawn"),
    [
        ((), S.TAKE_BACK, V.APPLIED, C.TAKE_BACK, False),
        ((S.DONE,), S.TAKE_BACK, V.APPLIED, C.TAKE_BACK, False),
        ((S.TAKE_BACK,), S.TAKE_BACK, V.REPEATED, C.TAKE_BACK, False),
        ((S.TAKE_BACK,), S.CHANGE_AGREED, V.APPLIED, C.AGREED, True),
        ((S.TAKE_BACK,), S.CHANGE_REFUSED, V.APPLIED, C.REFUSED, False),
        ((S.TAKE_BACK, S.CHANGE_REFUSED), S.TAKE_BACK, V.APPLIED, C.TAKE_BACK, False),
        ((S.TAKE_BACK, S.CHANGE_AGREED), S.CHANGE_AGREED, V.REPEATED, C.AGREED, True),
        ((S.TAKE_BACK, S.CHANGE_AGREED), S.TAKE_BACK, V.ILLEGAL, C.AGREED, True),
        ((S.REFUSED,), S.TAKE_BACK, V.ILLEGAL, C.NONE, False),
        ((), S.CHANGE_AGREED, V.ILLEGAL, C.NONE, False),
        ((BusinessType.UPDATE,), S.CHANGE_AGREED, V.APPLIED, C.AGREED, False),
        ((BusinessType.REVOKE,), S.CHANGE_AGREED, V.APPLIED, C.AGREED, True),
        ((S.ACCEPTED, BusinessType.REVOKE), S.ACCEPTED, V.APPLIED, C.AGREED, True),
        ((S.ACCEPTED, BusinessType.REVOKE), S.REFUSED, V.APPLIED, C.REFUSED, False),
        ((S.ARRIVED, BusinessType.REVOKE), S.ACCEPTED, V.APPLIED, C.REVOCATION, False),
        ((S.ACCEPTED, S.TAKE_BACK), S.ACCEPTED, V.REPEATED, C.TAKE_BACK, False),
    ],
)
def test_the_second_track_asks_and_answers(
    before: tuple[StatusCode | BusinessType, ...], code: StatusCode, verdict: Verdict, change: Change, withdrawn: bool
) -> None:
    """A take-back, revocation or update is asked for, answered once, and may be asked for again once refused; 03 and
    02 answer a revocation only past acceptance."""
    found, handling = apply_status(after(*before), code)
    assert (found, handling.change, handling.withdrawn) == (verdict, change, withdrawn)


def test_new_documents_and_replacements_ask_for_nothing() -> None:
    """Only a revocation or an update opens the second track."""
    for business in (BusinessType.NEW, BusinessType.REPLACE):
        assert apply_request(Handling(), business) == (Verdict.APPLIED, Handling())


@given(st.lists(st.sampled_from([*StatusCode, BusinessType.REVOKE, BusinessType.UPDATE])))
def test_only_an_applied_status_changes_a_handling(codes: list[StatusCode | BusinessType]) -> None:
    """Whatever comes, in whatever order, judging never fails, and only APPLIED changes anything."""
    handling = Handling()
    for code in codes:
        verdict, after_ = (
            apply_request(handling, code) if isinstance(code, BusinessType) else apply_status(handling, code)
        )
        assert (after_ != handling) <= (verdict is Verdict.APPLIED)
        assert not handling.withdrawn or after_.withdrawn
        handling = after_


def test_the_table_has_a_row_for_every_state_of_the_first_track() -> None:
    """No state is without its row, and nothing leads out of an end."""
    assert set(FORWARD) == {None} | {code for row in FORWARD.values() for code in row}
    assert all(not FORWARD[end] for end in (S.REFUSED, S.DONE))
    assert all(apply_status(Handling(), code)[0] in V for code, _ in product(S, PENDING))
