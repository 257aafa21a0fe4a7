"""Which packages wait to be sent, oldest first. Looks at names, sizes and times; never inside a file.

A folder of 100,000 files is listed once for every `WINDOW` of them, not at every poll: the oldest are remembered and
looked at again one by one.
"""

import heapq
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from adapters.folder.client import Stamp
from adapters.folder.names import is_package

WINDOW = 10_000
"""Files remembered at most."""


class Place(NamedTuple):
    """A file by the folder it lies in, as people call that, and its name."""

    folder: str
    name: str


@dataclass(slots=True)
class _Seen:
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
    def __init__(self, folders: Mapping[str, Path], *, quiet: float, window: int = WINDOW) -> None:
        self._folders = folders
        self._quiet = quiet
        self._window = window
        self._seen: dict[Place, _Seen] = {}
        self._deferred: set[Place] = set()

    def packages(self, now: float, *, besides: Collection[Place] = ()) -> Iterator[Package]:
        """What nobody is writing any more. Lists the folders only where what is remembered does not suffice. Raises
        OSError where a folder is not there."""
        offered = set(besides)
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
        self._deferred.discard(place)

    def _left_alone(self, now: float, offered: Collection[Place]) -> Iterator[Package]:
        for place in list(self._seen):
            if place in offered:
                continue
            seen = self._look(place, now)
            if seen is None or now < seen.held_until:
                continue
            age = now - seen.stamp.mtime_ns / 1e9
            # A clock that differs from the file server's must neither hurry a file nor hold it for ever.
            if age >= self._quiet or now - seen.since >= self._quiet:
                yield Package(place, seen.stamp, now - seen.since)

    def _look(self, place: Place, now: float) -> _Seen | None:
        seen = self._seen.get(place)
        if seen is None:
            return None
        try:
            found = (self._folders[place.folder] / place.name).lstat()
        except FileNotFoundError:
            self.forget(place)
            return None
        stamp = Stamp(found.st_size, found.st_mtime_ns)
        if stamp != seen.stamp or now < seen.since:
            seen = self._seen[place] = _Seen(stamp, now)
        return seen

    def _list(self, now: float, offered: int) -> None:
        entries = (entry for folder, path in self._folders.items() for entry in _entries(folder, path))
        ranked = ((place in self._deferred, stamp.mtime_ns, place, stamp) for place, stamp in entries)
        oldest = heapq.nsmallest(self._window + offered, ranked)
        before, self._seen = self._seen, {}
        for _, _, place, stamp in oldest:
            known = before.get(place)
            self._seen[place] = known if known and known.stamp == stamp else _Seen(stamp, now)


def _entries(folder: str, path: Path) -> Iterator[tuple[Place, Stamp]]:
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
