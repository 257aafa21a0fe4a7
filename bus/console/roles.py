"""What each role may see. The table is all there is: who is not in it sees nothing."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from bus.errors import Words


class Role(StrEnum):
    OPERATOR = "operator"
    """Runs the bus and sees that it goes on."""
    SUPERVISOR = "supervisor"
    """Looks after the handling of documents in all agencies."""
    AGENCY = "agency"
    """Sees the documents that its own agencies sent or received, and nothing of others."""
    AUDITOR = "auditor"
    """Sees all that others see, and who looked at what."""


class Right(StrEnum):
    DOCUMENTS = "documents"
    OBLIGATIONS = "obligations"
    REPORTS = "reports"
    ALERTS = "alerts"
    ACCESS = "access"


NAMES: Final[Mapping[Right, Words]] = {
    Right.DOCUMENTS: Words("văn bản", "documents"),
    Right.OBLIGATIONS: Words("nghĩa vụ", "obligations"),
    Right.REPORTS: Words("báo cáo", "reports"),
    Right.ALERTS: Words("cảnh báo", "alerts"),
    Right.ACCESS: Words("nhật ký truy cập", "the log of access"),
}

_HANDLING: Final = frozenset({Right.DOCUMENTS, Right.OBLIGATIONS, Right.REPORTS})

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OPERATOR: _HANDLING | {Right.ALERTS},
    Role.SUPERVISOR: _HANDLING | {Right.ALERTS},
    Role.AGENCY: _HANDLING,
    Role.AUDITOR: frozenset(Right),
}
