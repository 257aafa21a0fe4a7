"""A moment as people type it: a day, a time on the clock of Việt Nam, or how long ago."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from schemas.values import VIETNAM

_AGO: Final = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """Becomes a time with a zone."""

    name = "moment"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            if ago := _AGO.fullmatch(text):
                return self._clock() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            found = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r}: 2026-11-30, 2026-11-30T08:00, 30m, 2h, 3d (trước đây / ago)",
                param,
                ctx,
            )
        return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


MOMENT: Final = Moment()


def end_of(until: datetime) -> datetime:
    """Midnight is what is typed as a day, which counts whole."""
    is_day = until.astimezone(VIETNAM).time() == datetime.min.time()
    return until + timedelta(days=1) if is_day else until
