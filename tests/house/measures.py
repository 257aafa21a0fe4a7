"""The measures of the house: what is too long, what was left for later, what is handed on under another roof."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PACKAGES = ("bus", "adapters", "schemas", "deploy")

_LATER = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")


def sources() -> dict[str, str]:
    """Every Python file outside tests, by its name from the top of the house."""
    paths = (path for package in PACKAGES for path in sorted((HOUSE / package).rglob("*.py")))
    return {path.relative_to(HOUSE).as_posix(): path.read_text() for path in paths}


def long_functions(source: str, *, limit: int) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > limit:
            yield node.name


def left_for_later(source: str) -> list[int]:
    return [number for number, line in enumerate(source.splitlines(), start=1) if _LATER.search(line)]


def handed_on(source: str) -> Iterator[str]:
    """Names imported only for others to import from here: `x as x`, `*`, or a name in `__all__` that is imported."""
    tree = ast.parse(source)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
            yield from (alias.name for alias in node.names if alias.asname == alias.name or alias.name == "*")
    yield from sorted(imported & set(_public(tree)))


def unit_test_of(file: str) -> str:
    path = Path(file)
    return (Path("tests/unit") / path.parent / f"test_{path.name}").as_posix()


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _public(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements)):
                yield from (str(element.value) for element in elements if isinstance(element, ast.Constant))
            case _:
                pass
