"""The adapter of the folders, as the bus calls it. outgoing.py sends, cabinet.py files, names.py and mapping.py make
names and texts; check.py and troubles.py say what is in the way.

Threads: one calls `collect` and `acknowledge`, a second one `deliver`, `report` and `bounced`, a third one all of these
for large packages, a fourth one `troubles`. The locks of outgoing.py and cabinet.py protect what they share.
"""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from adapters.folder import client, mapping, names, notes
from adapters.folder.cabinet import Cabinet, MarkFailed, Paper, PiecesFailed
from adapters.folder.cabinet import Trouble as PaperTrouble
from adapters.folder.check import FOLDERS, INCOMING, RECEIVED, STAGED, STATE, check, holds_letters
from adapters.folder.faults import away
from adapters.folder.options import parse
from adapters.folder.outgoing import Outgoing
from adapters.folder.refs import REJECTED, SENT, place_of
from adapters.folder.register import find
from adapters.folder.troubles import Troubles
from bus.crashpoints import reached
from bus.errors import HeldAfterAll, NotTaken, RefusedByDms, Withdrawn, said, side_by_side
from bus.ports import Adapter, Answer, Bounce, Collected, Filed, Filing, Notice, Report, Trouble
from schemas.document import Document
from schemas.edxml import write, write_pieces
from schemas.status import Status
from schemas.values import MessageId


