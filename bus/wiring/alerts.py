"""A ledger's alerts from its configuration: the channels, what a look asks, and the lookout of the ledger at work."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric

from bus.daemon.editions import EditionFollower
from bus.daemon.loops import Loop
from bus.handling.obligations import Rules
from bus.handling.working_days import Calendar
from bus.ledger.alerts.lookout import Lookout, World
from bus.ledger.alerts.metrics import families
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.ledger.streams import StreamState
from bus.rabbit.admin.guard import Guard
from bus.rabbit.admin.queue_overview import Overview
from bus.wiring.alerts_config import AlertsConfig, ChannelConfig, channel_of


class Alerts:
    """Made once; a lookout is made anew each time the database becomes ours."""

    def __init__(
        self,
        config: AlertsConfig,
        channels: Sequence[ChannelConfig],
        *,
        rules: RuleBook,
        follower: EditionFollower | None,
        overview: Callable[[], Overview] | None,
    ) -> None:
        """Raises BadConfig where a channel could reach nobody."""
        self._config = config
        self._channels = tuple(map(channel_of, channels))
        self._rules = rules
        self._follower = follower
        self._overview = overview
        self._lookout: Lookout | None = None

    def begin(self, ledger: Ledger, streams: Callable[[], Iterable[StreamState]]) -> tuple[Loop, ...]:
        """The loops of its lookout, not started."""
        follower, state = self._follower, self._config.guard_state
        world = World(
            streams=streams,
            calendar=lambda connection: _calendar(self._rules.of(connection)),
            edition=lambda: None if follower is None else follower.edition,
            overview=self._overview,
            uses=(lambda: kept_uses(Path(state))) if state is not None else tuple,
        )
        self._lookout = Lookout(ledger, world, channels=self._channels)
        return self._lookout.loops(every=self._config.every)

    def families(self) -> Iterator[Metric]:
        """For /metrics; nothing before the first look."""
        if (lookout := self._lookout) is not None:
            yield from families(lookout.seen)


def _calendar(rules: Rules) -> Calendar:
    known = rules.calendars.known(None)
    assert isinstance(known, Calendar)
    return known


def kept_uses(state: Path) -> list[dict[str, Any]]:
    """What the guard's file says of who is near a quota; nothing where there is none yet. Raises BadConfig."""
    return Guard.kept_uses(state.read_bytes(), file=state) if state.exists() else []
