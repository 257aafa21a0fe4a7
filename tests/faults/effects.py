"""Finds the durable effects in the sources: each call that writes to a store, a broker, a document system or a disk,
and the crash points beside it. By syntax only: names of calls, function by function."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

FUNCTIONS = frozenset({"ask", "pour", "put", "tell", "write_all"})
METHODS = frozenset(
    {"acknowledge", "bounced", "basic_publish", "basic_ack", "hardlink_to", "rename"}
    | {"write_bytes", "write_text", "copy2", "backup"}
)
"""Methods by name, on any object. Removals are not durable effects here: drafts, and logs beside a rename."""
ASKS = frozenset({"POST", "PUT", "DELETE"})
"""Methods of the management API, called by `_ask`."""
ON_BROKER = frozenset({"publish", "ack"})
"""Methods of an object named broker."""
NOT_THE_ROAD = ("adapters/conform/", "adapters/folder/site.py")
"""A suite that tries adapters, and its clerk: what it keeps is over when it ends."""
ON_BLOBS = frozenset({"put", "remove"})
"""Methods of an object named blobs."""
ON_DISK = frozenset(
    {"client.write_all", "self._register.add", "client.put", "client.move", "self._journal.add", "self._keep"}
)
"""Calls that write to the disk, by their full text."""
WITH = frozenset({"write", "begin", "_writing"})
"""Context managers whose effect is durable when the block ends."""


@dataclass
class Function:
    """One function, with its durable effects and its crash points, by line."""

    name: str
    """The function's name, such as bus/sending/accept.py:publish."""
    effects: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)


def functions() -> list[Function]:
    """Returns the functions of the bus and of the reference adapter that have durable effects or crash points."""
    found = []
    for path in sorted([*ROOT.glob("bus/**/*.py"), *ROOT.glob("adapters/**/*.py")]):
        where = path.relative_to(ROOT).as_posix()
        if where.startswith(NOT_THE_ROAD):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                function = _read(f"{where}:{node.name}", node)
                if function.effects or function.points:
                    found.append(function)
    return found


def _read(name: str, node: ast.FunctionDef) -> Function:
    function = Function(name)
    for inner in _own(node):
        match inner:
            case ast.With():
                function.effects += [item for each in inner.items if (item := _block(each.context_expr))]
            case ast.Call(func=ast.Name(id="reached"), args=[ast.Constant(value=str(point))]):
                function.points.append(point)
            case ast.Call(func=ast.Attribute(attr="_ask"), args=[ast.Constant(value=verb), *_]) if verb in ASKS:
                function.effects.append(f"_ask {verb}")
            case ast.Call() if effect := _call(inner):
                function.effects.append(effect)
    return function


def _own(node: ast.FunctionDef) -> Iterator[ast.AST]:
    """Returns the nodes of a function without those of nested functions, which are read on their own."""
    pending: list[ast.AST] = list(node.body)
    while pending:
        inner = pending.pop()
        yield inner
        if not isinstance(inner, ast.FunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(inner)


def _block(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WITH:
        return ast.unparse(node.func)
    return None


def _call(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) if name in FUNCTIONS:
            return name
        case ast.Attribute(attr=name, value=on):
            said = ast.unparse(on)
            if f"{said}.{name}" in ON_DISK:
                return f"{said}.{name}"
            moves = name == "replace" and len(node.args) == 1 and not node.keywords  # str.replace has two
            if name in ON_BLOBS and said.rpartition(".")[2] == "blobs":
                return f"{said}.{name}"
            if name in METHODS or moves or (name in ON_BROKER and said.rpartition(".")[2] in {"broker", "_broker"}):
                return f"{said}.{name}"
        case _:
            pass
    return None
