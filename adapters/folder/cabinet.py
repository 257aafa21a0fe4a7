"""Files packages where the clerk's software looks, once each, however often we are asked and wherever we are killed.

A package is first written to `.lienthong/staged/`, then its batch is noted in the journal, then it is moved into its
folder. What the journal knows and `staged/` still holds was interrupted before the move; what the journal knows and
`staged/` holds no more was filed, even where the clerk has taken it away since.

Two threads file, one of them what is large: they share the journal and the `.changes`, under a lock that nobody holds
while a package is written.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from adapters.folder.client import pour, put, size, sync_folders, write_all
from adapters.folder.journal import Journal
from adapters.folder.names import beside
from bus.crashpoints import reached
from schemas.values import MessageId

Trouble: TypeAlias = OSError | ValueError | OverflowError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One package to file. Its name is the message's own: no other message has it."""

    message: MessageId
    folder: str
    name: str
    document: str = ""
    """Its id, for what is said of it."""
    data: bytes = field(default=b"", repr=False)
    pieces: Callable[[], Iterator[bytes]] | None = None
    """In place of `data`, where that is too large to be held."""
    size: int = 0
    """Bytes of those pieces, about."""
    marks: tuple[str, ...] = ()
    """Names of packages in `incoming/` that this one is about."""
    mark: str = ""
    """The line for the `.changes` beside each of them; its last cell is the message."""

    @property
    def ref(self) -> str:
        return f"{self.folder}/{self.name}"


class MarkFailed(OSError):
    """The `.changes` of one target cannot be read or written. Whatever the disk says: it is this paper's trouble."""


class PiecesFailed(OSError):
    """What is to be written cannot be read. It is this paper's trouble, too."""


class Cabinet:
    def __init__(self, root: Path, *, state: Path, incoming: Path) -> None:
        self._root = root
        self._state = state
        self._staged = state / "staged"
        self._incoming = incoming
        self._journal = Journal(state)
        self._shared = threading.Lock()
        self._swept = False

    def file(self, papers: Sequence[Paper]) -> list[str | Trouble]:
        """Each paper's ref once it is filed for good, or what stood in its way: no OSError where no package can be made
        of it. Raises OSError where no answer can be given for any."""
        if not papers:
            return []
        with self._shared:
            if not self._swept:
                self._sweep()
                self._swept = True
            known = {paper.message: self._journal.find(paper.message) for paper in papers}
        fresh = {paper.message: paper for paper in papers if known[paper.message] is None}
        failed = self._stage(list(fresh.values()))
        with self._shared:
            return self._publish_all(papers, known, failed)

    def _sweep(self) -> None:
        """What was being written when we were killed, and may never come again, is not left in the way of others: it
        may be large. Nobody else writes here, and we do not yet."""
        noted = {ref.rpartition("/")[2] for ref in self._journal.refs()}
        with os.scandir(self._staged) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and entry.name not in noted:
                    with contextlib.suppress(OSError):
                        (self._staged / entry.name).unlink()

    def _publish_all(
        self,
        papers: Sequence[Paper],
        known: Mapping[MessageId, str | None],
        failed: Mapping[MessageId, Trouble],
    ) -> list[str | Trouble]:
        answers: dict[MessageId, str | Trouble] = {**failed}
        for paper in papers:
            if known[paper.message] is None and paper.message not in answers:
                answers[paper.message] = self._mark(paper)
        refs = {message: answer for message, answer in answers.items() if isinstance(answer, str)}
        if refs:
            sync_folders([self._staged])
            reached("folder.staged")
            self._journal.add(refs)
            reached("folder.noted")
        answers |= {message: ref for message, ref in known.items() if ref is not None}
        touched = {self._incoming, self._staged}
        for message, ref in list(answers.items()):
            if isinstance(ref, str):
                target = self._root / ref
                touched.add(target.parent)
                answers[message] = self._publish(ref, target)
        sync_folders(touched)
        return [answers[paper.message] for paper in papers]

    def holds(self, taken: Mapping[MessageId, str | None]) -> set[MessageId]:
        """Raises OSError where the disk does not say."""
        there = {message for message, ref in taken.items() if ref and size(self._root / ref)}
        if len(there) < len(taken):  # seldom: a clerk was quick, or nothing was kept
            with self._shared:
                there |= self._journal.on_disk().intersection(taken)
        return there

    def _stage(self, papers: Sequence[Paper]) -> dict[MessageId, Trouble]:
        """What could not be written."""
        failed: dict[MessageId, Trouble] = {}
        small = [paper for paper in papers if paper.pieces is None]
        written = write_all([(self._staged / paper.name, paper.data) for paper in small])
        for paper, error in zip(small, written, strict=True):
            if error:  # half a package on a full disk is in the way of the next
                failed[paper.message] = error
                with contextlib.suppress(OSError):
                    (self._staged / paper.name).unlink()
        for paper in papers:
            if paper.pieces:
                try:
                    pour(self._staged / paper.name, _told_apart(paper.pieces()), size=paper.size)
                except (OSError, ValueError, OverflowError) as error:
                    failed[paper.message] = error
        return failed

    def _mark(self, paper: Paper) -> str | OSError:
        for name in paper.marks:
            path = self._incoming / beside(name, ".changes")
            try:
                before = path.read_bytes() if path.exists() else b""
                if not _has(before, paper.message):
                    put(path, before + paper.mark.encode(), temporary=self._state / "changes.tmp")
                    reached("folder.marked")
            except OSError as exc:
                return MarkFailed(exc.errno, exc.strerror or str(exc), os.fspath(path))
        return paper.ref

    def _publish(self, ref: str, target: Path) -> str | OSError:
        try:
            (self._staged / target.name).rename(target)
            reached("folder.filed")
        except FileNotFoundError:
            if not target.parent.is_dir():
                return FileNotFoundError(errno.ENOENT, "No such folder", str(target.parent))
        except OSError as exc:
            return exc
        return ref


def _told_apart(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A disk that cannot be read is not the one that cannot be written."""
    try:
        yield from pieces
    except OSError as exc:
        raise PiecesFailed(exc.errno, exc.strerror or str(exc)) from exc


def _has(changes: bytes, message: MessageId) -> bool:
    """Whether one of these lines is this message's. Its name may be the beginning of another's."""
    return any(line.rpartition(b"\t")[2] == message.encode() for line in changes.splitlines())
