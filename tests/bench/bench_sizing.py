"""The machines that an agency and the centre need: measured costs of a document by its size, and from them cores,
memory and disk. `tests/bench/run sizing`, or `python -m tests.bench.bench_sizing [--documents N] [--json]`

    cores  = documents a day × RUSH of them in the busiest hour × CPU seconds of one / 3,600 / HALF
    memory = what the process used at the most while it worked
    disk   = documents a day × (what a store keeps of one × KEPT days + its sealed body × WAITS days)
    centre = every document of the country: the broker's CPU, its copy in `audit` for AUDIT days, WAITS days in inboxes
"""

import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import click

from bus.cli.output import emit_json, json_option
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box
from deploy.local_broker import Kind
from tests.bench.ground import Ground, ground
from tests.bench.pair import RECIPIENT, SENDER, Pair, pair

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SIZES = (4 * KIB, 64 * KIB, 512 * KIB, 5 * MIB)
RUSH = 0.25
"""Share of a day's documents in its busiest hour."""
HALF = 0.5
"""Share of a core that may be busy: a machine that answers at once must not exceed it."""
KEPT, WAITS, AUDIT = 400, 7, 30
"""Days: a finished document's facts in a store; a body, until a recipient that was away is back; a copy in `audit`."""
STATIONS: Sequence[tuple[str, int, int]] = (
    ("a small agency", 100, 0),
    ("a province", 5_000, 0),
    ("a ministry", 20_000, 0),
    ("the centre, a region", 0, 100_000),
    ("the centre, the country", 0, 1_000_000),
)
"""(who, documents a day that it sends and receives, documents a day that its broker carries)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of one document. CPU in microseconds, memory of a process in MB, disk in bytes."""

    size: int
    sender_us: float
    recipient_us: float
    broker_us: float
    sender_mb: float
    recipient_mb: float
    body: float
    sender_kept: float
    recipient_kept: float


def cost(ground: Ground, size: int, count: int) -> Cost:
    """Measures `count` documents with an attachment of that size, all the way, with their receipts."""
    with pair(ground, count=count) as both:
        both.use(SENDER, sender=SENDER, recipient=RECIPIENT, count=count, gate=both.gate, size=max(size, 2 * KIB))
        both.start(SENDER, RECIPIENT)
        empty = {code: _used(both, code) for code in (SENDER, RECIPIENT)}
        before = (both.cpu(SENDER), both.cpu(RECIPIENT), ground.broker_cpu())
        both.open_gate()
        both.wait(SENDER, Box.OUT, count, OutboxState.DONE)
        both.wait(RECIPIENT, Box.IN, count, InboxState.DONE)
        after = (both.cpu(SENDER), both.cpu(RECIPIENT), ground.broker_cpu())
        rows = both.rows(RECIPIENT, Box.IN)
        body = sum(row.docket.content.size for row in rows if row.docket.content) / len(rows)
        both.stop()
        kept = {code: max(0.0, _used(both, code) - empty[code]) / count for code in empty}
        sender_us, recipient_us, broker_us = ((b - a) / count * 1e6 for a, b in zip(before, after, strict=True))
        return Cost(
            size=size,
            sender_us=sender_us,
            recipient_us=recipient_us,
            broker_us=broker_us,
            sender_mb=both.most[SENDER],
            recipient_mb=both.most[RECIPIENT],
            body=body,
            sender_kept=kept[SENDER],
            recipient_kept=kept[RECIPIENT],
        )


def _used(both: Pair, code: str) -> float:
    """Returns the used bytes of the store's file: pages freed by finished bodies are used again."""
    with closing(sqlite3.connect(both.root / "stores" / f"{code}.db")) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
    return float((pages - free) * size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    who: str
    documents: int
    size: int
    cores: float
    memory_gb: float
    disk_gb: float


def machine(who: str, handles: int, carries: int, each: Cost) -> Machine:
    """Returns the machine by the formula above. An agency sends half of its documents and receives the other half."""
    cpu = (each.sender_us + each.recipient_us) / 2 * handles + each.broker_us * carries
    kept = (each.sender_kept + each.recipient_kept) / 2 * KEPT + each.body * WAITS
    disk = kept * handles + each.body * (AUDIT + WAITS) * carries
    working = max(each.sender_mb, each.recipient_mb) if handles else BROKER_MB + each.body * carries * RUSH / 24 / MIB
    return Machine(
        who=who,
        documents=handles or carries,
        size=each.size,
        cores=cpu / 1e6 * RUSH / 3600 / HALF,
        memory_gb=working / 1024,
        disk_gb=disk / GIB,
    )


BROKER_MB = 1024.0
"""Memory in MB of a busy RabbitMQ before its messages."""


def table(costs: Sequence[Cost]) -> str:
    """Returns Markdown: the costs of one document, and the machines."""
    lines = [
        "| A document of | CPU at the sender | at the recipient | of RabbitMQ | memory of a daemon | on the wire "
        "| kept at the sender | at the recipient |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {_bytes(each.size)} | {each.sender_us / 1000:,.2f} ms | {each.recipient_us / 1000:,.2f} ms "
        f"| {each.broker_us / 1000:,.2f} ms | {max(each.sender_mb, each.recipient_mb):,.0f} MB | {_bytes(each.body)} "
        f"| {_bytes(each.sender_kept)} | {_bytes(each.recipient_kept)} |"
        for each in costs
    ]
    lines += ["", "| Who | Documents a day | of | Cores | Memory | Disk |", "|---|---:|---:|---:|---:|---:|"]
    for who, handles, carries in STATIONS:
        for each in costs:
            found = machine(who, handles, carries, each)
            cores, memory = max(1, math.ceil(found.cores)), max(1, math.ceil(found.memory_gb))
            lines.append(
                f"| {who} | {found.documents:,} | {_bytes(each.size)} | {cores} ({found.cores:.2f}) | {memory} GB "
                f"| {_bytes(found.disk_gb * GIB)} |"
            )
    return "\n".join(lines)


def _bytes(count: float) -> str:
    for name, unit in (("TiB", 1024**4), ("GiB", GIB), ("MiB", MIB)):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count / KIB:,.1f} KiB"


def counts(documents: int) -> Mapping[int, int]:
    """Returns the number of documents by size: fewer of the large ones, so that each size has about as many bytes."""
    return {size: max(20, min(documents, documents * 16 * KIB // size)) for size in SIZES}


@click.command()
@click.option("--documents", default=4_000, show_default=True, type=click.IntRange(min=100))
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER")
@json_option
def main(documents: int, prefer: Kind | None, as_json: bool) -> None:
    """Measures documents of several sizes, and says what machines they want: tables in Markdown."""
    costs = []
    with ground(prefer) as here:
        for size, count in counts(documents).items():
            costs.append(cost(here, size, count))
            click.echo(f"  {count} documents of {_bytes(size)}", err=True)
    if as_json:
        emit_json([{name: getattr(each, name) for name in Cost.__dataclass_fields__} for each in costs])
    else:
        click.echo(table(costs))


if __name__ == "__main__":
    main()
