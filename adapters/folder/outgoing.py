"""From `outgoing/` and `statuses/` to the bus, and on to `sent/` or `rejected/` once the bus has answered.

A `ref` is the file's place and a mark of its size and time: `outgoing/cv 12.edxml#3fa94c01`. An answer to it moves
that file and no other that somebody has since put under its name; that one is a submission of its own.

One thread sends the small packages, another those with large attachments. What was answered they share, under a lock
that nobody holds while a package is read.
"""

import contextlib
import hashlib
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from adapters.folder import client, mapping, names
from adapters.folder.heavy import Heavy
from adapters.folder.options import FolderOptions
from adapters.folder.urgency import HEADS, peek
from adapters.folder.waiting import Package, Place, Waiting
from bus.crashpoints import reached
from bus.errors import BusError, TooLarge, TryLater
from bus.ports import Answer, Collected
from schemas.codes import Priority
from schemas.document import Document
from schemas.edxml import Departure, PackageRefused, SpoolFailed, read_file
from schemas.edxml import Package as Read
from schemas.edxml.limits import of_file
from schemas.status import Status
from schemas.values import VIETNAM

OUTGOING, STATUSES, SENT, REJECTED = "outgoing", "statuses", "sent", "rejected"
NO_ROOM = 60.0
"""Seconds until a package is read again whose attachments found no room."""


def ref_of(place: Place, stamp: client.Stamp) -> str:
    mark = hashlib.blake2s(f"{stamp.size}:{stamp.mtime_ns}".encode(), digest_size=4).hexdigest()
    return f"{place.folder}/{names.shown(place.name)}#{mark}"


def place_of(ref: str) -> Place | None:
    """None where the ref is none of ours: a document system may have had another adapter before."""
    path, _, mark = ref.rpartition("#")
    folder, _, name = path.partition("/")
    if folder not in (OUTGOING, STATUSES) or not mark or not name or "/" in name:
        return None
    return Place(folder, names.hidden(name))


@dataclass(frozen=True, slots=True)
class _Move:
    """One file on its way out of `outgoing/`, and what is to lie beside it."""

    ref: str
    source: Path
    stamp: client.Stamp
    target: Path
    beside: tuple[tuple[Path, bytes], ...]
    line: str
    """For the register of the month; none where it was refused."""


