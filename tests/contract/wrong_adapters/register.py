"""A right adapter: an agency's register as four tables, in a SQLite file or behind a server.

Everything of a batch is one transaction; whatever comes again is found by its message id, a unique column.
"""

import base64
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from bus.errors import BadConfig, BadPackage, DmsAway, RefusedByDms, TryLater
from bus.ports import Adapter, Answer, Bounce, Collected, Filed, Filing, Report
from schemas.codes import BusinessType, StatusCode
from schemas.document import Document
from schemas.edxml import PackageRefused, read, write
from schemas.status import Status
from schemas.values import MessageId

TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE outgoing (id INTEGER PRIMARY KEY, urgency INTEGER, package TEXT, state TEXT DEFAULT 'new', why TEXT);
CREATE TABLE incoming (id INTEGER PRIMARY KEY, message TEXT UNIQUE, package TEXT, taken INTEGER DEFAULT 0);
CREATE TABLE statuses (id INTEGER PRIMARY KEY, message TEXT UNIQUE, code TEXT, package TEXT);
CREATE TABLE changes (ref TEXT, message TEXT, text TEXT, UNIQUE (ref, message));
CREATE TABLE bounces (message TEXT, mailbox TEXT, text TEXT, UNIQUE (message, mailbox));
"""

Statement: TypeAlias = tuple[str, Sequence[Any]]


class NotTaken(Exception):
    """The register refuses a row."""


class Tables(Protocol):
    """Where the tables are."""

    def run(self, statements: Sequence[Statement]) -> list[list[list[Any]]]:
        """The rows of each, all in one transaction. Raises NotTaken; DmsAway where nothing answers."""

    def is_there(self) -> bool: ...


class SqliteFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, statements: Sequence[Statement]) -> list[list[list[Any]]]:
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=rw", uri=True)) as connection:
                rows = [[list(row) for row in connection.execute(*each).fetchall()] for each in statements]
                connection.commit()
                return rows
        except sqlite3.IntegrityError as exc:
            raise NotTaken(str(exc)) from exc
        except sqlite3.Error as exc:
            raise DmsAway(why=str(exc)) from exc

    def is_there(self) -> bool:
        return self.path.exists()


class RegisterAdapter(Adapter):
    """Options: `path`, of the SQLite file."""

    def __init__(self, options: Mapping[str, object]) -> None:
        path = options.get("path")
        if not isinstance(path, str) or set(options) != {"path"}:
            raise BadConfig(file="register", why="path: the SQLite file of the register / tệp SQLite của sổ văn bản")
        self.tables: Tables = SqliteFile(Path(path))

    def collect(self, limit: int) -> Sequence[Collected]:
        (rows,) = self.tables.run(
            [("SELECT id, package FROM outgoing WHERE state = 'new' ORDER BY urgency DESC, id LIMIT ?", [limit])]
        )
        return [Collected(ref=str(row[0]), item=unpacked(row[1])) for row in rows]

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        self.tables.run(
            [
                (
                    "UPDATE outgoing SET state = ?, why = ? WHERE id = ?",
                    ["refused", answer.error.in_vietnamese(), int(answer.ref)]
                    if answer.error
                    else ["sent", None, int(answer.ref)],
                )
                for answer in answers
                if not isinstance(answer.error, TryLater)
            ]
        )

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        return self._all_or_each(filings, self.file)

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        return self._all_or_each(reports, self.tell)

    def file(self, filings: Sequence[Any]) -> list[Filed]:
        """In one transaction."""
        found = self.tables.run(
            [statement for each in filings for statement in (keep(each), *marks(each), ref_of(each.message))]
        )
        return [Filed(ref=f"SO-{rows[0][0]}") for rows in found if rows]

    def tell(self, reports: Sequence[Any]) -> list[Filed]:
        self.tables.run([statement for each in reports for statement in (self.note(each), *take_back(each))])
        return [Filed() for _ in reports]

    def note(self, report: Report) -> Statement:
        return (
            "INSERT OR IGNORE INTO statuses (message, code, package) VALUES (?, ?, ?)",
            [report.message, report.status.code.value, packed(report.status)],
        )

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        marks = ", ".join("?" * len(taken))
        found = self.tables.run(
            [
                (f"SELECT message FROM {table} WHERE message IN ({marks})", list(taken))
                for table in ("incoming", "statuses")
            ]
        )
        return {MessageId(row[0]) for rows in found for row in rows}

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        self.tables.run(
            [
                (
                    "INSERT OR REPLACE INTO bounces (message, mailbox, text) VALUES (?, ?, ?)",
                    [each.message, each.mailbox, f"{each.mailbox}: {each.error.in_vietnamese()}"],
                )
                for each in bounces
            ]
        )

    def check(self) -> Sequence[str]:
        return [] if self.tables.is_there() else ["Không thấy sổ văn bản. / The register is not there."]

    def _all_or_each(self, items: Sequence[Any], take: Any) -> list[Filed]:
        try:
            return list(take(items))
        except NotTaken:
            return [self._one(item, take) for item in items]

    @staticmethod
    def _one(item: Filing | Report, take: Any) -> Filed:
        try:
            (filed,) = take([item])
        except NotTaken as exc:
            return Filed(error=RefusedByDms(document=item.message, why=str(exc)))
        assert isinstance(filed, Filed)
        return filed


# -- the statements ----------------------------------------------------------------------------------------------------


def keep(filing: Filing) -> Statement:
    return (
        "INSERT OR IGNORE INTO incoming (message, package) VALUES (?, ?)",
        [filing.message, packed(filing.document)],
    )


def marks(filing: Filing) -> list[Statement]:
    if filing.document.business.type is BusinessType.NEW:
        return []
    return [_mark(target, filing.message) for target in filing.target]


def take_back(report: Report) -> list[Statement]:
    is_one = report.status.code is StatusCode.TAKE_BACK and report.target
    return [_mark(report.target or "", report.message)] if is_one else []


def _mark(ref: str, message: MessageId) -> Statement:
    return ("INSERT OR IGNORE INTO changes (ref, message, text) VALUES (?, ?, ?)", [ref, message, f"{message}: đổi"])


def ref_of(message: MessageId) -> Statement:
    return ("SELECT id FROM incoming WHERE message = ?", [message])


def packed(item: Document | Status) -> str:
    return base64.b64encode(write(item)).decode()


def unpacked(text: str) -> Document | Status | BadPackage:
    try:
        return read(base64.b64decode(text)).item
    except PackageRefused as refused:
        return BadPackage(
            path=refused.path,
            why=refused.why,
            why_vi=refused.why_vi,
            remedy=refused.remedy,
            remedy_vi=refused.remedy_vi,
        )
