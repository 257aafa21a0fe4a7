"""The root of the command: every subcommand is there, loaded when wanted, and errors reach people."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bus.cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_had(name: str) -> None:
    """Each is `command` of its file, and explains itself."""
    assert isinstance(importlib.import_module(f"bus.cli.{name}").command, click.Command)
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage: main " in result.output or "Usage:" in result.output


def test_the_list_needs_none_of_them() -> None:
    """`lienthong --help` names all, sorted, with their line; an unknown one is an error of usage."""
    said = CliRunner().invoke(main, ["-h"]).output
    assert [
        line.split()[0]
        for line in said.partition("Commands:")[2].partition("exit codes:")[0].splitlines()
        if line.split()[:1] and line.split()[0] in COMMANDS
    ] == sorted(COMMANDS)
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_an_error_of_ours_is_said_in_both_languages(tmp_path: Path) -> None:
    """On standard error, exit code 1, no traceback."""
    config = tmp_path / "a.toml"
    config.write_text("mailbox = ")
    result = CliRunner().invoke(main, ["outbox", "list", "-c", str(config)])
    assert (result.exit_code, result.stdout) == (1, "")
    vi, en = result.stderr.splitlines()
    assert vi.startswith(f"Không dùng được {config}: ")
    assert en.startswith(f"{config} cannot be used: ")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["calendar", "show"], 1, "it needs holidays, which is not installed. Install what a ledger needs: pip"),
        (["report"], 1, "lienthong[ledger]"),
        (["ledger", "find", "12"], 1, "lienthong[ledger]"),
        (["manual"], 0, ""),
        (["explain", "bad-config"], 0, ""),
    ],
)
def test_an_agency_has_no_libraries_of_the_ledger(arguments: list[str], code: int, told: str) -> None:
    """Its own commands and the manual do without; a ledger's say what to install."""
    without = "import sys; from bus.cli.failures import OF_LEDGER; sys.modules |= dict.fromkeys(OF_LEDGER)"
    run = f"{without}; from bus.cli.main import main; main({arguments!r})"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert told in done.stderr


def test_a_daemon_carries_no_tables() -> None:
    """What a daemon loads is in its memory for life: neither rich nor Alembic is among it. A command that wants
    tables has them all the same."""
    code = (
        "import sys; from bus.cli.main import main; main.get_command(None, 'adapter'); "
        "print([name for name in ('rich', 'alembic', 'mako') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
