"""The wait before the next attempt to connect: exponential backoff with full jitter."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait: a random part of `first`, which doubles at each attempt up to `most`."""

    first: float
    most: float

    def delay(self, attempt: int, dice: Callable[[], float]) -> float:
        """`dice` draws from 0 to 1."""
        return dice() * min(self.most, self.first * 2.0 ** min(attempt, 32))
