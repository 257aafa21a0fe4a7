"""A bound on what one publisher makes a mailbox put into the queue `dead`: so many messages and bytes in an hour. What
is beyond it is counted, told once, and acknowledged; the audit stream has it all the same.

In memory only: after a restart an hour begins anew."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

MESSAGES: Final = 500
BYTES: Final = 64 * 1024 * 1024
"""Some of the largest messages that there are, and a sixteenth of what `dead` holds."""
SPAN: Final = timedelta(hours=1)


class SetAsides:
    """What was set aside within the last hour, by publisher as the broker vouches for it; None: nobody said."""

    def __init__(self, *, messages: int = MESSAGES, size: int = BYTES) -> None:
        self._messages, self._size = messages, size
        self._kept: dict[str | None, deque[tuple[datetime, int]]] = {}

    def draft(self) -> "SetAsides":
        """A copy to count in, until what it counted is durable; then `adopt` it."""
        draft = SetAsides(messages=self._messages, size=self._size)
        draft._kept = {publisher: deque(kept) for publisher, kept in self._kept.items()}
        return draft

    def adopt(self, draft: "SetAsides") -> None:
        self._kept = draft._kept

    def takes(self, publisher: str | None, size: int, *, at: datetime) -> bool:
        """Whether one more of so many bytes may be set aside; if so it is counted."""
        kept = self._kept.setdefault(publisher, deque())
        while kept and kept[0][0] <= at - SPAN:
            kept.popleft()
        if len(kept) >= self._messages or sum(each for _, each in kept) + size > self._size:
            return False
        kept.append((at, size))
        return True
