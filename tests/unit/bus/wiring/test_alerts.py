"""A ledger's alerts, made of its configuration."""

from datetime import date
from pathlib import Path

import pytest

from bus.directory.agencies import Directory
from bus.directory.onlooker import Onlooker
from bus.directory.sources import read
from bus.errors import BadConfig
from bus.handling.clocks import TABLE
from bus.ledger.rule_book import RuleBook
from bus.ledger.streams import StreamState
from bus.rabbit.admin.guard import Guard
from bus.rabbit.admin.queue_overview import Overview
from bus.topology.quotas import QuotaTable
from bus.wiring.alerts import Alerts, kept_uses
from bus.wiring.alerts_config import AlertsConfig
from tests.scenarios.country import AGENCIES
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables


def alerts(state: Path | None = None) -> Alerts:
    directory = Directory(read({"a.toml": AGENCIES}), on=date(2026, 11, 30))
    rules = RuleBook(lambda: Onlooker(directory=directory), TABLE)
    config = AlertsConfig(guard_state=str(state) if state else None)
    return Alerts(config, (), rules=rules, follower=None, overview=lambda: Overview(queues=(), alarms=()))


def test_its_loops_look_and_send(tmp_path: Path) -> None:
    """A first look needs a ledger on its first day, an unsigned directory, and no channel."""
    made = alerts()
    look, send = made.begin(Tables(tmp_path).ledger, lambda: [StreamState("audit", is_open=True)])
    assert (look.name, look.idle, send.name) == ("alerts", 60, "notices")
    assert list(made.families()) == []
    assert look.step() is send.step() is False
    assert next(each.name for each in made.families()) == "lienthong_ledger_looked_seconds"


def test_what_the_guard_counted_is_read_from_its_file(tmp_path: Path) -> None:
    """Nothing where it has not run yet; a file that is none of its own is said."""
    state = tmp_path / "guard.json"
    assert kept_uses(state) == []
    state.write_text(Guard(QuotaTable()).to_json(at=NOW))
    assert kept_uses(state) == []
    state.write_text("{}")
    with pytest.raises(BadConfig, match=r"guard\.json"):
        kept_uses(state)


def test_a_ledger_that_is_not_ours_yet_tells_nothing() -> None:
    """On standby there is no look."""
    assert list(alerts().families()) == []
