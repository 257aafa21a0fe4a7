"""How far a submission has come at each of its recipients, over all the messages that carried it: sent again, it goes
to those who do not have it, as a message of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bus.handling.transport import OUTBOX_DUE, OutboxState
from schemas.codes import Outcome
from schemas.values import MailboxCode, MessageId


class Reach(StrEnum):
    """How far a submission has come at one recipient mailbox. Where several messages went there, the first of these
    counts."""

    HELD = "held"
    UNDER_WAY = "under way"
    PARKED = "parked"
    """Given up for now, and not answered: whoever sends it again need not wait for an operator."""
    MISSING = "missing"
    """Refused, not in time, or withdrawn: that mailbox does not have it, and nothing is on its way."""


class Carrier(NamedTuple):
    """One message of a submission: its entry's state, and what each recipient has answered."""

    message: MessageId
    state: OutboxState
    answers: Mapping[MailboxCode, Outcome | None]

    def reach(self, mailbox: MailboxCode) -> Reach:
        match self.answers[mailbox]:
            case Outcome.HELD:
                return Reach.HELD
            case Outcome.REFUSED:
                return Reach.MISSING
            case None if self.state in OUTBOX_DUE:
                return Reach.UNDER_WAY
            case None:
                return Reach.PARKED if self.state is OutboxState.PARKED else Reach.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What became of a submission."""

    message: MessageId
    """The oldest that a recipient has or may still get; the oldest of all where there is no such."""
    reached: Mapping[MailboxCode, Reach]
    parked: tuple[MessageId, ...] = ()
    """The messages that were given up for now, the oldest first."""

    def at(self, *which: Reach) -> frozenset[MailboxCode]:
        """The mailboxes where it has come so far."""
        return frozenset(mailbox for mailbox, reach in self.reached.items() if reach in which)

    @property
    def is_everywhere(self) -> bool:
        """Nobody lacks it: all have it, or it is on its way to them."""
        return not self.at(Reach.PARKED, Reach.MISSING)


_ORDER = tuple(Reach)


def submitted(carriers: Sequence[Carrier]) -> Submitted:
    """`carriers`: all messages of one submission, the oldest first, and at least one."""
    reached: dict[MailboxCode, Reach] = {}
    message: MessageId | None = None
    for carrier in carriers:
        here = {mailbox: carrier.reach(mailbox) for mailbox in carrier.answers}
        if message is None and (not here or {Reach.HELD, Reach.UNDER_WAY} & set(here.values())):
            message = carrier.message
        reached |= {mailbox: min(each, reached.get(mailbox, each), key=_ORDER.index) for mailbox, each in here.items()}
    parked = tuple(carrier.message for carrier in carriers if carrier.state is OutboxState.PARKED)
    return Submitted(message=message or carriers[0].message, reached=reached, parked=parked)
