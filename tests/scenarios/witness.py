"""A ledger beside the country in memory: it hears what is published, in an SQLite file. Its calendar's editions and its
directory are what a story says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text

from bus.directory.agencies import Directory
from bus.directory.onlooker import Onlooker
from bus.handling.obligations import Rules
from bus.handling.working_days import YearOfDays
from bus.ledger import keep
from bus.ledger.ingest import Ingest
from bus.ledger.open import open_ledger
from bus.ledger.recompute import Recompute
from bus.ledger.records import EventNumber, Lifeline, ObligationRow
from bus.ledger.rules import rules_of
from bus.ledger.store import Ledger
from bus.ledger.tables import moved, now
from bus.topology.names import AUDIT
from schemas.docket import DocumentKey
from schemas.document import Document
from tests.fakes.audit import AuditedExchange, FakeStream
from tests.scenarios.country import Land

NONE = EventNumber(-1)


@dataclass
class Witness:
    land: Land
    stream: FakeStream
    ledger: Ledger
    editions: list[tuple[datetime, YearOfDays]] = field(default_factory=list)
    """With the time at which each was taken."""
    batch: int = 500

    def __post_init__(self) -> None:
        self._made: tuple[Directory, int, Rules] | None = None
        self._onlooker: Onlooker | None = None
        self.ingest = Ingest(
            self.ledger,
            AUDIT,
            open_=self.stream.open,
            onlooker=self.onlooker,
            rules=self.rules,
            clock=self.clock,
            batch=self.batch,
            early=0.0,
            wait=0.0,
        )
        self.recompute = Recompute(self.ledger, self.rules, clock=self.clock, batch=2)

    def clock(self) -> datetime:
        return self.land.now + timedelta(seconds=1)

    def onlooker(self) -> Onlooker:
        directory = self.land["H53"].member.directory
        if self._onlooker is None or self._onlooker.directory is not directory:
            self._onlooker = Onlooker(directory=directory)
        return self._onlooker

    def rules(self, connection: Connection) -> Rules:
        directory = self.onlooker().directory
        made = self._made
        if made is None or made[0] is not directory or made[1] != len(self.editions):
            made = self._made = directory, len(self.editions), rules_of(self.editions, directory)
        return made[2]

    def reads(self) -> None:
        """All that was published, then judges again what has to be."""
        while self.ingest.step():
            pass
        while self.recompute.step():
            pass

    def learns(self, days: YearOfDays) -> None:
        self.editions.append((self.clock(), days))

    def lifeline(self, of: Document) -> Lifeline | None:
        key = DocumentKey(issuer=of.sender.code, id=of.id)
        with self.ledger.reading() as connection:
            numbers = keep.numbers_of(connection, [key])
            found = keep.lifelines(connection, list(numbers.values()))
        return found[numbers[key]] if numbers else None

    def owed(self, of: Document) -> Mapping[str, ObligationRow]:
        """By clock, of a document with one recipient."""
        line = self.lifeline(of)
        return {row.clock: row for row in line.obligations} if line else {}

    def moves(self) -> list[tuple[str, str, str]]:
        """Whose, which clock, why; in the order in which they came."""
        ordered = select(moved.c.recipient, moved.c.clock, moved.c.why).order_by(moved.c.number)
        with self.ledger.reading() as connection:
            return [(row.recipient, row.clock, row.why) for row in connection.execute(ordered)]

    def counted(self) -> dict[tuple[str, ...], int]:
        """Every counter there is."""
        with self.ledger.reading() as connection:
            rows = connection.execute(text("SELECT day, agency, measure, detail, amount FROM daily")).all()
        return {tuple(row[:-1]): row[-1] for row in rows}

    def derived(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every derived table."""
        with self.ledger.reading() as connection:
            return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in now.tables}

    def standings(self) -> list[tuple[str, str]]:
        """Of every event: its kind, and what stands against it."""
        with self.ledger.reading() as connection:
            return [(each.docket.kind.value, each.standing) for each in keep.events_after(connection, NONE, limit=1000)]


def audited() -> tuple[Land, FakeStream]:
    exchange = AuditedExchange("G22", "H49", "H53", "H08")
    return Land(exchange=exchange), exchange.audit


@contextmanager
def witness(
    folder: Path, *, of: tuple[Land, FakeStream] | None = None, batch: int = 500, url: str | None = None
) -> Iterator[Witness]:
    """`of`: a country that another ledger witnesses, too. `url`: of its database, where that is no file in `folder`."""
    land, stream = of or audited()
    ledger = open_ledger(url or f"sqlite:///{folder}/ledger.db")
    try:
        yield Witness(land, stream, ledger, batch=batch)
    finally:
        ledger.close()
