"""How large a batch may be, so that what is urgent never waits long behind one that is under way."""

GOAL = 0.5
"""Seconds for one batch. Of two loops in a row, and the turns between them, an urgent document then feels a second."""


class Pace:
    """Begins with the largest batch, and follows what the other side turns out to be capable of."""

    def __init__(self, most: int, *, goal: float = GOAL) -> None:
        self._most = most
        self._goal = goal
        self.size = most

    def took(self, count: int, seconds: float) -> None:
        """After each batch. An empty one says nothing."""
        if count:
            fits = int(count * self._goal / seconds) if seconds > 0 else self._most
            self.size = max(1, min(self._most, fits))
