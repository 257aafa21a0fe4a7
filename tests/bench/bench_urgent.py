"""The seconds that an urgent document takes from being dropped to being filed while ordinary ones wait in front of it:
in the recipient's queue, in its inbox, in the sender's outbox, in a folder. `python -m tests.bench.bench_urgent
[--waiting N] [--json] [--broker docker|binary]`"""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box
from deploy.local_broker import Kind
from schemas.codes import Priority
from schemas.edxml import write
from tests.bench.dms import documents
from tests.bench.ground import Ground, ground
from tests.bench.pair import RECIPIENT, SENDER, Pair, pair

SPARE = 2
"""The number of documents made, as a multiple of those that must wait: some are gone before the urgent one comes."""
SLOW = 0.01
"""Seconds that a slow document system takes for one filing, so that its inbox grows."""


def in_queue(both: Pair, waiting: int) -> float:
    """Measures in the queue: the recipient was away, and has begun to take in and file the messages on the broker."""
    both.start(SENDER)
    both.open_gate()
    both.wait(SENDER, Box.OUT, waiting * SPARE, OutboxState.SENT, every=0.5)
    both.start(RECIPIENT, settle=0)
    both.wait_for(RECIPIENT, "filed")
    return drop(both)


def in_inbox(both: Pair, waiting: int) -> float:
    """Measures in the inbox: the recipient's document system is slow, so all were taken in and few are filed."""
    both.use(RECIPIENT, slow=SLOW)
    both.start(SENDER, RECIPIENT)
    both.open_gate()
    both.wait(SENDER, Box.OUT, waiting * SPARE, OutboxState.SENT, OutboxState.DONE, every=0.5)
    both.wait(RECIPIENT, Box.IN, waiting, InboxState.WAITING, every=0.2)
    return drop(both)


def in_outbox(both: Pair, waiting: int) -> float:
    """Measures in the outbox: the sender's broker was away, and the urgent one was accepted last; from the broker's
    return."""
    both.start(RECIPIENT)
    with both.without_broker(SENDER):
        both.start(SENDER)
        both.open_gate()
        both.wait(SENDER, Box.OUT, waiting, OutboxState.WAITING, every=0.5)
        drop(both)
        both.wait_for(SENDER, "accepted", "urgent")
        both.stop(SENDER)
        both.close_gate()
        both.urgent.unlink()
    both.start(SENDER, settle=0)
    return time.time()


def in_folder(both: Pair, waiting: int) -> float:
    """Measures in the folder: packages lie in `outgoing/`, and the daemon has begun to send them; the urgent one is
    renamed into it."""
    root = both.root / "dms"
    outgoing = root / "outgoing"
    outgoing.mkdir(parents=True)
    template = documents(SENDER, RECIPIENT)
    for number in range(waiting * SPARE):
        ordinary = template.model_copy(update={"id": f"bench/{number}"})
        (outgoing / f"{number}.edxml").write_bytes(write(ordinary))
    both.use_folder(SENDER, root)
    both.start(SENDER, RECIPIENT, settle=0)
    both.wait_for(RECIPIENT, "filed")
    urgent = template.model_copy(update={"id": "bench/urgent", "priority": Priority.IMMEDIATE})
    (outgoing / "urgent.tmp").write_bytes(write(urgent))
    (outgoing / "urgent.tmp").rename(outgoing / "urgent.edxml")
    return time.time()


def drop(both: Pair) -> float:
    both.urgent.touch()
    return time.time()


PLACES: Mapping[str, tuple[Callable[[Pair, int], float], int]] = {
    "queue": (in_queue, SPARE),
    "inbox": (in_inbox, SPARE),
    "outbox": (in_outbox, 1),
    "folder": (in_folder, SPARE),
}
"""The places where they wait: the measurement, and the number of documents made, as a multiple of those that must
wait."""


def urgent(ground: Ground, place: str, waiting: int) -> dict[str, float]:
    """Returns the seconds from the drop to the filing, and the number of ordinary documents not filed when it was
    dropped."""
    arrange, times = PLACES[place]
    load = os.getloadavg()[0]
    with pair(ground, count=waiting * times) as both:
        dropped = arrange(both, waiting)
        filed = both.wait_for(RECIPIENT, "filed", "urgent")
        before = sum(at <= dropped for at in filed.values())
        return {
            "seconds": filed["urgent"] - dropped,
            "waiting": waiting,
            "unfiled": waiting * times - before,
            "overtaken_by": sum(dropped < at < filed["urgent"] for at in filed.values()),
            "load": load,
        }


@click.command()
@click.option("--waiting", default=10_000, show_default=True)
@click.option("--place", "places", multiple=True, type=click.Choice(list(PLACES)), help="Only there; may be repeated.")
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]))
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="On the disk to be measured.")
@click.option("--json", "as_json", is_flag=True)
def main(waiting: int, places: tuple[str, ...], prefer: Kind | None, folder: Path | None, as_json: bool) -> None:
    with ground(prefer, folder=folder) as here:
        figures: dict[str, object] = {"broker": f"RabbitMQ {here.broker.version} ({here.broker.kind})"}
        figures |= {place: urgent(here, place, waiting) for place in places or PLACES}
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        click.echo(name if isinstance(value, dict) else f"{name}: {value}")
        if isinstance(value, dict):
            for key, figure in value.items():
                click.echo(f"  {key:<24} {figure:>12,.2f}")


if __name__ == "__main__":
    main()
