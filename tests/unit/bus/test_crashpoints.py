"""bus/crashpoints.py"""

from bus import crashpoints


def test_who_watches_is_told() -> None:
    """Each point by its name, until nobody watches any more; a daemon is watched by nobody."""
    told: list[str] = []
    crashpoints.reached("before")
    crashpoints.watch(told.append)
    try:
        crashpoints.reached("one")
        crashpoints.reached("other")
    finally:
        crashpoints.watch(None)
    crashpoints.reached("after")
    assert told == ["one", "other"]
