"""bus/ledger/streams.py: how far behind a stream's reading is."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.ledger.streams import Alarm, StreamState
from bus.rabbit.streams.audit_reader import Continuity

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "behind"),
    [
        (StreamState("audit"), timedelta(0)),
        (StreamState("audit", is_open=True, read_at=NOW - HOUR), timedelta(0)),
        (StreamState("audit", is_open=True, read_at=NOW, oldest=NOW - HOUR), HOUR),
        (StreamState("audit", is_open=True, read_at=NOW, oldest=NOW + HOUR), timedelta(0)),
        (StreamState("audit", is_open=False, read_at=NOW - HOUR, oldest=NOW), HOUR),
    ],
    ids=["never read", "level", "more waits", "from the future", "away"],
)
def test_behind(state: StreamState, behind: timedelta) -> None:
    """By the age of what waits; of a stream that cannot be read, by when it last was."""
    assert state.behind(NOW) == behind


def test_the_last_alarms() -> None:
    """Ten of them; the facts have them all."""
    state = StreamState("audit")
    for epoch in range(12):
        state.note(Alarm(NOW, "audit", Continuity.ANOTHER, epoch))
    assert [each.epoch for each in state.alarms] == list(range(2, 12))
    assert len(state.facts(NOW)["alarms"]) == 10  # type: ignore[arg-type] # a list of facts
