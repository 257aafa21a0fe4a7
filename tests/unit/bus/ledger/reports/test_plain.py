"""bus/ledger/reports/plain.py"""

import csv
import json
from io import StringIO

from bus.ledger.reports.plain import HEADS, as_json, csv_text, json_text
from tests.unit.bus.ledger.reports.sample import report


def test_json() -> None:
    """Times with their offset, durations in seconds, shares from 0 to 1."""
    found = json.loads(json_text(report()))
    assert found == as_json(report())
    assert (found["first"], found["last"], found["quarter"], found["kind"]) == ("2026-07-01", "2026-09-30", 3, None)
    assert found["made_at"] == "2026-11-30T17:00:00+00:00"
    assert found["total"]["sent"] == 7200
    assert found["total"]["sent_by_kind"]["revoke"] == 360
    assert found["total"]["stages"]["sent-receipt"]["count"] == 3600
    assert found["electronic_share"] == 0.923077
    (unit,) = (each for each in found["units"] if each["agency"] == "H49")
    assert unit["name"] == "Ủy ban nhân dân tỉnh Quảng Ninh"
    assert unit["clocks"]["finish"] == {
        "on_time": 50,
        "late": 0,
        "overdue": 13,
        "open": 44,
        "void": 9,
        "share_on_time": 0.793651,
    }


def test_csv() -> None:
    """A figure a line, for Excel too; what would be a formula there is none."""
    text = csv_text(report())
    assert text.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(StringIO(text.decode("utf-8-sig")))
    assert tuple(head) == HEADS
    values = {(row[2], row[4], row[5]): row[6] for row in rows}
    assert values["*", "sent", ""] == "7200"
    assert values["H49", "sent_by_kind", "update"] == "40"
    assert values["H49", "refused", "too-large"] == "2"
    assert values["H49", "clocks.overdue", "finish"] == "13"
    assert values["H49", "stages.p50", "03-06"] != ""
    assert values["G22", "clocks.share_on_time", "finish"] == "1.0"
    assert {row[3] for row in rows if row[2] == "H29"} == {"'=Ủy ban nhân dân Thành phố Hồ Chí Minh"}


def test_the_same_report_is_the_same_bytes() -> None:
    assert csv_text(report()) == csv_text(report())
    assert json_text(report()) == json_text(report())
