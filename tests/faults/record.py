"""The record of a run: everything that each document system gave and got, one fact a line of JSON. The judge knows
nothing else.

A fact is read from the folders as their people read them, never from the bus's own stores.
"""

import glob
import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from deploy.people import Desk, Seen
from schemas.codes import StatusCode
from schemas.document import Document
from schemas.edxml import read, write
from schemas.status import Status
from schemas.values import AgencyCode


class Did(StrEnum):
    GAVE = "gave"
    """Its people put a package into the folder for sending."""
    GOT = "got"
    """A package was filed there."""
    TOLD = "told"
    """Its people were told that a package was not sent, or that a recipient refused it."""
    ENDED = "ended"
    """The last look: an item that is not finished by now never will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    at: float
    """The file's time in the document system, in seconds since the epoch."""
    dms: AgencyCode
    did: Did
    document: str = ""
    what: str = ""
    """Business type (0 to 3) or status code (01 to 16)."""
    issuer: AgencyCode = ""
    """The document's issuer."""
    sender: AgencyCode = ""
    to: tuple[AgencyCode, ...] = ()
    digest: str = ""
    """Digest of the content that people read."""
    mailbox: str = ""
    """For TOLD: the mailbox that refused; empty if the package was never sent."""
    code: str = ""
    """For TOLD: the error's code."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> "Fact":
        values = json.loads(line)
        return cls(**{**values, "did": Did(values["did"]), "to": tuple(values["to"])})


def load(path: Path) -> list[Fact]:
    return [Fact.from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Record:
    """The record file. Each fact adds a line; several threads may add."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, facts: Iterable[Fact]) -> None:
        with self._lock:
            self._file.writelines(fact.to_json() + "\n" for fact in facts)
            self._file.flush()

    def facts(self) -> list[Fact]:
        return load(self.path)

    def close(self) -> None:
        self._file.close()


class RecordedDesk(Desk):
    """One agency's folders; everything that goes in or comes out is recorded."""

    def __init__(self, code: AgencyCode, folder: Path, record: Record) -> None:
        super().__init__(code, folder)
        self.record = record

    def drop(self, item: Document | Status) -> float:
        at = super().drop(item)
        # As its reader sees it: a written package rounds times and drops empty texts.
        self.record.add([fact_of(read(write(item)).item, dms=self.code, did=Did.GAVE, at=at)])
        return at

    def look(self) -> Iterator[Seen]:
        seen = sorted(super().look(), key=lambda each: each.filed)
        self.record.add(fact_of(each.item, dms=self.code, did=Did.GOT, at=each.filed) for each in seen)
        # The `.reason` of one message and mailbox may change: the last one counts.
        reasons = {f"rejected/{path.name} {path.stat().st_mtime_ns}": path for path in self.rejected()}
        self.record.add(told(path, self.code) for mark, path in reasons.items() if mark not in self.known)
        self.known.update(reasons)
        yield from seen


def fact_of(item: Document | Status, *, dms: AgencyCode, did: Did, at: float) -> Fact:
    match item:
        case Document():
            return Fact(
                at=at,
                dms=dms,
                did=did,
                document=item.id,
                what=str(int(item.business.type)),
                issuer=item.sender.code,
                sender=item.sender.code,
                to=tuple(party.code for party in item.recipients),
                digest=_digest(
                    item.subject,
                    str(item.number),
                    str(item.issued_on),
                    *(hashlib.sha256(each.content or b"").hexdigest() for each in item.attachments),
                ),
            )
        case Status():
            by_sender = item.code is StatusCode.TAKE_BACK
            return Fact(
                at=at,
                dms=dms,
                did=did,
                document=item.concerns.document_id or "",
                what=str(item.code),
                issuer=item.sender.code if by_sender else item.concerns.agency,
                sender=item.sender.code,
                to=(item.concerns.agency,),
                digest=_digest(item.description or "", str(item.concerns.code)),
            )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


_PACKAGE = re.compile(r"^Package: (.+) \(it lies in sent/\)$", re.MULTILINE)
_DOCUMENT = re.compile(r"^Document: (.+)$", re.MULTILINE)
_MAILBOX = re.compile(r"^(?:Refused by|Recipient) mailbox (\S+), ", re.MULTILINE)
_CODE = re.compile(r"\[([a-z-]+); \w+ acts\]")


def told(path: Path, dms: AgencyCode) -> Fact:
    """Returns the fact that a `.reason` states. A package that was never sent lies beside it, a sent one in `sent/`."""
    text = path.read_text(encoding="utf-8")
    document, mailbox, code = (_first(pattern, text) for pattern in (_DOCUMENT, _MAILBOX, _CODE))
    at, what = path.stat().st_mtime, ""
    if (package := _package(path, text)) is not None:
        of = fact_of(read(package.read_bytes()).item, dms=dms, did=Did.TOLD, at=at)
        document, what = of.document, of.what
    return Fact(at=at, dms=dms, did=Did.TOLD, document=document, what=what, sender=dms, mailbox=mailbox, code=code)


def _package(path: Path, text: str) -> Path | None:
    """Returns the package that a `.reason` is about; None if its people have put it out again."""
    beside, name = path.with_suffix(""), _first(_PACKAGE, text)
    if beside.exists() or not name:
        return beside if beside.exists() else None
    return next((path.parents[1] / "sent").rglob(glob.escape(name)), None)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def ended(at: float) -> Sequence[Fact]:
    return [Fact(at=at, dms="", did=Did.ENDED)]
