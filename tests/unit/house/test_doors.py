"""What strangers wrote reaches people through few doors: output.py and tables.py print and ask, strict_json.py
reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SOURCES = sorted(path for room in ("bus", "adapters", "schemas") for path in (PROJECT / room).rglob("*.py"))

PRINTERS = {
    "click.echo", "click.secho", "print", "rich.print", "sys.stdout.write", "sys.stderr.write", "Console",
    "click.prompt", "click.confirm", "click.echo_via_pager", "click.pause", "input", "getpass.getpass",
}  # fmt: skip
PRINTING = {
    "bus/cli/output.py": "lines and JSON, and questions",
    "bus/cli/tables.py": "the console of all tables",
    "bus/token/pkcs11.py": "asks for a PIN; the token's name is from the operator's own file",
}

READERS = {"json.loads", "json.load", "model_validate_json"}
READING = {
    "schemas/strict_json.py": "the strict reader itself",
    "schemas/values.py": "checked by it; what was kept was judged before",
    "bus/files/authority.py": "a pilot's own index",
    "bus/store/outbox.py": "headers that this process wrote",
    "bus/rabbit/admin/management.py": "the centre's own node, bounded in size; what does not fit is said",
    "bus/rabbit/admin/guard.py": "the guard's own state",
    "bus/ledger/rows.py": "columns that the ledger wrote; what was kept was judged before",
    "bus/ledger/alerts/keep.py": "facts that the ledger wrote",
    "adapters/journal.py": "lines that this process wrote; a torn one counts as not written",
}


def _calls(path: Path, names: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in names or name.rpartition(".")[2] in names - {"print"}:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_only_the_doors_print_and_ask(path: Path) -> None:
    """`emit`, `typed` and their like escape what steers a terminal; whoever prints beside them would have to
    remember to."""
    if str(path.relative_to(PROJECT)) not in PRINTING:
        assert list(_calls(path, PRINTERS)) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_only_the_strict_reader_reads_json_of_strangers(path: Path) -> None:
    """Each exception has its reason: none of them reads a stranger's bytes."""
    if str(path.relative_to(PROJECT)) not in READING:
        assert list(_calls(path, READERS)) == []


@pytest.mark.parametrize(("listed", "names"), [(PRINTING, PRINTERS), (READING, READERS)], ids=["printing", "reading"])
def test_an_exception_is_in_use(listed: dict[str, str], names: set[str]) -> None:
    """A reason that is no longer needed goes."""
    for name in listed:
        assert list(_calls(PROJECT / name, names)), name


def test_a_planted_door_is_found(tmp_path: Path) -> None:
    """Under its own name or another module's."""
    file = tmp_path / "x.py"
    file.write_text("import click\nclick.echo('a')\nprint('b')\nclick.prompt('c')\nDocket.model_validate_json(b'')\n")
    found = _calls(file, PRINTERS | READERS)
    assert [line.split()[-1] for line in found] == ["click.echo", "print", "click.prompt", "Docket.model_validate_json"]
