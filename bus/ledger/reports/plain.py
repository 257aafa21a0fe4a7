"""A report for programs: JSON as the API answers it, and CSV with a figure a line. Same report, same bytes."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from io import StringIO
from typing import Any, Final

from bus.ledger.reports.figures import ByClock, Figures, Report, Spread
from schemas.values import AgencyCode

HEADS: Final = ("first", "last", "agency", "name", "figure", "detail", "value")
WHOLE: Final = "*"
"""In the place of an agency: all that the report is of."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for one at the beginning of a text."""


def as_json(report: Report) -> dict[str, Any]:
    """Times as ISO 8601, durations in seconds, shares from 0 to 1."""
    asked = report.question
    return {
        "agency": asked.agency,
        "below": asked.below,
        "first": asked.period.first.isoformat(),
        "last": asked.period.last.isoformat(),
        "quarter": asked.period.quarter,
        "kind": None if asked.kind is None else asked.kind.name.lower(),
        "made_at": report.made_at.isoformat(),
        "calendar": report.calendar,
        "provisional": report.provisional,
        "electronic_share": _share(report.electronic()),
        "total": _figures(report.total),
        "before": _figures(report.before),
        "units": [
            {
                "agency": code,
                "name": report.names.get(code, code),
                "electronic_share": _share(report.electronic(code)),
                **_figures(each),
            }
            for code, each in report.units.items()
        ],
    }


def json_text(report: Report) -> bytes:
    return json.dumps(as_json(report), ensure_ascii=False, indent=2).encode() + b"\n"


def csv_text(report: Report) -> bytes:
    """With a byte order mark: without one, Excel takes Vietnamese for another script."""
    made = StringIO()
    writer = csv.writer(made)
    writer.writerow(HEADS)
    period = report.question.period
    for code, name, figures in ((WHOLE, "", report.total), *_named(report)):
        for figure, detail, value in _flat(_figures(figures)):
            row = (period.first, period.last, code, name, figure, detail, value)
            writer.writerow([_harmless(cell) for cell in row])
    return made.getvalue().encode("utf-8-sig")


def _named(report: Report) -> Iterator[tuple[AgencyCode, str, Figures]]:
    return ((code, report.names.get(code, code), each) for code, each in report.units.items())


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _flat(figures: Mapping[str, Any], detail: str = "") -> Iterator[tuple[str, str, object]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            for below, each in value.items():
                if isinstance(each, Mapping):
                    yield from ((f"{name}.{figure}", below, amount) for figure, _, amount in _flat(each))
                else:
                    yield name, below, each
        else:
            yield name, detail, value


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "sent": figures.sent,
        "sent_by_kind": {kind.name.lower(): amount for kind, amount in figures.sent_by_kind.items()},
        "sent_to": figures.sent_to,
        "received": figures.received,
        "receipted": figures.receipted,
        "accepted": figures.accepted,
        "done": figures.done,
        "revoked": figures.revoked,
        "refused": dict(figures.refused),
        "sent_refused": dict(figures.sent_refused),
        **_clock(figures.deadlines),
        "clocks": {code: _clock(each) for code, each in figures.clocks.items()},
        "stages": {stage: _spread(each) for stage, each in figures.stages.items()},
    }


def _clock(each: ByClock) -> dict[str, Any]:
    return {**each._asdict(), "share_on_time": _share(each.share)}


def _spread(each: Spread) -> dict[str, Any]:
    return {"count": each.times, "p50": _seconds(each.half), "p95": _seconds(each.most)}


def _share(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share), 6)


def _seconds(took: timedelta | None) -> float | None:
    return None if took is None else took.total_seconds()
