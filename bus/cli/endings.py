"""The output of commands that look for endings. bus/trust/endings.py says when an ending is near."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NoReturn

from bus.cli.failures import Exit
from bus.cli.output import Trouble, emit, emit_json, text
from bus.trust.endings import Ending, warnings


def say_endings(endings: Iterable[Ending], *, as_json: bool) -> NoReturn:
    """Prints what ends within 30 days, and ends the command. Exit code: 0 nothing, 3 something."""
    now = datetime.now(UTC)
    found = warnings(endings, now=now)
    if as_json:
        emit_json([{"what": each.what.en, "at": each.at, "stage": each.stage} for each in found])
    for each in () if as_json else found:
        left = "đã hết hạn / ended" if each.stage == 0 else f"còn {(each.at - now).days} ngày / days left"
        line = f"{each.what.vi} / {each.what.en}: {text(each.at)}, {left}"
        emit(Trouble(line) if each.stage == 0 else line)
    sys.exit(Exit.FOUND if found else Exit.DONE)
