"""What a daemon can be asked: counters of the road, and the gauges of /metrics and /healthz."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bus.daemon.loops import Loop
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.standby import Standby
from bus.errors import BusError
from bus.ports import Store
from bus.records import Box, State
from bus.transfers import under_way


class RoadCollector(Collector):
    """Reads the daemons' tallies and stores when /metrics is asked for, so that nothing is counted twice."""

    def __init__(self, daemons: Iterable[MailboxDaemon | Standby]) -> None:
        self._daemons = tuple(daemons)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        families = _Families()
        for each in self._daemons:
            families.stand(each)
            if (daemon := _at_work(each)) is not None:
                families.work(daemon)
        yield from vars(families).values()


class _Families:
    """What one scrape is told, in this order."""

    def __init__(self) -> None:
        def gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"lienthong_{name}", said, labels=["mailbox", *labels])

        def counter(name: str, said: str, *labels: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"lienthong_{name}", said, labels=["mailbox", *labels])

        self.road = counter("road", "Messages by what happened to them", "step")
        self.boxes = gauge("messages", "Messages in a box by state", "box", "state")
        self.oldest = gauge("oldest_waiting_seconds", "Age of the oldest waiting message", "box")
        self.link = gauge("link_up", "1 where publisher and consumer are connected")
        self.readable = gauge("store_readable", "1 where the store answers")
        self.failing = gauge("loop_failing", "1 while a loop fails", "loop")
        self.edition = gauge("directory_version", "Edition of the directory in force")
        self.ends = gauge("ends_in_seconds", "Until a certificate, key or directory ends", "what")
        self.active = gauge("active", "1 where this daemon has the shared store, 0 where it stands by")
        self.blobs = counter("blob_bytes", "Bytes of large attachments, sealed, by direction", "direction")

    def stand(self, each: MailboxDaemon | Standby) -> None:
        for loop in each.loops:
            self.failing.add_metric([each.mailbox, loop.name], loop.health.failing_since is not None)
        if (standby := _standby(each)) is not None:
            self.active.add_metric([each.mailbox], standby.standing.active)

    def work(self, daemon: MailboxDaemon) -> None:
        now = datetime.now(UTC)
        counted = daemon.tally.read()
        for direction in ("sent", "fetched"):
            self.blobs.add_metric([daemon.mailbox, direction], counted.pop(f"blob_bytes_{direction}", 0))
        for step, count in counted.items():
            self.road.add_metric([daemon.mailbox, step], count)
        held = _held(daemon.store)
        self.readable.add_metric([daemon.mailbox], not isinstance(held, BusError))
        for box, (counts, since) in held.items() if isinstance(held, dict) else ():
            for state, count in counts.items():
                self.boxes.add_metric([daemon.mailbox, box, state], count)
            age = (now - since).total_seconds() if since else 0.0
            self.oldest.add_metric([daemon.mailbox, box], max(age, 0.0))
        self.link.add_metric([daemon.mailbox], daemon.broker.is_up)
        if (standpoint := daemon.standpoint) is not None:
            self.edition.add_metric([daemon.mailbox], standpoint.bulletin.edition.header.version)
            for ending in standpoint.endings():
                self.ends.add_metric([daemon.mailbox, ending.what.en], (ending.at - now).total_seconds())


_Held = dict[Box, tuple[Mapping[State, int], datetime | None]]
"""How many messages stand where, and since when the oldest has waited."""


def _held(store: Store) -> _Held | BusError:
    """The error where the store does not answer: what is known without it must still be told."""
    try:
        with store.read() as tx:
            return {box: (tx.counts(box), tx.oldest(box, State.WAITING)) for box in Box}
    except BusError as error:
        return error


def _transfers(store: Store) -> list[dict[str, object]]:
    """Large attachments under way; a few, the oldest."""
    return [
        {
            "message": each.row.docket.id,
            "state": each.row.state,
            "bytes": each.size,
            "done": each.done,
            **({"error": each.row.error} if each.row.error else {}),
        }
        for each in under_way(store, limit=SHOWN)
        if each.size
    ]


SHOWN = 20
"""Transfers told of."""


def _directory(daemon: MailboxDaemon) -> dict[str, object]:
    """Which edition it goes by; nothing where the directory is not signed."""
    if daemon.standpoint is None:
        return {}
    header, refused = daemon.standpoint.bulletin.edition.header, daemon.standpoint.bulletin.refused
    said = {"version": header.version, "issued_at": header.issued_at, "expires_at": header.expires_at}
    return {"directory": said | ({"refused_at": refused[0], "refused": refused[1]} if refused else {})}


def health(daemons: Iterable[MailboxDaemon | Standby]) -> tuple[bool, dict[str, object]]:
    """Whether all is well, and the answer of /healthz."""
    well, mailboxes = True, []
    for each in daemons:
        fine, said = _said_of(each)
        well = well and fine
        mailboxes.append({"mailbox": each.mailbox, "ok": fine, **said})
    return well, {"ok": well, "mailboxes": mailboxes}


def _said_of(each: MailboxDaemon | Standby) -> tuple[bool, dict[str, object]]:
    standby, daemon = _standby(each), _at_work(each)
    fine = all(loop.health.failing_since is None for loop in each.loops)
    said: dict[str, object] = {"loops": {loop.name: _health_of(loop) for loop in each.loops}}
    if standby is not None:
        standing = standby.standing
        said["standing"] = "active" if standing.active else "standby"
        said["standing_since"] = standing.since
        if not standing.active:
            said |= {"waits_for": standing.waits_for, "holder_since": standing.holder_since}
    if daemon is None:
        return fine, said
    held = _held(daemon.store)
    lost = {"store": held.in_english(), "store_vi": held.in_vietnamese()} if isinstance(held, BusError) else {}
    boxes = {} if isinstance(held, BusError) else {str(box): dict(counts) for box, (counts, _) in held.items()}
    said |= {"broker": daemon.broker.state(), **_directory(daemon), **lost, **boxes}
    if not lost and (transfers := _transfers(daemon.store)):
        said["transfers"] = transfers
    return fine and daemon.broker.is_up and not lost, said


def _health_of(loop: Loop) -> dict[str, object]:
    return {
        "ok_at": loop.health.ok_at,
        "failing_since": loop.health.failing_since,
        "error": loop.health.error,
        "error_vi": loop.health.error_vi,
    }


def _standby(each: MailboxDaemon | Standby) -> Standby | None:
    """Where its store is shared."""
    return None if isinstance(each, MailboxDaemon) else each


def _at_work(each: MailboxDaemon | Standby) -> MailboxDaemon | None:
    return each if isinstance(each, MailboxDaemon) else each.daemon
