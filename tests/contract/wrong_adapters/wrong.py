"""Adapters that are deliberately wrong, each in one thing that somebody has really done."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bus.errors import DmsAway, RefusedByDms, TryLater
from bus.ports import Answer, Bounce, Collected, Filed, Filing, Report, Trouble
from schemas.agency import Party
from schemas.document import Business, Document, DocumentType
from tests.contract.wrong_adapters.register import (
    NotTaken,
    RegisterAdapter,
    SqliteFile,
    Statement,
    keep,
    marks,
    packed,
    ref_of,
    take_back,
    unpacked,
)


class MarksInASecondCommit(RegisterAdapter):
    """Commits the filing, then the mark at the revoked document; what is filed already is not looked at again."""

    pause = 0.0

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        new = [each for each in filings if not self.tables.run([ref_of(each.message)])[0]]
        self.tables.run([keep(each) for each in new])
        time.sleep(self.pause)
        self.tables.run([statement for each in new for statement in marks(each)])
        found = self.tables.run([ref_of(each.message) for each in filings])
        return [Filed(ref=f"SO-{rows[0][0]}") for rows in found]


class MarksInASecondCommitSlowly(MarksInASecondCommit):
    """The same, as slow as a server far away."""

    pause = 0.3


class FilesTwice(RegisterAdapter):
    """Files again what comes again."""

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        another = "INSERT INTO incoming (message, package) SELECT ? || '-' || count(*), ? FROM incoming"
        first = "SELECT min(id) FROM incoming WHERE message LIKE ? || '%'"
        found = self.tables.run(
            [
                statement
                for each in filings
                for statement in ((another, [each.message, packed(each.document)]), (first, [each.message]))
            ]
        )
        return [Filed(ref=f"SO-{rows[0][0]}") for rows in found if rows]


class AnswersBeforeKeeping(RegisterAdapter):
    """Says that it is filed, and writes it down when there is more of it."""

    def __init__(self, options: Mapping[str, object]) -> None:
        super().__init__(options)
        self._later: list[Filing] = []

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        due, self._later = self._later, list(filings)
        super().file(due)
        return [Filed(ref=f"SO-{each.message}") for each in filings]

    def holds(self, taken: Mapping[Any, str | None]) -> Any:
        return taken.keys()


class ForgetsTarget(RegisterAdapter):
    """Files a revocation, and shows nothing at what is revoked."""

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        found = self.tables.run([statement for each in filings for statement in (keep(each), ref_of(each.message))])
        return [Filed(ref=f"SO-{rows[0][0]}") for rows in found if rows]


class PagesById(RegisterAdapter):
    """Asks for what is greater than the last id that it sent."""

    last = 0

    def collect(self, limit: int) -> Sequence[Collected]:
        (rows,) = self.tables.run(
            [
                (
                    "SELECT id, package FROM outgoing WHERE state = 'new' AND id > ? ORDER BY urgency DESC, id LIMIT ?",
                    [self.last, limit],
                )
            ]
        )
        return [Collected(ref=str(row[0]), item=unpacked(row[1])) for row in rows]

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        super().acknowledge(answers)
        self.last = max([self.last, *(int(each.ref) for each in answers)])


class FilesTheLeast(RegisterAdapter):
    """Files what its own columns hold, and nothing else of a document or of a status."""

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        return super().file([replace(each, document=least(each.document)) for each in filings])

    def note(self, report: Report) -> Statement:
        status = report.status
        sender = Party(code=status.sender.code)
        return super().note(replace(report, status=status.model_copy(update={"sender": sender, "staff": None})))


class CollectsTheLeast(RegisterAdapter):
    """The same on the other side."""

    def collect(self, limit: int) -> Sequence[Collected]:
        return [
            replace(each, item=least(each.item) if isinstance(each.item, Document) else each.item)
            for each in super().collect(limit)
        ]


def least(document: Document) -> Document:
    """What such a register has columns for."""
    return Document(
        id=document.id,
        sender=Party(code=document.sender.code),
        recipients=tuple(Party(code=each.code) for each in document.recipients),
        number=document.number,
        issued_on=date(2026, 1, 1),
        type=DocumentType(name="Báo cáo"),
        subject=document.subject,
        business=Business(type=document.business.type),
        attachments=tuple(each.model_copy(update={"description": None}) for each in document.attachments),
    )


class LosesTheZero(RegisterAdapter):
    """Takes a status code for a number."""

    def note(self, report: Report) -> Statement:
        sql, (message, code, package) = super().note(report)
        return sql, [message, int(code), package]


class ForgetsTakeBack(RegisterAdapter):
    """Notes a take-back among the statuses, and shows nothing at the document."""

    def tell(self, reports: Sequence[Any]) -> list[Filed]:
        self.tables.run([self.note(each) for each in reports])
        return [Filed() for _ in reports]


class MarksStatusesInASecondCommit(RegisterAdapter):
    """The same mistake with a take-back."""

    def tell(self, reports: Sequence[Any]) -> list[Filed]:
        for each in reports:
            (known,) = self.tables.run([("SELECT 1 FROM statuses WHERE message = ?", [each.message])])
            if not known:
                self.tables.run([self.note(each)])
                self.tables.run(take_back(each))
        return [Filed() for _ in reports]


class ShowsHalf(RegisterAdapter):
    """Makes the row first, and puts the package into it afterwards: a clerk who looks in between finds it empty."""

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        self.tables.run(
            [("INSERT OR IGNORE INTO incoming (message, package) VALUES (?, '')", [each.message]) for each in filings]
        )
        whole = "UPDATE incoming SET package = ? WHERE message = ?"
        self.tables.run([(whole, [packed(each.document), each.message]) for each in filings])
        return super().file(filings)


class SettlesInMemory(RegisterAdapter):
    """Remembers what was acknowledged, and writes it down when it is closed."""

    def __init__(self, options: Mapping[str, object]) -> None:
        super().__init__(options)
        self._settled: list[Answer] = []

    def collect(self, limit: int) -> Sequence[Collected]:
        known = {each.ref for each in self._settled}
        return [each for each in super().collect(limit + len(known)) if each.ref not in known][:limit]

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        self._settled.extend(each for each in answers if not isinstance(each.error, TryLater))

    def close(self) -> None:
        super().acknowledge(self._settled)


class OneConnection(RegisterAdapter):
    """Keeps one connection, which its first thread alone may use."""

    def __init__(self, options: Mapping[str, object]) -> None:
        super().__init__(options)
        self.tables = Kept(Path(str(options["path"])))


class Kept(SqliteFile):
    connection: sqlite3.Connection | None = None

    def run(self, statements: Sequence[Statement]) -> list[list[list[Any]]]:
        if self.connection is None:
            self.connection = sqlite3.connect(self.path)
        try:
            rows = [[list(row) for row in self.connection.execute(*each).fetchall()] for each in statements]
        except sqlite3.Error as exc:
            raise DmsAway(why=str(exc)) from exc
        self.connection.commit()
        return rows


class AddsEachBounce(RegisterAdapter):
    """Writes a line whenever it is told."""

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        text = "INSERT INTO bounces (message, mailbox, text) VALUES (? || '-' || hex(randomblob(4)), ?, ?)"
        self.tables.run(
            [(text, [each.message, each.mailbox, f"{each.mailbox}: {each.error.in_vietnamese()}"]) for each in bounces]
        )


class Hangs(RegisterAdapter):
    """Waits for an answer that never comes."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        time.sleep(600)
        return super().deliver(filings)


