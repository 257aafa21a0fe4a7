"""What a scrape is told of the last look."""

from collections import Counter
from datetime import timedelta

from prometheus_client.metrics_core import Metric

from bus.ledger.alerts.figures import Owing
from bus.ledger.alerts.lookout import Seen
from bus.ledger.alerts.metrics import families
from tests.unit.bus.ledger.alerts.alerts_world import NOW

SEEN = Seen(
    at=NOW - timedelta(seconds=30),
    raised=Counter({("overdue", "recipient"): 2}),
    owing=Owing(open=7, overdue=2, provisional=1),
    unreceipted=timedelta(hours=1),
    waiting=3,
    ends={"directory": NOW + timedelta(days=1), "keys": NOW - timedelta(days=1)},
    unconfirmed=(2027,),
)


def values(found: list[Metric]) -> dict[str, float]:
    return {
        f"{sample.name}{''.join(f' {value}' for value in sample.labels.values())}": sample.value
        for each in found
        for sample in each.samples
    }


def test_a_scrape_has_the_figures_of_the_last_look() -> None:
    """By the names that the rules in deploy/alerts ask for."""
    assert values(list(families(SEEN, now=NOW))) == {
        "lienthong_ledger_looked_seconds": 30,
        "lienthong_ledger_alerts overdue recipient": 2,
        "lienthong_ledger_notices_waiting": 3,
        "lienthong_ledger_obligations open": 7,
        "lienthong_ledger_obligations overdue": 2,
        "lienthong_ledger_obligations provisional": 1,
        "lienthong_ledger_oldest_unreceipted_seconds": 3600,
        "lienthong_ledger_ends_in_seconds directory": 86400,
        "lienthong_ledger_ends_in_seconds keys": -86400,
        "lienthong_ledger_calendar_unconfirmed 2027": 1,
    }


def test_before_the_first_look_nothing_is_told() -> None:
    """A zero would be a lie."""
    assert list(families(None, now=NOW)) == []
