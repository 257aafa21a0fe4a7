"""A document system that is only a durable log: the items it gave and got, and when. For benchmarks, which measure the
road and not a folder. Named in a daemon's TOML as `tests.bench.dms:BenchAdapter`."""

import os
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from bus.ports.adapter import Adapter, Answer, Collected, Filed, Filing, Report
from schemas.agency import Party
from schemas.codes import Priority
from schemas.document import Attachment, Document, DocumentNumber, DocumentType

SIZE = 4096


def documents(sender: str, *recipients: str, size: int = SIZE) -> Document:
    """Returns a document whose content before sealing is about `size` bytes."""
    letter = Attachment.of("1-CV.pdf", b"%PDF-1.7\n" + os.urandom(size - 1000) + b"\n%%EOF\n", content_id="cid:1")
    return Document(
        id="template",
        sender=Party(code=sender, name="Nơi gửi"),
        recipients=tuple(Party(code=recipient, name="Nơi nhận") for recipient in recipients),
        number=DocumentNumber(number="1", notation="CV-VP"),
        issued_on=date(2016, 7, 1),
        type=DocumentType(name="Công văn"),
        subject="V/v đo tốc độ của đường truyền",
        attachments=(letter,),
    )


class BenchAdapter(Adapter):
    """Options: `log` (a file); for a sender `sender`, `recipient` (or several, with blanks), `count`, `size` (bytes),
    `rate` (documents a second; 0: all), `gate` (a file: it begins once that is there) and `urgent` (a file: once it is
    there, one urgent document more); for a recipient `slow` (seconds a filing)."""

    reports_arrival = True

    def __init__(self, options: Mapping[str, object]) -> None:
        self._count = int(str(options.get("count", 0)))
        self._rate = float(str(options.get("rate", 0)))
        self._gate = Path(str(options["gate"])) if "gate" in options else None
        self._log = os.open(str(options["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._urgent = Path(str(options["urgent"])) if "urgent" in options else None
        self._slow = float(str(options.get("slow", 0)))
        self._given = 0
        self._offered: list[Collected] = []
        self._began_ns = 0
        if self._count:
            recipients, size = str(options["recipient"]).split(), int(str(options.get("size", SIZE)))
            self._template = documents(str(options["sender"]), *recipients, size=size)

    def collect(self, limit: int) -> Sequence[Collected]:
        if not self._offered and self._urgent is not None and self._urgent.exists():
            self._urgent = None
            item = self._template.model_copy(update={"id": "bench/urgent", "priority": Priority.IMMEDIATE})
            self._offered = [Collected(ref="urgent", item=item)]
        if not self._offered and self._given < self._count and (self._gate is None or self._gate.exists()):
            self._began_ns = self._began_ns or time.time_ns()
            allowed = self._count
            if self._rate:
                allowed = min(allowed, int((time.time_ns() - self._began_ns) / 1e9 * self._rate) + 1)
            take = range(self._given, min(allowed, self._given + limit))
            self._given = max(self._given, take.stop)
            self._offered = [
                Collected(ref=str(number), item=self._template.model_copy(update={"id": f"bench/{number}"}))
                for number in take
            ]
        return self._offered

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        self._offered = []
        self._write("accepted", [answer.ref for answer in answers if not answer.error])
        if self._rate:
            self._note("".join(f"written {answer.ref} {self._due(int(answer.ref))}\n" for answer in answers))

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        time.sleep(self._slow * len(filings))
        self._write("filed", [filing.document.id.removeprefix("bench/") for filing in filings])
        return [Filed(ref=filing.document.id) for filing in filings]

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        self._write("status", [report.status.concerns.document_id for report in reports])
        return [Filed() for _ in reports]

    def _write(self, what: str, refs: Sequence[str]) -> None:
        now = time.time_ns()
        self._note("".join(f"{what} {ref} {now}\n" for ref in refs))
        os.fdatasync(self._log)

    def _note(self, lines: str) -> None:
        os.write(self._log, lines.encode())

    def _due(self, number: int) -> int:
        """Returns the time at which document `number` of a steady rate was in this document system, in ns since
        1970."""
        return self._began_ns + int(number / self._rate * 1e9)
