"""Completion at the TAB key."""

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from bus.cli.completion import PROGRAM, SHELLS, VARIABLE
from bus.cli.main import COMMANDS, main


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_its_script(shell: str) -> None:
    """It asks the command itself, by the variable that the command looks for."""
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0, result.output
    assert f"{VARIABLE}={shell}_complete" in result.stdout
    assert PROGRAM in result.stdout


@pytest.mark.parametrize(
    ("before", "typed", "offered"),
    [
        ([], "o", ["obligations", "outbox"]),
        ([], "", list(COMMANDS)),
        ([], "--v", ["--version"]),
        (["ca"], "issue-b", ["issue-broker"]),
        (["agency", "list"], "--mail", ["--mailboxes"]),
        (["completion"], "", list(SHELLS)),
    ],
)
def test_commands_and_options_are_offered(
    before: list[str], typed: str, offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the defaults file holds."""
    monkeypatch.setenv("LIENTHONG_DEFAULTS", "/nowhere.toml")
    found = ShellComplete(main, {}, PROGRAM, VARIABLE).get_completions(before, typed)
    assert [each.value for each in found] == offered
