"""Texts as they are searched for: no marks of Vietnamese letters, Đ and đ as d, lower case, single spaces."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_D: Final = str.maketrans("đĐðÐ", "dddd")
_ASCII_ENDS: Final = "\x80"
_MARKS: Final = frozenset({"Mn", "Cf"})
_SLASH: Final = re.compile(r"\s*/\s*")
_DATE: Final = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")
_NUMBERED: Final = re.compile(r"[0-9][0-9a-z]*/.+")
"""A number, a slash and a notation."""


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Equal for all spellings of one text: `12/QĐ-UBND`, `12 / qđ-ubnd` and `12/QD-UBND`; 2026-01-05 is 2026/01/05."""
    letters = text
    if not text.isascii():  # what is has none of these
        apart = unicodedata.normalize("NFD", text)
        kept = [letter for letter in apart if letter < _ASCII_ENDS or unicodedata.category(letter) not in _MARKS]
        letters = "".join(kept).translate(_D)
    plain = " ".join(letters.casefold().split())
    return _DATE.sub(r"\1/\2/\3", _SLASH.sub("/", plain))


def fold_code(number: str | None, notation: str | None, *, document: str) -> str | None:
    """Number and notation, folded. Where a docket does not tell them (its version 1), what stands behind the last comma
    of the document's id, where ids are made as QCVN 102:2016 makes them: `H49.06,2026/01/05,12/SA-VP`."""
    if number is not None:
        return fold(f"{number}/{notation}" if notation else number)
    end = fold(document.rpartition(",")[2])
    return end if _NUMBERED.fullmatch(end) else None
