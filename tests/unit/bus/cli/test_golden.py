"""What a terminal shows first of every command, at 80 and 120 columns, and the manual page: as they were looked at.

Where one has changed on purpose: `LIENTHONG_GOLDEN=write pytest tests/unit/bus/cli/test_golden.py`, then read the
difference at 80 columns as somebody who never saw the command, and commit it.
"""

import os
import re
from pathlib import Path

import pytest

from tests.unit.bus.cli.screens import HERE, MANUAL, WIDTHS, Screen, manual, screens

WRITE = os.environ.get("LIENTHONG_GOLDEN") == "write"
COPIED = re.compile(r'^\{|^  "|^[^ ].*(Xem|See): |^[^ ].* (acts|xử lý)\]$|--state \[|[0-9a-f]{64}$')
"""JSON; an error, which is broken between words at a terminal; a choice that click prints as one word; a digest."""
WHOLE = {
    "edxml-check.answer": "a line a package",
    "edxml-show.answer": "a value a line, which goes on under itself at a terminal",
    "inbox-list.answer": "an id is copied, and a terminal breaks the line",
    "outbox-list.answer": "the same",
}
"""Screens whose lines may be longer, and why."""


@pytest.fixture(scope="module")
def shown() -> list[Screen]:
    return list(screens())


def test_every_screen_is_as_it_was_looked_at(shown: list[Screen]) -> None:
    """Of each command and group its help; of some an answer of made-up values. No file is left of what is gone."""
    there = set((HERE / "golden").glob("*.txt"))
    if WRITE:
        for file in there - {screen.file for screen in shown}:
            file.unlink()
        for screen in shown:
            screen.file.write_text(screen.text, encoding="utf-8")
        return
    assert there == {screen.file for screen in shown}, __doc__
    changed = [screen for screen in shown if screen.file.read_text(encoding="utf-8") != screen.text]
    assert not changed, f"{__doc__}\n" + "\n".join(f"== {screen.file.name}\n{screen.text}" for screen in changed)


def test_no_line_is_wider_than_its_terminal(shown: list[Screen]) -> None:
    """A terminal would break it in the middle of a word; only what is copied whole may be longer."""
    wide = [
        f"{screen.file.name}: {line}"
        for screen in shown
        for line in screen.text.splitlines()
        if len(line) > screen.width and not COPIED.search(line) and screen.name not in WHOLE
    ]
    assert wide == []


def test_the_manual_page_is_that_of_the_commands() -> None:
    """deploy/man/lienthong.1, which a wheel brings along as share/man/man1/lienthong.1."""
    if WRITE:
        MANUAL.write_text(manual(), encoding="utf-8")
    assert MANUAL.read_text(encoding="utf-8") == manual(), __doc__


def test_both_widths_are_there() -> None:
    assert {Path(file.stem).suffix for file in (HERE / "golden").glob("*.txt")} == {f".{width}" for width in WIDTHS}
