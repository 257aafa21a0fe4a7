"""How fast a mailbox's store is on this disk, step by step of the road, in batches of one commit each: SQLite, and in
the same run PostgreSQL on the same machine, every commit durable in both.

python -m tests.bench.bench_store [--documents 20000] [--batch 200] [--size 4096] [--waiting 100000] [--json]
    [--postgres URL | --no-postgres]
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click
import uuid_utils

from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import InboxChange, InboxEntry, OutboxChange, OutboxEntry, ReceiptLine, SubmissionKey
from bus.store.open import open_store
from bus.store.store import SqlStore
from schemas.codes import BusinessType, Kind, Outcome
from schemas.docket import Address, Docket, DocumentKey, SealedContent
from schemas.values import MessageId
from tests.postgres.server import some_postgres

T = TypeVar("T")
NOW = datetime.now(UTC)
PLENTY = 1 << 30
SENDER, RECIPIENT = Address(agency="G22", mailbox="G22"), Address(agency="H49.06", mailbox="H49")


@dataclass(frozen=True)
class Step:
    step: str
    documents: int
    seconds: float
    per_second: int
    cpu_us: int
    """CPU of this process for each document, in microseconds."""


def documents(count: int, size: int) -> list[OutboxEntry]:
    body = os.urandom(size)
    entries = []
    for number in range(count):
        docket = Docket(
            id=MessageId(str(uuid_utils.uuid7())),
            kind=Kind.DOCUMENT,
            sender=SENDER,
            recipients=(RECIPIENT,),
            created_at=NOW,
            document=DocumentKey(issuer="G22", id=f"G22,2026/11/22,{number}/VPCP-TTĐT"),
            business_type=BusinessType.NEW,
            content=SealedContent(size=size, sha256=os.urandom(32).hex()),
        )
        entries.append(
            OutboxEntry(
                docket=docket, body=body, key=key_of(docket), outstanding=("document.H49",), source=f"{number}.edxml"
            )
        )
    return entries


def key_of(docket: Docket) -> SubmissionKey:
    assert docket.document
    assert docket.content
    return SubmissionKey(docket.kind, docket.document.issuer, docket.document.id, "0", docket.content.sha256)


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def accept(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> None:
    for some in batches(entries, batch):
        with store.write() as tx:
            tx.outbox.submitted([entry.key for entry in some if entry.key])
            tx.outbox.put(some, at=NOW)


def publish(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> None:
    for _ in batches(entries, batch):
        with store.read() as tx:
            due = tx.outbox.due(now=NOW, limit=batch, max_bytes=PLENTY)
        later = NOW + timedelta(hours=1)
        with store.write() as tx:
            tx.outbox.change(
                [
                    OutboxChange(
                        message=entry.docket.id,
                        state=OutboxState.SENT,
                        attempts=0,
                        next_at=later,
                        confirmed=entry.outstanding,
                        at=NOW,
                    )
                    for entry in due
                ]
            )


def receipts(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> None:
    for some in batches(entries, batch):
        with store.write() as tx:
            tx.outbox.put_receipts(
                [
                    ReceiptLine(message=entry.docket.id, mailbox="H49", outcome=Outcome.HELD, code=None, at=NOW)
                    for entry in some
                ]
            )


def take_in(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> None:
    for some in batches(entries, batch):
        with store.write() as tx:
            tx.inbox.put([InboxEntry(docket=entry.docket, body=entry.body, taken_at=NOW) for entry in some])


def file(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> None:
    for _ in batches(entries, batch):
        with store.read() as tx:
            due = tx.inbox.due(now=NOW, limit=batch, max_bytes=PLENTY)
            keys = [key_of(entry.docket) for entry in due]
            tx.inbox.filed(keys)
        with store.write() as tx:
            tx.inbox.change(
                [
                    InboxChange(
                        message=entry.docket.id, state=InboxState.DONE, attempts=0, key=key, filed_as="CV-1", at=NOW
                    )
                    for entry, key in zip(due, keys, strict=True)
                ]
            )


STEPS: dict[str, Callable[[SqlStore, Sequence[OutboxEntry], int], None]] = {
    "accept": accept,
    "publish: due + sent": publish,
    "receipts": receipts,
    "take in": take_in,
    "deliver: due + filed": file,
}


def measured(name: str, count: int, work: Callable[[], None]) -> Step:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    return Step(name, count, round(seconds, 3), round(count / seconds), round(used / count * 1e6))


def road(store: SqlStore, entries: Sequence[OutboxEntry], batch: int) -> Iterator[Step]:
    for name, step in STEPS.items():
        yield measured(name, len(entries), lambda step=step: step(store, entries, batch))  # type: ignore[misc]


def backlog(store: SqlStore, waiting: int, batch: int) -> Iterator[Step]:
    """Measures one query for due entries behind a backlog: of due entries, of postponed ones, and of postponed ones
    whose time has come."""
    entries = documents(waiting, 16)
    later = NOW + timedelta(hours=1)
    for name, next_at, now in (
        ("due, all at once", None, NOW),
        ("due, none of all put off", later, NOW),
        ("due, all put off", later, later),
    ):
        fresh = [
            replace(entry, docket=entry.docket.model_copy(update={"id": str(uuid_utils.uuid7())}), key=None)
            for entry in entries
        ]
        for some in batches(fresh, 5000):
            with store.write() as tx:
                tx.outbox.put([replace(entry, next_at=next_at) for entry in some], at=NOW)

        def look(now: datetime = now) -> None:
            with store.read() as tx:
                tx.outbox.due(now=now, limit=batch, max_bytes=PLENTY)

        yield measured(f"{name} ({waiting})", 1, look)
        with store.write() as tx:
            tx.outbox.change(
                [OutboxChange(message=entry.docket.id, state=OutboxState.DONE, attempts=0, at=NOW) for entry in fresh]
            )


@click.command()
@click.option("--documents", "count", default=20_000)
@click.option("--batch", default=200)
@click.option("--size", default=4096, help="Bytes of a sealed body.")
@click.option("--waiting", default=100_000, help="Entries of the backlog; 0 for none.")
@click.option("--directory", type=click.Path(path_type=Path), help="On the disk to be measured.")
@click.option("--postgres", help="URL of a database to measure, instead of a server started for it.")
@click.option("--no-postgres", "both", flag_value=False, type=bool, default=True)
@json_option
def main(
    count: int,
    batch: int,
    size: int,
    waiting: int,
    directory: Path | None,
    postgres: str | None,
    both: bool,
    as_json: bool,
) -> None:
    """Measures the store."""
    found = {"SQLite": steps_of_sqlite(count, batch, size, waiting, directory)}
    if postgres:
        found["PostgreSQL"] = steps_of(postgres, count, batch, size, waiting)
    elif both:
        with some_postgres(()) as server:
            found["PostgreSQL"] = steps_of(server.url(), count, batch, size, waiting)
    if as_json:
        emit_json({name: [asdict(step) for step in steps] for name, steps in found.items()})
        return
    for name, steps in found.items():
        title = f"{name}, {size} byte bodies, {batch} a commit"
        emit_table(list(asdict(steps[0])), [list(asdict(step).values()) for step in steps], title=title)
    if both or postgres:
        for one, other in zip(*found.values(), strict=True):
            click.echo(f"{one.step:<40} PostgreSQL {other.per_second / max(one.per_second, 1):.2f} × of SQLite")


def steps_of_sqlite(count: int, batch: int, size: int, waiting: int, directory: Path | None) -> list[Step]:
    place = Path(tempfile.mkdtemp(dir=directory))
    try:
        return steps_of(f"sqlite:///{place}/bench.db", count, batch, size, waiting)
    finally:
        shutil.rmtree(place)


def steps_of(url: str, count: int, batch: int, size: int, waiting: int) -> list[Step]:
    store = open_store(url, owner="G22")
    try:
        return [*road(store, documents(count, size), batch), *(backlog(store, waiting, batch) if waiting else ())]
    finally:
        store.close()


if __name__ == "__main__":
    main()
