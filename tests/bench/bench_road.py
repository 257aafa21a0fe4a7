"""The whole road on this machine: two daemon processes, a broker, durable document systems; every commit durable, every
message sealed, signed, receipted. `python -m tests.bench.bench_road [--documents N] [--json] [--broker docker|binary]`

Figures: documents a second from the first accepted to the last receipt back; latency at a steady rate; the
costs of a backlog, in the outbox and in the inbox queue.
"""

import json
import os
import time
from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import click

from bus.directory.member import Member
from bus.files.keys import load_identity
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box
from bus.sending.address import address
from bus.sending.seal import seal
from bus.wiring.member import new_message_id
from deploy.local_broker import Kind
from deploy.offices import Office
from tests.bench.dms import documents
from tests.bench.ground import Ground, ground
from tests.bench.machine import machine_cpu
from tests.bench.pair import RECIPIENT, SENDER, Pair, pair

CALM = 20
"""Seconds for RabbitMQ to write new messages to disk, and to give their memory back."""


def throughput(
    ground: Ground, count: int, *, office: Office | None = None, mailboxes: int = 2, units: int = 0
) -> dict[str, float]:
    """Measures from the first document accepted to the last one filed and the last receipt back. CPU is microseconds
    for each document. The country has so many mailboxes, all of them on the broker, and so many further units."""
    with pair(ground, count=count, office=office, mailboxes=mailboxes, units=units) as both:
        both.start(SENDER, RECIPIENT)
        idle = {"idle_sender_mb": both.memory(SENDER), "idle_recipient_mb": both.memory(RECIPIENT)}
        load, before, (busy, whole) = os.getloadavg()[0], _cpu(ground, both), machine_cpu()
        both.open_gate()
        receipted = both.wait(SENDER, Box.OUT, count, OutboxState.DONE)
        both.wait(RECIPIENT, Box.IN, count, InboxState.DONE)  # a receipt says held; filing may come later
        (busy_after, whole_after), after = machine_cpu(), _cpu(ground, both)
        ours = sum(after.values()) - sum(before.values())
        accepted, filed = both.times(SENDER, "accepted"), both.times(RECIPIENT, "filed")
        assert len(filed) == count, (len(filed), count)
        began, ended = min(accepted.values()), max(receipted, *filed.values())
        return {
            "documents": count,
            "documents_per_s": count / (ended - began),
            "accepted_per_s": count / (max(accepted.values()) - began),
            **{f"cpu_{who}_us": (after[who] - used) / count * 1e6 for who, used in before.items()},
            "busy_sender_mb": both.most[SENDER],
            "busy_recipient_mb": both.most[RECIPIENT],
            **idle,
            "body_bytes": _body(both),
            "others_percent": max(0.0, busy_after - busy - ours) / (whole_after - whole) * 100,
            "load": load,
        }


def _cpu(ground: Ground, both: Pair) -> dict[str, float]:
    return {"sender": both.cpu(SENDER), "recipient": both.cpu(RECIPIENT), "broker": ground.broker_cpu()}


def _body(both: Pair) -> int:
    """Returns the size of one sealed message in bytes."""
    identity = load_identity(both.root / "keys" / SENDER)
    trust_store = both.land.edition().trust_store if both.land.office else None
    sender = Member(
        mailbox=SENDER,
        directory=both.land.directory(),
        identity=identity,
        new_id=new_message_id,
        trust_store=trust_store,
    )
    return len(seal(sender, address(sender, documents(SENDER, RECIPIENT)), now=datetime.now(UTC)).body)


def latency(ground: Ground, *, rate: float, seconds: float) -> dict[str, float]:
    """Measures the latency at a steady rate: from accepted to filed, and from the moment the document was in the
    sender's document system."""
    count = int(rate * seconds)
    with pair(ground, count=count, rate=rate) as both:
        both.start(SENDER, RECIPIENT)
        load = os.getloadavg()[0]
        both.open_gate()
        both.wait(SENDER, Box.OUT, count, OutboxState.DONE, every=0.5)
        both.wait(RECIPIENT, Box.IN, count, InboxState.DONE)
        written, accepted = both.times(SENDER, "written"), both.times(SENDER, "accepted")
        filed = both.times(RECIPIENT, "filed")
        waits = [(filed[ref] - at) * 1000 for ref, at in accepted.items()]
        whole = [(filed[ref] - at) * 1000 for ref, at in written.items()]
        return {
            "rate": rate,
            "documents": count,
            "median_ms": median(waits),
            "p99_ms": quantiles(waits, n=100)[98],
            "max_ms": max(waits),
            "from_written_median_ms": median(whole),
            "from_written_p99_ms": quantiles(whole, n=100)[98],
            "load": load,
        }


