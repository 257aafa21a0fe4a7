"""Makes Grafana's JSON of the table in panels.py, by Grafana's own library for that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

from deploy.dashboards.panels import DASHBOARDS, Dashboard, Kind, Panel, Query
from schemas.codes import Label

HERE: Final = Path(__file__).parent
SOURCE: Final = "${datasource}"
"""The Prometheus that a reader chooses above the panels."""
_WIDTH, _HEIGHT, _ACROSS = 24, 8, 3
_COLOURS: Final = {"good": "green", "bad": "red"}
_Made = timeseries.Panel | stat.Panel | table.Panel


def file_of(board: Dashboard) -> Path:
    return HERE / f"{board.uid}.json"


def built(board: Dashboard) -> str:
    """The whole file; the same each time."""
    made = (
        dashboard.Dashboard(_both(board.title))
        .uid(board.uid)
        .tags(["lienthong"])
        .timezone("Asia/Ho_Chi_Minh")
        .refresh("30s")
        .time("now-6h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .link(dashboard.DashboardLink("Liên thông").type(DashboardLinkType.DASHBOARDS).tags(["lienthong"]))
    )
    if board.variable is not None:
        name, query = board.variable
        made.with_variable(
            dashboard.QueryVariable(name)
            .label(name)
            .query(query)
            .datasource(_source())
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    number = 0
    for title, panels in board.rows:
        number += 1
        made.with_row(dashboard.Row(_both(title)).id(number))
        for panel in panels:
            number += 1
            made.with_panel(_panel(panel).id(number))
    plain = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    return json.dumps(_without_none(plain), ensure_ascii=False, indent=2) + "\n"


def _without_none(value: Any) -> Any:
    """What is not said is left to Grafana's own defaults."""
    match value:
        case dict():
            return {name: _without_none(each) for name, each in value.items() if each is not None}
        case list():
            return [_without_none(each) for each in value]
        case _:
            return value


def _panel(panel: Panel) -> _Made:
    made: _Made
    match panel.kind:
        case Kind.LINES:
            made = timeseries.Panel().legend(common.VizLegendOptions().show_legend(True))
        case Kind.NUMBER:
            made = stat.Panel()
        case Kind.TABLE:
            made = table.Panel()
    made.title(_both(panel.title)).description(_both(panel.help)).datasource(_source()).unit(panel.unit)
    made.span(_WIDTH // _ACROSS).height(_HEIGHT)
    if panel.bad_from is not None:
        steps = [Threshold(color=_COLOURS["good"]), Threshold(value=panel.bad_from, color=_COLOURS["bad"])]
        made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        made.with_target(_target(letter, query, panel.kind))
    return made


def _target(letter: str, query: Query, kind: Kind) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(letter).expr(query.expression).datasource(_source())
    if query.legend:
        made.legend_format(query.legend)
    return made.instant() if kind is Kind.TABLE else made.range()


def _source() -> DataSourceRef:
    return DataSourceRef(type_val="prometheus", uid=SOURCE)


def _both(label: Label) -> str:
    return label.vi if label.vi == label.en else f"{label.vi} / {label.en}"


def files() -> Iterator[tuple[Path, str]]:
    for board in DASHBOARDS:
        yield file_of(board), built(board)
