"""bus/ledger/reports/xlsx.py, read back by another library."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from bus.ledger.reports.sections import Language
from bus.ledger.reports.xlsx import xlsx
from tests.unit.bus.ledger.reports.sample import AT, report


def test_it_is_read_back() -> None:
    """A sheet a table, numbers as numbers, shares and durations with their form; a name is never a formula."""
    book = load_workbook(BytesIO(xlsx(report())))
    assert book.sheetnames == ["Tổng hợp", "Theo cơ quan", "Thời hạn", "Từ chối, theo lý do", "Thời gian từng chặng"]
    assert book.properties.title == "Báo cáo quý về gửi, nhận văn bản điện tử"
    summary = {row[0]: row[1:3] for row in book["Tổng hợp"].iter_rows(values_only=True) if row[0]}
    assert summary["Văn bản gửi"] == (7200, 2400)
    assert summary["Kỳ báo cáo"][0] == "Q3/2026 (01/07/2026 – 30/09/2026)"
    assert summary["Tỷ lệ văn bản điện tử"][0] == pytest.approx(1200 / 1300)
    units = book["Theo cơ quan"]
    assert [cell.value for cell in units["A"]] == ["Mã", "G22", "H29", "H49"]
    assert (units["B3"].value, units["B3"].data_type) == ("=Ủy ban nhân dân Thành phố Hồ Chí Minh", "s")
    assert (units["C4"].value, units["C4"].number_format) == (1200, "#,##0")
    stage = book["Thời gian từng chặng"]["C3"]
    assert stage.number_format == "[h]:mm:ss"
    assert isinstance(stage.value, timedelta)
    assert book["Tổng hợp"].freeze_panes == "A10"


def test_the_same_report_is_the_same_bytes() -> None:
    """But for its stated time."""
    assert xlsx(report()) == xlsx(report())
    later = load_workbook(BytesIO(xlsx(replace(report(), made_at=AT + timedelta(days=1)))))
    assert later.properties.created == datetime(2026, 12, 1, 17)  # noqa: DTZ001 — Excel's times have no zone


def test_in_english() -> None:
    book = load_workbook(BytesIO(xlsx(report(), language=Language.EN)))
    assert book.sheetnames[0] == "Summary"
