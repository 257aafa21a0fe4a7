"""The whole road on this machine: two daemon processes, a broker, durable document systems; every commit durable, every
message sealed, signed, receipted. `python -m tests.bench.bench_road [--documents N] [--json] [--broker docker|binary]`

Figures: documents a second from the first accepted to the last receipt back; latency at a steady rate; memory of the
daemons idle, and with a backlog in the outbox and in the inbox queue.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median, quantiles

import click

from bus.ports import Box, State
from bus.store import open_store
from deploy import country as countries
from deploy.country import LIENTHONG, Country
from deploy.local_broker import Kind, LocalBroker, local_broker

SENDER, RECIPIENT = "G22", "H49"


class Pair:
    """A sender's and a recipient's daemon over benchmark document systems."""

    def __init__(self, root: Path, broker: LocalBroker, *, count: int, rate: float = 0) -> None:
        self.root, self.count = root, count
        self.land: Country = countries.found(root, mailboxes=[SENDER, RECIPIENT], as_of=date(2016, 7, 1))
        countries.connect(self.land, broker)
        self.gate = root / "go"
        self._use(SENDER, sender=SENDER, recipient=RECIPIENT, count=count, rate=rate, gate=self.gate)
        self._use(RECIPIENT)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def _use(self, code: str, **options: object) -> None:
        file = self.land.config(code)
        head = file.read_text(encoding="utf-8").partition("[adapter]")[0]
        lines = [f'{name} = "{value}"' for name, value in {"log": self.root / f"{code}.log", **options}.items()]
        adapter = ["[adapter]", 'use = "tests.bench.dms:BenchAdapter"', "every = 0.005", "[adapter.options]", *lines]
        file.write_text(head + "\n".join(adapter) + "\n", encoding="utf-8")

    def start(self, code: str) -> None:
        with (self.root / f"{code}.out").open("ab") as log:
            self.running[code] = subprocess.Popen(
                [*LIENTHONG, "adapter", "run", str(self.land.config(code))], stdout=log, stderr=log
            )

    def stop(self, *codes: str) -> None:
        countries.end([self.running.pop(code) for code in codes or tuple(self.running)])

    def open_gate(self) -> None:
        self.gate.touch()

    def wait(self, code: str, box: Box, count: int, *states: State, patience: float = 300) -> float:
        """Until so many messages of a box are in these states. Returns the time it saw that."""
        store = open_store(f"sqlite:///{self.root / 'stores' / code}.db", owner=code, exclusive=False)
        deadline = time.monotonic() + patience
        try:
            while time.monotonic() < deadline:
                with store.read() as tx:
                    counts = tx.counts(box)
                if sum(counts.get(state, 0) for state in states) >= count:
                    return time.time()
                time.sleep(0.05)
        finally:
            store.close()
        raise TimeoutError(f"{code} {box}: {counts}")

    def times(self, code: str, what: str) -> dict[str, float]:
        """Reference -> seconds since the epoch, from the document system's log."""
        rows = (line.split() for line in (self.root / f"{code}.log").read_text(encoding="utf-8").splitlines())
        return {ref: int(at) / 1e9 for kind, ref, at in rows if kind == what}

    def memory(self, code: str) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.running[code].pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def pair(broker: LocalBroker, *, count: int, rate: float = 0) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as folder:
        both = Pair(Path(folder), broker, count=count, rate=rate)
        try:
            yield both
        finally:
            both.stop()


