"""How large a batch may be, so that what is urgent never waits long behind one that is under way."""

from collections import deque
from statistics import StatisticsError, linear_regression

GOAL = 0.5
"""Seconds that the documents of one batch add to it. Of two loops in a row, and the turns between them, an urgent
document then feels a second."""
REMEMBERED = 6
"""Batches: what the other side was capable of before them says nothing any more."""


class Pace:
    """Begins with the largest batch, and follows what the other side turns out to be capable of. What a batch costs
    however small it is, such as a slow connection, is no reason for smaller ones: they would only be more."""

    def __init__(self, most: int, *, goal: float = GOAL) -> None:
        self._most = most
        self._goal = goal
        self._past: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self.size = most

    def took(self, count: int, seconds: float) -> None:
        """After each batch. An empty one says nothing."""
        if count:
            self._past.append((count, seconds))
            each = self._each()
            self.size = (
                max(1, min(self._most, round(self._goal / each))) if each * self._most > self._goal else self._most
            )

    def _each(self) -> float:
        """Seconds that one more document adds: never more than its share of what all of them took, however far small
        batches lie from one line."""
        counts, seconds = zip(*self._past, strict=True)
        share = float(sum(seconds) / sum(counts))
        try:
            return float(max(0.0, min(share, linear_regression(counts, seconds).slope)))
        except StatisticsError:  # all batches were of one size
            return float(seconds[-1] / counts[-1])
