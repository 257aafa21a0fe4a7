"""bus/rabbit/pika_parts.py: a pika in which something is missing is not run with."""

import ast
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pika
import pytest
from pika.adapters.asyncio_connection import AsyncioConnection

from bus.rabbit.connection import Connection
from bus.rabbit.pika_parts import PARTS, VERSIONS, PikaPart, check_pika_parts

ROOT = Path(__file__).parents[4]
HERE = "tests.unit.bus.rabbit.test_pika_parts"


def test_the_installed_pika_has_every_part() -> None:
    """Each line of the table is true."""
    check_pika_parts()


@dataclass
class Planted:
    """A class of pika's, as it might be one day."""

    kept: int

    def method(self, data: bytes) -> None:
        self.made = data

    def other(self) -> None:
        """Uses nothing."""


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"name": "gone"}, "Planted.gone is gone. It is needed (reads)"),
        ({"name": "gone", "takes": ("self",)}, "Planted.gone is gone"),
        ({"name": "method", "takes": ("self", "data")}, None),
        ({"name": "method", "takes": ("self", "frames")}, "Planted.method takes (self, data), not (self, frames)"),
        ({"name": "made", "named_in": "Planted.method"}, None),
        ({"name": "made", "named_in": "Planted.other"}, "Planted.made is gone"),
        ({"name": "method", "named_in": "Planted.other"}, "Planted.method is no longer used by Planted.other"),
        ({"name": "method", "named_in": "Planted.gone"}, "Planted.method is gone, or what it belongs to"),
        ({"of": "Gone", "name": "method"}, "Gone.method is gone, or what it belongs to"),
    ],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, part: dict[str, str], problem: str | None) -> None:
    """The part, its use and pika's version stand in the sentence."""
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])
    placed = {"of": "Planted", "why": "reads", **part}
    placed |= {key: f"{HERE}:{placed[key]}" for key in ("of", "named_in") if key in placed}
    parts = [PikaPart(**placed)]  # type: ignore[arg-type] # `takes` is a tuple
    if problem is None:
        check_pika_parts(parts)
        return
    with pytest.raises(ImportError) as caught:
        check_pika_parts(parts)
    assert problem in str(caught.value)
    assert f"pika {pika.__version__}: " in str(caught.value)


def test_an_absent_part_is_said_at_import() -> None:
    """Before any connection is made, not in the middle of a night."""
    program = "import pika.connection as c; del c.Connection._terminate_stream; import bus.rabbit.link.link"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith(
        f"ImportError: pika {pika.__version__}: pika.connection.Connection._terminate_stream is gone"
    )


def attributes(path: Path) -> list[ast.Attribute]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]


def test_every_private_part_in_use_is_in_the_table() -> None:
    """Whoever needs another one writes down what for."""
    used = {each.attr for each in attributes(ROOT / "bus/rabbit/connection.py") if each.attr.startswith("_")}
    ours = {name for name in vars(Connection) if name not in dir(AsyncioConnection)}
    assert used - ours <= {part.name for part in PARTS}


def test_every_part_in_the_table_is_in_use() -> None:
    """A line goes with the code that needed it."""
    assert {part.name for part in PARTS} <= {each.attr for each in attributes(ROOT / "bus/rabbit/connection.py")} | {
        *vars(Connection)
    }


@pytest.mark.parametrize(
    "path", sorted((ROOT / "bus/rabbit").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT / "bus/rabbit"))
)
def test_no_other_file_uses_private_parts(path: Path) -> None:
    """connection.py is the one to read when pika changes."""
    if path.name == "connection.py":
        return
    others = {"_asdict", "_value2member_map_", "_type"}  # of the standard library, and of cryptography
    found = {each.attr for each in attributes(path) if getattr(each.value, "id", None) not in {"self", "cls"}}
    assert {name for name in found if name.startswith("_") and not name.startswith("__")} <= others


def test_the_versions_are_those_of_the_package() -> None:
    """pyproject.toml asks for no pika that was not tried."""
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"pika{VERSIONS}" in needs
