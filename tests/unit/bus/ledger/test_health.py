"""bus/ledger/health.py: when a ledger is well, and what is told to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bus.daemon.editions import EditionFollower
from bus.daemon.loops import Loop
from bus.daemon.own_process import OwnProcess
from bus.ledger.health import health, states_only
from bus.ledger.streams import Alarm, StreamState
from bus.rabbit.streams.audit_reader import Continuity

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


@dataclass
class Watched:
    is_working: bool = True
    since: datetime = NOW
    streams: Mapping[str, StreamState] = field(default_factory=dict)
    follower: EditionFollower | None = None
    trouble: str | None = None


def level() -> StreamState:
    return StreamState("audit", is_open=True, read_at=NOW)


def behind() -> StreamState:
    return StreamState("audit", is_open=True, read_at=NOW, oldest=NOW - timedelta(hours=1))


def away() -> StreamState:
    return StreamState("audit", read_at=NOW - timedelta(hours=1))


def renewed(found: Continuity) -> StreamState:
    state = level()
    state.note(Alarm(NOW, "audit", found, 1))
    return state


@pytest.mark.parametrize(
    ("watched", "wrong"),
    [
        (Watched(streams={"audit": level()}), None),
        (Watched(is_working=False), None),
        (Watched(streams={"audit": behind()}), "60 min behind"),
        (Watched(streams={"audit": away()}), "60 min behind"),
        (Watched(streams={"audit": renewed(Continuity.ANOTHER)}), "made anew"),
        (Watched(streams={"audit": renewed(Continuity.CUT)}), "dropped"),
        (Watched(is_working=False, trouble="db: no route"), "database"),
    ],
    ids=["level", "standby", "behind", "away", "made anew", "cut", "no database"],
)
def test_what_is_not_well(watched: Watched, wrong: str | None) -> None:
    """Said first, in both languages."""
    well, said = health(watched, OwnProcess(), NOW)
    assert well == said["ok"] == (wrong is None)
    assert wrong is None or wrong in said["wrong"][0]
    assert all(" / " in each for each in said["wrong"])


def failing() -> OwnProcess:
    loop = Loop("ingest", lambda: False, idle=1, mailbox="ledger")
    loop.health.failing_since, loop.health.error, loop.health.code = NOW, "at 10.0.0.7: no", "store-away"
    own = OwnProcess()
    own.watch([], [loop])
    return own


def test_a_loop_that_fails() -> None:
    """Its code is for all, the words of the error for the operator."""
    well, said = health(Watched(), failing(), NOW)
    assert not well
    assert "store-away" in said["wrong"][0]
    assert said["loops"]["ingest"]["error"] == "at 10.0.0.7: no"
    assert "10.0.0.7" not in str(states_only(said))
    assert states_only(said)["loops"]["ingest"]["code"] == "store-away"  # type: ignore[index] # a table


def test_the_database_is_named_to_the_operator_alone() -> None:
    """An address is nobody else's business."""
    _, said = health(Watched(trouble="db at 10.0.0.7"), OwnProcess(), NOW)
    assert "10.0.0.7" in str(said)
    assert "10.0.0.7" not in str(states_only(said))