class ChecksByFiling(RegisterAdapter):
    """Sees whether it can write by writing."""

    def check(self) -> Sequence[str]:
        self.tables.run([("INSERT INTO incoming (message, package) SELECT 'check', max(package) FROM incoming", [])])
        return super().check()


class ChecksByAFile(RegisterAdapter):
    """Makes the lock that it will need."""

    def check(self) -> Sequence[str]:
        assert isinstance(self.tables, SqliteFile)
        self.tables.path.with_suffix(".lock").touch()
        return super().check()


class KeepsTheFirstWord(RegisterAdapter):
    """Takes whatever it is told of a message and a recipient for what it knows already."""

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        text = "INSERT OR IGNORE INTO bounces (message, mailbox, text) VALUES (?, ?, ?)"
        self.tables.run(
            [(text, [each.message, each.mailbox, f"{each.mailbox}: {each.error.in_vietnamese()}"]) for each in bounces]
        )


class StumblesOverTroubles(RegisterAdapter):
    """Subtracts a time with a zone from one without."""

    def troubles(self, now: datetime) -> Sequence[Trouble]:
        assert now - datetime(2026, 1, 1)  # noqa: DTZ001 — that is the mistake
        return []


class RefusesAllReports(RegisterAdapter):
    """One status that the register refuses, and the whole batch is answered with an error."""

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        try:
            return self.tell(reports)
        except NotTaken as exc:
            return [Filed(error=RefusedByDms(document=each.message, why=str(exc))) for each in reports]
