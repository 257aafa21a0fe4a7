"""Texts that strangers wrote, on PostgreSQL: it cannot store the character NUL, so it is escaped. And how each database
is asked whether bytes have others in them."""

from typing import Any, Final

from sqlalchemy import Boolean, Dialect, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
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


class contains(FunctionElement[bool]):  # noqa: N801 — a function of SQL
    """Whether bytes have other bytes in them: `contains(column, part)`."""

    type = Boolean()
    inherit_cache = True


@compiles(contains)
def _in_sqlite(element: contains, compiler: SQLCompiler, **how: Any) -> str:
    whole, part = (compiler.process(each, **how) for each in element.clauses)
    return f"(instr({whole}, {part}) > 0)"


@compiles(contains, "postgresql")
def _in_postgresql(element: contains, compiler: SQLCompiler, **how: Any) -> str:
    whole, part = (compiler.process(each, **how) for each in element.clauses)
    return f"(position({part} IN {whole}) > 0)"


def without_nul(text: str) -> str:
    if "\0" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, _MARK * 2).replace("\0", f"{_MARK}0")


def with_nul(text: str) -> str:
    if _MARK not in text:
        return text
    return _MARK.join(part.replace(f"{_MARK}0", "\0") for part in text.split(_MARK * 2))
