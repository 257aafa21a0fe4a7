"""The defaults file: which value counts, what is refused, and what is said of it where a command fails."""

import errno
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bus.cli import defaults
from bus.cli.defaults import NAMES, SYSTEM, hidden, name_of, usual_files
from bus.cli.main import main
from bus.cli.manual import commands, root_context
from bus.errors import BadConfig, of_system


@click.command()
@click.option("--management", "url", envvar="LIENTHONG_MANAGEMENT_URL")
@click.option("--vhost", envvar="LIENTHONG_VHOST", default="lienthong")
@click.option("--crl", "crls", envvar="LIENTHONG_CRL", multiple=True)
@click.option("--directory", "folder", envvar="LIENTHONG_DIRECTORY")
@click.option("--other")
@click.pass_context
def said(context: click.Context, /, **values: object) -> None:
    click.echo(json.dumps({name: value for name, value in values.items() if value}))
    for line in defaults.taken_from(context.meta):
        click.echo(line.en, err=True)


@click.group(invoke_without_command=True)
@click.pass_context
def root(context: click.Context) -> None:
    """Stands where `lienthong` stands."""
    context.default_map = {"group": defaults.offer(group, context)}


group = click.Group("group", commands=[said])
root.add_command(group)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file that is read."""
    found = tmp_path / "lienthong.toml"
    found.touch(mode=0o600)
    monkeypatch.setenv(defaults.VARIABLE, str(found))
    return found


def run(*arguments: str, **environment: str) -> tuple[dict[str, object], str]:
    result = CliRunner(env=environment).invoke(root, ["group", "said", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), result.stderr


def test_a_value_on_the_line_comes_first_then_the_environment_then_the_file(file: Path) -> None:
    """And then what the command itself has."""
    assert run()[0] == {"vhost": "lienthong"}
    file.write_text('vhost = "mine"')
    assert run()[0] == {"vhost": "mine"}
    assert run(LIENTHONG_VHOST="env")[0] == {"vhost": "env"}
    assert run("--vhost", "line", LIENTHONG_VHOST="env")[0] == {"vhost": "line"}


def test_the_one_daemon_s_file_is_checked(file: Path) -> None:
    """`adapter check` needs no argument then; `adapter run` is told what it runs."""
    (config := file.with_name("H49.toml")).write_text("mailbox = ")
    file.write_text('config = "H49.toml"')
    result = CliRunner().invoke(main, ["adapter", "check", "--json"])
    assert [each["config"] for each in json.loads(result.stdout)] == [str(config)]
    assert CliRunner().invoke(main, ["adapter", "run"]).exit_code == 2


def test_what_was_taken_is_said_with_its_file(file: Path) -> None:
    """Only what the command did take."""
    file.write_text('vhost = "mine"\nmanagement = "http://localhost:15672"\n')
    assert run("--management", "http://other")[1] == f"The defaults file {file} gave: vhost.\n"
    assert run("--management", "http://other", "--vhost", "v")[1] == ""


def test_paths_begin_at_the_file_and_a_list_is_a_list(file: Path) -> None:
    """Whatever folder the command is given in; a cluster's URLs are one value, with spaces between."""
    file.write_text('directory = "d.lt"\ncrl = ["a.pem", "/b.pem"]\nmanagement = ["http://a", "http://b"]\n')
    here = file.parent
    assert run()[0] == {
        "vhost": "lienthong",
        "folder": str(here / "d.lt"),
        "crls": [str(here / "a.pem"), "/b.pem"],
        "url": "http://a http://b",
    }
    file.write_text('crl = "a.pem"\ndirectory = "~/d"\n')
    assert run()[0]["crls"] == [str(here / "a.pem")]
    assert run()[0]["folder"] == str(Path.home() / "d")


