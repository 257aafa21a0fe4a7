"""What /metrics tells of alerts, obligations and endings: figures of the last look: no scrape asks a database."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from bus.ledger.alerts.lookout import Seen


def families(seen: Seen | None, *, now: datetime | None = None) -> Iterator[Metric]:
    """Nothing before the first look."""
    if seen is None:
        return
    now = now or datetime.now(UTC)

    def gauge(name: str, help_: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"lienthong_ledger_{name}", help_, labels=labels)

    looked = gauge("looked_seconds", "Seconds since the alerts were last looked for")
    looked.add_metric([], (now - seen.at).total_seconds())
    alerts = gauge("alerts", "Alerts that are open and raised, silenced ones too", "cause", "who")
    for (cause, who), count in sorted(seen.raised.items()):
        alerts.add_metric([cause, who], count)
    notices = gauge("notices_waiting", "Messages about alerts that no channel has taken yet")
    notices.add_metric([], seen.waiting)
    owed = gauge("obligations", "What is owed; of that, what is overdue, and what has a provisional deadline", "state")
    for state, count in seen.owing._asdict().items():
        owed.add_metric([state], count)
    oldest = gauge("oldest_unreceipted_seconds", "Age of the oldest document without a receipt")
    oldest.add_metric([], seen.unreceipted.total_seconds())
    ends = gauge("ends_in_seconds", "Until something of the directory ends: the soonest of each sort", "what")
    for what, at in sorted(seen.ends.items()):
        ends.add_metric([what], (at - now).total_seconds())
    years = gauge("calendar_unconfirmed", "1 for a year whose calendar should have been confirmed by now", "year")
    for year in seen.unconfirmed:
        years.add_metric([str(year)], 1)
    yield from (looked, alerts, notices, owed, oldest, ends, years)
