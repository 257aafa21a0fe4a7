"""The size of the next batch: as large as it can be while no urgent document waits long behind a batch under way."""

from collections import deque
from statistics import StatisticsError, linear_regression

GOAL = 0.5
"""Seconds that the documents of one batch add to it. An urgent document waits for two loops in a row: a second."""
REMEMBERED = 6
"""Batches that count: the speed before them is out of date."""


class BatchSize:
    """Begins with the largest batch, and follows the speed of the other side.

    The time of a document is the slope of a regression over the last batches, so that the time which every batch takes
    however small it is (a slow connection) does not count: smaller batches would only pay it more often. A moving
    average of seconds a document was tried and counts it: with half a second a batch and a millisecond a document,
    10,000 documents took 238 s instead of 31 s; with one second a batch it went down to batches of one, 9,379 s
    instead of 55 s.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._past: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self.size = most

    def took(self, count: int, seconds: float) -> None:
        """Called after each batch. An empty one does not count."""
        if count:
            self._past.append((count, seconds))
            each = self._each()
            self.size = max(1, min(self._most, round(GOAL / each))) if each * self._most > GOAL else self._most

    def _each(self) -> float:
        """Seconds that one more document adds: never more than its share of the time of all, however far the times of
        small batches are from one line."""
        counts, seconds = zip(*self._past, strict=True)
        share = float(sum(seconds) / sum(counts))
        try:
            return float(max(0.0, min(share, linear_regression(counts, seconds).slope)))
        except StatisticsError:  # all batches were of one size
            return float(seconds[-1] / counts[-1])
