"""The clerk of the register: a person with SQL."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from adapters.conform import Site
from bus.ports import Adapter, Filing, Report
from schemas.document import Document
from schemas.status import Status
from tests.contract.wrong_adapters.register import TABLES, RegisterAdapter, packed, unpacked

SPOILED = """
CREATE TRIGGER spoiled_{n} BEFORE INSERT ON {table} WHEN NEW.message = '{message}'
BEGIN SELECT RAISE(ABORT, 'sai thể thức'); END;
"""


class RegisterSite(Site):
    kind: ClassVar[type[RegisterAdapter]] = RegisterAdapter
    submits_slowly = True
    spoils_reports = True

    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        super().__init__(options, folder)
        self.path = folder / "register.db"
        self._script(TABLES)
        self._next = 0
        self.wrong_options = ({}, {"path": 7}, {"path": "a", "colour": "red"})

    def make(self, options: Mapping[str, object] | None = None) -> Adapter:
        return self.kind({"path": str(self.path)} if options is None else options)

    def submit(self, item: Document | Status) -> None:
        self._submit(self._number(), item)

    def submit_nonsense(self) -> None:
        self._run("INSERT INTO outgoing (id, urgency, package) VALUES (?, 0, '')", self._number())

    @contextmanager
    def submit_slowly(self, item: Document | Status) -> Iterator[None]:
        """It has its number from the sequence when it begins, and its row when it commits."""
        number = self._number()
        yield
        self._submit(number, item)

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _submit(self, number: int, item: Document | Status) -> None:
        urgency = int(item.priority) if isinstance(item, Document) else 0
        self._run("INSERT INTO outgoing (id, urgency, package) VALUES (?, ?, ?)", number, urgency, packed(item))

    def refusals(self) -> Sequence[str]:
        return [str(why) for (why,) in self._run("SELECT why FROM outgoing WHERE state = 'refused'")]

    def bounces(self) -> Sequence[str]:
        return [str(text) for (text,) in self._run("SELECT text FROM bounces")]

    def filed(self) -> Sequence[Document]:
        return [self._document(*row) for row in self._run("SELECT package FROM incoming")]

    @staticmethod
    def _document(package: str) -> Document:
        item = unpacked(package)
        assert isinstance(item, Document), "half a package"
        return item

    def reported(self) -> Sequence[Status]:
        """The code is what the clerk sees in its column."""
        return [self._status(*row) for row in self._run("SELECT code, package FROM statuses")]

    @staticmethod
    def _status(code: object, package: str) -> Status:
        item = unpacked(package)
        assert isinstance(item, Status)
        return item.model_copy(update={"code": code})

    def take_away(self) -> None:
        self._run("UPDATE incoming SET taken = 1")

    def clear(self) -> None:
        self._script("DELETE FROM incoming; DELETE FROM statuses; DELETE FROM changes;")

    def changes(self, ref: str) -> Sequence[str]:
        return [str(text) for (text,) in self._run("SELECT text FROM changes WHERE ref = ?", ref)]

    def spoil(self, filing: Filing) -> None:
        self._spoil("incoming", filing.message)

    def spoil_report(self, report: Report) -> None:
        self._spoil("statuses", report.message)

    def _spoil(self, table: str, message: str) -> None:
        self._script(SPOILED.format(n=message[-6:], table=table, message=message))

    @contextmanager
    def away(self) -> Iterator[None]:
        elsewhere = self.path.with_name("elsewhere.db")
        self.path.rename(elsewhere)
        yield
        elsewhere.rename(self.path)

    def _run(self, sql: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def _script(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(sql)
