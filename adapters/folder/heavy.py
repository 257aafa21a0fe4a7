"""Which packages wait that are too large to be read at once: few, among many small ones that are not ours to look at.

The folders are listed in full, at a pace that follows from what that takes; what was found is looked at at every poll.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from adapters.folder import client
from adapters.folder.client import Stamp
from adapters.folder.waiting import Package, Place, Seen, entries

PACE = 1.0
"""Seconds between two listings, or the quiet time where that is shorter."""
QUICK = 0.05
"""Seconds that a listing may take without being repeated more seldom."""
SHARE = 20
"""It is then not repeated before so many times what it took."""
LATER = 10.0
"""Seconds until what the bus could not take is read again: that may cost a minute of the machine."""


class Heavy:
    """Some of its methods are called for the small packages too, by the thread that sends them."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        *,
        quiet: float,
        above: int,
        urgency: Callable[[Place], int] = lambda _: 0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`above`: bytes that a small package has at most."""
        self._folders = folders
        self._quiet = quiet
        self._above = above
        self._urgency = urgency
        self._timer = timer
        self._list_at = 0.0
        self._now = 0.0
        self._seen: dict[Place, Seen] = {}
        self._levels: dict[Place, int] = {}
        self._invited: dict[Place, Stamp] = {}
        self._deferred: set[Place] = set()

    def packages(self, now: float, *, besides: Collection[Place] = ()) -> Iterator[Package]:
        """What we have watched lie still, the most urgent first, then the oldest. Raises OSError where a folder is not
        there."""
        self._now = now
        if self._timer() >= self._list_at:
            self._list(now)
        for place in self._order():
            if place in besides:
                continue
            seen = self._look(place, now)
            if seen and now >= seen.held_until and now - seen.since >= self._quiet:
                yield Package(place, seen.stamp, now - seen.since)

    def invite(self, package: Package) -> None:
        """A small file that holds something large: ours as long as it is as it is."""
        self._invited[package.place] = package.stamp
        self._list_at = 0.0

    def is_invited(self, package: Package) -> bool:
        return self._invited.get(package.place) == package.stamp

    def hold(self, package: Package, until: float) -> None:
        """Not offered before then, unless it changes."""
        if seen := self._seen.get(package.place):
            seen.held_until = until

    def defer(self, place: Place) -> None:
        """Offered again in a while, and after all others."""
        self._deferred.add(place)
        if seen := self._seen.get(place):
            seen.held_until = self._now + LATER

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)
        self._levels.pop(place, None)
        self._invited.pop(place, None)
        self._deferred.discard(place)

    def _order(self) -> list[Place]:
        ranked = sorted(
            (place in self._deferred, -self._levels.get(place, 0), seen.stamp.mtime_ns, place)
            for place, seen in list(self._seen.items())
        )
        return [place for *_, place in ranked]

    def _list(self, now: float) -> None:
        began = self._timer()
        before, self._seen = self._seen, {}
        for folder, path in self._folders.items():
            for place, found in entries(folder, path):
                if self._is_ours(place, found):
                    known = before.get(place)
                    self._seen[place] = known if known and known.stamp == found else self._new(place, found, now)
        self._levels = {place: level for place, level in list(self._levels.items()) if place in self._seen}
        self._invited = {place: stamp for place, stamp in list(self._invited.items()) if place in self._seen}
        self._deferred &= self._seen.keys()
        took = self._timer() - began
        self._list_at = self._timer() + (SHARE * took if took > QUICK else min(PACE, self._quiet))

    def _look(self, place: Place, now: float) -> Seen | None:
        seen = self._seen.get(place)
        if seen is None:
            return None
        try:
            found = client.stamp(self._folders[place.folder] / place.name)
        except FileNotFoundError:
            self.forget(place)
            return None
        if not self._is_ours(place, found):
            self.forget(place)
            return None
        if found != seen.stamp or now < seen.since:
            seen = self._seen[place] = self._new(place, found, now)
        return seen

    def _is_ours(self, place: Place, found: Stamp) -> bool:
        return found.size > self._above or self._invited.get(place) == found

    def _new(self, place: Place, found: Stamp, now: float) -> Seen:
        self._levels[place] = self._urgency(place)
        return Seen(found, now)
