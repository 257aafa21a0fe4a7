"""The time of a document, stage by stage: both sides' steps, one after the other in one thread, over real folders,
stores and a real broker. `tests/bench/run stages`, or `python -m tests.bench.bench_stages [--documents N] [--json]`

Measured from outside: a step asks the world through ports, and the ports are wrapped here; the rest of a step's time is
its own work. Daemons do the same steps in threads, so that the stages of several documents overlap.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import click

from adapters.folder import FolderAdapter
from adapters.folder.small_packages import COARSE
from bus.cli.output import emit_json, json_option
from bus.directory.member import Member
from bus.files.keys import load_identity
from bus.ports.adapter import Adapter
from bus.ports.broker import Broker
from bus.ports.store import Store
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.receiving.deliver import deliver
from bus.receiving.outcome import Delivery
from bus.receiving.take_in import take_in
from bus.receiving.verified import Verified
from bus.sending.accept import accept
from bus.sending.publish import publish
from bus.store.open import open_store
from bus.wiring.config import load_config
from bus.wiring.link import link_settings
from bus.wiring.member import new_message_id
from deploy.local_broker import Kind
from schemas.edxml import read, write
from tests.bench.dms import documents
from tests.bench.ground import Ground, ground
from tests.bench.pair import RECIPIENT, SENDER, Pair, pair

P = ParamSpec("P")
T = TypeVar("T")
BATCH = 250

STAGES: Mapping[str, str] = {
    "find": "sender's folder: list, look for urgent ones, read the files",
    "translate": "package (.edxml) to document",
    "seal": "check, address, encrypt, sign, wrap",
    "commit": "outbox: look for duplicates, write, commit",
    "answer": "sender's folder: register, move to sent/",
    "publish": "read what is due, prepare, mark as sent",
    "confirm": "hand to the broker, and wait for its confirms",
    "receive": "wait for the broker's deliveries",
    "verify": "take apart, verify, judge, sign the receipt",
    "commit-inbox": "inbox: look for duplicates, write, commit",
    "open": "unwrap the key, decrypt, check, read",
    "deliver": "recipient's folder: write, sync, name, show",
    "commit-filed": "read what is due, mark as filed, remember, commit",
    "receipt": "receipts: publish, receive, verify, commit at the sender",
}


@dataclass(slots=True)
class Clock:
    """Seconds by stage; the time of a port within a step counts for the port."""

    wall: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    ports: Mapping[str, str] = field(default_factory=dict)
    """The stage that a port's time counts for, in the step under way: port -> stage."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time of this block, less the time counted elsewhere meanwhile."""
        began, used = time.perf_counter(), time.thread_time()
        elsewhere, spent = sum(self.wall.values()), sum(self.cpu.values())
        yield
        self.wall[name] += time.perf_counter() - began - (sum(self.wall.values()) - elsewhere)
        self.cpu[name] += time.thread_time() - used - (sum(self.cpu.values()) - spent)

    @contextmanager
    def step(self, name: str, **ports: str) -> Iterator[None]:
        before, self.ports = self.ports, ports
        with self.stage(name):
            yield
        self.ports = before

    def timed(self, port: str, call: Callable[P, T]) -> Callable[P, T]:
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.stage(self.ports[port]):
                return call(*args, **kwargs)

        return timed


class _Port:
    """A proxy of any object, whose calls are timed as one port's."""

    def __init__(self, port: str, inner: Any, clock: Clock) -> None:
        self._port, self._inner, self._clock = port, inner, clock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._clock.timed(self._port, found) if callable(found) else found


class _TimedStore(_Port):
    @contextmanager
    def _transaction(self, kind: str) -> Iterator[Any]:
        block = getattr(self._inner, kind)()
        tx = self._clock.timed(self._port, block.__enter__)()
        try:
            yield _Port(self._port, tx, self._clock)
        except BaseException as error:
            block.__exit__(type(error), error, error.__traceback__)
            raise
        self._clock.timed(self._port, block.__exit__)(None, None, None)

    def write(self) -> Any:
        return self._transaction("write")

    def read(self) -> Any:
        return self._transaction("read")


class _Side:
    """One mailbox with timed ports."""

    def __init__(self, both: Pair, code: str, io: IoThread, clock: Clock) -> None:
        config = load_config(both.land.config(code))
        self.member = Member(
            mailbox=code,
            directory=both.land.directory(),
            identity=load_identity(both.root / "keys" / code),
            new_id=new_message_id,
        )
        self.verified = Verified()
        self.link = Link(link_settings(config), io=io)
        self.kept = open_store(f"sqlite:///{both.root / 'stores' / code}.db", owner=code)
        folder = FolderAdapter({"root": both.land.dms(code), "quiet": 0})
        folder.reports_arrival = True  # statuses would take the same road again: they are left out
        self.store = cast(Store, _TimedStore("store", self.kept, clock))
        self.broker = cast(Broker, _Port("broker", self.link, clock))
        self.adapter = cast(Adapter, _Port("adapter", folder, clock))
        assert self.link.wait_ready(20)

    def close(self) -> None:
        self.link.close()
        self.kept.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _written(folder: Path, count: int) -> Sequence[bytes]:
    """Returns `count` packages of about 4 KiB, waiting to be sent."""
    template = documents(SENDER, RECIPIENT)
    packages = [write(template.model_copy(update={"id": f"bench/{number}"})) for number in range(count)]
    for number, package in enumerate(packages):
        (folder / f"{number:06}.edxml").write_bytes(package)
    time.sleep(2 * COARSE)  # a file that comes while the folder is listed waits for the next listing
    return packages


