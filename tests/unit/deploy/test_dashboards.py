"""The dashboards: as their table says, in both languages, over metrics that there are. Each query is run against a real
Prometheus in tests/e2e/test_dashboards.py; that Grafana itself loads the files is shown nowhere here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.dashboards.build import built, file_of, files
from deploy.dashboards.panels import DASHBOARDS, Dashboard
from tests.house.vietnamese import english_in
from tests.unit.deploy.test_alerts import BUS, rules

BOARDS = [pytest.param(board, id=board.uid) for board in DASHBOARDS]
PANELS = [panel for board in DASHBOARDS for _, panels in board.rows for panel in panels]


def test_the_files_are_those_of_the_table() -> None:
    """Where one has changed: `python -m deploy.dashboards`. No file is left of what is gone."""
    assert {path: path.read_text() for path, _ in files()} == dict(files())
    assert {*Path(file_of(DASHBOARDS[0])).parent.glob("*.json")} == {path for path, _ in files()}


@pytest.mark.parametrize("board", BOARDS)
def test_panels_do_not_lie_on_each_other(board: Dashboard) -> None:
    """Each has a number and a place of its own, within Grafana's 24 columns."""
    panels: list[dict[str, Any]] = json.loads(built(board))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (panel["gridPos"]["y"] + down, panel["gridPos"]["x"] + right)
        for panel in panels
        for down in range(panel["gridPos"]["h"])
        for right in range(panel["gridPos"]["w"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(right for _, right in cells) < 24


@pytest.mark.parametrize("board", BOARDS)
def test_a_reader_chooses_the_prometheus(board: Dashboard) -> None:
    """No panel names one of a machine that is not his."""
    made = json.loads(built(board))
    sources = {target["datasource"]["uid"] for panel in made["panels"] for target in panel.get("targets", ())}
    assert sources == {"${datasource}"}
    assert made["templating"]["list"][0]["type"] == "datasource"


def test_a_panel_speaks_both_languages() -> None:
    """What it shows, and what to think of it."""
    labels = [label for panel in PANELS for label in (panel.title, panel.help)]
    assert all(all(label) for label in labels)
    assert [label.vi for label in labels if english_in(label.vi)] == []


def test_metrics_of_ours_are_told_by_our_code() -> None:
    """Or recorded by a rule of deploy/alerts; what RabbitMQ tells is looked up at a broker."""
    code = "\n".join(path.read_text() for room in ("daemon", "ledger") for path in (BUS / room).rglob("*.py"))
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = " ".join(query.expression for panel in PANELS for query in panel.queries)
    assert {name for name in re.findall(r"\blienthong:[\w:]+", asked) if name not in recorded} == set()
    names = {name.removesuffix("_total") for name in re.findall(r"\blienthong_\w+", asked)}
    short = {name: (name, name.removeprefix("lienthong_"), name.removeprefix("lienthong_ledger_")) for name in names}
    assert {name for name, ways in short.items() if not any(f'"{way}"' in code for way in ways)} == set()
