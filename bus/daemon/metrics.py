"""The metrics of /metrics: counters of the road, and gauges of stores, loops, links and directory."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bus.daemon.health import standby_of, waiting_in, working_daemon
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.own_process import OwnProcess
from bus.daemon.standby import Standby
from bus.errors import BusError


class RoadCollector(Collector):
    """Reads the daemons' counters and stores when /metrics is asked for, so that nothing is counted twice."""

    def __init__(self, daemons: Iterable[MailboxDaemon | Standby], own: OwnProcess | None = None) -> None:
        self._daemons = tuple(daemons)
        self._own = own or OwnProcess()

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        families = _Families()
        for each in self._daemons:
            families.add_loops(each)
            if (daemon := working_daemon(each)) is not None:
                families.add_work(daemon)
        yield from vars(families).values()
        yield from _of_the_process(self._own)


def _of_the_process(own: OwnProcess) -> Iterator[Metric]:
    threads = own.threads()
    yield GaugeMetricFamily("lienthong_threads_expected", "Threads that there should be", value=threads.expected)
    yield GaugeMetricFamily("lienthong_threads_alive", "Those of them that have not ended", value=threads.alive)
    yield CounterMetricFamily("lienthong_log_lines_lost", "Lines that could not be written", value=own.log.lost)
    yield GaugeMetricFamily(
        "lienthong_log_failing", "1 while no line can be written", value=own.log.failing_since is not None
    )
    if own.descriptors is not None:
        help_ = "Open files that so many mailboxes may need; process_max_fds is what they may have"
        yield GaugeMetricFamily("lienthong_descriptors_wanted", help_, value=own.descriptors.wanted)
    failing = GaugeMetricFamily(
        "lienthong_process_loop_failing", "1 while a loop of all mailboxes fails", labels=["loop"]
    )
    for loop in own.following:
        failing.add_metric([loop.name], loop.health.failing_since is not None)
    yield failing


class _Families:
    """The metrics of one scrape, in this order."""

    def __init__(self) -> None:
        def gauge(name: str, help_: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"lienthong_{name}", help_, labels=["mailbox", *labels])

        def counter(name: str, help_: str, *labels: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"lienthong_{name}", help_, labels=["mailbox", *labels])

        self.road = counter("road", "Messages by what happened to them", "step")
        self.boxes = gauge("messages", "Messages in a box by state", "box", "state")
        self.oldest = gauge("oldest_waiting_seconds", "Age of the oldest waiting message", "box")
        self.link = gauge("link_up", "1 where publisher and consumer are connected")
        self.readable = gauge("store_readable", "1 where the store answers")
        self.failing = gauge("loop_failing", "1 while a loop fails", "loop")
        self.edition = gauge("directory_version", "Edition of the directory in force")
        self.ends = gauge("ends_in_seconds", "Until a certificate, key or directory ends", "what")
        self.active = gauge("active", "1 where this daemon has the shared store, 0 where it stands by")
        self.quotas = gauge("quota_used_ratio", "Largest share in use of a quota, sent or held", "side")
        self.troubles = gauge("troubles", "What waits in the document system and does not go on by itself")
        self.blobs = counter("blob_bytes", "Bytes of large attachments, sealed, by direction", "direction")

    def add_loops(self, each: MailboxDaemon | Standby) -> None:
        for loop in each.loops:
            self.failing.add_metric([each.mailbox, loop.name], loop.health.failing_since is not None)
        if (standby := standby_of(each)) is not None:
            self.active.add_metric([each.mailbox], standby.status.active)

    def add_work(self, daemon: MailboxDaemon) -> None:
        now = datetime.now(UTC)
        counted = daemon.counters.read()
        for direction in ("sent", "fetched"):
            self.blobs.add_metric([daemon.mailbox, direction], counted.pop(f"blob_bytes_{direction}", 0))
        for step, count in counted.items():
            self.road.add_metric([daemon.mailbox, step], count)
        waiting = waiting_in(daemon.store)
        self.readable.add_metric([daemon.mailbox], not isinstance(waiting, BusError))
        for box, (counts, since) in waiting.items() if isinstance(waiting, dict) else ():
            for state, count in counts.items():
                self.boxes.add_metric([daemon.mailbox, box, state], count)
            age = (now - since).total_seconds() if since else 0.0
            self.oldest.add_metric([daemon.mailbox, box], max(age, 0.0))
        for side, ratio in daemon.most_used.items():
            self.quotas.add_metric([daemon.mailbox, side], ratio)
        self.troubles.add_metric([daemon.mailbox], len(daemon.troubles))
        self.link.add_metric([daemon.mailbox], daemon.broker.is_up)
        if (signed := daemon.signed) is not None:
            self.edition.add_metric([daemon.mailbox], signed.follower.edition.header.version)
            for ending in signed.endings():
                self.ends.add_metric([daemon.mailbox, ending.what.en], (ending.at - now).total_seconds())
