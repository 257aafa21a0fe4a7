"""The metrics of a ledger's /metrics. What they say of obligations, alerts and endings comes from whoever knows: more
collectors of the same scrape."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bus.daemon.own_process import OwnProcess
from bus.ledger.health import Watched
from bus.rabbit.streams.audit_reader import Continuity

More: TypeAlias = Callable[[], Iterable[Metric]]
"""Families that others give at each scrape."""


class LedgerCollector(Collector):
    """Reads the process's own counts when /metrics is asked for, so that nothing is counted twice."""

    def __init__(
        self,
        watched: Watched,
        own: OwnProcess,
        more: Sequence[More] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._watched = watched
        self._own = own
        self._more = more
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from self._of_streams()
        yield from self._of_the_process()
        for each in self._more:
            yield from each()

    def _of_streams(self) -> Iterator[Metric]:
        def gauge(name: str, help_: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"lienthong_ledger_{name}", help_, labels=["stream"])

        def counter(name: str, help_: str, label: str = "stream") -> CounterMetricFamily:
            return CounterMetricFamily(f"lienthong_ledger_{name}", help_, labels=[label])

        behind = gauge("behind_seconds", "Age of the oldest message that is not read; 0 where there is none")
        away = gauge("away", "1 while the stream cannot be read")
        recreated = counter("recreated", "How often a stream was found made anew, with what was not read lost")
        cut = counter("cut", "How often a stream was found to have dropped what was not read")
        again = counter("again", "Messages that were known already: published again, or read again")
        events = counter("events", "Events kept, by standing: genuine, or the code of what is wrong", "standing")
        passed = counter("passed_over", "What came and is no event, by why", "why")
        standings: dict[str, int] = {}
        reasons: dict[str, int] = {}
        now = self._clock()
        for name, stream in self._watched.streams.items():
            behind.add_metric([name], stream.behind(now).total_seconds())
            away.add_metric([name], not stream.is_open)
            recreated.add_metric([name], stream.found[Continuity.ANOTHER])
            cut.add_metric([name], stream.found[Continuity.CUT])
            again.add_metric([name], stream.again)
            for standing, count in list(stream.standings.items()):
                standings[standing] = standings.get(standing, 0) + count
            for why, count in list(stream.passed_over.items()):
                reasons[why] = reasons.get(why, 0) + count
        for standing, count in standings.items():
            events.add_metric([standing], count)
        for reason, count in reasons.items():
            passed.add_metric([reason], count)
        yield from (behind, away, recreated, cut, again, events, passed)

    def _of_the_process(self) -> Iterator[Metric]:
        watched, threads = self._watched, self._own.threads()
        yield GaugeMetricFamily(
            "lienthong_ledger_active", "1 where this ledger works, 0 where it stands by", value=watched.is_working
        )
        yield GaugeMetricFamily("lienthong_threads_expected", "Threads that there should be", value=threads.expected)
        yield GaugeMetricFamily("lienthong_threads_alive", "Those of them that have not ended", value=threads.alive)
        yield CounterMetricFamily(
            "lienthong_log_lines_lost", "Lines that could not be written", value=self._own.log.lost
        )
        failing = GaugeMetricFamily("lienthong_ledger_loop_failing", "1 while a loop fails", labels=["loop"])
        for loop in self._own.following:
            failing.add_metric([loop.name], loop.health.failing_since is not None)
        yield failing
        if watched.follower is not None:
            yield GaugeMetricFamily(
                "lienthong_ledger_directory_version",
                "Edition of the directory in force",
                value=watched.follower.edition.header.version,
            )
