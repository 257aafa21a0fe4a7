"""What a daemon counts and what it can be asked: counters of the road, and the gauges of /metrics and /healthz."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bus.errors import BusError
from bus.ports import Store
from bus.records import Box, State

if TYPE_CHECKING:
    from bus.daemon.mailbox import MailboxDaemon


class Tally:
    """Counts since the daemon started. Safe from all loops."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        with self._lock:
            self._counts.update(counts)

    def read(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)


class RoadCollector(Collector):
    """Reads the daemons' tallies and stores when /metrics is asked for, so that nothing is counted twice."""

    def __init__(self, daemons: Iterable["MailboxDaemon"]) -> None:
        self._daemons = tuple(daemons)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        road = CounterMetricFamily("lienthong_road", "Messages by what happened to them", labels=["mailbox", "step"])
        boxes = GaugeMetricFamily(
            "lienthong_messages", "Messages in a box by state", labels=["mailbox", "box", "state"]
        )
        oldest = GaugeMetricFamily(
            "lienthong_oldest_waiting_seconds", "Age of the oldest waiting message", labels=["mailbox", "box"]
        )
        link = GaugeMetricFamily(
            "lienthong_link_up", "1 where publisher and consumer are connected", labels=["mailbox"]
        )
        edition = GaugeMetricFamily(
            "lienthong_directory_version", "Edition of the directory in force", labels=["mailbox"]
        )
        ends = GaugeMetricFamily(
            "lienthong_ends_in_seconds", "Until a certificate, key or directory ends", labels=["mailbox", "what"]
        )
        readable = GaugeMetricFamily("lienthong_store_readable", "1 where the store answers", labels=["mailbox"])
        failing = GaugeMetricFamily("lienthong_loop_failing", "1 while a loop fails", labels=["mailbox", "loop"])
        now = datetime.now(UTC)
        for daemon in self._daemons:
            for step, count in daemon.tally.read().items():
                road.add_metric([daemon.mailbox, step], count)
            held = _held(daemon.store)
            readable.add_metric([daemon.mailbox], not isinstance(held, BusError))
            for box, (counts, since) in held.items() if isinstance(held, dict) else ():
                for state, count in counts.items():
                    boxes.add_metric([daemon.mailbox, box, state], count)
                age = (now - since).total_seconds() if since else 0.0
                oldest.add_metric([daemon.mailbox, box], max(age, 0.0))
            link.add_metric([daemon.mailbox], daemon.broker.is_up)
            if (standpoint := daemon.standpoint) is not None:
                edition.add_metric([daemon.mailbox], standpoint.bulletin.edition.header.version)
                for ending in standpoint.endings():
                    ends.add_metric([daemon.mailbox, ending.what.en], (ending.at - now).total_seconds())
            for loop in daemon.loops:
                failing.add_metric([daemon.mailbox, loop.name], loop.health.failing_since is not None)
        yield from (road, boxes, oldest, link, readable, failing, edition, ends)


_Held = dict[Box, tuple[Mapping[State, int], datetime | None]]
"""How many messages stand where, and since when the oldest has waited."""


def _held(store: Store) -> _Held | BusError:
    """The error where the store does not answer: what is known without it must still be told."""
    try:
        with store.read() as tx:
            return {box: (tx.counts(box), tx.oldest(box, State.WAITING)) for box in Box}
    except BusError as error:
        return error


def _directory(daemon: "MailboxDaemon") -> dict[str, object]:
    """Which edition it goes by; nothing where the directory is not signed."""
    if daemon.standpoint is None:
        return {}
    header, refused = daemon.standpoint.bulletin.edition.header, daemon.standpoint.bulletin.refused
    said = {"version": header.version, "issued_at": header.issued_at, "expires_at": header.expires_at}
    return {"directory": said | ({"refused_at": refused[0], "refused": refused[1]} if refused else {})}


def health(daemons: Iterable["MailboxDaemon"]) -> tuple[bool, dict[str, object]]:
    """Whether all is well, and the answer of /healthz."""
    well, mailboxes = True, []
    for daemon in daemons:
        loops = {
            loop.name: {
                "ok_at": loop.health.ok_at,
                "failing_since": loop.health.failing_since,
                "error": loop.health.error,
                "error_vi": loop.health.error_vi,
            }
            for loop in daemon.loops
        }
        held = _held(daemon.store)
        lost = {"store": held.in_english(), "store_vi": held.in_vietnamese()} if isinstance(held, BusError) else {}
        boxes = {} if isinstance(held, BusError) else {str(box): dict(counts) for box, (counts, _) in held.items()}
        fine = daemon.broker.is_up and not lost and all(loop.health.failing_since is None for loop in daemon.loops)
        well = well and fine
        mailboxes.append(
            {
                "mailbox": daemon.mailbox,
                "ok": fine,
                "broker": daemon.broker.state(),
                "loops": loops,
                **_directory(daemon),
                **lost,
                **boxes,
            }
        )
    return well, {"ok": well, "mailboxes": mailboxes}
