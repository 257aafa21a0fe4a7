"""Whose turn it is: of one delivery, what is missing and who must do it. Pure: rows in, a turn out.

What a clock of the law asks for is told with its due time; the rest (a mailbox that has not answered, a document that
was refused) has none, and is somebody's turn nevertheless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bus.handling.statuses import PENDING
from bus.ledger.queries.wanted import Standing, standing_of
from bus.ledger.records import DeliveryRow, ObligationRow
from schemas.codes import Label
from schemas.values import AgencyCode


class Missing(StrEnum):
    """What comes next."""

    RECEIPT = "receipt"
    """The recipient's mailbox has not answered: its daemon does not run, or the message waits at the broker."""
    MENDED = "mended"
    """The recipient's mailbox refused the message: its sender mends it and sends it again."""
    ARRIVED = "arrived"
    """The recipient's document system has not said 01."""
    DECISION = "decision"
    """03 or 02 of the recipient's clerk."""
    HANDLING = "handling"
    """06 of the recipient."""
    ANSWER = "answer"
    """15 or 16 of the recipient: its sender wants to take it back, revoke or update it."""
    SENT_ELSEWHERE = "sent-elsewhere"
    """The recipient's clerk refused it: its sender reads the reason, and mends it or sends it to another."""
    NOTHING = "nothing"
    """Nobody's turn."""


NEXT: Final[dict[Missing, Label]] = {
    Missing.RECEIPT: Label("hộp thư nơi nhận chưa trả lời", "the recipient's mailbox has not answered"),
    Missing.MENDED: Label("hộp thư nơi nhận không nhận: sửa rồi gửi lại", "its mailbox refused it: mend, send again"),
    Missing.ARRIVED: Label("nơi nhận báo đã đến (01)", "the recipient reports its arrival (01)"),
    Missing.DECISION: Label("nơi nhận tiếp nhận (03) hoặc từ chối (02)", "the recipient accepts (03) or refuses (02)"),
    Missing.HANDLING: Label("nơi nhận giải quyết xong (06)", "the recipient finishes (06)"),
    Missing.ANSWER: Label("nơi nhận đồng ý (15) hoặc từ chối (16)", "the recipient agrees (15) or refuses (16)"),
    Missing.SENT_ELSEWHERE: Label("nơi nhận từ chối: xem lý do", "the recipient refused it: read the reason"),
    Missing.NOTHING: Label("không còn gì", "nothing"),
}


_BY_STANDING: Final[dict[Standing, Missing]] = {
    Standing.UNRECEIPTED: Missing.RECEIPT,
    Standing.RECEIPTED: Missing.ARRIVED,
    Standing.NOT_TAKEN: Missing.MENDED,
    Standing.ARRIVED: Missing.DECISION,
    Standing.REFUSED: Missing.SENT_ELSEWHERE,
    Standing.ACCEPTED: Missing.HANDLING,
    Standing.ASSIGNED: Missing.HANDLING,
    Standing.IN_PROGRESS: Missing.HANDLING,
    Standing.DONE: Missing.NOTHING,
    Standing.WITHDRAWN: Missing.NOTHING,
}
"""CHANGE_ASKED is beside each of them, and comes before all but those in _ENDED."""
_ENDED: Final = frozenset({Standing.NOT_TAKEN, Standing.REFUSED, Standing.WITHDRAWN})
_OF_THE_SENDER: Final = frozenset({Missing.MENDED, Missing.SENT_ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    missing: Missing
    who: AgencyCode | None
    """None where it is nobody's."""
    since: datetime
    """The last word heard of the delivery."""
    obligation: ObligationRow | None = None
    """What is due first of all that is owed of it."""

    @property
    def due_at(self) -> datetime | None:
        return None if self.obligation is None else self.obligation.due_at

    def is_late(self, now: datetime) -> bool:
        return self.obligation is not None and self.obligation.is_late(now)


def turn_of(delivery: DeliveryRow, owed: Sequence[ObligationRow]) -> Turn:
    """`owed`: of this delivery; what is met or void is passed over."""
    standing = standing_of(delivery)
    asked = delivery.change in PENDING and standing not in _ENDED
    missing = Missing.ANSWER if asked else _BY_STANDING[standing]
    if missing is Missing.NOTHING:
        return Turn(missing=missing, who=None, since=delivery.last_at)
    if missing in _OF_THE_SENDER:
        return Turn(missing=missing, who=delivery.sender, since=delivery.last_at)
    first = min((each for each in owed if each.is_open), key=_due, default=None)
    who = delivery.agency if first is None else first.debtor  # the agency's successor, where it was closed meanwhile
    return Turn(missing=missing, who=who, since=delivery.last_at, obligation=first)


def _due(obligation: ObligationRow) -> tuple[bool, float, str]:
    due = obligation.due_at
    return due is None, due.timestamp() if due else 0.0, obligation.clock
