"""What a rebuild asks of every ledger's tables."""

import pytest
from sqlalchemy import inspect, select

from bus.ledger import keep, shadow
from bus.ledger.derived import Derived
from bus.ledger.records import DailyKey, Lifeline
from bus.ledger.store import Ledger
from bus.ledger.tables import now
from tests.contract.ledger import NOW, Undone, lifeline, put, read


class ShadowContract:
    def test_the_old_tables_serve_meanwhile(self, ledger: Ledger) -> None:
        """What is written into the second set is seen by nobody who reads the first, until they change places."""
        old, new = lifeline(1), lifeline(2, recipients=("H49", "H53"))
        put(ledger, old)
        tables = begun(ledger, new)
        assert read(ledger, 1, 2) == {old.document.number: old}
        with ledger.writing() as connection:
            keep.add_counters(connection, {DailyKey(NOW.date(), "G22", "sent"): 7}, tables=tables)
            shadow.swap(connection, tables)
        assert read(ledger, 1, 2) == {new.document.number: new}
        with ledger.reading() as connection:
            assert connection.scalar(select(now.daily.c.amount)) == 7
            assert shadow.find(connection) is None

    def test_again_and_again(self, ledger: Ledger) -> None:
        """Each rebuild begins with nothing, and its tables have every index of those before."""
        wanted = indexes(ledger)
        for number in range(1, 5):
            line = lifeline(number)
            tables = begun(ledger, line)
            with ledger.writing() as connection:
                shadow.swap(connection, tables)
            assert read(ledger, *range(1, 5)) == {line.document.number: line}
            assert indexes(ledger) == wanted

    def test_one_that_was_cut_short(self, ledger: Ledger) -> None:
        """What it left is found, is dropped by the next, and was never in use."""
        put(ledger, lifeline(1))
        tables = begun(ledger, lifeline(2))
        with pytest.raises(Undone), ledger.writing() as connection:  # noqa: PT012
            shadow.swap(connection, tables)
            raise Undone
        with ledger.reading() as connection:
            assert shadow.find(connection) is tables
        assert read(ledger, 1, 2) == {lifeline(1).document.number: lifeline(1)}
        again = begun(ledger, lifeline(3))
        with ledger.reading() as connection:
            assert list(keep.lifelines(connection, [lifeline(n).document.number for n in (2, 3)], tables=again)) == [
                lifeline(3).document.number
            ]
        with ledger.writing() as connection:
            shadow.discard(connection)
            assert shadow.find(connection) is None


def begun(ledger: Ledger, *lines: Lifeline) -> Derived:
    with ledger.writing() as connection:
        tables = shadow.make(connection)
        keep.keep_lifelines(connection, lines, before={}, tables=tables)
    return tables


def indexes(ledger: Ledger) -> set[tuple[str, tuple[str, ...]]]:
    """By the tail of the name and the columns."""
    with ledger.reading() as connection:
        look = inspect(connection)
        return {
            (str(index["name"]).removeprefix("a_").removeprefix("b_"), tuple(map(str, index["column_names"])))
            for table in now.tables
            for index in look.get_indexes(table.name)
        }