class Outgoing:
    """`troubles` is what cannot be read or moved just now, and why, by ref."""

    def __init__(self, root: Path, options: FolderOptions, spool: Callable[[], IO[bytes]]) -> None:
        self._root = root
        self._options = options
        self._spool = spool
        self._limits = of_file(options.largest)
        folders = {name: root / name for name in (OUTGOING, STATUSES)}
        heavy = options.heavy_from
        self._waiting = Waiting(folders, quiet=options.quiet, most=heavy, urgency=self._urgency)
        self._heavy = Heavy(folders, quiet=options.quiet, above=heavy, urgency=self._urgency)
        self._settling = threading.Lock()
        self._owed: dict[str, Answer] = {}
        """Answered, and not moved yet: not offered again meanwhile."""
        self._departures: dict[str, tuple[Departure, ...]] = {}
        self.troubles: dict[str, str] = {}

    # -- what waits ----------------------------------------------------------------------------------------------------

    def collect(self, limit: int, now: float) -> list[Collected]:
        """What is small. Raises OSError where the folders are not there."""
        collected: list[Collected] = []
        size = 0
        if limit < 1:
            return collected
        for package in self._waiting.packages(now, besides=self._prepared()):
            if self._heavy.is_invited(package):
                continue
            size += package.stamp.size
            if collected and size > self._options.batch:
                break
            item = self._read(package, now)
            if item is not None:
                collected.append(Collected(ref=ref_of(package.place, package.stamp), item=item))
            if len(collected) == limit:
                break
        return collected

    def collect_heavy(self, limit: int, now: float) -> list[Collected]:
        """What is large. Raises OSError where the folders are not there, or nothing can be read for want of room."""
        collected: list[Collected] = []
        no_room: SpoolFailed | None = None
        if limit < 1:
            return collected
        for package in self._heavy.packages(now, besides=self._prepared()):
            try:
                item = self._read_heavy(package, now)
            except SpoolFailed as exc:  # a smaller one may find room
                no_room = exc
                self._heavy.hold(package, now + NO_ROOM)
                continue
            if item is not None:
                collected.append(Collected(ref=ref_of(package.place, package.stamp), item=item))
            if len(collected) == limit:
                break
        if no_room and not collected:
            raise no_room
        return collected

    def _prepared(self) -> set[Place]:
        """The places that are not to be looked at."""
        for ref in list(self.troubles):
            if ref not in self._owed and not self._is_there(ref):
                self.troubles.pop(ref, None)
        return {place for place in map(place_of, list(self._owed)) if place}

    def _read(self, package: Package, now: float) -> Document | Status | BusError | None:
        """None where it is to be looked at again later."""
        if package.stamp.size > self._options.largest:
            return self._too_large(package, now)
        found: Read | BusError | None = None
        try:
            with self._troubled(ref_of(package.place, package.stamp)):
                data = client.read(self._path(package.place), package.stamp)
                found = self._understood(package, io.BytesIO(data), unfinished=mapping.unfinished(data), now=now)
        except (client.Stale, FileNotFoundError):
            return None
        if not isinstance(found, Read):
            return found
        if isinstance(found.item, Document) and any(each.source for each in found.item.attachments):
            self._heavy.invite(package)  # a small ZIP, and large when it is unpacked
            return None
        return found.item

    def _read_heavy(self, package: Package, now: float) -> Document | Status | BusError | None:
        """As `_read`, of a file that we ourselves have watched lie still. Raises SpoolFailed."""
        if package.stamp.size > self._options.largest:
            return self._too_large(package, now)
        found: Read | BusError | None = None
        try:
            with (
                self._troubled(ref_of(package.place, package.stamp)),
                client.opened(self._path(package.place), package.stamp) as file,
            ):
                unfinished = not mapping.ended(client.tail(file, mapping.TAIL))
                if unfinished and package.still < self._options.unfinished:
                    self._heavy.hold(package, now - package.still + self._options.unfinished)
                else:
                    found = self._understood(package, file, unfinished=unfinished, now=now)
        except (client.Stale, FileNotFoundError):
            return None
        return found.item if isinstance(found, Read) else found

    def _understood(self, package: Package, file: BinaryIO, *, unfinished: bool, now: float) -> Read | BusError | None:
        try:
            found = read_file(file, spool=self._spool, held=self._options.large_from, limits=self._limits)
        except PackageRefused as exc:
            patience = self._options.unfinished if unfinished else self._options.quiet
            return self._once_still(package, mapping.refusal(package.place.name, exc), patience, now)
        if departures := mapping.remarkable(found.report):
            self._departures[ref_of(package.place, package.stamp)] = departures
        return found

    def _too_large(self, package: Package, now: float) -> BusError | None:
        what, limit = names.shown(package.place.name), self._options.largest
        error = TooLarge(what=what, size=package.stamp.size, limit=limit)
        return self._once_still(package, error, self._options.quiet, now)

    def _urgency(self, place: Place) -> int:
        """What cannot be looked into is ordinary: when its turn comes, it is said why."""
        for size in HEADS:
            with contextlib.suppress(OSError):
                if (found := peek(client.head(self._path(place), size))) is not None:
                    return found
        return Priority.NORMAL

    def _once_still(self, package: Package, error: BusError, patience: float, now: float) -> BusError | None:
        """A refusal is final: before it we watch the file lie still ourselves, whatever its time says."""
        if package.still >= patience:
            return error
        for waiting in (self._waiting, self._heavy):
            waiting.hold(package, now - package.still + patience)
        return None

    # -- what was answered ---------------------------------------------------------------------------------------------

    def answered(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            if place := place_of(answer.ref):
                if isinstance(answer.error, TryLater):
                    self._waiting.defer(place)
                    self._heavy.defer(place)
                else:
                    self._owed[answer.ref] = answer

    def settle(self, at: datetime) -> None:
        """Moves what was answered. What cannot be moved just now is a trouble, and moved another time."""
        with self._settling:
            while self._owed:
                moves, more = self._plan(at)
                self._carry_out(moves)
                if not more:
                    return

    def _plan(self, at: datetime) -> tuple[list[_Move], bool]:
        """The moves of one round, and whether two files want the same name, so that another round is needed."""
        moves: dict[Path, _Move] = {}
        more = False
        for ref, answer in list(self._owed.items()):
            with self._troubled(ref):
                move = self._planned(ref, answer, at)
                if move is None:
                    self._done(ref)
                elif move.target in moves:
                    more = True
                else:
                    moves[move.target] = move
        return list(moves.values()), more

    def _planned(self, ref: str, answer: Answer, at: datetime) -> _Move | None:
        """None where the file is gone, or another by now."""
        place = place_of(ref)
        assert place is not None
        source = self._path(place)
        try:
            stamp = client.stamp(source)
        except FileNotFoundError:
            return None
        if ref_of(place, stamp) != ref:
            return None
        folder = self._month(at) if answer.error is None else self._root / REJECTED
        name = client.free_name(folder, place.name)
        beside = tuple((folder / names.beside(name, suffix), data) for suffix, data in self._texts(name, answer, at))
        line = mapping.registered(name, answer, at) if answer.error is None else ""
        return _Move(ref, source, stamp, folder / name, beside, line)

    def _month(self, at: datetime) -> Path:
        year, month = at.astimezone(VIETNAM).strftime("%Y %m").split()
        folder = self._root / SENT / year / month
        if not folder.is_dir():
            client.make_folder(folder.parent)
            client.make_folder(folder)
            client.sync_folders([self._root / SENT, folder.parent])
        return folder

    def _texts(self, name: str, answer: Answer, at: datetime) -> Iterator[tuple[str, bytes]]:
        departures = self._departures.get(answer.ref, ())
        if answer.error is not None:
            yield ".reason", mapping.reason(name, answer.error, departures, at)
        elif departures:
            yield ".report", mapping.report(name, departures)

    def _carry_out(self, moves: Sequence[_Move]) -> None:
        """The texts first: who finds a package in its new folder finds them too."""
        written = iter(client.write_all([text for move in moves for text in move.beside]))
        reached("folder.explained")
        self._register(moves)
        reached("folder.registered")
        touched: set[Path] = set()
        for move in moves:
            failed = [next(written) for _ in move.beside]
            with self._troubled(move.ref):
                for error in filter(None, failed):
                    raise error
                self._move(move)
                reached("folder.moved")
                touched |= {move.target.parent, move.source.parent}
                self._done(move.ref)
        client.sync_folders(touched)

    def _register(self, moves: Sequence[_Move]) -> None:
        lines: dict[Path, str] = {}
        for move in moves:
            if move.line:
                path = move.target.with_name(mapping.REGISTER)
                lines[path] = lines.get(path, "") + move.line
        for path, text in lines.items():
            client.append(path, text.encode(), head=mapping.REGISTER_HEAD.encode())

    def _move(self, move: _Move) -> None:
        try:
            client.move(move.source, move.target, move.stamp)
        except (client.Stale, FileNotFoundError):
            for path, _ in move.beside:
                path.unlink(missing_ok=True)

    def _done(self, ref: str) -> None:
        place = place_of(ref)
        assert place is not None
        del self._owed[ref]
        self._departures.pop(ref, None)
        self._waiting.forget(place)
        self._heavy.forget(place)

    # -- both ----------------------------------------------------------------------------------------------------------

    def _is_there(self, ref: str) -> bool:
        place = place_of(ref)
        return place is not None and self._path(place).exists()

    def _path(self, place: Place) -> Path:
        return self._root / place.folder / place.name

    @contextlib.contextmanager
    def _troubled(self, ref: str) -> Iterator[None]:
        """One file's trouble is kept for people to see, and is in no other file's way."""
        self.troubles.pop(ref, None)
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as exc:
            self.troubles[ref] = client.sentence(exc)
            if isinstance(exc, SpoolFailed):
                raise