def throughput(broker: LocalBroker, count: int) -> dict[str, float]:
    """From the first accepted to the last receipt back at the sender."""
    with pair(broker, count=count) as both:
        both.start(SENDER)
        both.start(RECIPIENT)
        time.sleep(4)
        idle = {"idle_sender_mb": both.memory(SENDER), "idle_recipient_mb": both.memory(RECIPIENT)}
        both.open_gate()
        finished = both.wait(SENDER, Box.OUT, count, State.DONE)
        both.wait(RECIPIENT, Box.IN, count, State.DONE)  # a receipt says held; filing may come after it
        accepted, filed = both.times(SENDER, "accepted"), both.times(RECIPIENT, "filed")
        assert len(filed) == count, (len(filed), count)
        began = min(accepted.values())
        finished = max(finished - 0.025, *filed.values())  # the middle of the look that found it
        return {
            "documents": count,
            "documents_per_s": count / (finished - began),
            "accepted_per_s": count / (max(accepted.values()) - began),
            "busy_sender_mb": both.memory(SENDER),
            "busy_recipient_mb": both.memory(RECIPIENT),
            **idle,
        }


def latency(broker: LocalBroker, *, rate: float, seconds: float) -> dict[str, float]:
    """From accepted to filed at a steady rate."""
    count = int(rate * seconds)
    with pair(broker, count=count, rate=rate) as both:
        both.start(SENDER)
        both.start(RECIPIENT)
        time.sleep(4)
        both.open_gate()
        both.wait(SENDER, Box.OUT, count, State.DONE)
        both.wait(RECIPIENT, Box.IN, count, State.DONE)
        accepted, filed = both.times(SENDER, "accepted"), both.times(RECIPIENT, "filed")
        waits = [(filed[ref] - at) * 1000 for ref, at in accepted.items()]
        return {"rate": rate, "median_ms": median(waits), "p99_ms": quantiles(waits, n=100)[98], "max_ms": max(waits)}


def backlog(broker: LocalBroker, count: int) -> dict[str, float]:
    """Memory with `count` documents waiting: first in the outbox (no broker user may connect), then in the queue."""
    with pair(broker, count=count) as both:
        cut = both.land.config(SENDER)
        good = cut.read_text(encoding="utf-8")
        port = str(urlport(broker))
        cut.write_text(good.replace(f":{port}/", ":9/"), encoding="utf-8")  # nothing listens there
        both.start(SENDER)
        time.sleep(4)
        figures = {"sender_before_mb": both.memory(SENDER)}
        both.open_gate()
        began = time.time()
        both.wait(SENDER, Box.OUT, count, State.WAITING, patience=900)
        figures |= {"sender_outbox_full_mb": both.memory(SENDER), "accept_per_s": count / (time.time() - began)}
        both.stop(SENDER)
        cut.write_text(good, encoding="utf-8")
        began = time.time()
        both.start(SENDER)
        both.wait(SENDER, Box.OUT, count, State.SENT, patience=900)
        figures |= {"publish_per_s": count / (time.time() - began), "sender_published_mb": both.memory(SENDER)}
        both.start(RECIPIENT)
        began = time.time()
        both.wait(SENDER, Box.OUT, count, State.DONE, patience=900)
        figures |= {"drain_per_s": count / (time.time() - began), "recipient_drained_mb": both.memory(RECIPIENT)}
        return figures


def urlport(broker: LocalBroker) -> int:
    return int(broker.amqp_url.rpartition(":")[2].partition("/")[0])


@click.command()
@click.option("--documents", default=20_000, show_default=True)
@click.option("--backlog", "waiting", default=0, show_default=True, help="Documents waiting; 0 leaves it out.")
@click.option("--seconds", default=20.0, show_default=True, help="Of the latency run at 100 documents a second.")
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]))
@click.option("--json", "as_json", is_flag=True)
def main(documents: int, waiting: int, seconds: float, prefer: Kind | None, as_json: bool) -> None:
    figures: dict[str, object] = {}
    with local_broker(prefer) as broker:  # one a figure: nobody inherits another's queues or users
        figures["broker"] = f"RabbitMQ {broker.version} ({broker.kind})"
        figures["throughput"] = throughput(broker, documents)
    with local_broker(prefer) as broker:
        figures["latency"] = latency(broker, rate=100, seconds=seconds)
    if waiting:
        with local_broker(prefer) as broker:
            figures["backlog"] = backlog(broker, waiting)
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
