"""Files packages in the folders that the clerk's software reads. Idempotent: each message once, however often it comes
and wherever the process is killed; and each content once, in whatever messages it comes.

A package is first written to `.lienthong/staged/`; then its batch is added to the journal; then it is moved into its
folder. A package that is in the journal and still in `staged/` was interrupted before the move. A package that is in
the journal and no longer in `staged/` was filed, even if the clerk has taken it away since.

Two threads file, one of them the large packages. They share the journal and the `.changes` files under a lock, which is
not held while a package is written.
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
from adapters.folder.names import beside
from adapters.journal import Journal
from bus.crashpoints import reached
from schemas.values import MessageId

Trouble: TypeAlias = OSError | ValueError | OverflowError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One package to file. Its name is unique to its message."""

    message: MessageId
    folder: str
    name: str
    content: str = ""
    """A digest of what it says: the same in another message is the same document. Empty: it cannot be told."""
    document: str = ""
    """The document's id, for error messages."""
    data: bytes = field(default=b"", repr=False)
    pieces: Callable[[], Iterator[bytes]] | None = None
    """Replaces `data` if the package is too large to be held in memory."""
    size: int = 0
    """Approximate size of the pieces in bytes."""
    marks: tuple[str, ...] = ()
    """Names of the packages in `incoming/` that this one changes."""
    mark: str = ""
    """The line for the `.changes` file beside each of them; its last cell is the message."""

    @property
    def ref(self) -> str:
        return f"{self.folder}/{self.name}"


class MarkFailed(OSError):
    """The `.changes` file of one target cannot be read or written. It counts as that package's fault, whatever the disk
    says."""


class PiecesFailed(OSError):
    """The source of a large package cannot be read. It counts as that package's fault, too."""


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
        """Returns for each package its ref once it is durably filed, or the error that stopped it (ValueError,
        OverflowError: no package can be made of it). Raises OSError if no answer can be given for any."""
        if not papers:
            return []
        with self._shared:
            if not self._swept:
                self._sweep()
                self._swept = True
            known = {paper.message: self._known(paper) for paper in papers}
        fresh = {paper.message: paper for paper in papers if known[paper.message] is None}
        failed = self._stage(list(fresh.values()))
        with self._shared:
            return self._publish_all(papers, known, failed)

    def _known(self, paper: Paper) -> str | None:
        """Returns the ref under which the message was filed, or another one with the same content."""
        ref = self._journal.find(paper.message)
        return self._journal.find_content(paper.content) if ref is None and paper.content else ref

    def _sweep(self) -> None:
        """Removes packages that were being written when the process was killed: they may never come again, and may be
        large. Called before this process writes anything; nobody else writes here."""
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
        contents = {paper.content: refs[paper.message] for paper in papers if paper.content and paper.message in refs}
        before = {message: ref for message, ref in known.items() if ref is not None}
        refs |= {message: ref for message, ref in before.items() if self._journal.find(message) is None}
        if refs:
            sync_folders([self._staged])
            reached("folder.staged")
            self._journal.add(refs, contents)
            reached("folder.noted")
        answers |= before
        touched = {self._incoming, self._staged}
        for message, ref in list(answers.items()):
            if isinstance(ref, str):
                target = self._root / ref
                touched.add(target.parent)
                answers[message] = self._publish(ref, target)
        sync_folders(touched)
        return [answers[paper.message] for paper in papers]

    def holds(self, taken: Mapping[MessageId, str | None]) -> set[MessageId]:
        """Returns the messages that are filed. Raises OSError if the disk cannot be read."""
        there = {message for message, ref in taken.items() if ref and size(self._root / ref)}
        if len(there) < len(taken):  # rare: a clerk was quick, or nothing was kept
            with self._shared:
                there |= self._journal.on_disk().intersection(taken)
        return there

    def _stage(self, papers: Sequence[Paper]) -> dict[MessageId, Trouble]:
        """Writes the packages to `staged/`. Returns the error of each that could not be written."""
        failed: dict[MessageId, Trouble] = {}
        small = [paper for paper in papers if paper.pieces is None]
        written = write_all([(self._staged / paper.name, paper.data) for paper in small])
        for paper, error in zip(small, written, strict=True):
            if error:  # half a package takes space on a full disk
                failed[paper.message] = error
                with contextlib.suppress(OSError):
                    (self._staged / paper.name).unlink()
        for paper in papers:
            if paper.pieces:
                try:
                    pour(self._staged / paper.name, _as_pieces_failed(paper.pieces()), size=paper.size)
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


def _as_pieces_failed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Reads the pieces; a read error becomes PiecesFailed, to tell it from a write error."""
    try:
        yield from pieces
    except OSError as exc:
        raise PiecesFailed(exc.errno, exc.strerror or str(exc)) from exc


def _has(changes: bytes, message: MessageId) -> bool:
    """Returns whether one of the lines is this message's. Compares the whole cell: one id may be the beginning of
    another."""
    return any(line.rpartition(b"\t")[2] == message.encode() for line in changes.splitlines())
