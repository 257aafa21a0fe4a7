"""Which packages wait to be sent, the urgent first, then the oldest. Looks at names, sizes and times; inside a file
only by the `urgency` it is given.

A folder of 100,000 files is listed in full once for every `WINDOW` of them, not at every poll: the oldest are
remembered and looked at again one by one. Between, a glance at the names finds what has come since, and asks once of
each new file how urgent it is.
"""

import heapq
import math
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from adapters.folder.client import Stamp
from adapters.folder.names import is_package

WINDOW = 10_000
"""Files remembered at most."""
GLANCE = 0.25
"""Seconds between two glances."""
READING = 0.05
"""Seconds for looking into files, at each of them."""
HURRY = 0.2
"""Seconds that an urgent file must lie still, where the others must longer: what is not whole cannot be read, and is
given all the time there is (outgoing.py)."""
SHARE = 4
"""A glance is not repeated before so many times what it took: most of the time is for sending."""


class Place(NamedTuple):
    """A file by the folder it lies in, as people call that, and its name."""

    folder: str
    name: str


@dataclass(slots=True)
class Seen:
    """A file as it was when it was last looked at."""

    stamp: Stamp
    since: float
    """When we first saw it so."""
    held_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Package:
    place: Place
    stamp: Stamp
    still: float
    """Seconds that we have watched it lie unchanged, by our clock alone."""


class Waiting:
    def __init__(
        self,
        folders: Mapping[str, Path],
        *,
        quiet: float,
        window: int = WINDOW,
        most: float = math.inf,
        urgency: Callable[[Place], int] = lambda _: 0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most`: bytes of a package; a larger one is none of ours (heavy.py)."""
        self._folders = folders
        self._quiet = quiet
        self._window = window
        self._most = most
        self._urgency = urgency
        self._timer = timer
        self._levels: dict[Place, int] = {}
        """How urgent each is, of those that were looked into."""
        self._unread: dict[Place, Stamp] = {}
        """Those that were not, as they were when they were first seen."""
        self._glance_at = 0.0
        self._seen: dict[Place, Seen] = {}
        self._deferred: set[Place] = set()

    def packages(self, now: float, *, besides: Collection[Place] = ()) -> Iterator[Package]:
        """What nobody is writing any more. Lists the folders only where what is remembered does not suffice. Raises
        OSError where a folder is not there."""
        offered = set(besides)
        if self._timer() >= self._glance_at:
            self._glance(now)
        for package in self._left_alone(now, offered):
            offered.add(package.place)
            yield package
        self._list(now, len(offered))
        yield from self._left_alone(now, offered)

    def hold(self, package: Package, until: float) -> None:
        """Not offered before then, unless it changes."""
        if seen := self._seen.get(package.place):
            seen.held_until = until

    def defer(self, place: Place) -> None:
        """Offered again after all others."""
        self._seen.pop(place, None)
        self._deferred.add(place)

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)
        self._levels.pop(place, None)
        self._deferred.discard(place)

    def _glance(self, now: float) -> None:
        """Whatever is urgent among what has come since the last one stands before all others."""
        began = self._timer()
        there = {place for folder, path in self._folders.items() for place in _names(folder, path)}
        self._levels = {place: level for place, level in self._levels.items() if place in there}
        self._unread = {place: stamp for place, stamp in self._unread.items() if place in there}
        new = there - self._levels.keys() - self._unread.keys()
        came = {place: stamp for place in new if (stamp := self._stamp(place)) and stamp.size <= self._most}
        # The newest first: those that were there before the daemon may be many, and have their turn by their age.
        self._unread = dict(sorted(came.items(), key=lambda each: -each[1].mtime_ns)) | self._unread
        found: dict[Place, Seen] = {}
        stamped = self._timer()
        for place, stamp in list(self._unread.items()):
            if self._timer() - stamped > READING:
                break
            if self._read(place, stamp, now) and place not in self._deferred:
                found[place] = self._seen.get(place) or Seen(stamp, now)
        if found:
            self._put_first(found)
        self._glance_at = self._timer() + max(GLANCE, SHARE * (self._timer() - began))

    def _read(self, place: Place, stamp: Stamp, now: float) -> int:
        """How urgent it says it is; 0 where that is not known yet, and is asked again."""
        age = now - stamp.mtime_ns / 1e9
        if 0 <= age < min(HURRY, self._quiet):
            return 0  # somebody may be writing it
        level = self._urgency(place)
        if level or not 0 <= age < self._quiet:  # else it may stand in it yet
            self._levels[place] = level
            del self._unread[place]
        return level

    def _put_first(self, found: Mapping[Place, Seen]) -> None:
        known = {place: seen for place, seen in self._seen.items() if self._levels.get(place)}
        urgent = {place: seen for place, seen in (known | dict(found)).items() if place not in self._deferred}
        order = sorted(urgent, key=lambda place: (-self._levels[place], urgent[place].stamp.mtime_ns, place))
        self._seen = {place: urgent[place] for place in order} | self._seen

    def _stamp(self, place: Place) -> Stamp | None:
        try:
            found = (self._folders[place.folder] / place.name).lstat()
        except FileNotFoundError:
            return None
        return Stamp(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

    def _left_alone(self, now: float, offered: Collection[Place]) -> Iterator[Package]:
        for place in list(self._seen):
            if place in offered:
                continue
            seen = self._look(place, now)
            if seen is None or now < seen.held_until:
                continue
            age = now - seen.stamp.mtime_ns / 1e9
            quiet = min(self._quiet, HURRY) if self._levels.get(place) else self._quiet
            # A clock that differs from the file server's must neither hurry a file nor hold it for ever.
            if age >= quiet or now - seen.since >= quiet:
                yield Package(place, seen.stamp, now - seen.since)

    def _look(self, place: Place, now: float) -> Seen | None:
        seen = self._seen.get(place)
        if seen is None:
            return None
        try:
            found = (self._folders[place.folder] / place.name).lstat()
        except FileNotFoundError:
            self.forget(place)
            return None
        stamp = Stamp(found.st_size, found.st_mtime_ns)
        if stamp.size > self._most:  # it has grown since
            self.forget(place)
            return None
        if stamp != seen.stamp or now < seen.since:
            seen = self._seen[place] = Seen(stamp, now)
        return seen

    def _list(self, now: float, offered: int) -> None:
        found = (entry for folder, path in self._folders.items() for entry in entries(folder, path))
        levels = self._levels
        ranked = (
            (place in self._deferred, -levels.get(place, 0), stamp.mtime_ns, place, stamp)
            for place, stamp in found
            if stamp.size <= self._most
        )
        oldest = heapq.nsmallest(self._window + offered, ranked)
        before, self._seen = self._seen, {}
        for _, _, _, place, stamp in oldest:
            known = before.get(place)
            self._seen[place] = known if known and known.stamp == stamp else Seen(stamp, now)


def _names(folder: str, path: Path) -> Iterator[Place]:
    with os.scandir(path) as entries:
        yield from (Place(folder, entry.name) for entry in entries if is_package(entry.name))


def entries(folder: str, path: Path) -> Iterator[tuple[Place, Stamp]]:
    with os.scandir(path) as entries:
        for entry in entries:
            if not is_package(entry.name):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since it was listed
            if stat.S_ISREG(found.st_mode):  # a link may point at what nobody meant to send
                yield Place(folder, entry.name), Stamp(found.st_size, found.st_mtime_ns)
