"""What may be asked of a list of deliveries, and into which branches a question falls. Values; no SQL."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from bus.ledger.queries.paging import Amount
from bus.ledger.records import DeliveryRow, DocumentRow, ObligationRow
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.values import AgencyCode


class Standing(StrEnum):
    """Where a delivery stands: at exactly one of these. CHANGE_ASKED is apart: it is beside the others."""

    UNRECEIPTED = "unreceipted"
    """No receipt, no status."""
    RECEIPTED = "receipted"
    """The recipient's mailbox holds it; its document system has said nothing."""
    NOT_TAKEN = "not-taken"
    """The recipient's mailbox refused it: no clerk has seen it."""
    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    IN_PROGRESS = "05"
    DONE = "06"
    WITHDRAWN = "withdrawn"
    """Its recipient agreed to a take-back or a revocation."""
    CHANGE_ASKED = "change-asked"
    """A take-back, revocation or update waits for its recipient's answer."""


def standing_of(delivery: DeliveryRow) -> Standing:
    return stands(delivery.withdrawn, delivery.state, delivery.outcome)


def stands(withdrawn: bool, state: StatusCode | None, outcome: Outcome | None) -> Standing:
    """Never CHANGE_ASKED: that is beside it."""
    if withdrawn:
        return Standing.WITHDRAWN
    if state is not None:
        return Standing(state.value)
    match outcome:
        case None:
            return Standing.UNRECEIPTED
        case Outcome.HELD:
            return Standing.RECEIPTED
        case Outcome.REFUSED:
            return Standing.NOT_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is asked for. None: any."""

    sender: AgencyCode | None = None
    recipient: AgencyCode | None = None
    agency: AgencyCode | None = None
    """At either end."""
    since: datetime | None = None
    until: datetime | None = None
    """Before then; both are of the time of sending."""
    business: BusinessType | None = None
    standing: Standing | None = None
    overdue: bool = False
    """Something is owed of it whose time is over; the recipient is then who owes it by now."""
    of: Collection[AgencyCode] | None = None
    """Only what one of these sent or received: all that the one who asks may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One delivery."""

    document: DocumentRow
    delivery: DeliveryRow
    open: Sequence[ObligationRow]
    """What is still owed of it, the earliest due first."""

    @property
    def standing(self) -> Standing:
        return standing_of(self.delivery)

    def is_late(self, now: datetime) -> bool:
        return any(each.is_late(now) for each in self.open)


class Counters(NamedTuple):
    """Of all that a filter asks for, at whatever standing; each is bounded by itself."""

    standing: Mapping[Standing, Amount]
    overdue: Amount


@dataclass(frozen=True, slots=True)
class Branch:
    """Deliveries of one sender, to one recipient, or both. None: any."""

    sender: AgencyCode | None
    recipient: AgencyCode | None
    not_from: frozenset[AgencyCode] = frozenset()
    """What these sent is in another branch."""


def branches_of(wanted: Filter) -> Sequence[Branch]:
    """No delivery is in two of them. None at all: nothing can be found."""
    branches = [Branch(wanted.sender, wanted.recipient)]
    if wanted.agency is not None:
        branches = list(_at_either_end(branches, frozenset({wanted.agency})))
    if wanted.of is not None:
        branches = list(_at_either_end(branches, frozenset(wanted.of)))
    return branches


def _at_either_end(branches: Iterable[Branch], codes: frozenset[AgencyCode]) -> Iterator[Branch]:
    for branch in branches:
        if branch.sender in codes or branch.recipient in codes:
            yield branch
            continue
        if branch.sender is None:
            yield from (replace(branch, sender=code) for code in sorted(codes - branch.not_from))
        if branch.recipient is None:
            not_from = branch.not_from | codes if branch.sender is None else branch.not_from
            yield from (replace(branch, recipient=code, not_from=not_from) for code in sorted(codes))