def test_my_file_comes_before_the_machine_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name by name; neither need be there, and XDG_CONFIG_HOME says where mine is."""
    monkeypatch.delenv(defaults.VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(defaults, "SYSTEM", machine := tmp_path / "machine.toml")
    assert usual_files() == (tmp_path / "lienthong.toml", machine)
    machine.write_text('vhost = "machine"\ndirectory = "/d"\n')
    (tmp_path / "lienthong.toml").write_text('vhost = "mine"\n')
    assert run()[0] == {"vhost": "mine", "folder": "/d"}
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert usual_files()[0] == Path.home() / ".config" / "lienthong.toml"
    monkeypatch.setenv(defaults.VARIABLE, "")
    assert usual_files() == ()
    assert Path("/etc/lienthong/lienthong.toml") == SYSTEM


def test_a_file_that_one_may_not_read_counts_as_absent_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's file may be for its operators alone; a folder in its place stands for it here."""
    monkeypatch.setenv(defaults.VARIABLE, str(tmp_path))
    values, error = run()
    assert values == {"vhost": "lienthong"}
    why = of_system(IsADirectoryError(errno.EISDIR, "Is a directory"))
    assert error == f"Cannot read the defaults file {tmp_path}: {why}.\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('managment = "x"', "no name managment; did you mean management"),
        ('nonsense = "x"', "no name nonsense; there are config, directory"),
        ("vhost = 1", "vhost must be a text in quotes"),
        ('vhost = ""', "must be a text in quotes"),
        ("crl = []", "must be a text in quotes"),
        ('[vhost]\na = "x"', "must be a text in quotes"),
        ('vhost = ["a", "b"]', "takes one value"),
        ('directory = ["a"]', "takes one value"),
        ("vhost = ", "it is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_words(file: Path, text: str, why: str) -> None:
    """With its name, what is wrong and what would be right; but not while the values are all given."""
    file.write_text(text)
    with pytest.raises(BadConfig, match=str(file)) as refused:
        run()
    assert why in str(refused.value)
    run("--vhost", "v", "--management", "m", "--crl", "c", "--directory", "d")
    assert CliRunner().invoke(root, ["group", "said", "--help"]).exit_code == 0


def test_a_file_in_another_coding_is_refused(file: Path) -> None:
    """A byte order mark is no part of it."""
    file.write_bytes('vhost = "trục"'.encode("utf-16"))
    with pytest.raises(BadConfig, match="it is not UTF-8"):
        run()
    file.write_bytes('\ufeffvhost = "trục"'.encode())
    assert run()[0] == {"vhost": "trục"}


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    """The two usual ones need not."""
    file.unlink()
    with pytest.raises(BadConfig, match="names it"):
        run()


@pytest.mark.parametrize(("mode", "taken"), [(0o600, True), (0o640, True), (0o644, False), (0o604, False)])
def test_a_password_is_not_for_everybody(file: Path, mode: int, taken: bool) -> None:
    """A file with a password in a URL is refused where all may read it; a group may be the operators."""
    file.write_text('management = "http://me:secret@localhost:15672"')
    file.chmod(mode)
    if taken:
        assert run()[0]["url"] == "http://me:secret@localhost:15672"
        return
    with pytest.raises(BadConfig, match="chmod 600") as refused:
        run()
    assert "secret" not in str(refused.value)


def test_a_file_without_a_password_may_be_for_all(file: Path) -> None:
    """A user's name is no password."""
    file.write_text('management = "http://me@localhost:15672"\ncrl = "a"\n')
    file.chmod(0o644)
    assert run()[0]["url"] == "http://me@localhost:15672"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqps://bus/lienthong", "amqps://bus/lienthong"),
        ("https://me:pass@bus:15671", "https://me:…@bus:15671"),
        ("https://me:p@ss@a https://b", "https://me:…@a https://b"),
        ("lienthong", "lienthong"),
        ("a:b@c", "a:b@c"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert hidden(url) == shown


def test_every_option_with_a_variable_has_its_name() -> None:
    """Whoever gives an option an environment variable gives it a name in the file; no command has two of one name."""
    context = root_context(main)
    every = [each for each in commands(main, context) if not isinstance(each.command, click.Group)]
    nameless = {
        f"{each.command_path} {parameter.envvar}"
        for each in every
        for parameter in each.command.params
        if parameter.envvar and name_of(parameter) is None
    }
    assert nameless == set()
    named = {each.command_path: list(filter(None, map(name_of, each.command.params))) for each in every}
    assert {path: names for path, names in named.items() if len(names) != len(set(names))} == {}
    assert set(NAMES) == {name for names in named.values() for name in names}
