"""The places between two durable effects, by name: `reached("accept.committed")` says that the first of the two is on
disk, at the broker or in the document system, and the second not yet. Nothing else happens there.

Who watches is told (tests/faults kills the process there); a daemon is watched by nobody. What each place is between
stands in tests/faults/points.py, and a durable effect without a name fails a test.
"""

from collections.abc import Callable

_watch: Callable[[str], None] | None = None


def reached(point: str) -> None:
    """Called on whichever thread made the effect."""
    if _watch is not None:
        _watch(point)


def watch(told: Callable[[str], None] | None) -> None:
    """`told` hears every point from now on; None: nobody does."""
    global _watch
    _watch = told
