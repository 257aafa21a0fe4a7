"""The queue of large packages: those too large to be held in memory. They are few among many small ones, which are
small_packages.py's.

The folders are listed in full, less often if a listing takes long; the packages found are checked at every poll.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from adapters.folder.client import Stamp
from adapters.folder.small_packages import Folders, Package, Place, Seen, entries

PACE = 1.0
"""Seconds between two listings; the quiet time if that is shorter."""
QUICK = 0.05
"""Seconds that a listing may take before it is repeated less often."""
SHARE = 20
"""The pause after a slow listing, as a multiple of the time it took."""
LATER = 10.0
"""Seconds until a package that was answered with TryLater is read again: reading may cost a minute of CPU."""


class LargePackages:
    """The queue of large packages. The thread that sends the small packages calls some of its methods, too."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        *,
        quiet: float,
        above: int,
        urgency: Callable[[Place], int] = lambda _: 0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`above`: the largest size of a small package, in bytes."""
        self._folders = Folders(folders)
        self._quiet = quiet
        self._above = above
        self._urgency = urgency
        self._timer = timer
        self._list_at = 0.0
        self._now = 0.0
        self._seen: dict[Place, Seen] = {}
        self._levels: dict[Place, int] = {}
        self._claimed: dict[Place, Stamp] = {}
        self._deferred: set[Place] = set()

    def packages(self, now: float, *, skip: Collection[Place] = ()) -> Iterator[Package]:
        """Returns the packages that this process has seen unchanged for the quiet time: the most urgent first, then the
        oldest."""
        self._now = now
        if self._timer() >= self._list_at:
            self._list(now)
        for place in self._order():
            if place in skip:
                continue
            seen = self._look(place, now)
            if seen and now >= seen.held_until and now - seen.since >= self._quiet:
                yield Package(place, seen.stamp, now - seen.since)

    @property
    def away(self) -> dict[str, OSError]:
        """The folders that cannot be read now, with the error."""
        return self._folders.away.copy()

    def claim(self, package: Package) -> None:
        """Takes over a small package that unpacks to something large, as long as the file does not change."""
        self._claimed[package.place] = package.stamp
        self._list_at = 0.0

    def is_claimed(self, package: Package) -> bool:
        return self._claimed.get(package.place) == package.stamp

    def hold(self, package: Package, until: float) -> None:
        """Does not offer the package before then, unless it changes."""
        if seen := self._seen.get(package.place):
            seen.held_until = until

    def defer(self, place: Place) -> None:
        """Offers the package again after `LATER` seconds, behind all others."""
        self._deferred.add(place)
        if seen := self._seen.get(place):
            seen.held_until = self._now + LATER

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)
        self._levels.pop(place, None)
        self._claimed.pop(place, None)
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
        for place, found in self._folders.scan(entries):
            if self._is_ours(place, found):
                known = before.get(place)
                self._seen[place] = known if known and known.stamp == found else self._new(place, found, now)
        self._levels = {place: level for place, level in list(self._levels.items()) if place in self._seen}
        self._claimed = {place: stamp for place, stamp in list(self._claimed.items()) if place in self._seen}
        self._deferred &= self._seen.keys()
        took = self._timer() - began
        self._list_at = self._timer() + (SHARE * took if took > QUICK else min(PACE, self._quiet))

    def _look(self, place: Place, now: float) -> Seen | None:
        seen = self._seen.get(place)
        if seen is None:
            return None
        there = self._folders.find(place)
        if there is None:
            self.forget(place)
            return None
        found = Stamp(there.st_size, there.st_mtime_ns)
        if not self._is_ours(place, found):
            self.forget(place)
            return None
        if found != seen.stamp or now < seen.since:
            seen = self._seen[place] = self._new(place, found, now)
        return seen

    def _is_ours(self, place: Place, found: Stamp) -> bool:
        return found.size > self._above or self._claimed.get(place) == found

    def _new(self, place: Place, found: Stamp, now: float) -> Seen:
        self._levels[place] = self._urgency(place)
        return Seen(found, now)
