"""Texts that strangers wrote, on PostgreSQL: it has no place for the character NUL, and one such text stops nobody."""

from typing import Final

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

_MARK: Final = "\N{INFORMATION SEPARATOR ONE}"
"""Stands before what it marks: itself, or the digit of NUL."""


class Words(TypeDecorator[str]):
    """What is read is what was written."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else without_nul(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else with_nul(value)


def without_nul(text: str) -> str:
    if "\0" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, _MARK * 2).replace("\0", f"{_MARK}0")


def with_nul(text: str) -> str:
    if _MARK not in text:
        return text
    return _MARK.join(part.replace(f"{_MARK}0", "\0") for part in text.split(_MARK * 2))
