"""deploy/pilot.py: where a pilot may lie, and whether one runs there. What it does is walked in tests/handbook."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main as lienthong
from deploy.founding import Land
from deploy.pilot import PROJECT, main, next_steps
from deploy.service_user import lay_out


def pilot(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("below", ["", "deep/below"])
def test_never_inside_a_checkout(tmp_path: Path, below: str) -> None:
    """Said in both languages with the checkout's place, before anything is written."""
    checkout = tmp_path / "clone"
    (checkout / ".git").mkdir(parents=True)
    result = pilot("--folder", checkout / below)
    assert result.exit_code == 1
    assert "bản sao git" in result.output
    assert "inside a git checkout" in result.output
    assert f"git: {checkout}" in result.output
    assert list(checkout.iterdir()) == [checkout / ".git"]


def test_nor_inside_this_project() -> None:
    """Which may have been unpacked from an archive, without git."""
    assert "inside a git checkout" in pilot("--folder", PROJECT / "deploy" / "pilot-folder").output


def test_a_folder_is_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`deploy/pilot` itself changes to the project's root first."""
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("LIENTHONG_CALLED_FROM", str(tmp_path))
    assert f"{tmp_path}/here" in pilot("--folder", "here").output


def test_nothing_runs_here(tmp_path: Path) -> None:
    """So there is nothing to stop; nothing is made, either."""
    result = pilot("--folder", tmp_path / "none", "--stop")
    assert (result.exit_code, "Nothing runs here" in result.output) == (1, True)
    assert not (tmp_path / "none").exists()


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second start in the folder of one that runs changes nothing there."""
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = pilot("--folder", tmp_path)
    assert (result.exit_code, "It runs already" in result.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_to_do_next_fits_a_terminal() -> None:
    """80 columns, with the usual folder, in both languages."""
    text = next_steps(Land(Path("/var/lib/lienthong-pilot"))).replace(str(PROJECT), "/home/nguyenvanan/lienthong")
    assert max(map(len, text.splitlines())) <= 80
    assert all(each in text for each in ("Nơi nhận có tại", "The recipient has it in", "Ctrl-C"))


@pytest.mark.parametrize(
    "name",
    [
        "dir.key", "H49.req", "x.p12", "store.password", "credentials.toml", "keys/signing-1.pem", "any/sealing-2.pem",
        "lienthong-pilot/env", "keys-H49/signing-1.crt",
    ],
)  # fmt: skip
def test_git_takes_no_secret(name: str) -> None:
    """Should one be put into the checkout all the same."""
    if not (PROJECT / ".git").exists():
        pytest.skip("this is no git checkout, so nothing can be committed from it")
    ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=PROJECT, env=os.environ, check=False)
    assert ignored.returncode == 0


def test_a_visitor_s_commands_have_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a defaults file that only its owner may read: the certificate of the operator, and no administrator."""
    land = Land(tmp_path)
    for name in ("run", "authority"):
        (tmp_path / name).mkdir()
    for number in (1, 2):
        (land.authority / f"{number}.lt").touch()
    land.put_defaults("amqps://localhost:5671/lienthong", "http://lienthong%2Blook:x@127.0.0.1:15672")
    file = tmp_path / "run" / "lienthong.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("LIENTHONG_DEFAULTS", str(file))
    result = CliRunner().invoke(lienthong, ["config", "--json"], catch_exceptions=False)
    found = {name: value["value"] for name, value in json.loads(result.stdout)["values"].items()}
    assert found["certfile"] == f"{tmp_path}/authority/operator.pem"
    assert found["directory"] == f"{tmp_path}/authority/2.lt"
    assert found["management"] == "http://lienthong%2Blook:…@127.0.0.1:15672"
    lay_out(tmp_path, Path("/usr/bin/python3"), None)
    assert f'LIENTHONG_DEFAULTS="$PILOT/run/{file.name}"' in (tmp_path / "env").read_text()
