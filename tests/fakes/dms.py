"""A document system in memory: honest, scriptable, and quick. Tests read what it gave and what it got."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus.errors import BusError, DmsAway, RefusedByDms, TryLater
from bus.ports.adapter import Adapter, Answer, Bounce, Collected, Filed, Filing, Report, Trouble
from schemas.document import Attachment, Document
from schemas.status import Status
from schemas.values import MessageId


@dataclass
class MemoryDms(Adapter):
    """A scriptable document system. `away`: every call raises TryLater; `refuses`: documents, by id, that it refuses;
    `stumbles`: how often it answers TryLater to a document before it takes it.

    A document is large if an attachment has a `source` (tests/fakes/source.py). It is read to its end when it is filed,
    and described afterwards; its bytes are not kept.
    """

    takes_large: bool = True
    waiting: dict[str, Document | Status | BusError] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    filed: dict[MessageId, Filing] = field(default_factory=dict)
    filings: int = 0
    reports: dict[MessageId, Report] = field(default_factory=dict)
    bounces: list[Bounce] = field(default_factory=list)
    away: TryLater | None = None
    refuses: dict[str, BusError] = field(default_factory=dict)
    stumbles: dict[str, int] = field(default_factory=dict)
    crash_before_acknowledge: bool = False
    fails_over: set[str] = field(default_factory=set)
    """Ids of documents over which this adapter raises an exception of its own, as a stranger's adapter might."""
    lies: set[str] = field(default_factory=set)
    """Ids of documents that it answers yes to and does not store."""
    blind: bool = False
    """Whether `holds` fails."""
    in_trouble: list[Trouble] = field(default_factory=list)
    room: int | None = None
    """Bytes of large files that its disk still has space for; None: no limit."""
    read: int = 0
    """Bytes of large files that were read for filing, each reading counted."""

    def write(self, item: Document | Status | BusError, ref: str | None = None) -> str:
        """Puts something into the outgoing tray, as a person would. Returns its ref."""
        ref = ref or f"ref-{len(self.waiting) + len(self.answers) + 1}"
        self.waiting[ref] = item
        return ref

    def troubles(self, now: datetime) -> Sequence[Trouble]:
        return self.in_trouble or super().troubles(now)

    def collect(self, limit: int) -> Sequence[Collected]:
        return self._offered(limit, large=False)

    def collect_large(self, limit: int) -> Sequence[Collected]:
        return self._offered(limit, large=True)

    def _offered(self, limit: int, *, large: bool) -> list[Collected]:
        self._answer()
        waiting = list(self.waiting.items())
        return [Collected(ref=ref, item=item) for ref, item in waiting if is_large(item) is large][:limit]

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        if self.crash_before_acknowledge:
            return
        self.answers += answers
        for answer in answers:
            if not isinstance(answer.error, TryLater):
                del self.waiting[answer.ref]

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        self._answer()
        return [self._file(filing) for filing in filings]

    def _file(self, filing: Filing) -> Filed:
        document = filing.document
        if document.id in self.fails_over:
            raise KeyError(document.id)
        if error := self.refuses.get(document.id):
            return Filed(error=error)
        if self.stumbles.get(document.id, 0) > 0:
            self.stumbles[document.id] -= 1
            return Filed(error=DmsAway(why="busy"))
        if document.id in self.lies:
            return Filed(ref=f"dms:{document.id}:{document.business.type.name}")
        try:
            attachments = tuple(map(self._kept, document.attachments))
        except OSError as exc:
            return Filed(error=DmsAway(why=str(exc)))
        except ValueError as exc:
            return Filed(error=RefusedByDms(document=document.id, why=str(exc)))
        self.filings += filing.message not in self.filed
        self.filed[filing.message] = replace(filing, document=document.model_copy(update={"attachments": attachments}))
        return Filed(ref=f"dms:{document.id}:{document.business.type.name}")

    def _kept(self, attachment: Attachment) -> Attachment:
        if attachment.source is None:
            return attachment
        size, digest = 0, hashlib.sha256()
        for piece in attachment.pieces():
            size += len(piece)
            if self.room is not None and size > self.room:
                raise DmsAway(why="no space left on device")
            digest.update(piece)
            self.read += len(piece)
        if (size, digest.hexdigest()) != (attachment.size, attachment.sha256):
            raise ValueError(f"{attachment.name} is not what it was said to be")
        if self.room is not None:
            self.room -= size
        return attachment.model_copy(update={"source": None})

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        self._answer()
        if self.blind:
            raise LookupError("no index")
        return set(taken) & (self.filed.keys() | self.reports.keys())

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        self._answer()
        results = []
        for report in reports:
            error = self.refuses.get(report.status.concerns.document_id)
            if not error and report.status.concerns.document_id not in self.lies:
                self.reports[report.message] = report
            results.append(Filed(error=error))
        return results

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        self._answer()
        for bounce in bounces:
            if bounce.document and bounce.document.id in self.fails_over:
                raise KeyError(bounce.document.id)
        self.bounces += bounces

    def _answer(self) -> None:
        if self.away:
            raise self.away

    @property
    def documents(self) -> list[str]:
        """Returns the ids of the filed documents, in order."""
        return [filing.document.id for filing in self.filed.values()]

    @property
    def heard(self) -> list[tuple[str, str]]:
        """Returns (status code, reporting agency) of the statuses, in order."""
        return [(str(report.status.code), report.status.sender.code) for report in self.reports.values()]


def is_large(item: object) -> bool:
    return isinstance(item, Document) and any(each.source is not None for each in item.attachments)