class FolderAdapter(Adapter):
    """The folder adapter, made from the options of options.py; raises BadConfig if they are wrong. A missing root
    raises nothing yet: `check` names it, and every other method raises DmsAway until it is back."""

    takes_large = True

    def __init__(
        self, options: Mapping[str, object], *, clock: Callable[[], float] = time.time, to_check: bool = False
    ) -> None:
        """`to_check`: makes nothing."""
        self._options = parse(options)
        self._clock = clock
        self._to_check = to_check
        self._root = self._options.root.absolute()
        self._spool = (self._options.spool or self._root / STATE).absolute()
        self._longest: int | None = None
        self._outgoing = Outgoing(self._root, self._options, lambda: client.spool(self._spool), self._longest_name)
        self._troubles = Troubles(self._root, self._outgoing)
        self._cabinet = Cabinet(self._root, state=self._root / STATE, incoming=self._root / INCOMING)
        if self._options.create and not to_check:
            with contextlib.suppress(OSError):  # `check` reports it
                self._root.mkdir(client.FOLDER_MODE, parents=True, exist_ok=True)
                for name in FOLDERS:
                    client.make_folder(self._root / name)
                notes.explain_sent(self._root)

    @classmethod
    def made_to_check(cls, options: Mapping[str, object]) -> "FolderAdapter":
        return cls(options, to_check=True)

    def collect(self, limit: int) -> Sequence[Collected]:
        try:
            self._outgoing.settle(self._now())
            return self._outgoing.collect(limit, self._clock())
        except OSError as exc:
            raise away(exc) from exc

    def collect_large(self, limit: int) -> Sequence[Collected]:
        try:
            self._outgoing.settle(self._now())
            return self._outgoing.collect_large(limit, self._clock())
        except OSError as exc:
            raise away(exc) from exc

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        """Moves the files that were answered. A file that cannot be moved now is moved later and not offered meanwhile;
        `check` names it."""
        self._outgoing.answered(answers)
        try:
            self._outgoing.settle(self._now())
        except OSError as exc:
            raise away(exc) from exc

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        at = self._now()
        return self._file([self._document(filing, at) for filing in filings])

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        at = self._now()
        return self._file([self._status(report, at) for report in reports])

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        """Returns the messages whose file is in its folder, or is in the journal on disk: then a clerk has taken the
        file."""
        try:
            return self._cabinet.holds(taken)
        except OSError as exc:
            raise away(exc) from exc

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        """Writes the `.reason` of each bounce; a package that was withdrawn is marked where it lies in `sent/`. A text
        that cannot be written does not stop the others: it is raised at the end."""
        try:
            texts = self._texts(bounces)
            failed = [exc for target, text in texts.items() if (exc := self._explain(target, text))]
            client.sync_folders({self._root / REJECTED, *(target.parent for target in texts)})
        except OSError as exc:
            raise away(exc) from exc
        if failed:
            raise away(failed[0]) from failed[0]

    def _texts(self, bounces: Sequence[Bounce]) -> dict[Path, bytes]:
        """Returns what is to be written where: of a withdrawn package one text for all recipients, corrected if one of
        them has it after all. Raises OSError."""
        texts: dict[Path, bytes] = {}
        withdrawn: defaultdict[MessageId, list[Bounce]] = defaultdict(list)
        for bounce in bounces:
            if isinstance(bounce.error, Withdrawn):
                withdrawn[bounce.message].append(bounce)
        marks = {bounce.message for bounce in bounces if isinstance(bounce.error, Withdrawn | HeldAfterAll)}
        packages = {message: find(self._root / SENT, message) for message in marks}
        for bounce in bounces:
            package = packages.get(bounce.message)
            if package is not None:
                target = package.with_name(names.beside(package.name, ".withdrawn", self._longest_name()))
                if isinstance(bounce.error, Withdrawn):
                    texts[target] = mapping.withdrawn(package.name, withdrawn[bounce.message])
                    continue
                if target in texts or target.is_file():
                    before, said_now = texts.get(target) or target.read_bytes(), mapping.held_after_all(bounce)
                    texts[target] = before if said_now in before else said_now + before
                    continue
            place = place_of(bounce.ref or "")
            name = place.name if place else "-"
            target = self._root / REJECTED / names.of_bounce(name, bounce.message, bounce.mailbox, self._longest_name())
            texts[target] = mapping.bounce_reason(name, bounce)
        return texts

    def _explain(self, target: Path, text: bytes) -> OSError | None:
        try:
            client.put(target, text, temporary=self._root / STATE / "bounce.tmp")
        except OSError as exc:
            return exc
        reached("folder.bounced")
        return None

    def troubles(self, now: datetime) -> Sequence[Trouble]:
        """Returns them, and writes why beside each file where that can be written."""
        found = self._troubles.lasting(now.timestamp())
        notes.show_waiting(self._root, found, longest=self._longest_name())
        return found

    def check(self) -> Sequence[str]:
        return self._check(will_make=self._to_check and self._options.create)

    def check_again(self) -> Sequence[str]:
        return self._check(will_make=False)

    def _check(self, *, will_make: bool) -> Sequence[str]:
        self._longest = None
        found = self._troubles.by_now(self._clock(), quiet=self._options.quiet, for_owner=self._to_check)
        return [
            *check(self._root, self._options, self._spool, will_make=will_make),
            *map(_sentence, found),
        ]

    # -- filing --------------------------------------------------------------------------------------------------------

    def _document(self, filing: Filing, at: datetime) -> Paper | RefusedByDms:
        document = filing.document
        name = names.of_document(document, filing.message, ascii_only=self._ascii, longest=self._longest_name())
        paper = Paper(
            message=filing.message,
            folder=INCOMING,
            name=name,
            content=mapping.content(document, filing.message),
            document=document.id,
            marks=tuple(filter(None, map(_incoming_name, filing.target))),
            mark=mapping.change_by_document(filing, f"{INCOMING}/{name}", at),
        )
        if any(each.source for each in document.attachments):
            size = sum(each.size for each in document.attachments) * 4 // 3
            return replace(paper, pieces=lambda: write_pieces(document), size=size)
        data = _package(document, document.id)
        return data if isinstance(data, RefusedByDms) else replace(paper, data=data)

    def _status(self, report: Report, at: datetime) -> Paper | RefusedByDms:
        data = _package(report.status, report.status.concerns.document_id)
        if isinstance(data, RefusedByDms):
            return data
        name = names.of_status(report.status, report.message, ascii_only=self._ascii, longest=self._longest_name())
        mark = mapping.change_by_status(report, f"{RECEIVED}/{name}", at)
        target = _incoming_name(report.target or "") if mark else None
        return Paper(
            message=report.message,
            folder=RECEIVED,
            name=name,
            content=mapping.content(report.status, report.message),
            data=data,
            marks=(target,) if target else (),
            mark=mark or "",
        )

    def _file(self, made: Sequence[Paper | RefusedByDms]) -> list[Filed]:
        """Files the packages. Raises DmsAway if the disk let none be filed, so that a full disk counts against no
        message. An error of one package is that package's answer, even if there is no other."""
        papers = [paper for paper in made if isinstance(paper, Paper)]
        try:
            answers = self._cabinet.file(papers)
        except OSError as exc:
            raise away(exc) from exc
        if not any(isinstance(answer, str) for answer in answers):
            for answer, paper in zip(answers, papers, strict=True):
                if isinstance(answer, OSError) and self._concerns_all(answer, paper):
                    raise away(answer) from answer
        filed = map(_filed, answers, papers)
        return [next(filed) if isinstance(paper, Paper) else Filed(error=paper) for paper in made]

    def _concerns_all(self, exc: OSError, paper: Paper) -> bool:
        if isinstance(exc, MarkFailed | PiecesFailed):
            return False
        folders = (self._root / STAGED, self._root / paper.folder)
        return client.concerns_all(exc) or not all(map(client.usable, folders))

    # -- shared --------------------------------------------------------------------------------------------------------

    @property
    def _ascii(self) -> bool:
        return self._options.names == "ascii" or not holds_letters()

    def _longest_name(self) -> int:
        if self._longest is None:
            self._longest = client.longest_name(self._root / STATE)
        return self._longest or names.LONGEST

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _sentence(trouble: Trouble) -> str:
    text = side_by_side(trouble.error.in_both())
    return Notice(text) if isinstance(trouble.error, NotTaken) else text


def _package(item: Document | Status, document: str) -> bytes | RefusedByDms:
    """Returns the package, or the refusal of a document that no package can hold: trying again would not help."""
    try:
        return write(item)
    except (ValueError, OverflowError) as exc:
        return _no_package(document, exc)


def _no_package(document: str, exc: Exception) -> RefusedByDms:
    why = type(exc).__name__  # the exception's text may quote the document
    return RefusedByDms(
        document=document,
        why=said("không ghi được thành gói tin: {why}", "it cannot be written as a package: {why}", why=why),
    )


def _filed(answer: str | PaperTrouble, paper: Paper) -> Filed:
    match answer:
        case str():
            return Filed(ref=answer)
        case OSError():
            return Filed(error=away(answer))
        case ValueError() | OverflowError():
            return Filed(error=_no_package(paper.document, answer))


def _incoming_name(ref: str) -> str | None:
    """Returns the name of a package in `incoming/`; None if the ref is another, such as that of a package this mailbox
    sent to itself."""
    folder, _, name = ref.partition("/")
    return name if folder == INCOMING and name and "/" not in name else None
