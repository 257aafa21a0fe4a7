"""A report as PDF: tagged (PDF/UA-1), with Vietnamese letters, laid out by report.typ. The same report is the same
bytes."""

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typst

from bus.ledger.reports.figures import Report
from bus.ledger.reports.sections import Cell, Language, Section, facts, sections, text, title

LAYOUT: Final = Path(__file__).with_name("report.typ")
_WIDE: Final = 24
"""A column with longer texts takes what is left of the line, and breaks them."""

DRAWN: Final = " -~¡-ɏ\u0300-\u0304\u0306-\u030c\u031b\u0323Ḁ-ỿ‐-―‘-„†-•…‰′″‹›₫€←-↓−"
"""The letters that the font has, as ranges: Latin with every mark, and signs. PDF/UA takes no text that cannot be
drawn."""
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_OTHERS: Final = re.compile(f"[^{DRAWN}]")


def pdf(report: Report, *, language: Language = Language.VI, parts: Sequence[Section] | None = None) -> bytes:
    told = {
        "title": language.of(title(report)),
        "language": str(language),
        "facts": [[language.of(name), drawable(language.of(value))] for name, value in facts(report)],
        "sections": [_section(each, language) for each in (sections(report) if parts is None else parts)],
    }
    made = typst.compile(
        LAYOUT.read_bytes(),
        format="pdf",
        sys_inputs={"report": json.dumps(told, ensure_ascii=False)},
        ignore_system_fonts=True,  # the same letters on every machine
        pdf_standards="ua-1",
        timestamp=int(report.made_at.timestamp()),
    )
    assert isinstance(made, bytes), "PDF is one file, however many its pages"
    return made


def _section(section: Section, language: Language) -> dict[str, object]:
    rows = section.told(language)
    columns = list(zip(*rows, strict=True))
    return {
        "title": language.of(section.title),
        "note": section.note and language.of(section.note),
        "heads": [language.of(head) for head in section.heads],
        "numbers": [not any(isinstance(cell, str) for cell in column) for column in columns],
        "widths": [_width(column) for column in columns],
        "rows": [[drawable(text(cell, language)) for cell in row] for row in rows],
    }


def drawable(words: str) -> str:
    """A name may have any letter: what the font lacks becomes a question mark, what nobody sees is left out."""
    return _OTHERS.sub("?", _UNSEEN.sub("", unicodedata.normalize("NFC", words)).replace("\u00a0", " "))


def _width(column: tuple[Cell, ...]) -> int | None:
    """None: as wide as its longest cell."""
    longest = max(len(cell) if isinstance(cell, str) else 0 for cell in column)
    return None if longest <= _WIDE else min(longest, 3 * _WIDE)
