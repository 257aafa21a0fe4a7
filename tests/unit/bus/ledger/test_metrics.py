"""bus/ledger/metrics.py: what a scrape is told."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from bus.daemon.own_process import OwnProcess
from bus.ledger.judge import Why
from bus.ledger.metrics import LedgerCollector
from bus.rabbit.streams.audit_reader import Continuity
from tests.unit.bus.ledger.test_health import NOW, Watched, behind, failing


def scraped(watched: Watched, own: OwnProcess, **more: object) -> list[str]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LedgerCollector(watched, own, clock=lambda: NOW, **more))  # type: ignore[arg-type] # as given
    return generate_latest(registry).decode().splitlines()


def test_what_is_told_of_streams() -> None:
    """By stream, by standing, by why."""
    one, other = behind(), behind()
    one.name, other.name = "audit", "audit.H49"
    other.oldest = NOW - timedelta(minutes=2)
    one.standings.update({"genuine": 5, "bad-signature": 1})
    other.standings.update({"genuine": 2})
    one.found.update([Continuity.ANOTHER])
    one.passed_over.update([Why.NO_MESSAGE, Why.NO_MESSAGE])
    one.again = 7
    lines = scraped(Watched(streams={"audit": one, "audit.H49": other}), OwnProcess())
    for wanted in (
        'lienthong_ledger_behind_seconds{stream="audit"} 3600.0',
        'lienthong_ledger_behind_seconds{stream="audit.H49"} 120.0',
        'lienthong_ledger_away{stream="audit"} 0.0',
        'lienthong_ledger_recreated_total{stream="audit"} 1.0',
        'lienthong_ledger_cut_total{stream="audit"} 0.0',
        'lienthong_ledger_again_total{stream="audit"} 7.0',
        'lienthong_ledger_events_total{standing="genuine"} 7.0',
        'lienthong_ledger_events_total{standing="bad-signature"} 1.0',
        'lienthong_ledger_passed_over_total{why="no-message"} 2.0',
        "lienthong_ledger_active 1.0",
    ):
        assert wanted in lines


def test_loops_and_what_others_give() -> None:
    """Of the same scrape."""
    given = GaugeMetricFamily("lienthong_ledger_alerts", "Open alerts", value=3)
    lines = scraped(Watched(is_working=False), failing(), more=[lambda: [given]])
    for wanted in (
        'lienthong_ledger_loop_failing{loop="ingest"} 1.0',
        "lienthong_ledger_active 0.0",
        "lienthong_ledger_alerts 3.0",
    ):
        assert wanted in lines
