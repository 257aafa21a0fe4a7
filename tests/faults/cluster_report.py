"""How long the road stood still, fault by fault: a table at the end of the run, and a line of JSON each in the file
that LIENTHONG_FAULTS_RECORD names."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.traffic import Standstill

HEAD = ("story", "road", "one mailbox", "one document", "before: one mailbox", "documents", "filed", "statuses")


@dataclass(slots=True)
class Report:
    """The pytest plugin that prints the table, once it is registered."""

    broker: str = ""
    """What it was measured on: of the cluster made last."""
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, story: str, *, before: Standstill, after: Standstill, **counts: int) -> None:
        row = {
            "story": story,
            "broker": self.broker,
            "before": {name: round(value, 2) for name, value in before._asdict().items()},
            "after": {name: round(value, 2) for name, value in after._asdict().items()},
            "load_average": round(os.getloadavg()[0], 1),
            **counts,
        }
        self.rows.append(row)
        if file := os.environ.get("LIENTHONG_FAULTS_RECORD"):
            with Path(file).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.rows:
            return
        terminalreporter.section(f"how long the road stood still, in seconds: {self.broker}")
        table = [HEAD, *(_cells(row) for row in self.rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
        for name, *figures in table:
            cells = (figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True))
            terminalreporter.line("  ".join((name.ljust(widths[0]), *cells)))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    after, before = row["after"], row["before"]
    figures = (after["road"], after["mailbox"], after["document"], before["mailbox"])
    return (row["story"], *(f"{figure:.1f}" for figure in figures), *(str(row[name]) for name in HEAD[5:]))
