"""What the process of a row does just now, told to its parent: where nothing is told for too long, it hangs."""

import os
import time
from pathlib import Path
from typing import Final

TIMEOUT: Final = 60.0
"""Seconds that one call, or one run of work in a process of its own, may take."""
GRACE: Final = 3.0
"""Seconds more for who waits for a process that has the same limit: it tells more of what hung."""

_file: Path | None = None
_process = 0
_seconds = TIMEOUT


def begin(file: Path, seconds: float) -> None:
    """From here on this process tells of itself in `file`."""
    global _file, _process, _seconds
    _file, _process, _seconds = file, os.getpid(), seconds
    tell("make the site")


def limit() -> float:
    """Seconds, for this process and those that it makes."""
    return _seconds


def tell(doing: str) -> None:
    """Says nothing in a process that this one made: what it wrote would be taken for a step of the adapter's."""
    if _file and os.getpid() == _process:
        _file.write_text(f"{time.monotonic()} {doing}", encoding="utf-8")


def last(file: Path, began: float) -> tuple[float, str]:
    """When something was told, and what."""
    try:
        at, _, doing = file.read_text(encoding="utf-8").partition(" ")
        return float(at), doing
    except (OSError, ValueError):  # it has not begun, or is writing
        return began, ""
