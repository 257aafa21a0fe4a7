"""bus/ledger/reports/sections.py"""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from bus.ledger.reports.figures import Figures, Owed
from bus.ledger.reports.question import Period, Question
from bus.ledger.reports.sections import Cell, Language, facts, sections, text, title
from schemas.codes import BusinessType
from tests.unit.bus.ledger.reports.sample import report

VI, EN = Language.VI, Language.EN


def test_a_quarterly_report() -> None:
    """Says by which article it is made; any other does not."""
    made = report()
    assert title(made).vi == "Báo cáo quý về gửi, nhận văn bản điện tử"
    told = {name.en: value.en for name, value in facts(made)}
    assert told == {
        "By": "Article 15 of Decision 28/2018/QĐ-TTg",
        "Agency": "all",
        "Period": "Q3/2026 (01/07/2026 – 30/09/2026)",
        "Kind of document": "all",
        "Calendar of working days": "2026-2, confirmed",
        "Made at": "2026-12-01 00:00 +07",
    }
    other = replace(
        made,
        question=Question(period=Period.parse("2026-07"), agency="H49", kind=BusinessType.REVOKE),
        provisional=True,
    )
    assert title(other).en == "Report on sending and receiving electronic documents"
    told = {name.vi: value.vi for name, value in facts(other)}
    assert "Căn cứ" not in told
    assert told["Cơ quan"] == "H49 Ủy ban nhân dân tỉnh Quảng Ninh"
    assert told["Loại văn bản"] == "Thu hồi"
    assert told["Lịch ngày làm việc"] == "2026-2, tạm tính"


def test_every_table_is_as_wide_as_its_head() -> None:
    """In both languages."""
    for section in sections(report()):
        for language in Language:
            assert {len(row) for row in section.told(language)} == {len(section.heads)}, section.title
    assert [each.title.en for each in sections(report())] == [
        "Summary",
        "By agency",
        "Deadlines",
        "Refusals, by reason",
        "Time in each stage",
    ]


def test_what_is_in_them() -> None:
    """Names of clocks with their article, of errors and stages in words, a clock of somebody's own by its code."""
    made = report()
    own = Figures.of([], [Owed("H49", "own-clock", 2, 1)])
    with_own = replace(made, total=replace(made.total, clocks={**made.total.clocks, **own.clocks}))
    _, _, deadlines, refusals, stages = sections(with_own)
    assert [row[0] for row in deadlines.told(EN)] == ["Acknowledge", "Accept or refuse", "Finish", "own-clock"]
    assert "NĐ 30/2020/NĐ-CP" in str(deadlines.told(EN)[0][1])
    assert deadlines.told(EN)[-1][2:] == [0, 0, 1, 1, 0, Fraction(0)]
    assert [row[:2] for row in refusals.told(VI)] == [
        ["02", "Từ chối tiếp nhận"],
        ["too-large", "Văn bản, hoặc một phần của nó, lớn hơn mức cho phép."],
    ]
    assert [row[0] for row in stages.told(VI)] == ["gửi → hộp thư xác nhận giữ", "đã tiếp nhận → hoàn thành"]


def test_what_nobody_told() -> None:
    """Is said, not guessed; and tables of nothing are left out."""
    note = sections(report(paper=False))[0].note
    assert note is not None
    assert "Nobody told what went on paper" in note.en
    empty = replace(report(paper=False), total=Figures(), before=Figures(), units={})
    assert [each.title.en for each in sections(empty)] == ["Summary"]


@pytest.mark.parametrize(
    ("cell", "vi", "en"),
    [
        (None, "–", "–"),
        ("H49", "H49", "H49"),
        (1234567, "1.234.567", "1,234,567"),
        (Fraction(975, 1000), "97,5 %", "97.5 %"),
        (Fraction(1), "100,0 %", "100.0 %"),
        (timedelta(0), "0 giây", "0 s"),
        (timedelta(seconds=59.6), "1 phút", "1 min"),
        (timedelta(hours=26, minutes=30), "1 ngày 2 giờ", "1 d 2 h"),
        (timedelta(days=3, minutes=5), "3 ngày", "3 d"),
    ],
)
def test_cells_as_text(cell: Cell, vi: str, en: str) -> None:
    """Points and commas as each language writes them; durations in their two largest units."""
    assert (text(cell, VI), text(cell, EN)) == (vi, en)
