"""The answered packages on their way out of `outgoing/`: to `sent/` or `rejected/`, with the texts that are written
beside them. One that cannot be moved now is moved later, and named meanwhile.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.folder import client, mapping, names
from adapters.folder.identity import Identity, is_same
from adapters.folder.refs import REJECTED, SENT, place_of, ref_of
from adapters.folder.register import Register
from adapters.folder.small_packages import Place
from bus.crashpoints import reached
from bus.ports import Answer
from schemas.edxml import Departure
from schemas.values import VIETNAM


@dataclass(frozen=True, slots=True)
class _Move:
    """One move of a file out of `outgoing/`, with the texts that are written beside it."""

    ref: str
    source: Path
    stamp: client.Stamp
    target: Path
    beside: tuple[tuple[Path, bytes], ...]
    line: mapping.Line | None
    """For the month's register; None if the package was refused, or is registered already."""


class Settling:
    """Moves what was answered. Threads may add answers while another one moves."""

    def __init__(
        self,
        root: Path,
        *,
        longest: Callable[[], int],
        recording: Callable[[str], AbstractContextManager[None]],
        forget: Callable[[Place], None],
    ) -> None:
        """`recording`: records an OSError of one package, and goes on. `forget`: a package was moved."""
        self._root = root
        self._longest = longest
        self._recording = recording
        self._forget = forget
        self._lock = threading.Lock()
        self._register = Register()
        self.answers: dict[str, Answer] = {}
        """Those whose files are not moved yet; they are not offered meanwhile."""
        self._read: dict[str, tuple[Identity, tuple[Departure, ...]]] = {}
        """Which file each ref was when it was read, and what was forgiven in it."""
        self._registered: dict[str, Path] = {}
        """The target under which a package was registered that is not moved yet."""

    def was_read(self, ref: str, which: Identity, departures: tuple[Departure, ...] = ()) -> None:
        self._read[ref] = (which, departures)

    def forget_unanswered(self, is_there: Callable[[str], bool]) -> None:
        """Forgets the packages that somebody took back before they were answered."""
        for ref in list(self._read):
            if ref not in self.answers and not is_there(ref):
                self._read.pop(ref, None)

    def settle(self, at: datetime) -> None:
        """Moves the files that were answered. Raises OSError if none can be moved now."""
        with self._lock:
            while self.answers:
                moves, more = self._plan(at)
                self._carry_out(moves)
                if not more:
                    return

    def _plan(self, at: datetime) -> tuple[list[_Move], bool]:
        """Returns the moves of one round, and whether another round is needed because two files want the same name."""
        moves: dict[Path, _Move] = {}
        more = False
        for ref, answer in list(self.answers.items()):
            with self._recording(ref):
                move = self._planned(ref, answer, at)
                if move is None:
                    self._done(ref)
                elif move.target in moves:
                    more = True
                else:
                    moves[move.target] = move
        return list(moves.values()), more

    def _planned(self, ref: str, answer: Answer, at: datetime) -> _Move | None:
        """Returns the move; None if the file is gone or was replaced."""
        place = place_of(ref)
        assert place is not None
        source = self._root / place.folder / place.name
        which, departures = self._read.get(ref, (None, ()))
        try:
            stamp = client.stamp(source)
            if ref_of(place, stamp) != ref or (which and not is_same(source, which)):
                return None
        except FileNotFoundError:
            return None
        folder = self._month(at) if answer.error is None else self._root / REJECTED
        target = folder / client.free_name(folder, place.name, self._longest())
        texts = self._texts(target.name, answer, departures, at)
        beside = tuple((folder / names.beside(target.name, suffix, self._longest()), data) for suffix, data in texts)
        is_new = answer.error is None and self._registered.get(ref) != target
        line = mapping.registered(target.name, answer, at) if is_new else None
        return _Move(ref, source, stamp, target, beside, line)

    def _month(self, at: datetime) -> Path:
        year, month = at.astimezone(VIETNAM).strftime("%Y %m").split()
        folder = self._root / SENT / year / month
        if not folder.is_dir():
            client.make_folder(folder.parent)
            client.make_folder(folder)
            client.sync_folders([self._root / SENT, folder.parent])
        return folder

    def _texts(
        self, name: str, answer: Answer, departures: Sequence[Departure], at: datetime
    ) -> Iterator[tuple[str, bytes]]:
        if answer.error is not None:
            yield ".reason", mapping.reason(name, answer.error, departures, at)
            return
        if departures:
            yield ".report", mapping.report(name, departures)
        if answer.again_to:
            yield ".again", mapping.again(name, answer, at)
        elif answer.duplicate:
            yield ".again", mapping.not_again(name, answer, at)

    def _carry_out(self, moves: Sequence[_Move]) -> None:
        """Writes the texts first, then moves the files: whoever finds a package in its new folder finds its texts
        too."""
        written = iter(client.write_all([text for move in moves for text in move.beside]))
        reached("folder.explained")
        self._add_lines(moves)
        reached("folder.registered")
        touched: set[Path] = set()
        for move in moves:
            failed = [next(written) for _ in move.beside]
            with self._recording(move.ref):
                for error in filter(None, failed):
                    raise error
                self._move(move)
                reached("folder.moved")
                touched |= {move.target.parent, move.source.parent}
                self._done(move.ref)
        client.sync_folders(touched)

    def _add_lines(self, moves: Sequence[_Move]) -> None:
        lines: dict[Path, list[mapping.Line]] = {}
        for move in moves:
            if move.line:
                lines.setdefault(move.target.with_name(mapping.REGISTER), []).append(move.line)
        for path, added in lines.items():
            self._register.add(path, added)
        self._registered |= {move.ref: move.target for move in moves if move.line}

    def _move(self, move: _Move) -> None:
        which, _ = self._read.get(move.ref, (None, ()))
        try:
            client.move(move.source, move.target, move.stamp, which)
        except (client.Stale, FileNotFoundError):
            for path, _ in move.beside:
                path.unlink(missing_ok=True)

    def _done(self, ref: str) -> None:
        place = place_of(ref)
        assert place is not None
        del self.answers[ref]
        self._read.pop(ref, None)
        self._registered.pop(ref, None)
        self._forget(place)
