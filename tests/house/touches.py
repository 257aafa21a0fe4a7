"""Where a file of the rules touches the world: the clock, a die, a file, a socket, a thread, the environment.

Which modules it may import is a contract's (pyproject.toml). Here is what hides behind an import that is allowed:
`datetime.now` behind `datetime`, `open` behind none.
"""

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# A name, with all that is inside it, and what it touches.
WORLD: Mapping[str, str] = {
    "open": "a file",
    "io.open": "a file",
    "pathlib": "a file",
    "tempfile": "a file",
    "shutil": "a file",
    "tomllib.load": "a file",  # `loads` reads a text
    "os": "the operating system",
    "sys": "the process",
    "subprocess": "another process",
    "socket": "the network",
    "ssl": "the network",
    "http": "the network",
    "urllib.request": "the network",
    "asyncio": "an event loop",
    "threading": "threads",
    "concurrent": "threads",
    "multiprocessing": "another process",
    "time": "the clock",
    "datetime.datetime.now": "the clock",
    "datetime.datetime.utcnow": "the clock",
    "datetime.datetime.today": "the clock",
    "datetime.date.today": "the clock",
    "random": "a die",
    "secrets": "a die",
    "uuid": "a die",
    "uuid_utils": "a die",
    "print": "a terminal",
    "input": "a terminal",
    "breakpoint": "a terminal",
    "logging": "a log",
    "structlog": "a log",
    "importlib": "an import that no contract sees",
    "__import__": "an import that no contract sees",
    "eval": "any of it",
    "exec": "any of it",
}

# Of pathlib.Path, whoever brought one in.
OF_A_PATH = frozenset({"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "mkdir", "unlink", "rmdir"})


@dataclass(frozen=True, order=True)
class Touch:
    line: int
    name: str
    what: str


def touches(source: str) -> list[Touch]:
    """Every place of a file that names a part of the world, called or handed on. Imports themselves are not counted."""
    tree = ast.parse(source)
    return sorted(set(_touches(tree, _imported(tree))))


def _touches(tree: ast.Module, imported: Mapping[str, str]) -> Iterator[Touch]:
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in OF_A_PATH:
            yield Touch(node.lineno, node.attr, "a file")
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner:
            name = _dotted(node, imported)
            for part in _beginnings(name):
                if part in WORLD:
                    yield Touch(node.lineno, name, WORLD[part])


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each name of the file stands for: `from datetime import datetime as dt` makes dt datetime.datetime."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            case ast.ImportFrom(module=str(module), names=aliases):
                for alias in aliases:
                    names[alias.asname or alias.name] = f"{module}.{alias.name}"
            case _:
                pass
    return names


def _dotted(node: ast.expr, imported: Mapping[str, str]) -> str:
    """`dt.now` in full; empty for what begins with neither an import nor a name of Python's own."""
    match node:
        case ast.Name(id=name):
            return imported.get(name, name if hasattr(builtins, name) else "")
        case ast.Attribute(value=value, attr=attr):
            before = _dotted(value, imported)
            return f"{before}.{attr}" if before else ""
        case _:
            return ""


def _beginnings(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
