"""The facts that errors are raised with: a text of ours must have two languages (bus/errors/words.py)."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

import bus.errors
from bus.errors import BusError

ERRORS: Final = frozenset(
    name
    for name in bus.errors.__all__
    if isinstance(kind := getattr(bus.errors, name), type) and issubclass(kind, BusError)
)
_MAKERS: Final = frozenset({"_bad", "_damaged", "away"})
"""Functions that make an error of a text."""
FACTS: Final = frozenset({"why", "what", "do"})
"""Facts that are sentences or parts of them. Others are names and figures."""


def one_language(sources: Mapping[str, str]) -> Iterator[str]:
    """`file:line` of each text that is handed to an error, or kept as its `why`, in one language only."""
    for file, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            for value in _facts(node):
                if isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp) and _is_prose(value):
                    yield f"{file}:{value.lineno}"


def pairs(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, Vietnamese and English of each fact that is written in both: `said("…", "…")`, `Words("…", "…")`. What is
    filled in is left out."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="said" | "Words"), args=[vi, en, *_]):
                yield node.lineno, _written(vi), _written(en)
            case _:
                pass


def _written(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_written, parts))
        case _:
            return "{}"


def _facts(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in ERRORS:
            given = {each.arg for each in keywords}
            yield from (each.value for each in keywords if each.arg in FACTS and f"{each.arg}_vi" not in given)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in _MAKERS:
            yield value
        case ast.Assign(targets=[ast.Name(id="why")], value=value):
            yield value
        case _:
            pass


def _is_prose(value: ast.expr) -> bool:
    """Whether there are words in it; a text put together of facts alone has none."""
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and _WORD.search(each.value)
        for each in ast.walk(value)
        if not isinstance(each, ast.FormattedValue)
    )


_WORD: Final = re.compile(r"[^\W\d_]{2,}")
