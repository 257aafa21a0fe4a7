"""The age of a queue's oldest message, read from the figures of its past hour that RabbitMQ keeps.

No message is taken to look at it: before RabbitMQ 4.3 every look counts towards the delivery limit, and no version
reports a quorum queue's oldest message.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Samples: TypeAlias = Mapping[int, int]
"""Milliseconds since 1970 -> a figure at that moment."""


class QueueAge(NamedTuple):
    seconds: float
    at_least: bool = False
    """The figures do not reach back to its arrival."""


def oldest_age(depths: Samples, acknowledged: Samples, *, horizon: int) -> QueueAge | None:
    """The age of the oldest message, first in, first out. None without figures.

    Messages of a moment have all left once as many acknowledgements followed as the queue held then; the oldest message
    came after the latest such moment. Figures from before `horizon` (ms), when a node started, are zeros and not
    counts. From RabbitMQ 4.3 on urgent messages overtake: one that waits behind them may be older.
    """
    moments = sorted((at for at in depths if at > horizon), reverse=True)
    if not moments:
        return None
    now = moments[0]
    last = acknowledged.get(now, 0)
    for at in moments:
        if last - acknowledged.get(at, 0) >= depths[at]:
            return QueueAge((now - at) / 1000)
    return QueueAge((now - moments[-1]) / 1000, at_least=True)


def age_in_words(age: QueueAge | None) -> str:
    """≈ 15 s, ≈ 3 min, > 1 h; the same in both languages."""
    if age is None:
        return ""
    for unit, seconds in (("h", 3600), ("min", 60)):
        if age.seconds >= seconds:
            return f"{'>' if age.at_least else '≈'} {age.seconds / seconds:.0f} {unit}"
    return f"{'>' if age.at_least else '≈'} {age.seconds:.0f} s"
