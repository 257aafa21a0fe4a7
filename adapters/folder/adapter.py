"""The folders as a document system. Only the bus's side is here: outgoing.py sends, cabinet.py files, names.py and
mapping.py say how things are called. `collect` and `acknowledge` may run in one thread while `deliver`, `report` and
`bounced` run in another, and in a third what concerns large packages: what they share is under the locks of those
two."""

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from adapters.folder import client, mapping, names
from adapters.folder.cabinet import Cabinet, MarkFailed, Paper, PiecesFailed, Trouble
from adapters.folder.options import parse
from adapters.folder.outgoing import OUTGOING, REJECTED, SENT, STATUSES, Outgoing, place_of
from bus.crashpoints import reached
from bus.errors import RefusedByDms
from bus.ports import Adapter, Answer, Bounce, Collected, Filed, Filing, Report
from schemas.document import Document
from schemas.edxml import write, write_pieces
from schemas.status import Status
from schemas.values import MessageId

INCOMING, RECEIVED = "incoming", "statuses/received"
STATE, STAGED = ".lienthong", ".lienthong/staged"
FOLDERS = (OUTGOING, STATUSES, INCOMING, RECEIVED, SENT, REJECTED, STATE, STAGED)


class FolderAdapter(Adapter):
    """Made from the options of options.py; raises BadConfig where they are wrong. A root that is not there is no error
    yet: `check` says so, and every other method raises DmsAway until it is back."""

    takes_large = True

    def __init__(self, options: Mapping[str, object], *, clock: Callable[[], float] = time.time) -> None:
        self._options = parse(options)
        self._clock = clock
        self._root = self._options.root.absolute()
        self._spool = (self._options.spool or self._root / STATE).absolute()
        self._outgoing = Outgoing(self._root, self._options, lambda: client.spool(self._spool))
        self._cabinet = Cabinet(self._root, state=self._root / STATE, incoming=self._root / INCOMING)
        if self._options.create:
            with contextlib.suppress(OSError):  # `check` says it in words
                self._root.mkdir(client.FOLDER_MODE, parents=True, exist_ok=True)
                for name in FOLDERS:
                    client.make_folder(self._root / name)

    def collect(self, limit: int) -> Sequence[Collected]:
        try:
            self._outgoing.settle(self._now())
            return self._outgoing.collect(limit, self._clock())
        except OSError as exc:
            raise client.away(exc) from exc

    def collect_large(self, limit: int) -> Sequence[Collected]:
        try:
            self._outgoing.settle(self._now())
            return self._outgoing.collect_heavy(limit, self._clock())
        except OSError as exc:
            raise client.away(exc) from exc

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        """A file that cannot be moved just now is moved later and not offered meanwhile; `check` names it."""
        self._outgoing.answered(answers)
        try:
            self._outgoing.settle(self._now())
        except OSError as exc:
            raise client.away(exc) from exc

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        at = self._now()
        return self._file([self._document(filing, at) for filing in filings])

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        at = self._now()
        return self._file([self._status(report, at) for report in reports])

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        """What lies in its folder, or is noted on the disk as filed: then a clerk has taken it."""
        try:
            return self._cabinet.holds(taken)
        except OSError as exc:
            raise client.away(exc) from exc

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        """One that cannot be shown is in no other's way: it is raised when the others are written."""
        failed = list(filter(None, map(self._show, bounces)))
        try:
            client.sync_folders([self._root / REJECTED])
        except OSError as exc:
            raise client.away(exc) from exc
        if failed:
            raise client.away(failed[0]) from failed[0]

    def _show(self, bounce: Bounce) -> OSError | None:
        place = place_of(bounce.ref or "")
        name = place.name if place else "-"
        target = self._root / REJECTED / names.of_bounce(name, bounce.message, bounce.mailbox)
        try:
            client.put(target, mapping.bounce_reason(name, bounce), temporary=self._root / STATE / "bounce.tmp")
        except OSError as exc:
            return exc
        reached("folder.bounced")
        return None

    def check(self) -> Sequence[str]:
        return [*self._missing(), *self._unwritable(), *self._unspoolable(), *self._apart(), *self._troubles()]

    # -- filing --------------------------------------------------------------------------------------------------------

    def _document(self, filing: Filing, at: datetime) -> Paper | RefusedByDms:
        document = filing.document
        name = names.of_document(document, filing.message, ascii_only=self._ascii)
        paper = Paper(
            message=filing.message,
            folder=INCOMING,
            name=name,
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
        name = names.of_status(report.status, report.message, ascii_only=self._ascii)
        mark = mapping.change_by_status(report, f"{RECEIVED}/{name}", at)
        target = _incoming_name(report.target or "") if mark else None
        return Paper(
            message=report.message,
            folder=RECEIVED,
            name=name,
            data=data,
            marks=(target,) if target else (),
            mark=mark or "",
        )

    def _file(self, made: Sequence[Paper | RefusedByDms]) -> list[Filed]:
        """Raises DmsAway where the disk let nothing at all be filed, so that a full one counts against no message. What
        is wrong with one paper is that paper's answer, even where it is the only one."""
        papers = [paper for paper in made if isinstance(paper, Paper)]
        try:
            answers = self._cabinet.file(papers)
        except OSError as exc:
            raise client.away(exc) from exc
        if not any(isinstance(answer, str) for answer in answers):
            for answer, paper in zip(answers, papers, strict=True):
                if isinstance(answer, OSError) and self._concerns_all(answer, paper):
                    raise client.away(answer) from answer
        filed = map(_filed, answers, papers)
        return [next(filed) if isinstance(paper, Paper) else Filed(error=paper) for paper in made]

    def _concerns_all(self, exc: OSError, paper: Paper) -> bool:
        if isinstance(exc, MarkFailed | PiecesFailed):
            return False
        folders = (self._root / STAGED, self._root / paper.folder)
        return client.concerns_all(exc) or not all(map(client.usable, folders))

    # -- check ---------------------------------------------------------------------------------------------------------

    def _missing(self) -> list[str]:
        if client.device(self._root) is None:
            return [f"Không có thư mục {self._root}. / There is no folder {self._root}."]
        return [
            f"Thiếu thư mục {folder}; hãy tạo. / Folder {folder} is missing; make it."
            for folder in (self._root / name for name in FOLDERS)
            if client.device(folder) is None
        ]

    def _unwritable(self) -> list[str]:
        sentences = []
        for folder in (self._root / name for name in FOLDERS):
            if client.device(folder) is not None and (why := client.probe(folder, ".lienthong-check")):
                sentences.append(f"Không ghi được vào {folder}: {why}. / {folder} cannot be written to: {why}.")
        incoming = self._root / INCOMING
        if not sentences and not self._ascii and client.device(incoming) is not None:
            why = client.probe(incoming, ".lienthong-Đề-ừ")
            if why:
                sentences.append(
                    f'{incoming} không giữ được chữ Việt trong tên tệp ({why}): đặt names = "ascii". / '
                    f'{incoming} cannot hold Vietnamese file names ({why}): set names = "ascii".'
                )
        return sentences

    def _unspoolable(self) -> list[str]:
        if self._options.spool is None:
            return []
        try:
            client.spool(self._spool).close()
        except OSError as exc:
            why = client.sentence(exc)
            return [f"Không ghi được vào {self._spool}: {why}. / {self._spool} cannot be written to: {why}."]
        return []

    def _apart(self) -> list[str]:
        """A move within a file system is whole or not at all; across two it is neither."""
        home = client.device(self._root)
        return [
            f"{folder} nằm ở hệ thống tệp khác với {self._root}; hãy đặt chung một nơi. / "
            f"{folder} lies on another file system than {self._root}; put them on one."
            for folder in (self._root / name for name in FOLDERS)
            if client.device(folder) not in (None, home)
        ]

    def _troubles(self) -> list[str]:
        return [
            f"Chưa xử lý được {ref}: {why}. / Not dealt with yet: {ref}: {why}."
            for ref, why in sorted(self._outgoing.troubles.copy().items())
        ]

    # -- pieces --------------------------------------------------------------------------------------------------------

    @property
    def _ascii(self) -> bool:
        return self._options.names == "ascii"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _package(item: Document | Status, document: str) -> bytes | RefusedByDms:
    """A document that no package can hold will not fit another time either."""
    try:
        return write(item)
    except (ValueError, OverflowError) as exc:
        return _no_package(document, exc)


def _no_package(document: str, exc: Exception) -> RefusedByDms:
    why = type(exc).__name__  # its text may quote the document
    return RefusedByDms(
        document=document, why=f"không ghi được thành gói tin (it cannot be written as a package): {why}"
    )


def _filed(answer: str | Trouble, paper: Paper) -> Filed:
    match answer:
        case str():
            return Filed(ref=answer)
        case OSError():
            return Filed(error=client.away(answer))
        case ValueError() | OverflowError():
            return Filed(error=_no_package(paper.document, answer))


def _incoming_name(ref: str) -> str | None:
    """None for what is no package filed here, such as one that this mailbox sent to itself."""
    folder, _, name = ref.partition("/")
    return name if folder == INCOMING and name and "/" not in name else None
