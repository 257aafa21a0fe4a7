"""A country in memory whose stream `audit` a ledger keeps, in an SQLite file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from bus.directory.onlooker import Onlooker
from bus.handling.clocks import TABLE
from bus.handling.obligations import Rules
from bus.ledger.ingest import Ingest
from bus.ledger.open import open_ledger
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.topology.names import AUDIT
from tests.fakes.audit import AuditedExchange, FakeStream
from tests.scenarios.country import Land


@dataclass
class Recorded:
    land: Land
    stream: FakeStream
    ledger: Ledger
    ingest: Ingest
    make: Callable[[], Ingest]
    rules: Callable[[Connection], Rules]
    onlooker: Callable[[], Onlooker]
    clock: Callable[[], datetime]

    def read_all(self) -> None:
        while self.ingest.step():
            pass

    def begin_again(self) -> None:
        """As after a restart."""
        self.ingest.close()
        self.ingest = self.make()


def audited_land() -> tuple[Land, FakeStream]:
    exchange = AuditedExchange("G22", "H49", "H53", "H08")
    return Land(exchange=exchange), exchange.audit


@contextmanager
def recorded(folder: Path, *, batch: int = 500, url: str | None = None) -> Iterator[Recorded]:
    land, stream = audited_land()
    ledger = open_ledger(url or f"sqlite:///{folder}/ledger.db")

    def clock() -> datetime:
        return land.now + timedelta(seconds=1)

    def onlooker() -> Onlooker:
        directory = land["H53"].member.directory
        if made and made[0].directory is directory:
            return made[0]
        made[:] = [Onlooker(directory=directory)]
        return made[0]

    made: list[Onlooker] = []
    rules = RuleBook(onlooker, TABLE, clock)

    def make() -> Ingest:
        return Ingest(
            ledger,
            AUDIT,
            open_=stream.open,
            onlooker=onlooker,
            rules=rules.of,
            clock=clock,
            batch=batch,
            early=0.0,
            wait=0.0,
        )

    try:
        yield Recorded(land, stream, ledger, make(), make, rules.of, onlooker, clock)
    finally:
        ledger.close()
