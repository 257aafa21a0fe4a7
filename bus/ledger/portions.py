"""What is too much for memory at once, in portions of a bounded size: a batch may concern documents of thousands of
recipients each. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

MOST_DELIVERIES: Final = 20_000
"""Of the documents that are loaded at once; of one that has more, all."""


def portions(items: Iterable[T], size: Callable[[T], int], *, most: int = MOST_DELIVERIES) -> Iterator[list[T]]:
    """In their order, as many at once as have this size together, at least one."""
    some, total = list[T](), 0
    for item in items:
        own = size(item)
        if some and total + own > most:
            yield some
            some, total = [], 0
        some.append(item)
        total += own
    if some:
        yield some
