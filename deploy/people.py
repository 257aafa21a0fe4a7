"""The people of a made-up country, at their folders: they drop packages, read what arrives, and handle it.

What they see on the disk is all they know: the demo's counts are of files in document systems, not of the bus's own
records, so that a document lost or filed twice shows.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from deploy.country import Country
from deploy.papers import Papers
from schemas.codes import BusinessType, StatusCode
from schemas.document import Document, Staff
from schemas.edxml import read, write
from schemas.status import Concerned, Status
from schemas.values import AgencyCode

ASKS = frozenset({BusinessType.REVOKE, BusinessType.UPDATE})


class Expected(NamedTuple):
    """One document or status that must be at one agency."""

    document: str
    what: str
    """Business type or status code."""
    sender: AgencyCode
    recipient: AgencyCode


@dataclass(frozen=True, slots=True)
class Seen:
    """A package found in a document system."""

    item: Document | Status
    at: AgencyCode
    filed: float
    """Seconds since the epoch, from the file's own time."""


@dataclass(slots=True)
class Desk:
    """One agency's folders, looked at again and again."""

    code: AgencyCode
    folder: Path
    known: set[str] = field(default_factory=set)

    def drop(self, item: Document | Status) -> float:
        """As document software should: written under another name, then renamed. Returns the time of the rename."""
        folder = self.folder / ("statuses" if isinstance(item, Status) else "outgoing")
        name = f"{datetime.now(UTC):%H%M%S%f}.edxml"
        draft = folder / f".{name}.tmp"
        draft.write_bytes(write(item))
        os.rename(draft, folder / name)  # noqa: PTH104 — the shortest way to an atomic rename
        return datetime.now(UTC).timestamp()

    def look(self) -> Iterator[Seen]:
        for place in ("incoming", "statuses/received"):
            folder = self.folder / place
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                fresh = [
                    entry
                    for entry in entries
                    if entry.name.endswith(".edxml") and f"{place}/{entry.name}" not in self.known
                ]
            for entry in fresh:
                self.known.add(f"{place}/{entry.name}")
                package = read(Path(entry.path).read_bytes())
                yield Seen(package.item, self.code, entry.stat().st_mtime)

    def rejected(self) -> list[Path]:
        return sorted((self.folder / "rejected").glob("*.reason"))


@dataclass(slots=True)
class People:
    """Everyone at once, moved on by `turn`."""

    country: Country
    papers: Papers
    documents: int
    seed: int
    large_every: int = 0
    """Each so-many-th document has a large file as well; 0: none has."""
    desks: dict[AgencyCode, Desk] = field(init=False)
    dropped: dict[tuple[str, str], float] = field(default_factory=dict)
    """(document id, business type) -> when it was dropped."""
    expected: set[Expected] = field(default_factory=set)
    seen: list[tuple[Expected, float]] = field(default_factory=list)
    filed: dict[tuple[str, AgencyCode], float] = field(default_factory=dict)
    """(document id, recipient) -> when a new document was filed there."""
    sent: list[Document] = field(default_factory=list)
    changed: bool = False
    _dice: random.Random = field(init=False)
    _moods: random.Random = field(init=False)
    """Of those who receive: apart, for what arrives first differs from run to run."""

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 — a made-up country, not a secret
        self._moods = random.Random(self.seed)  # noqa: S311
        self.desks = {code: Desk(code, self.country.dms(code)) for code in self.country.mailboxes}

    def write_some(self, count: int) -> None:
        codes = list(self.country.mailboxes)
        for _ in range(min(count, self.documents - len(self.sent))):
            sender = self._dice.choice(codes)
            others = [code for code in codes if code != sender]
            recipients = self._dice.sample(others, min(len(others), self._dice.choice((1, 1, 2, 3, 5))))
            document = self.papers.new(sender, recipients)
            if self.large_every and len(self.sent) % self.large_every == 0:
                document = self.papers.with_large_file(document)
            self._drop(document)
            self.sent.append(document)

    def change_some(self) -> None:
        """Once everything new is filed: each kind of change, for a few documents that have arrived everywhere."""
        self.changed = True
        count = max(1, self.documents // 20)
        chosen = self._dice.sample(self.sent, min(len(self.sent), 4 * count))
        for number, document in enumerate(chosen):
            match number % 4:
                case 0:
                    self._drop(self.papers.revoked(document))
                case 1:
                    self._drop(self.papers.updated(document))
                case 2:
                    self._drop(self.papers.replaced(document))
                case _:
                    for recipient in document.recipients:
                        self._say(StatusCode.TAKE_BACK, document, document.sender.code, recipient.code)

    def look(self) -> None:
        for desk in self.desks.values():
            for seen in desk.look():
                match seen.item:
                    case Document() as document:
                        self._arrived(document, seen)
                    case Status() as status:
                        self._heard(status, seen)

    @property
    def missing(self) -> set[Expected]:
        return self.expected - {expected for expected, _ in self.seen}

    @property
    def duplicates(self) -> int:
        return len(self.seen) - len({expected for expected, _ in self.seen})

    @property
    def unforeseen(self) -> set[Expected]:
        return {expected for expected, _ in self.seen} - self.expected

    def _drop(self, document: Document) -> None:
        what = str(int(document.business.type))
        for party in document.recipients:
            self.expected.add(Expected(document.id, what, document.sender.code, party.code))
            if document.business.type not in ASKS:  # the bus itself reports the arrival of a new document
                arrived = Expected(document.id, StatusCode.ARRIVED, party.code, document.sender.code)
                self.expected.add(arrived)
        self.dropped[document.id, what] = self.desks[document.sender.code].drop(document)

    def _arrived(self, document: Document, seen: Seen) -> None:
        what = str(int(document.business.type))
        self.seen.append((Expected(document.id, what, document.sender.code, seen.at), seen.filed))
        sender = document.sender.code
        if document.business.type in ASKS:
            self._say(StatusCode.CHANGE_AGREED, document, seen.at, sender)
            return
        self.filed[document.id, seen.at] = seen.filed
        if self._moods.random() < 0.05:
            self._say(StatusCode.REFUSED, document, seen.at, sender)
            return
        for code in (StatusCode.ACCEPTED, StatusCode.IN_PROGRESS, StatusCode.DONE):
            self._say(code, document, seen.at, sender)

    def _heard(self, status: Status, seen: Seen) -> None:
        expected = Expected(status.concerns.document_id, status.code, status.sender.code, seen.at)
        self.seen.append((expected, seen.filed))
        if status.code is StatusCode.TAKE_BACK:
            answer = Status(
                code=StatusCode.CHANGE_AGREED,
                sender=self.papers.party(seen.at),
                concerns=status.concerns.model_copy(update={"agency": status.sender.code}),
                at=datetime.now(UTC),
                description="Đồng ý lấy lại",
            )
            self._drop_status(answer)

    def _say(self, code: StatusCode, document: Document, sender: AgencyCode, to: AgencyCode) -> None:
        self._drop_status(
            Status(
                code=code,
                sender=self.papers.party(sender),
                concerns=Concerned(
                    agency=to, document_id=document.id, code=str(document.number), issued_on=document.issued_on
                ),
                at=datetime.now(UTC),
                description=code.label.vi,
                staff=Staff(department="Văn thư", name="Lê Thị Cúc"),
            )
        )

    def _drop_status(self, status: Status) -> None:
        to = status.concerns.agency
        self.expected.add(Expected(status.concerns.document_id, status.code, status.sender.code, to))
        self.desks[status.sender.code].drop(status)
