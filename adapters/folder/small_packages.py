"""The queue of small packages: the urgent first, then the oldest. Reads names, sizes and times; a file's content only
by the `urgency` it is given.

A folder of 100,000 files is not listed in full at every poll: the `WINDOW` oldest files are cached and checked one by
one, and the next full listing comes when they are used up. In between, a glance lists the names only: it finds new
files, and asks once for the urgency of each.
"""

import heapq
import math
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from adapters.folder.client import Stamp
from adapters.folder.names import is_package

_T = TypeVar("_T")

WINDOW = 10_000
"""The most files in the cache."""
GLANCE = 0.25
"""Seconds between two glances."""
READING = 0.05
"""Seconds of each glance for reading the beginnings of new files."""
URGENT_QUIET = 0.2
"""Seconds that an urgent file must be unchanged (debounce); ordinary files wait longer. An unfinished file cannot be
parsed and gets more time (outgoing.py)."""
COARSE = 0.05
"""Seconds by which a file's time may lag behind the clock: kernels set it from their last tick."""
SHARE = 4
"""The pause after a glance, as a multiple of the time it took: most of the time is for sending."""


class Place(NamedTuple):
    """The key of a file: its folder, by the name that people use, and its file name."""

    folder: str
    name: str


@dataclass(slots=True)
class Seen:
    """The state of a file when it was last checked."""

    stamp: Stamp
    since: float
    """When this state was first seen."""
    held_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Package:
    """A package that waits to be sent."""

    place: Place
    stamp: Stamp
    still: float
    """Seconds that this process has seen it unchanged, by its own clock only."""


