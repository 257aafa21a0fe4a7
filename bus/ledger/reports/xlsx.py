"""A report as a workbook: a sheet a table, numbers as numbers. The same report is the same bytes."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from fractions import Fraction
from io import BytesIO
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from bus.ledger.reports.figures import Report
from bus.ledger.reports.sections import Cell, Language, Section, facts, sections, title

_DAY: Final = timedelta(days=1)
_WIDEST: Final = 60
_SHEET: Final = 31
"""Letters in the name of a sheet; Excel takes no more."""


def xlsx(report: Report, *, language: Language = Language.VI, parts: Sequence[Section] | None = None) -> bytes:
    made = BytesIO()
    workbook = xlsxwriter.Workbook(
        made, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    name = language.of(title(report))
    # Excel's times have no zone; the archive's own are fixed by the library.
    created = report.made_at.astimezone(UTC).replace(tzinfo=None)
    workbook.set_properties({"title": name, "author": "Liên thông", "created": created})
    formats = {
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "bold": workbook.add_format({"bold": True}),
        "head": workbook.add_format({"bold": True, "bg_color": "#E8E8E8", "bottom": 1, "text_wrap": True}),
        "number": workbook.add_format({"num_format": "#,##0"}),
        "share": workbook.add_format({"num_format": "0.0%"}),
        "duration": workbook.add_format({"num_format": "[h]:mm:ss"}),
        "note": workbook.add_format({"italic": True}),
    }
    for number, section in enumerate(sections(report) if parts is None else parts):
        sheet = workbook.add_worksheet(language.of(section.title)[:_SHEET])
        _widths(sheet, section, language)
        at = 0
        if number == 0:
            sheet.write_string(0, 0, name, formats["title"])
            for at, (what, value) in enumerate(facts(report), 1):
                sheet.write_string(at, 0, language.of(what), formats["bold"])
                sheet.write_string(at, 1, language.of(value))
            at += 2
        _table(sheet, section, language, formats, at=at)
    workbook.close()
    return made.getvalue()


def _table(sheet: Worksheet, section: Section, language: Language, formats: dict[str, Format], *, at: int) -> None:
    for column, head in enumerate(section.heads):
        sheet.write_string(at, column, language.of(head), formats["head"])
    sheet.freeze_panes(at + 1, 0)
    for row, cells in enumerate(section.told(language), at + 1):
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell, formats)
    if section.note is not None:
        sheet.write_string(at + len(section.rows) + 2, 0, language.of(section.note), formats["note"])


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, formats: dict[str, Format]) -> None:
    match cell:
        case None:
            pass
        case str():
            sheet.write_string(row, column, cell)
        case Fraction():
            sheet.write_number(row, column, float(cell), formats["share"])
        case timedelta():
            sheet.write_number(row, column, cell / _DAY, formats["duration"])
        case int():
            sheet.write_number(row, column, cell, formats["number"])


def _widths(sheet: Worksheet, section: Section, language: Language) -> None:
    rows = section.told(language)
    for column, head in enumerate(section.heads):
        texts = [row[column] for row in rows]
        longest = max((len(cell) for cell in texts if isinstance(cell, str)), default=0)
        sheet.set_column(column, column, min(max(longest, len(language.of(head)) + 2, 10), _WIDEST))
