"""The options of the commands about a broker, and the topology that they request."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bus.cli.main import main
from tests.scenarios.country import AGENCIES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.toml").write_text(AGENCIES, encoding="utf-8")
    return tmp_path


def export(folder: Path, *options: str, code: int = 0) -> str:
    """`topology export` asks no broker: what it prints is what was requested."""
    result = CliRunner().invoke(main, ["topology", "export", "--directory", str(folder), *options])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def names(exported: str, kind: str) -> set[str]:
    return {each["name"] for each in json.loads(exported)[kind]}


def test_all_mailboxes_of_the_directory_are_wanted() -> None:
    """Of the one that comes with the bus where none is named."""
    result = CliRunner().invoke(main, ["topology", "export"])
    assert result.exit_code == 0
    assert len([name for name in names(result.stdout, "queues") if name.startswith("inbox.")]) > 1


def test_only_some_of_them(folder: Path) -> None:
    """Named one by one; a withdrawn one keeps its queue and has no user."""
    found = export(folder, "--mailbox", "G22", "--mailbox", "H49", "--withdrawn", "H49", "--login", "name")
    assert {name for name in names(found, "queues") if name.startswith("inbox.")} == {"inbox.G22", "inbox.H49"}
    assert {"G22", "H49"} & names(found, "users") == {"G22"}


def test_users_are_called_by_their_certificate_or_by_name(folder: Path) -> None:
    """By the URN unless somebody says otherwise, or they have passwords."""
    chosen = ("--mailbox", "G22")
    urns = {
        "urn:lienthong:mailbox:G22",
        *(f"urn:lienthong:service:{each}" for each in ("operator", "ledger", "authority")),
    }
    assert names(export(folder, *chosen), "users") == urns
    plain = {"G22", "operator", "ledger", "authority"}
    assert names(export(folder, *chosen, "--login", "name"), "users") == plain
    assert names(export(folder, *chosen, "--credentials", str(folder / "passwords.toml")), "users") == plain


def test_another_limit_is_in_the_policy(folder: Path) -> None:
    """Numbers and ages alike."""
    found = json.loads(export(folder, "--limit", "inbox_messages=7", "--limit", "audit_age=3D"))
    policies = {each["name"]: each["definition"] for each in found["policies"]}
    assert policies["lienthong-inbox"]["max-length"] == 7
    assert policies["lienthong-audit"]["max-age"] == "3D"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--limit", "inbox_messages"), "NAME=VALUE"),
        (("--limit", "inboxes=1"), "NAME=VALUE"),
        (("--limit", "inbox_messages=0"), "a whole number above 0"),
        (("--limit", "inbox_messages=-1"), "a whole number above 0"),
        (("--limit", "inbox_messages=viele"), "a whole number above 0"),
        (("--mailbox", "X1"), "no mailbox of the directory: X1"),
        (("--withdrawn", "X1"), "no mailbox of the directory: X1"),
    ],
)
def test_what_cannot_be_wanted_is_said(folder: Path, options: tuple[str, ...], said: str) -> None:
    """Before any broker is asked."""
    assert said in " ".join(export(folder, *options, code=2).split())