class Folders:
    """The folders that are collected. One that cannot be read now holds up no other; its error is kept."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self.away: dict[str, OSError] = {}

    def scan(self, look: Callable[[str, Path], Iterator[_T]]) -> Iterator[_T]:
        """Yields what is found in those that can be read."""
        for folder, path in self._paths.items():
            try:
                yield from look(folder, path)
            except OSError as exc:
                self.away[folder] = exc
            else:
                self.away.pop(folder, None)

    def find(self, place: Place) -> os.stat_result | None:
        """Returns None if the file is gone, or its folder is away."""
        try:
            return (self._paths[place.folder] / place.name).lstat()
        except FileNotFoundError:
            return None
        except OSError as exc:
            self.away[place.folder] = exc
            return None


class SmallPackages:
    """The queue of small packages."""

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
        """`most`: the largest size of a small package, in bytes; larger ones are large_packages.py's."""
        self._folders = Folders(folders)
        self._quiet = quiet
        self._window = window
        self._most = most
        self._urgency = urgency
        self._timer = timer
        self._levels: dict[Place, int] = {}
        """The urgency of each file whose beginning was read."""
        self._unpeeked: dict[Place, Stamp] = {}
        """The new files whose beginning was not read yet, with their first stamp."""
        self._glance_at = 0.0
        self._seen: dict[Place, Seen] = {}
        self._young: dict[Place, Seen] = {}
        """Files that came while the folders were listed last."""
        self._deferred: set[Place] = set()

    def packages(self, now: float, *, skip: Collection[Place] = ()) -> Iterator[Package]:
        """Returns the packages that nobody is writing any more. Lists the folders if the cache does not suffice."""
        offered = set(skip)
        if self._timer() >= self._glance_at:
            self._glance(now)
        for package in self._finished(now, offered):
            offered.add(package.place)
            yield package
        self._list(now, len(offered))
        yield from self._finished(now, offered)

    @property
    def away(self) -> dict[str, OSError]:
        """The folders that cannot be read now, with the error."""
        return self._folders.away.copy()

    def hold(self, package: Package, until: float) -> None:
        """Does not offer the package before then, unless it changes."""
        if seen := self._seen.get(package.place):
            seen.held_until = until

    def defer(self, place: Place) -> None:
        """Offers the package again behind all others."""
        self._seen.pop(place, None)
        self._deferred.add(place)

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)
        self._levels.pop(place, None)
        self._deferred.discard(place)

    def _glance(self, now: float) -> None:
        """Finds new files and puts the urgent ones in front of all others."""
        began = self._timer()
        there = set(self._folders.scan(_names))
        self._levels = {place: level for place, level in self._levels.items() if place in there}
        self._unpeeked = {place: stamp for place, stamp in self._unpeeked.items() if place in there}
        new = there - self._levels.keys() - self._unpeeked.keys()
        came = {place: stamp for place in new if (stamp := self._stamp(place)) and stamp.size <= self._most}
        # The newest first: files older than the daemon may be many, and are taken by their age.
        self._unpeeked = dict(sorted(came.items(), key=lambda each: -each[1].mtime_ns)) | self._unpeeked
        found: dict[Place, Seen] = {}
        stamped = self._timer()
        for place, stamp in list(self._unpeeked.items()):
            if self._timer() - stamped > READING:
                break
            if self._read(place, stamp, now) and place not in self._deferred:
                found[place] = self._seen.get(place) or Seen(stamp, now)
        if found:
            self._put_first(found)
        self._glance_at = self._timer() + max(GLANCE, SHARE * (self._timer() - began))

    def _read(self, place: Place, stamp: Stamp, now: float) -> int:
        """Returns the urgency that the file states; 0 if it is ordinary, or not known yet and asked again."""
        age = now - stamp.mtime_ns / 1e9
        if 0 <= age < min(URGENT_QUIET, self._quiet):
            return 0  # somebody may be writing it
        level = self._urgency(place)
        if level or not 0 <= age < self._quiet:  # else the file may not be complete yet
            self._levels[place] = level
            del self._unpeeked[place]
        return level

    def _put_first(self, found: Mapping[Place, Seen]) -> None:
        known = {place: seen for place, seen in self._seen.items() if self._levels.get(place)}
        urgent = {place: seen for place, seen in (known | dict(found)).items() if place not in self._deferred}
        order = sorted(urgent, key=lambda place: (-self._levels[place], urgent[place].stamp.mtime_ns, place))
        self._seen = {place: urgent[place] for place in order} | self._seen

    def _stamp(self, place: Place) -> Stamp | None:
        found = self._folders.find(place)
        return Stamp(found.st_size, found.st_mtime_ns) if found and stat.S_ISREG(found.st_mode) else None

    def _finished(self, now: float, offered: Collection[Place]) -> Iterator[Package]:
        for place in list(self._seen):
            if place in offered:
                continue
            seen = self._look(place, now)
            if seen is None or now < seen.held_until:
                continue
            age = now - seen.stamp.mtime_ns / 1e9
            quiet = min(self._quiet, URGENT_QUIET) if self._levels.get(place) else self._quiet
            # If our clock differs from the file server's, a file is neither taken too early nor held for ever.
            if age >= quiet or now - seen.since >= quiet:
                yield Package(place, seen.stamp, now - seen.since)

    def _look(self, place: Place, now: float) -> Seen | None:
        seen = self._seen.get(place)
        if seen is None:
            return None
        found = self._folders.find(place)
        if found is None:
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
        """Lists the folders. A file that came meanwhile waits for the next listing: the system may have left out the
        one that came just before it, and the two would go in the wrong order (a 06 before its 03)."""
        young, self._young = self._young, {}
        found = (
            (place, stamp)
            for place, stamp in self._folders.scan(entries)
            if not self._is_young(place, stamp, young, now)
        )
        levels = self._levels
        ranked = (
            (place in self._deferred, -levels.get(place, 0), stamp.mtime_ns, place, stamp)
            for place, stamp in found
            if stamp.size <= self._most
        )
        oldest = heapq.nsmallest(self._window + offered, ranked)
        before, self._seen = young | self._seen, {}
        for _, _, _, place, stamp in oldest:
            known = before.get(place)
            self._seen[place] = known if known and known.stamp == stamp else Seen(stamp, now)

    def _is_young(self, place: Place, stamp: Stamp, young: Mapping[Place, Seen], now: float) -> bool:
        """Returns whether a file is new since this listing began. It is so once only, whatever its time says: the file
        server's clock may run ahead."""
        if place in self._seen or place in young or stamp.mtime_ns / 1e9 < now - COARSE:
            return False
        self._young[place] = Seen(stamp, now)
        return True


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
                continue  # removed since it was listed
            if stat.S_ISREG(found.st_mode):  # a link may point to a file that nobody meant to send
                yield Place(folder, entry.name), Stamp(found.st_size, found.st_mtime_ns)
