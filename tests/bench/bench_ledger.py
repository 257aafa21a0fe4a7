"""How fast a ledger answers over many documents, and how fast it keeps what comes: SQLite, and in the same run
PostgreSQL on the same machine, every commit durable in both.

python -m tests.bench.bench_ledger [--documents 1000000] [--asked 200] [--catch-up 20000] [--folder FOLDER] [--json]
    [--postgres URL | --no-postgres] [--no-sqlite]

The documents are made by paper_trail.py; with 10,000,000 of them a database takes some 25 GB, and 40 minutes to fill.
"""

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, select

from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table
from bus.daemon.process import collect_rarely
from bus.handling.clocks import TABLE
from bus.ledger.ingest import Ingest
from bus.ledger.open import open_ledger
from bus.ledger.queries.deliveries import count_deliveries, list_deliveries
from bus.ledger.queries.documents import Sought, find
from bus.ledger.queries.lifelines import lifeline
from bus.ledger.queries.obligations import Asked, list_open, tally
from bus.ledger.queries.paging import Cursor
from bus.ledger.queries.wanted import Filter, Standing
from bus.ledger.records import DocumentNumber
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.ledger.tables import event, now
from schemas.values import AgencyCode
from tests.bench.audit_feed import AuditFeed
from tests.bench.paper_trail import PaperTrail, fill
from tests.postgres.server import some_postgres

NOW = datetime.now(UTC)
MONTH = timedelta(days=30)
PAGES = 20
"""The page of a list that is read far behind the first."""


@dataclass(frozen=True)
class Answered:
    query: str
    median_ms: float
    p99_ms: float
    rows: float
    """Found, on average."""


@dataclass(frozen=True)
class Kept:
    step: str
    documents: int
    messages: int
    seconds: float
    documents_per_second: int
    messages_per_second: int


@dataclass(frozen=True)
class Known:
    """Of one document at random."""

    number: DocumentNumber
    id: str
    sender: AgencyCode
    code: str
    message: str
    recipient: AgencyCode
    far: Cursor | None
    """Behind many pages of what its sender sent."""


Query = Callable[[Connection, Known, random.Random], int]


def queries() -> Iterator[tuple[str, Query]]:
    yield "number and notation, without marks", lambda c, k, d: _found(find(c, Sought(text=k.code)))
    yield "number and notation of one sender", lambda c, k, d: _found(find(c, Sought(text=k.code, sender=k.sender)))
    yield "a number alone", lambda c, k, d: _found(find(c, Sought(text=k.code.partition("/")[0])))
    yield "id", lambda c, k, d: _found(find(c, Sought(text=k.id)))
    yield "beginning of an id", lambda c, k, d: _found(find(c, Sought(text=k.id[: len(k.sender) + 9])))
    yield "beginning of a message's id", lambda c, k, d: _found(find(c, Sought(text=k.message[:20])))
    yield "lifeline, with events and receipts", _lifeline
    yield "list: sender", lambda c, k, d: _listed(c, Filter(sender=k.sender))
    yield f"list: sender, page {PAGES}", lambda c, k, d: _listed(c, Filter(sender=k.sender), after=k.far)
    yield "list: sender, a month", lambda c, k, d: _listed(c, Filter(sender=k.sender, **_month(d)))
    yield "list: recipient, a month", lambda c, k, d: _listed(c, Filter(recipient=k.recipient, **_month(d)))
    yield "list: either end", lambda c, k, d: _listed(c, Filter(agency=k.recipient))
    yield "list: one to another", lambda c, k, d: _listed(c, Filter(sender=k.sender, recipient=k.recipient))
    yield (
        "list: recipient, state 03",
        lambda c, k, d: _listed(c, Filter(recipient=k.recipient, standing=Standing.ACCEPTED)),
    )
    yield "list: sender, refused", lambda c, k, d: _listed(c, Filter(sender=k.sender, standing=Standing.REFUSED))
    yield "list: sender, withdrawn", lambda c, k, d: _listed(c, Filter(sender=k.sender, standing=Standing.WITHDRAWN))
    yield "list: all", lambda c, k, d: _listed(c, Filter())
    yield "list: overdue at a recipient", lambda c, k, d: _listed(c, Filter(recipient=k.recipient, overdue=True))
    yield "list: overdue everywhere", lambda c, k, d: _listed(c, Filter(overdue=True))
    yield "counters: sender", lambda c, k, d: _counted(c, Filter(sender=k.sender))
    yield "counters: recipient, a month", lambda c, k, d: _counted(c, Filter(recipient=k.recipient, **_month(d)))
    yield "counters: either end", lambda c, k, d: _counted(c, Filter(agency=k.recipient))
    yield "owed by", lambda c, k, d: len(list_open(c, Asked(debtor=k.recipient)).rows)
    yield "owed to", lambda c, k, d: len(list_open(c, Asked(creditor=k.sender)).rows)
    yield "owed, how much", lambda c, k, d: len(tally(c, now=NOW, debtors=[k.recipient]))


def _month(dice: random.Random) -> dict[str, Any]:
    since = NOW - MONTH * dice.randrange(1, 24)
    return {"since": since, "until": since + MONTH}


def _found(finding: Any) -> int:
    return len(finding.documents)


def _lifeline(connection: Connection, known: Known, dice: random.Random) -> int:
    history = lifeline(connection, known.number)
    return len(history.hops) if history else 0


def _listed(connection: Connection, wanted: Filter, *, after: Cursor | None = None) -> int:
    return len(list_deliveries(connection, wanted, now=NOW, after=after).rows)


