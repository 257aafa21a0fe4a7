"""The handling of one document at one recipient, as two tracks, and what a status does to them.

Only the tables and the function that reads them live here. Nothing is rejected: the bus relays a status whatever its
verdict; the verdict tells people which ones to look at. Source: domain §2.1 (no official transition table exists).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.codes import BusinessType, StatusCode

S = StatusCode


class Change(StrEnum):
    """The second track: a take-back (13), revocation (type 1) or update (type 2) asked for, and its answer."""

    NONE = "none"
    TAKE_BACK = "take-back"
    REVOCATION = "revocation"
    UPDATE = "update"
    AGREED = "agreed"
    REFUSED = "refused"


PENDING = frozenset({Change.TAKE_BACK, Change.REVOCATION, Change.UPDATE})


class Verdict(StrEnum):
    """What a status that came means for its document. The document system is told of it whatever this is."""

    APPLIED = "applied"
    """It is the state that the document stands in now."""
    REPEATED = "repeated"
    """The state it stands in already; kept in history."""
    LATE = "late"
    """Behind the state it stands in: delivery out of order is normal. Kept in history."""
    ILLEGAL = "illegal"
    """Must not follow (02 after acceptance, anything after the end). Kept, and shown to an operator."""
    ORPHAN = "orphan"
    """About a document not known here. Parked and matched again later."""


@dataclass(frozen=True, slots=True)
class Handling:
    state: StatusCode | None = None
    """None: sent, nothing heard."""
    change: Change = Change.NONE
    withdrawn: bool = False
    """A take-back or revocation was agreed to: the end of the first track."""


AWAITED: frozenset[StatusCode | None] = frozenset({None, S.ARRIVED})
"""States in which nobody at the recipient has said yes or no yet."""


def is_awaited(handling: Handling) -> bool:
    """Whether its sender still waits for a first word, and wants one."""
    taking_back = handling.withdrawn or handling.change in {Change.TAKE_BACK, Change.REVOCATION}
    return handling.state in AWAITED and not taking_back


# State -> what moves it forward. A lost 01 never holds up what follows it; skipping forward is allowed.
FORWARD: dict[StatusCode | None, frozenset[StatusCode]] = {
    None: frozenset({S.ARRIVED, S.REFUSED, S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE}),
    S.ARRIVED: frozenset({S.REFUSED, S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE}),
    S.ACCEPTED: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.DONE}),
    S.ASSIGNED: frozenset({S.IN_PROGRESS, S.DONE}),
    S.IN_PROGRESS: frozenset({S.DONE}),
    S.REFUSED: frozenset(),
    S.DONE: frozenset(),
}

_PAST_ACCEPTANCE = frozenset({S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE})
_REQUEST: dict[BusinessType, Change] = {
    BusinessType.REVOKE: Change.REVOCATION,
    BusinessType.UPDATE: Change.UPDATE,
}


def apply_status(handling: Handling, code: StatusCode) -> tuple[Verdict, Handling]:
    """What a status does to a handling. The handling changes only where the verdict is APPLIED."""
    match code:
        case S.TAKE_BACK:
            return _ask(handling, Change.TAKE_BACK)
        case S.CHANGE_AGREED | S.CHANGE_REFUSED:
            return _answer(handling, agreed=code is S.CHANGE_AGREED)
        case S.ACCEPTED | S.REFUSED if handling.change is Change.REVOCATION and handling.state in _PAST_ACCEPTANCE:
            # Some systems answer a revocation with 03/02 instead of 15/16.
            return _answer(handling, agreed=code is S.ACCEPTED)
        case S.ARRIVED | S.REFUSED | S.ACCEPTED | S.ASSIGNED | S.IN_PROGRESS | S.DONE:
            return _move(handling, code)


def apply_request(handling: Handling, business: BusinessType) -> tuple[Verdict, Handling]:
    """What a revocation or update package does to the handling of its target; other types do nothing."""
    change = _REQUEST.get(business)
    return _ask(handling, change) if change else (Verdict.APPLIED, handling)


def _ask(handling: Handling, change: Change) -> tuple[Verdict, Handling]:
    if handling.withdrawn or handling.state is S.REFUSED:
        return Verdict.ILLEGAL, handling
    if handling.change is change:
        return Verdict.REPEATED, handling
    return Verdict.APPLIED, replace(handling, change=change)


def _answer(handling: Handling, *, agreed: bool) -> tuple[Verdict, Handling]:
    outcome = Change.AGREED if agreed else Change.REFUSED
    if handling.change is outcome:
        return Verdict.REPEATED, handling
    if handling.change not in PENDING:
        return Verdict.ILLEGAL, handling
    withdrawn = agreed and handling.change is not Change.UPDATE
    return Verdict.APPLIED, replace(handling, change=outcome, withdrawn=withdrawn)


def _move(handling: Handling, code: StatusCode) -> tuple[Verdict, Handling]:
    if handling.withdrawn:
        return Verdict.LATE, handling
    if code in FORWARD[handling.state]:
        return Verdict.APPLIED, Handling(code, handling.change, handling.withdrawn)
    if code is handling.state:
        return Verdict.REPEATED, handling
    if code is S.REFUSED or (handling.state is S.REFUSED and code is not S.ARRIVED):
        return Verdict.ILLEGAL, handling
    return Verdict.LATE, handling
