"""The figures of a report, from the measurements of the runs: medians, ratios, and whether each is as good as wanted.
Pure; __main__.py knows which run gave which measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Run = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AtLeast:
    limit: float


@dataclass(frozen=True, slots=True)
class AtMost:
    limit: float


Wanted = AtLeast | AtMost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    key: str
    """The figure's name for programs; it never changes."""
    about: str
    name: str
    unit: str
    runs: tuple[float, ...]
    wanted: Wanted = None
    load: float
    """The machine's load in the minute before, the highest of all runs; without our own work it would be 0."""

    @property
    def value(self) -> float:
        return median(self.runs)

    @property
    def met(self) -> bool | None:
        match self.wanted:
            case AtLeast(limit):
                return self.value >= limit
            case AtMost(limit):
                return self.value <= limit
            case None:
                return None

    def plain(self) -> Mapping[str, object]:
        limit = {} if self.wanted is None else {type(self.wanted).__name__: self.wanted.limit}
        return {
            "key": self.key,
            "about": self.about,
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "runs": list(self.runs),
            "wanted": limit or None,
            "met": self.met,
            "load": self.load,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All measurements of one call of the benchmarks; each list has one entry for each run."""

    seal: Run
    road: Sequence[Run]
    peers: Mapping[str, Sequence[Run]]
    """Name -> runs of {"messages_per_s", "load"}, each taken beside the road's run of the same place."""
    latency: Run | None
    backlog: Run | None
    fan_out: Run | None = None
    hosted: Run | None = None
    """Memory and CPU of idle mailboxes in one process."""
    sizes: Mapping[tuple[int, int], Sequence[Run]] = field(default_factory=dict)
    """(mailboxes, units besides) -> runs of the road, in turns."""
    directory: Run | None = None
    urgent: Mapping[str, Run] = field(default_factory=dict)
    """Runs by the place where the ordinary documents waited."""


NEARLY = 0.9
"""Two rates within a tenth of each other count as the same: runs of the same thing differ that much."""

PEERS = {
    "faststream-awaited": "FastStream, each publish awaited, as its documentation has it",
    "faststream": "FastStream, 500 publishes in flight",
    "pika-awaited": "pika, BlockingConnection, one confirm at a time",
    "pika": "pika, SelectConnection, 500 confirms in flight",
    "kombu": "kombu, confirm_publish",
    "as2-http": "pyas2lib over HTTP, durable on both sides: equal work",
    "as2": "pyas2lib alone, on all cores, no transport, no store",
}
"""The peers in the order in which they are shown; the last two seal, sign and receipt, the others carry bytes only."""

WANTED_RATIO: Mapping[str, Wanted] = {
    "faststream-awaited": AtLeast(1),
    "faststream": AtLeast(1),
    "as2-http": AtLeast(25),
}


def figures(measured: Measured) -> list[Figure]:
    found = [*_seal(measured.seal), *_road(measured.road), *_ratios(measured.road, measured.peers)]
    if measured.latency:
        found += _latency(measured.latency)
    found += _idle(measured.road)
    found += _country(measured)
    if measured.backlog:
        found += _backlog(measured.backlog)
    found += _urgent(measured.urgent)
    return found


def _urgent(runs: Mapping[str, Run]) -> Iterator[Figure]:
    for place, run in runs.items():
        yield Figure(
            key=f"urgent.{place}_s",
            about="One urgent document, from dropped to filed, while ordinary ones wait",
            name=f"{run['waiting']:,.0f} of them in {PLACES[place]}",
            unit="s",
            runs=(run["seconds"],),
            wanted=AtMost(2),
            load=run["load"],
        )


def _country(measured: Measured) -> Iterator[Figure]:
    if run := measured.fan_out:
        about = (
            f"One document to {run['recipients']:,.0f} mailboxes that one process hosts, each with a store of its own"
        )
        yield _single("fan_out.filed_s", about, "accepted until all have filed it", "s", run["filed_s"], run, AtMost(1))
        name = "until the sender has the last receipt"
        yield _single("fan_out.receipted_s", about, name, "s", run["receipted_s"], run, None)
    if run := measured.hosted:
        about = "Mailboxes with nothing to do, in one process"
        for key in (key for key in run if key.startswith("mb_")):
            name = f"memory of a process that hosts {key.removeprefix('mb_')}"
            yield _single(f"hosted.{key}", about, name, "MB", run[key], run, None)
        yield _single("hosted.each_mb", about, "memory of each one more", "MB", run["each_mb"], run, AtMost(5))
        yield _single("hosted.each_cpu_ms", about, "CPU of each", "ms/s", run["each_cpu_ms"], run, None)
    yield from _sizes(measured.sizes)
    if run := measured.directory:
        about = f"A signed directory of {run['units']:,.0f} units and 1,000 mailboxes"
        yield _single("directory.load_s", about, "load", "s", run["load_s"], run, AtMost(2))
        yield _single("directory.memory_mb", about, "memory of the process", "MB", run["memory_mb"], run, AtMost(150))
        for key, name, wanted in (("cold", "resolve a code the first time", AtMost(20)), ("warm", "again", None)):
            value = run[f"resolve_{key}_us"]
            yield _single(f"directory.resolve_{key}_us", about, name, "µs", value, run, wanted)


def _sizes(sizes: Mapping[tuple[int, int], Sequence[Run]]) -> Iterator[Figure]:
    """Returns the figures of each size against the smallest, run for run."""
    if not sizes:
        return
    smallest, *larger = sizes
    for size in larger:
        (mailboxes, units), runs = size, sizes[size]
        ratios = tuple(
            run["documents_per_s"] / first["documents_per_s"] for run, first in zip(runs, sizes[smallest], strict=True)
        )
        yield Figure(
            key=f"size.{mailboxes}.{units}",
            about=f"The road in a larger country, against one of {smallest[0]} mailboxes, run for run",
            name=f"{mailboxes:,} mailboxes" + (f", {units:,} units" if units else ""),
            unit="×",
            runs=ratios,
            wanted=AtLeast(NEARLY),
            load=_load(runs),
        )


PLACES = {
    "queue": "the recipient's queue",
    "inbox": "its inbox",
    "outbox": "the sender's outbox",
    "folder": "the sender's folder",
}


def _seal(run: Run) -> Iterator[Figure]:
    about = "One document of 4 KiB for one recipient, all included"
    for key, name in (
        ("seal_us", "seal: pack, encrypt, wrap, sign"),
        ("open_us", "open: parse, verify, unwrap, decrypt"),
    ):
        value = run[key] / 1000
        yield Figure(
            key=f"seal.{key[:4]}_ms",
            about=about,
            name=name,
            unit="ms",
            runs=(value,),
            wanted=AtMost(1),
            load=run["load"],
        )


def _road(runs: Sequence[Run]) -> Iterator[Figure]:
    about = f"The whole road, {runs[0]['documents']:,.0f} documents of 4 KiB, two daemons, every commit durable"
    rows: tuple[tuple[str, str, str, Wanted], ...] = (
        ("documents_per_s", "from accepted to filed and receipted", "documents/s", AtLeast(1000)),
        ("cpu_sender_us", "CPU of the sender's daemon", "µs/document", None),
        ("cpu_recipient_us", "CPU of the recipient's daemon", "µs/document", None),
        ("cpu_broker_us", "CPU of RabbitMQ", "µs/document", None),
        ("others_percent", "the machine's CPU that anything else took meanwhile", "%", None),
        ("busy_sender_mb", "memory of the sender's daemon at work", "MB", None),
        ("busy_recipient_mb", "memory of the recipient's daemon at work", "MB", None),
    )
    for key, name, unit, wanted in rows:
        values = tuple(run[key] for run in runs)
        yield Figure(key=f"road.{key}", about=about, name=name, unit=unit, runs=values, wanted=wanted, load=_load(runs))


def _ratios(road: Sequence[Run], peers: Mapping[str, Sequence[Run]]) -> Iterator[Figure]:
    size = road[0]["body_bytes"]
    about = f"Others, the same {size:,.0f} bytes a message, two processes, quorum queue; only the last two seal"
    for peer, runs in peers.items():
        values = tuple(run["messages_per_s"] for run in runs)
        load = _load(runs)
        yield Figure(key=f"peer.{peer}", about=about, name=PEERS[peer], unit="messages/s", runs=values, load=load)
    for peer, runs in peers.items():
        ratios = tuple(
            ours["documents_per_s"] / theirs["messages_per_s"] for ours, theirs in zip(road, runs, strict=True)
        )
        yield Figure(
            key=f"ratio.{peer}",
            about="The road beside them, run for run",
            name=f"the road / {PEERS[peer]}",
            unit="×",
            runs=ratios,
            wanted=WANTED_RATIO.get(peer),
            load=_load([*road, *runs]),
        )


def _latency(run: Run) -> Iterator[Figure]:
    about = f"Latency at {run['rate']:,.0f} documents/s, {run['documents']:,.0f} documents"
    rows: tuple[tuple[str, str, Wanted], ...] = (
        ("median_ms", "accepted to filed, median", AtMost(50)),
        ("p99_ms", "accepted to filed, 99 of 100", AtMost(250)),
        ("max_ms", "accepted to filed, the slowest", None),
        ("from_written_median_ms", "lying in the sender's system to filed, median", None),
        ("from_written_p99_ms", "lying in the sender's system to filed, 99 of 100", None),
    )
    for key, name, wanted in rows:
        yield _single(f"latency.{key}", about, name, "ms", run[key], run, wanted)


def _idle(runs: Sequence[Run]) -> Iterator[Figure]:
    values = tuple(max(run["idle_sender_mb"], run["idle_recipient_mb"]) for run in runs)
    yield Figure(
        key="idle.mb",
        about="A daemon with nothing to do",
        name="resident memory, the larger of the two",
        unit="MB",
        runs=values,
        wanted=AtMost(80),
        load=_load(runs),
    )


def _backlog(run: Run) -> Iterator[Figure]:
    about = f"{run['waiting']:,.0f} documents waiting"
    memory = (
        ("sender_outbox", "sender, outbox filling and full", "sender_outbox_full_mb", "sender_before_mb"),
        ("sender_publishing", "sender, publishing them", "sender_publishing_mb", "sender_before_mb"),
        ("sender_receipts", "sender, taking their receipts", "sender_receipts_mb", "sender_before_mb"),
        (
            "recipient_draining",
            "recipient, all in its queue, then draining",
            "recipient_draining_mb",
            "recipient_before_mb",
        ),
        ("broker_queue", "RabbitMQ, its queue full for 20 s", "broker_queue_waiting_mb", "broker_before_mb"),
    )
    for key, name, after, before in memory:
        added = run[after] - run[before]
        yield _single(f"backlog.{key}_mb", f"{about}: memory added", name, "MB", added, run, AtMost(100))
    burst = run["broker_queue_filled_mb"] - run["broker_before_mb"]
    name = "RabbitMQ, the moment the last has come"
    yield _single("backlog.broker_burst_mb", f"{about}: memory added", name, "MB", burst, run, None)
    for step, name in (
        ("accept", "accept"),
        ("publish", "publish"),
        ("take_in", "take in"),
        ("file", "take in and file"),
    ):
        many, few = run[f"{step}_many_per_s"], run[f"{step}_few_per_s"]
        speed = f"{about}: documents/s with nearly all of them, and with few, waiting"
        yield _single(f"backlog.{step}_many", speed, f"{name}, nearly all", "documents/s", many, run, None)
        yield _single(f"backlog.{step}_few", speed, f"{name}, few", "documents/s", few, run, None)
        yield _single(
            f"backlog.{step}_ratio", speed, f"{name}, nearly all / few", "×", many / few, run, AtLeast(NEARLY)
        )


def _single(key: str, about: str, name: str, unit: str, value: float, run: Run, wanted: Wanted) -> Figure:
    return Figure(key=key, about=about, name=name, unit=unit, runs=(value,), wanted=wanted, load=run["load"])


def _load(runs: Sequence[Run]) -> float:
    return max(run["load"] for run in runs)