# -- backlog -----------------------------------------------------------------------------------------------------------


def backlog(ground: Ground, count: int) -> dict[str, float]:
    """`count` documents waiting: in the outbox while nobody is at the broker's port, then in the recipient's queue.

    Rates are over a tenth of the documents: while about all of them waited (`_many`), and about 1,000 (`_few`).
    """
    with pair(ground, count=count) as both:
        figures = {"waiting": float(count), "load": os.getloadavg()[0], **_fill(both, count)}
        held = ground.broker_memory()
        figures |= _publish(both, count)
        figures |= {"broker_before_mb": held, "broker_queue_filled_mb": ground.broker_memory()}
        time.sleep(CALM)
        figures["broker_queue_waiting_mb"] = ground.broker_memory()
        return figures | _drain(both, count)


def _fill(both: Pair, count: int) -> dict[str, float]:
    with both.without_broker(SENDER):
        both.start(SENDER, RECIPIENT)
        figures = {"sender_before_mb": both.memory(SENDER), "recipient_before_mb": both.memory(RECIPIENT)}
        both.stop(RECIPIENT)
        both.open_gate()
        both.wait(SENDER, Box.OUT, count, OutboxState.WAITING, every=0.5)
        figures["sender_outbox_full_mb"] = max(both.most.pop(SENDER), both.memory(SENDER))
        both.stop(SENDER)
        both.close_gate()
    few, many = _rates(sorted(both.times(SENDER, "accepted").values()))
    return figures | {"accept_few_per_s": few, "accept_many_per_s": many}


def _publish(both: Pair, count: int) -> dict[str, float]:
    both.start(SENDER)
    both.wait(SENDER, Box.OUT, count, OutboxState.SENT, every=0.5)
    sent = sorted(row.sent_at.timestamp() for row in both.rows(SENDER, Box.OUT) if row.sent_at)
    many, few = _rates(sent)
    return {
        "publish_many_per_s": many,
        "publish_few_per_s": few,
        "sender_publishing_mb": both.most[SENDER],
    }


def _drain(both: Pair, count: int) -> dict[str, float]:
    both.start(RECIPIENT)
    both.wait(SENDER, Box.OUT, count, OutboxState.DONE, every=0.5)
    both.wait(RECIPIENT, Box.IN, count, InboxState.DONE, every=0.5)
    taken = sorted(row.entered_at.timestamp() for row in both.rows(RECIPIENT, Box.IN))
    filed = sorted(both.times(RECIPIENT, "filed").values())
    many, few = _rates(taken)
    filed_many, filed_few = (_within(filed, *window) for window in _windows(taken))
    return {
        "take_in_many_per_s": many,
        "take_in_few_per_s": few,
        "file_many_per_s": filed_many,
        "file_few_per_s": filed_few,
        "recipient_draining_mb": both.most[RECIPIENT],
        "sender_receipts_mb": both.most[SENDER],
    }


def _windows(times: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns the time windows of the first tenth and of the last, without the first and the last 1,000 documents (a
    hundredth if there are fewer)."""
    count = len(times)
    edge, width = min(1000, count // 20), count // 10
    return (times[edge], times[edge + width]), (times[-1 - edge - width], times[-1 - edge])


def _rates(times: Sequence[float]) -> tuple[float, float]:
    (a, b), (c, d) = _windows(times)
    width = len(times) // 10
    return width / (b - a), width / (d - c)


def _within(times: Sequence[float], start: float, end: float) -> float:
    return (bisect(times, end) - bisect(times, start)) / (end - start)


# -- by itself ---------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--documents", default=20_000, show_default=True)
@click.option("--backlog", "waiting", default=0, show_default=True, help="Documents waiting; 0 leaves it out.")
@click.option("--seconds", default=20.0, show_default=True, help="Of the latency run; 0 leaves it out.")
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]))
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="On the disk to be measured.")
@click.option("--json", "as_json", is_flag=True)
def main(documents: int, waiting: int, seconds: float, prefer: Kind | None, folder: Path | None, as_json: bool) -> None:
    figures: dict[str, object] = {}
    with ground(prefer, folder=folder) as here:
        figures["broker"] = f"RabbitMQ {here.broker.version} ({here.broker.kind})"
        if documents:
            figures["throughput"] = throughput(here, documents)
        if seconds:
            figures["latency"] = latency(here, rate=100, seconds=seconds)
        if waiting:
            figures["backlog"] = backlog(here, waiting)
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        click.echo(name if isinstance(value, dict) else f"{name}: {value}")
        if isinstance(value, dict):
            for key, figure in value.items():
                click.echo(f"  {key:<24} {figure:>12,.1f}")


if __name__ == "__main__":
    main()
