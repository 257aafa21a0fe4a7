"""Texts of strangers as people get them: on a terminal, in a log, in a file beside a package, in a spreadsheet. Every
door that writes for people uses these functions, and no other escape.

A control character, a line break, a mark of writing direction, a lone surrogate, a private or unassigned character is
shown as a sign: it ends no line, steers no terminal and reorders nothing. Letters, combining marks and spaces stay.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final

LINE_BREAK: Final = "⏎"
"""The sign of a line feed: subjects and reasons may have one."""

_FORMULA: Final = re.compile(r"(?:^|(?<=[,;]))(?=[=+\-@\"＝＋－＠])")
"""Where a spreadsheet would begin a formula or a quoted cell: at the beginning of a cell, or behind what it may take
for a separator (OWASP, CSV injection)."""


def is_printable(letter: str) -> bool:
    """Whether a terminal shows this character and does nothing else. False for the categories Cc, Cf, Cs, Co, Cn, Zl
    and Zp of Unicode."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"


def printable(text: str) -> str:
    """Returns the text as one line: `⏎` for a line feed, `<U+202E>` for any other character that is not printable."""
    if text.isprintable():
        return text
    return "".join(letter if is_printable(letter) else _sign(letter) for letter in text)


def cell(text: str) -> str:
    """Returns the text as a cell of a file that people may open in a spreadsheet: one line, no tab, and an apostrophe
    before what would be a formula."""
    return _FORMULA.sub("'", printable(text))


def json_text(value: object, *, indent: int | None = None, default: Callable[[object], object] = str) -> str:
    r"""Returns JSON that people read and programs parse: Vietnamese as it is written, `\u202e` for a character that is
    not printable. It parses to the same value."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    if text.isprintable():
        return text
    # Raw line feeds are the indentation: those of the texts are escaped already.
    return "".join(letter if letter == "\n" or is_printable(letter) else _escape(letter) for letter in text)


def _sign(letter: str) -> str:
    return LINE_BREAK if letter == "\n" else f"<U+{ord(letter):04X}>"


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
