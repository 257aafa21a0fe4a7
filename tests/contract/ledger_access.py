"""What the log of access promises, whichever database it is in, and however many write to it; and the API over it."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import insert

from bus.errors import LogBroken
from bus.ledger.access import Access, AccessNumber, Head, page, record, verify
from bus.ledger.store import Ledger
from bus.ledger.tables import access
from tests.contract.ledger_rows import NOW
from tests.unit.bus.console.papers import keep_papers
from tests.unit.bus.console.visitor import Visitor

STRANGE = "thanh tra; \N{RIGHT-TO-LEFT OVERRIDE}\0\x1f0"


def asked(who: str, number: int = 0) -> Access:
    subject = {"text": STRANGE, "number": number}
    return Access(at=NOW, who=who, role="auditor", agency=None, what="documents.find", subject=subject, found=number)


class AccessContract:
    """Over `opened`, which opens the same empty ledger again and again."""

    def test_several_write_one_chain(self, opened: Callable[[], Ledger]) -> None:
        """Two consoles and a command: each row follows from the one before, and none has the number of another."""
        ledgers = [opened() for _ in range(3)]

        def write(ledger: Ledger, who: str) -> None:
            for number in range(20):
                with ledger.writing() as connection:
                    record(connection, [asked(who, number), asked(who, number)])

        threads = [threading.Thread(target=write, args=(ledger, str(who))) for who, ledger in enumerate(ledgers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with ledgers[0].reading() as connection:
            found = verify(connection)
            assert (found.rows, found.first) == (120, 1)
            for who in range(3):
                assert [row.found for row in page(connection, who=str(who), limit=200)][::-2] == list(range(20))

    def test_whatever_was_typed_is_read_back(self, opened: Callable[[], Ledger]) -> None:
        """What steers a terminal and what a database cannot keep, too; and its hash stands."""
        ledger = opened()
        with ledger.writing() as connection:
            head = record(connection, [asked(STRANGE)])
        with ledger.reading() as connection:
            assert verify(connection, noted=head).head == head
            (row,) = page(connection, who=STRANGE)
            assert row.who == STRANGE

    def test_a_write_that_fails_leaves_no_row(self, opened: Callable[[], Ledger]) -> None:
        """The next one has its number."""
        ledger = opened()
        with suppress(ZeroDivisionError), ledger.writing() as connection:
            record(connection, [asked("a")])
            raise ZeroDivisionError
        with ledger.writing() as connection:
            record(connection, [asked("b")])
        with ledger.reading() as connection:
            assert [(row.number, row.who) for row in page(connection)] == [(1, "b")]

    def test_two_rows_have_no_one_number(self, opened: Callable[[], Ledger]) -> None:
        """The database itself refuses it: a chain does not fork."""
        ledger = opened()
        with ledger.writing() as connection:
            record(connection, [asked("a")])
        with ledger.reading() as connection:
            (row,) = page(connection)
        fields = {"number": 1, "at": 0, "who": "b", "role": "", "what": "", "subject": "", "before": "", "hash": ""}
        with pytest.raises(Exception, match=r"(?i)unique"), ledger.writing() as connection:
            connection.execute(insert(access), fields)
        with ledger.reading() as connection:
            assert page(connection) == [row]

    def test_what_is_missing_shows(self, opened: Callable[[], Ledger]) -> None:
        """Against a head of another log, too."""
        ledger = opened()
        with ledger.writing() as connection:
            record(connection, [asked("a")])
        with ledger.reading() as connection, pytest.raises(LogBroken):
            verify(connection, noted=Head(AccessNumber(1), "0" * 64))


class ApiContract:
    """The API over `opened`."""

    @pytest.mark.parametrize(
        ("path", "rows"),
        [
            ("deliveries?limit=3", 3),
            ("deliveries?overdue=true", 2),
            ("documents?text=12/qd-ubnd", 1),
            ("documents?text=0123456789%E2%80%8B", 0),
            ("obligations?late=true", 3),
            ("obligations/settled?since=2026-11-01&until=2026-12-01", 3),
            ("access?who=nobody", 0),
            ("alerts?past=true", 0),
        ],
    )
    def test_it_answers(self, opened: Callable[[], Ledger], path: str, rows: int) -> None:
        """As many rows, wherever they are kept; and another page where there is one."""
        ledger = opened()
        with ledger.writing() as connection:
            keep_papers(connection)
        visitor = Visitor(_Recorded(ledger))
        try:
            answer = visitor.get(f"/api/v1/{path}", "auditor")
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["rows"]) == rows
            if answer.json().get("next"):
                assert visitor.get(f"/api/v1/{path}&after={answer.json()['next']}").json()["rows"]
            for other in ("deliveries/counts", "documents/1", "obligations/tally?agency=H49", "reports?period=2026"):
                assert visitor.get(f"/api/v1/{other}").status_code == 200
            assert visitor.get("/api/v1/access/verify", "auditor").json()["rows"] >= 5
        finally:
            visitor.close()


class _Recorded:
    """A ledger as the API has it; closed by whoever opened it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.reading, self.writing = ledger.reading, ledger.writing

    def record(self, accesses: list[Access]) -> None:
        with self.writing() as connection:
            record(connection, accesses)

    def close(self) -> None:
        """Others have it, too."""
