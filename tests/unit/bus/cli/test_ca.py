"""bus/cli/ca.py: what test_pilot.py does not come by."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.authority import make_request
from bus.cli.main import main
from bus.keys import SealingKey, SigningKey
from bus.statement import SealingStatement
from tests.identities import BEGIN, papers


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["ca", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(autouse=True)
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("init", "ca")
    return tmp_path


def ask(name: str, *, stated: bool = True) -> str:
    """A request's file."""
    signer = SigningKey.generate()
    statements: list[SealingStatement] = []
    if stated:
        statements.append(papers().statement(name, SealingKey.generate(), signer, at=BEGIN))
    Path("r.req").write_bytes(make_request(signer, mailbox=name, statements=statements))
    return "r.req"


def issued() -> list[str]:
    return [line["code"] for line in json.loads(run("list", "ca", "--json").stdout)]


@pytest.mark.parametrize(
    ("name", "why"), [("Ha Noi", "no mailbox code"), ("../H49", "no mailbox code"), ("ledger", "a service's")]
)
def test_names_that_get_none(name: str, why: str) -> None:
    """What is no mailbox code, or is a service's, gets no certificate, and nothing is in the index."""
    assert why in run("issue", "ca", ask(name, stated=False), code=1).stderr
    assert issued() == []


def test_without_a_sealing_key_nothing_is_issued() -> None:
    """A directory's entry needs one: said before the certificate exists, so that the next request is a first one."""
    assert "no sealing key" in run("issue", "ca", ask("H49", stated=False), "--entry", "e.toml", code=1).stderr
    assert (issued(), Path("e.toml").exists()) == ([], False)
    run("issue", "ca", ask("H49"), "--entry", "e.toml")
    assert issued() == ["H49"]


def test_renewing_keeps_what_the_entry_had() -> None:
    """Newest certificate first; sealing keys stay where the request states none."""
    run("issue", "ca", ask("H49"), "--entry", "e.toml")
    (before,) = tomllib.loads(Path("e.toml").read_text())["keys"]
    run("renew", "ca", "H49", ask("H49", stated=False), "--entry", "e.toml")
    (after,) = tomllib.loads(Path("e.toml").read_text())["keys"]
    assert after["certificates"][1:] == before["certificates"]
    assert after["sealing"] == before["sealing"]


def test_nothing_to_renew() -> None:
    """Who has none asks for a first one."""
    assert "ca issue" in run("renew", "ca", "H49", ask("H49"), code=1).stderr


@pytest.mark.parametrize("host", ["bưu.vn", "a" * 65, "a/b", ""])
def test_no_host(host: str) -> None:
    """What cannot be a broker's name makes neither key nor certificate."""
    run("issue-broker", "ca", "--host", host, "--out", "b.pem", "--key", "b.key", code=2)
    assert (issued(), Path("b.key").exists()) == ([], False)


@pytest.mark.parametrize("name", ["", "x" * 58])
def test_no_name(name: str) -> None:
    """Nor is an authority founded whose name cannot stand in a certificate."""
    run("init", "other", "--name", name, code=2)
    assert not Path("other").exists()