def _far(connection: Connection, sender: AgencyCode) -> Cursor | None:
    """Behind so many pages of what an agency sent; behind its last one where there are fewer."""
    after: Cursor | None = None
    for _ in range(PAGES - 1):
        page = list_deliveries(connection, Filter(sender=sender), now=NOW, after=after)
        if page.next is None:
            break
        after = page.next
    return after


def _counted(connection: Connection, wanted: Filter) -> int:
    return sum(amount.count for amount in count_deliveries(connection, wanted, now=NOW).standing.values())


def answers(ledger: Ledger, asked: int) -> Iterator[Answered]:
    dice = random.Random(1)
    known = some_known(ledger, asked, dice)
    for name, query in queries():
        seconds, rows = list[float](), 0
        for each in known:
            with ledger.reading() as connection:
                began = time.perf_counter()
                rows += query(connection, each, dice)
                seconds.append(time.perf_counter() - began)
        seconds.sort()
        median, p99 = statistics.median(seconds) * 1000, seconds[int(len(seconds) * 0.99)] * 1000
        yield Answered(name, round(median, 1), round(p99, 1), round(rows / len(known), 1))


def some_known(ledger: Ledger, count: int, dice: random.Random) -> list[Known]:
    """Documents that have their events, at random."""
    with ledger.reading() as connection:
        d, v, e = now.document.c, now.delivery.c, event.c
        first = connection.scalar(select(e.about).where(e.about.is_not(None)).order_by(e.number).limit(1))
        last = connection.scalar(select(e.about).where(e.about.is_not(None)).order_by(e.number.desc()).limit(1))
        assert first
        assert last
        found = list[Known]()
        while len(found) < count:
            place = dice.randrange(first, last + 1) // 64
            about = connection.scalar(
                select(e.about).where(e.number >= place, e.about.is_not(None)).order_by(e.number).limit(1)
            )
            row = connection.execute(select(now.document).where(d.number == about)).one()
            agency = connection.scalar(select(v.agency).where(v.document == about).limit(1))
            assert agency
            far = _far(connection, row.sender)
            found.append(Known(row.number, row.document, row.sender, row.code_form, row.message, agency, far))
        return found


def catch_up(ledger: Ledger, documents: int) -> Kept:
    """What lies in the stream, read by one step after the other. The making of the messages is not in the time."""
    feed = AuditFeed(documents)
    rules = RuleBook(feed.onlooker, TABLE)
    ingest = Ingest(ledger, feed.stream, open_=feed.open, onlooker=feed.onlooker, rules=rules.of, wait=0.0)
    collect_rarely()  # as the process does
    began = time.perf_counter()
    while ingest.step():
        pass
    seconds = time.perf_counter() - began - feed.seconds
    assert set(ingest.state.standings) == {"genuine"}, ingest.state.standings
    return Kept(
        "catch-up",
        documents,
        feed.read_messages,
        round(seconds, 2),
        int(documents / seconds),
        int(feed.read_messages / seconds),
    )


@click.command()
@click.option("--documents", default=1_000_000, show_default=True, help="That queries go over; 0 leaves these out.")
@click.option("--asked", default=200, show_default=True, help="How often each query is asked.")
@click.option("--agencies", "agency_count", default=1000, show_default=True)
@click.option("--catch-up", "caught_up", default=20_000, show_default=True, help="Documents; 0 leaves it out.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="On the disk to measure.")
@click.option("--postgres", metavar="URL", help="An empty database of that server.")
@click.option("--no-postgres", "with_postgres", flag_value=False, default=True)
@click.option("--no-sqlite", "with_sqlite", flag_value=False, default=True)
@json_option
def main(
    documents: int,
    asked: int,
    agency_count: int,
    caught_up: int,
    folder: Path | None,
    postgres: str | None,
    with_postgres: bool,
    with_sqlite: bool,
    as_json: bool,
) -> None:
    """Measures the ledger."""

    def measured(url: str) -> list[Answered | Kept]:
        return list(measure(url, documents, asked, agency_count, caught_up))

    found = dict[str, list[Answered | Kept]]()
    if with_sqlite:
        place = Path(tempfile.mkdtemp(dir=folder))
        try:
            found["SQLite"] = measured(f"sqlite:///{place}/ledger.db")
        finally:
            shutil.rmtree(place)
    if postgres:
        found["PostgreSQL"] = measured(postgres)
    elif with_postgres:
        with some_postgres(("shared_buffers=2GB", "max_wal_size=8GB")) as server:
            found["PostgreSQL"] = measured(server.url())
    if as_json:
        emit_json({name: [asdict(each) for each in some] for name, some in found.items()})
        return
    for name, some in found.items():
        for kind in (Answered, Kept):
            if rows := [asdict(each) for each in some if isinstance(each, kind)]:
                title = f"{name}, {documents} documents" if kind is Answered else name
                emit_table(list(rows[0]), [list(row.values()) for row in rows], title=title)


def measure(url: str, documents: int, asked: int, agency_count: int, caught_up: int) -> Iterator[Answered | Kept]:
    ledger = open_ledger(url)
    try:
        if documents:
            trail = PaperTrail(until=NOW - timedelta(days=1), agency_count=agency_count)
            began = time.monotonic()
            fill(
                ledger,
                trail,
                documents,
                said=lambda count: click.echo(f"{count} documents, {time.monotonic() - began:.0f} s", err=True),
            )
            with ledger.writing() as connection:
                connection.exec_driver_sql("ANALYZE")
            yield from answers(ledger, asked)
        if caught_up:
            yield catch_up(ledger, caught_up)
    finally:
        ledger.close()


if __name__ == "__main__":
    main()
