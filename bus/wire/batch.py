"""How a batch is worked on: each step for all of its items before the next step for any.

What one kind of work needs of the processor (the tables of a curve, the code of a key encapsulation, of a JSON reader)
then stays in its caches: measured on the road, a quarter less time for the same work than item by item.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from bus.errors import BusError

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E", bound=BusError)


def map_each(items: Iterable[A | E], step: Callable[[A], B], *, keeping: type[E]) -> list[B | E]:
    """One result each, in order. Where a step raises an error of class `keeping`, that error is the result, and
    stays it in the next steps."""
    results: list[B | E] = []
    for item in items:
        if isinstance(item, keeping):
            results.append(item)
            continue
        try:
            results.append(step(cast(A, item)))
        except keeping as error:
            results.append(error)
    return results


def portions(items: Iterable[A], *, weigh: Callable[[A], int], most: int) -> Iterator[list[A]]:
    """The items in lists, in order; a list weighs no more than `most`, unless it is one item that alone does."""
    portion: list[A] = []
    weight = 0
    for item in items:
        own = weigh(item)
        if portion and weight + own > most:
            yield portion
            portion, weight = [], 0
        portion.append(item)
        weight += own
    if portion:
        yield portion
