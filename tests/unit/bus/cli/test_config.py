"""`lienthong config`: the values in force and their source."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from bus.cli.defaults import NAMES, VARIABLE
from bus.cli.main import main


def run(*arguments: str, **environment: str) -> str:
    result = CliRunner(env={"COLUMNS": "200", **environment}).invoke(main, ["config", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_where_each_value_is_from(tmp_path: Path) -> None:
    """The environment before the file; no password is shown."""
    file = tmp_path / "lienthong.toml"
    file.touch(mode=0o600)
    file.write_text('vhost = "v"\nmanagement = "http://me:secret@localhost:15672"\ncrl = ["/a", "/b"]\n')
    said = run(**{VARIABLE: str(file), "LIENTHONG_VHOST": "w", "LIENTHONG_AMQP_URL": "amqps://me:secret@bus/v"})
    assert "secret" not in said
    found = json.loads(run("--json", **{VARIABLE: str(file), "LIENTHONG_VHOST": "w"}))
    assert found == {
        "files": {str(file): "read"},
        "values": {
            "management": {"value": "http://me:…@localhost:15672", "from": str(file)},
            "vhost": {"value": "w", "from": "LIENTHONG_VHOST"},
            "crl": {"value": "/a /b", "from": str(file)},
        },
    }


def test_nothing_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that would be read are named, with what to do; one that this person may not read, too."""
    for name in NAMES.values():
        monkeypatch.delenv(name.variable, raising=False)
    monkeypatch.delenv(VARIABLE)
    said = run(XDG_CONFIG_HOME=str(tmp_path))
    assert f"{tmp_path / 'lienthong.toml'}: không có / absent\n" in said
    assert "lienthong config --example > ~/.config/lienthong.toml" in said
    (tmp_path / "lienthong.toml").mkdir()
    assert "you may not read it" in run(XDG_CONFIG_HOME=str(tmp_path))


def test_the_example_can_be_used(tmp_path: Path) -> None:
    """It has every name, is right as it is, and once its lines are taken in."""
    example = run("--example")
    assert tomllib.loads(example) == {}
    taken = "".join(f"{line[2:]}\n" for line in example.splitlines() if " = " in line)
    assert set(tomllib.loads(taken)) == set(NAMES)
    file = tmp_path / "all.toml"
    file.touch(mode=0o600)
    file.write_text(taken)
    assert set(json.loads(run("--json", **{VARIABLE: str(file)}))["values"]) == set(NAMES)
