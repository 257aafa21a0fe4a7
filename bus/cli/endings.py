"""What ends soon, as the commands that look for it say it. When it is soon is bus/endings.py's."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NoReturn

import click

from bus.cli.output import emit_json, text
from bus.endings import Ending, warnings


def say_endings(endings: Iterable[Ending], *, as_json: bool) -> NoReturn:
    """Says what ends within 30 days, and ends the command. Exit code: 0 nothing, 2 something."""
    now = datetime.now(UTC)
    found = warnings(endings, now=now)
    if as_json:
        emit_json([{"what": each.what.en, "at": each.at, "stage": each.stage} for each in found])
    for each in () if as_json else found:
        left = "đã hết hạn / ended" if each.stage == 0 else f"còn {(each.at - now).days} ngày / days left"
        click.echo(f"{each.what.vi} / {each.what.en}: {text(each.at)}, {left}")
    sys.exit(2 if found else 0)
