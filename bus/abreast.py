"""How a batch is worked on: each step for all of its items before the next step for any.

What one kind of work needs of the processor (the tables of a curve, the code of a key encapsulation, of a JSON reader)
then stays in its caches: measured on the road, a quarter less time for the same work than item by item.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from bus.errors import BusError

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E", bound=BusError)


def abreast(items: Iterable[A | E], step: Callable[[A], B], *, but: type[E]) -> list[B | E]:
    """One result each, in order. An item over which a step raises an error of class `but` is that error from there on,
    and the others go on."""
    results: list[B | E] = []
    for item in items:
        if isinstance(item, but):
            results.append(item)
            continue
        try:
            results.append(step(cast(A, item)))
        except but as error:
            results.append(error)
    return results