def _send(one: _Side, clock: Clock, packages: Sequence[bytes]) -> None:
    """Takes one batch from the folder to the broker."""
    with clock.step("find", adapter="find"):
        collected = one.adapter.collect(len(packages))
    assert len(collected) == len(packages)
    # Again, of the same bytes and alone: the share of reading packages in `find`.
    wall, cpu = clock.wall["translate"], clock.cpu["translate"]
    with clock.stage("translate"):
        for package in packages:
            read(package)
    clock.wall["find"] -= clock.wall["translate"] - wall
    clock.cpu["find"] -= clock.cpu["translate"] - cpu
    with clock.step("seal", store="commit"):
        answers = accept(one.store, collected, member=one.member, now=_now())
    with clock.step("answer", adapter="answer"):
        one.adapter.acknowledge(answers)
    with clock.step("publish", store="publish", broker="confirm"):
        publish(one.store, one.broker, now=_now(), dice=lambda: 0.5)


def _take(other: _Side, clock: Clock, count: int) -> None:
    """Takes one batch from the broker into the folder."""
    while count > 0:
        with clock.step("receive", broker="receive"):
            arrivals = other.broker.receive(limit=500, wait=10)
        assert arrivals
        with clock.step("verify", store="commit-inbox"):
            take_in(other.store, arrivals, member=other.member, now=_now(), verified=other.verified)
        with clock.step("receive", broker="receive"):
            other.broker.ack(arrivals)
        with clock.step("open", store="commit-filed", adapter="deliver"):
            delivery = Delivery(member=other.member, now=_now(), dice=lambda: 0.5, verified=other.verified)
            while deliver(other.store, other.adapter, delivery, limit=BATCH).more:
                pass
        count -= len(arrivals)


def _receipt(one: _Side, other: _Side, clock: Clock) -> None:
    with clock.step("receipt", store="receipt", broker="receipt"):
        while publish(other.store, other.broker, now=_now(), dice=lambda: 0.5).more:
            pass
        while arrivals := one.broker.receive(limit=500, wait=0.02):
            take_in(one.store, arrivals, member=one.member, now=_now())
            one.broker.ack(arrivals)


def stages(ground: Ground, count: int) -> Mapping[str, Mapping[str, float]]:
    """Returns microseconds for each document, by stage: elapsed, and CPU of this thread. `io` is the CPU of pika's
    thread meanwhile, for both sides."""
    with pair(ground, count=count) as both, IoThread() as io:
        clock = Clock()
        one, other = (_Side(both, code, io, clock) for code in (SENDER, RECIPIENT))
        try:
            packages = _written(both.land.dms(SENDER) / "outgoing", count)
            busy, used = time.process_time(), time.thread_time()
            for start in range(0, count, BATCH):
                some = packages[start : start + BATCH]
                _send(one, clock, some)
                _take(other, clock, len(some))
                _receipt(one, other, clock)
            beside = (time.process_time() - busy) - (time.thread_time() - used)
        finally:
            one.close()
            other.close()
    found = {name: {"us": clock.wall[name] / count * 1e6, "cpu_us": clock.cpu[name] / count * 1e6} for name in STAGES}
    return found | {"io": {"us": 0.0, "cpu_us": beside / count * 1e6}}


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Returns the table in Markdown."""
    whole = sum(each["us"] for each in found.values())
    lines = ["| Stage | What it is | µs a document | of it CPU | Share |", "|---|---|---:|---:|---:|"]
    for name, about in STAGES.items():
        each = found[name]
        lines.append(f"| {name} | {about} | {each['us']:,.0f} | {each['cpu_us']:,.0f} | {each['us'] / whole:.0%} |")
    cpu = sum(each["cpu_us"] for each in found.values())
    lines.append(
        f"| (I/O thread) | moving bytes to and from the broker, meanwhile | – | {found['io']['cpu_us']:,.0f} | – |"
    )
    lines.append(f"| **all** | one after the other, both sides | **{whole:,.0f}** | **{cpu:,.0f}** | |")
    return "\n".join(lines)


@click.command()
@click.option("--documents", default=5_000, show_default=True, type=click.IntRange(min=BATCH))
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER")
@json_option
def main(documents: int, prefer: Kind | None, as_json: bool) -> None:
    """Where a document's time goes: a table by stage, in Markdown."""
    with ground(prefer) as here:
        load = os.getloadavg()[0]
        found = stages(here, documents)
    if as_json:
        emit_json({"documents": documents, "load": load, "stages": found})
    else:
        click.echo(table(found))


if __name__ == "__main__":
    main()
