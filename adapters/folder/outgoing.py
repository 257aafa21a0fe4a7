"""The way out: packages from `outgoing/` and `statuses/` to the bus. Once the bus has answered, settling.py moves them.

While one of the two folders is away, the other is still collected.

One thread sends the small packages, another the large ones. They share the answers under a lock, which is not held
while a package is read.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from adapters.folder import client, mapping, names
from adapters.folder.identity import Identity, identity
from adapters.folder.large_packages import LargePackages
from adapters.folder.options import FolderOptions
from adapters.folder.refs import OUTGOING, STATUSES, place_of, ref_of
from adapters.folder.settling import Settling
from adapters.folder.small_packages import Package, Place, SmallPackages
from adapters.folder.urgency import HEADS, peek
from bus.errors import BusError, TooLarge, TryLater
from bus.ports import Answer, Collected
from schemas.codes import Priority
from schemas.document import Document
from schemas.edxml import Package as Read
from schemas.edxml import PackageRefused, SpoolFailed, read_file
from schemas.edxml.limits import of_file
from schemas.status import Status

NO_ROOM = 60.0
"""Seconds until a package whose attachments did not fit on the spool's disk is read again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a package where it is."""

    error: OSError | TryLater
    since: float


class Outgoing:
    """The way out. `faults` has what each ref that stays where it is waits for: it cannot be read or moved now, or was
    answered with TryLater."""

    def __init__(
        self,
        root: Path,
        options: FolderOptions,
        spool: Callable[[], IO[bytes]],
        longest: Callable[[], int] = lambda: names.LONGEST,
    ) -> None:
        self._root = root
        self._options = options
        self._spool = spool
        self._limits = of_file(options.largest)
        folders = {name: root / name for name in (OUTGOING, STATUSES)}
        most_held = options.too_large_to_hold
        self._small = SmallPackages(folders, quiet=options.quiet, most=most_held, urgency=self._urgency)
        self._large = LargePackages(folders, quiet=options.quiet, above=most_held, urgency=self._urgency)
        self._settling = Settling(root, longest=longest, recording=self._recording_fault, forget=self._forget)
        self._now = 0.0
        self.faults: dict[str, Fault] = {}

    # -- collecting ----------------------------------------------------------------------------------------------------

    def collect(self, limit: int, now: float) -> list[Collected]:
        """Returns the small packages. Raises OSError if there are none, and a folder cannot be read."""
        collected: list[Collected] = []
        size = 0
        self._now = now
        if limit < 1:
            return collected
        for package in self._small.packages(now, skip=self._places_to_skip()):
            if self._large.is_claimed(package):
                continue
            size += package.stamp.size
            if collected and size > self._options.batch:
                break
            item = self._read(package, now)
            if item is not None:
                collected.append(Collected(ref=ref_of(package.place, package.stamp), item=item))
            if len(collected) == limit:
                break
        if not collected:
            _raise_first(self._small.away)
        return collected

    def collect_large(self, limit: int, now: float) -> list[Collected]:
        """Returns the large packages. Raises OSError if there are none and a folder cannot be read, and SpoolFailed if
        none can be read for lack of disk space."""
        collected: list[Collected] = []
        no_room: SpoolFailed | None = None
        if limit < 1:
            return collected
        for package in self._large.packages(now, skip=self._places_to_skip()):
            try:
                item = self._read_large(package, now)
            except SpoolFailed as exc:  # a smaller one may fit
                no_room = exc
                self._large.hold(package, now + NO_ROOM)
                continue
            if item is not None:
                collected.append(Collected(ref=ref_of(package.place, package.stamp), item=item))
            if len(collected) == limit:
                break
        if not collected:
            _raise_first(self._large.away)
            if no_room:
                raise no_room
        return collected

    def _places_to_skip(self) -> set[Place]:
        """Returns the places to skip: those answered and not moved yet. Forgets the faults of files that are gone."""
        for ref in list(self.faults):
            if ref not in self._settling.answers and not self._is_there(ref):
                self.faults.pop(ref, None)
        return {place for place in map(place_of, list(self._settling.answers)) if place}

    def _read(self, package: Package, now: float) -> Document | Status | BusError | None:
        """Returns the package's item or its error; None if it must be read again later."""
        if package.stamp.size > self._options.largest:
            return self._too_large(package, now)
        found: Read | BusError | None = None
        try:
            with self._recording_fault(ref_of(package.place, package.stamp)):
                data, which = client.read(self._path(package.place), package.stamp)
                found = self._parsed(package, io.BytesIO(data), which, unfinished=mapping.unfinished(data), now=now)
        except (client.Stale, FileNotFoundError):
            return None
        if not isinstance(found, Read):
            return found
        if isinstance(found.item, Document) and any(each.source for each in found.item.attachments):
            self._large.claim(package)  # a small ZIP that unpacks to something large
            return None
        return found.item

    def _read_large(self, package: Package, now: float) -> Document | Status | BusError | None:
        """Reads a large package as `_read` does; this process has seen it unchanged. Raises SpoolFailed."""
        if package.stamp.size > self._options.largest:
            return self._too_large(package, now)
        found: Read | BusError | None = None
        try:
            with (
                self._recording_fault(ref_of(package.place, package.stamp)),
                client.opened(self._path(package.place), package.stamp) as file,
            ):
                unfinished = not mapping.ended(client.tail(file, mapping.TAIL))
                if unfinished and package.still < self._options.unfinished:
                    self._large.hold(package, now - package.still + self._options.unfinished)
                else:
                    which = identity(file.fileno())
                    found = self._parsed(package, file, which, unfinished=unfinished, now=now)
        except (client.Stale, FileNotFoundError):
            return None
        return found.item if isinstance(found, Read) else found

    def _parsed(
        self, package: Package, file: BinaryIO, which: Identity, *, unfinished: bool, now: float
    ) -> Read | BusError | None:
        ref = ref_of(package.place, package.stamp)
        try:
            found = read_file(file, spool=self._spool, held=self._options.large_from, limits=self._limits)
        except PackageRefused as exc:
            self._settling.was_read(ref, which)
            patience = self._options.unfinished if unfinished else self._options.quiet
            return self._refused_once_quiet(package, mapping.refusal(package.place.name, exc), patience, now)
        self._settling.was_read(ref, which, mapping.remarkable(found.report))
        return found

    def _too_large(self, package: Package, now: float) -> BusError | None:
        what, limit = names.shown(package.place.name), self._options.largest
        error = TooLarge(what=what, size=package.stamp.size, limit=limit)
        return self._refused_once_quiet(package, error, self._options.quiet, now)

    def _urgency(self, place: Place) -> int:
        """Returns the priority that the file's first bytes state; NORMAL if the file cannot be read now: the error is
        reported when the package is collected."""
        for size in HEADS:
            with contextlib.suppress(OSError):
                if (found := peek(client.head(self._path(place), size))) is not None:
                    return found
        return Priority.NORMAL

    def _refused_once_quiet(self, package: Package, error: BusError, patience: float, now: float) -> BusError | None:
        """Returns the error once this process has seen the file unchanged for `patience` seconds, whatever its time
        says; None until then. A refusal is final."""
        if package.still >= patience:
            return error
        for queue in (self._small, self._large):
            queue.hold(package, now - package.still + patience)
        return None

    # -- answers -------------------------------------------------------------------------------------------------------

    def answered(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            if place := place_of(answer.ref):
                if isinstance(answer.error, TryLater):
                    self._small.defer(place)
                    self._large.defer(place)
                    self._note(answer.ref, answer.error)
                else:
                    self.faults.pop(answer.ref, None)
                    self._settling.answers[answer.ref] = answer

    def settle(self, at: datetime) -> None:
        """Moves the files that were answered. A file that cannot be moved now is in `faults`, and is moved later."""
        self._now = at.timestamp()
        self._settling.settle(at)

    def away(self) -> dict[str, OSError]:
        """Returns the folders that cannot be read now, with the error."""
        return {**self._large.away, **self._small.away}

    def forget_what_is_gone(self) -> None:
        self._settling.forget_unanswered(self._is_there)

    def answer_to(self, ref: str) -> Answer | None:
        """Returns the answer to a package that is not moved yet."""
        return self._settling.answers.get(ref)

    def _forget(self, place: Place) -> None:
        self._small.forget(place)
        self._large.forget(place)

    # -- shared --------------------------------------------------------------------------------------------------------

    def _is_there(self, ref: str) -> bool:
        place = place_of(ref)
        return place is not None and os.path.lexists(self._path(place))

    def _path(self, place: Place) -> Path:
        return self._root / place.folder / place.name

    def _note(self, ref: str, error: OSError | TryLater) -> None:
        before = self.faults.get(ref)
        self.faults[ref] = Fault(error, before.since if before else self._now)

    @contextlib.contextmanager
    def _recording_fault(self, ref: str) -> Iterator[None]:
        """Records one file's OSError in `faults`, and goes on: it does not stop other files. SpoolFailed and
        FileNotFoundError are raised."""
        try:
            yield
        except FileNotFoundError:
            self.faults.pop(ref, None)
            raise
        except OSError as exc:
            self._note(ref, exc)
            if isinstance(exc, SpoolFailed):
                raise
        else:
            fault = self.faults.get(ref)
            if fault and ref not in self._settling.answers and not isinstance(fault.error, TryLater):
                self.faults.pop(ref, None)


def _raise_first(away: Mapping[str, OSError]) -> None:
    for error in away.values():
        raise error
