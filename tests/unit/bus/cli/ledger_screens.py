"""Answers of the commands that ask a ledger, as they are at one moment."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bus.cli.ledger_ask import show_found, show_list
from bus.cli.ledger_show import show_told
from bus.cli.obligations import show_page, show_tally
from bus.directory.agencies import Directory
from bus.directory.onlooker import Onlooker
from bus.handling.clocks import TABLE, by_code
from bus.ledger.queries.deliveries import count_deliveries, list_deliveries
from bus.ledger.queries.documents import Sought, find
from bus.ledger.queries.obligations import Asked, list_open, tally
from bus.ledger.queries.told import meant, tell
from bus.ledger.queries.wanted import Filter
from tests.contract.ledger_rows import NOW
from tests.unit.bus.cli.kept_ledger import kept


def ledger_screens(folder: Path, directory: Directory) -> Mapping[str, Callable[[], None]]:
    """Name -> what prints it."""
    clocks, wanted = by_code(TABLE), Filter(agency="H49")
    ledger = kept(folder).ledger
    with ledger.reading() as connection:
        listed = list_deliveries(connection, wanted, now=NOW, limit=5)
        counters = count_deliveries(connection, wanted, now=NOW)
        owed = list_open(connection, Asked(debtor="H49"))
        count = tally(connection, now=NOW, debtors=["H49"])["H49"]
        told = tell(connection, meant(connection, "12/QĐ-UBND"), keys=Onlooker(directory=directory))
        found = find(connection, Sought(text="12"))
    ledger.close()
    assert told is not None

    def obligations() -> None:
        show_page(owed, clocks, now=NOW)
        show_tally(count, "H49", owed=False)

    return {
        "ledger-find.answer": partial(show_found, found),
        "ledger-list.answer": partial(show_list, listed, counters, now=NOW),
        "ledger-show.answer": partial(show_told, told, clocks, now=NOW, most=20),
        "obligations.answer": obligations,
    }
