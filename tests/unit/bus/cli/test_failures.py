"""How a command that failed says so."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bus.cli import failures
from bus.cli.defaults import VARIABLE
from bus.cli.failures import Exit
from bus.cli.main import main
from bus.cli.manual import root_context
from bus.errors import BadConfig, UnknownAgency
from tests.unit.bus.cli.test_output import Terminal


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "vi", "en"),
    [
        (
            ["queues"],
            "Thiếu --management; hoặc đặt LIENTHONG_MANAGEMENT_URL, hoặc ghi management",
            "in the defaults file",
        ),
        (["keys", "new", "k"], "Thiếu --mailbox. Xem", "Missing option '--mailbox'. See"),
        (["agency", "show"], "Thiếu CODE. Xem: main agency show --help", "Missing argument 'CODE'"),
        (["agency", "list", "--nonsense"], "Không có tùy chọn --nonsense", "No such option '--nonsense'"),
        (["nonsense"], "Không có lệnh nonsense. Xem: main --help", "No such command 'nonsense'"),
        (["--nonsense"], "Không có tùy chọn --nonsense", "No such option '--nonsense'"),
        (["agency", "list", "--as-of", "x"], "Giá trị của --as-of không dùng được", "Invalid value for '--as-of'"),
        (["keys", "new", "k", "--mailbox", "?"], "Giá trị của --mailbox không dùng được", "is no mailbox code"),
        (
            ["ca", "revoke", "ca", "--reason", "superseded", "--since", "2026-01-01"],
            "Lệnh gọi không đúng",
            "one of them",
        ),
    ],
)
def test_a_wrong_use_is_said_in_both_languages(arguments: list[str], vi: str, en: str) -> None:
    """With the usage of the command, and where to read on; exit code 2, which nothing else has."""
    result = run(*arguments)
    assert result.exit_code == Exit.USAGE
    usage, first, second = result.stderr.splitlines()
    assert usage.startswith("Usage: main")
    assert vi in first
    assert en in second
    assert result.stdout == ""
    found = json.loads(run(*arguments, "--json").stderr)
    assert (found["code"], found["who"], found["exit_code"]) == ("usage", "operator", 2)
    if "--json" not in found["en"]:  # some commands have no such option
        assert en in found["en"]


def test_an_error_is_json_where_json_was_asked_for() -> None:
    """One object on standard error: code, who acts, both languages, the exit code; what helps beside it."""
    result = run("agency", "show", "H4900", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    found = json.loads(result.stderr)
    assert (found["code"], found["exit_code"]) == ("unknown-agency", 1)
    assert "H4900" in found["vi"]
    assert "H4900" in found["en"]
    assert any("H49" in line for line in found["hints"])


def test_the_file_that_gave_a_value_is_named(tmp_path: Path) -> None:
    """In lines, and in JSON."""
    file = tmp_path / "lienthong.toml"
    file.write_text('directory = "/nowhere"\n')
    environment = {VARIABLE: str(file)}
    assert run("agency", "list", **environment).stderr.endswith(f"The defaults file {file} gave: directory.\n")
    found = json.loads(run("agency", "list", "--json", **environment).stderr)
    assert found["notes"] == [f"The defaults file {file} gave: directory."]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["a", "--json"], True),
        (["--json", "--", "x"], True),
        (["a", "--", "--json"], False),
        ([], False),
        (["adapter", "conform", "a.toml", "--json", "report.json"], False),
    ],
)
def test_json_is_asked_for_by_an_option(arguments: list[str], asked: bool) -> None:
    assert failures.asks_for_json(arguments) is asked


def _of_a_file() -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "/out.pem")


def _of_no_file() -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def _of_a_pipe() -> None:
    raise BrokenPipeError(errno.EPIPE, "Broken pipe", "x")


def _answered_no() -> None:
    raise click.Abort


def _interrupted() -> None:
    raise KeyboardInterrupt


def _failed() -> None:
    raise click.ClickException("no\x1bgood")


def _refused() -> None:
    failures.hint("near: H49", "and G22")
    raise UnknownAgency(agency="H4")


def _shown() -> None:
    raise click.exceptions.NoArgsIsHelpError(click.get_current_context())


@pytest.mark.parametrize(
    ("failing", "code", "said"),
    [
        (_of_a_file, 1, "/out.pem: Permission denied."),
        (_answered_no, 1, "Stopped, as asked."),
        (_interrupted, 1, "Stopped, as asked."),
        (_failed, 1, "no<U+001B>good"),
        (_refused, 1, "near: H49"),
    ],
)
def test_every_failure_has_an_end(
    failing: Callable[[], None], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no traceback, in lines or JSON."""
    for arguments in ((), ("--json",)):
        context = root_context(main)
        with context, pytest.raises(SystemExit) as ended, failures.failures_said(arguments, context.meta):
            failing()
        assert ended.value.code == code
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("failing", [_of_no_file, _of_a_pipe, _shown])
def test_what_is_another_s_to_end_goes_on(failing: Callable[[], None]) -> None:
    """A defect of ours keeps its traceback; a pipe that nobody reads, and help, are click's."""
    with root_context(main), pytest.raises((OSError, click.UsageError)), failures.failures_said((), {}):
        failing()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["explain", "road-gone"]])
def test_a_full_output_is_said(arguments: list[str], unbuffered: str) -> None:
    """Of a command's own words, and of its help: in a line for each language."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from bus.cli.main import main; main()", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "LIENTHONG_DEFAULTS": ""},
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["Standard output cannot be written: No space left on device."]


def test_an_error_breaks_between_words_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path stays whole; what is piped stays one line a sentence."""
    path = "/a/very/long/path/of/a/file-that-people-copy.toml"

    def said(stream: StringIO) -> list[str]:
        monkeypatch.setattr("sys.stderr", stream)
        with root_context(main) as context, pytest.raises(SystemExit), failures.failures_said((), context.meta):
            raise BadConfig(file=path, why="one two three four five six seven")
        return stream.getvalue().splitlines()

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    assert len(said(StringIO())) == 2
    lines = said(Terminal())
    assert len(lines) > 4
    assert max(map(len, lines)) <= 60 + len(path)
    assert sum(path in line for line in lines) == 2
