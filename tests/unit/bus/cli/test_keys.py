"""bus/cli/keys.py"""

import base64
import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.files.keys import load_identity
from bus.trust.keys import SealingPublicKey, VerifyKey


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["keys", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_new(folder: Path, algorithm: str) -> None:
    """New keys are in the folder; what is printed is the directory's entry, and its keys are theirs."""
    result = run("new", folder, "--mailbox", "H49", "--algorithm", algorithm)
    (entry,) = tomllib.loads(result.stdout)["keys"]
    identity = load_identity(folder)
    assert entry.keys() == {"mailbox", "signing", "sealing"}
    assert entry["mailbox"] == "H49"
    assert VerifyKey.from_bytes(base64.b64decode(entry["signing"][0])) == identity.signing.public
    assert SealingPublicKey.from_bytes(base64.b64decode(entry["sealing"][0])) == identity.sealing[0].public
    assert identity.signing.algorithm == algorithm


def test_nothing_private(folder: Path) -> None:
    """No private key is printed, in any form."""
    printed = run("new", folder, "--mailbox", "H49").output + run("show", folder, "--json").output
    for path in folder.iterdir():
        assert not any(line in printed for line in path.read_text().splitlines())


def test_json(folder: Path) -> None:
    """Programs get the same keys with their ids."""
    made = json.loads(run("new", folder, "--mailbox", "H49", "--json").stdout)
    identity = load_identity(folder)
    assert made["mailbox"] == "H49"
    assert made["signing"][0]["id"] == identity.signing.id
    assert made["sealing"][0]["id"] == identity.sealing[0].id
    shown = json.loads(run("show", folder, "--json").stdout)
    assert [(row["kind"], row["key"], row["state"]) for row in shown] == [
        ("signing", made["signing"][0]["id"], "pending"),
        ("sealing", made["sealing"][0]["id"], "held"),
    ]


def test_show(folder: Path) -> None:
    """Shown are the key ids, or for a mailbox the very entry that was printed when the keys were made."""
    entry = run("new", folder, "--mailbox", "H49").stdout
    shown = run("show", folder).stdout
    identity = load_identity(folder)
    assert identity.signing.id in shown
    assert identity.sealing[0].id in shown
    assert run("show", folder, "--mailbox", "H49").stdout == entry


def test_not_twice(folder: Path) -> None:
    """Keys are never overwritten: the second command says so in both languages and fails."""
    run("new", folder, "--mailbox", "H49")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = run("new", folder, "--mailbox", "H49")
    assert result.exit_code == 1
    assert "không ghi đè" in result.stderr
    assert "never overwritten" in result.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("command", ["new", "show"])
def test_no_mailbox_code(folder: Path, command: str) -> None:
    """What cannot be a mailbox code makes no keys."""
    if command != "new":
        run("new", folder, "--mailbox", "H49")
    result = run(command, folder, "--mailbox", "Hà Nội")
    assert result.exit_code == 2
    assert "no mailbox code" in result.stderr
    assert folder.exists() == (command != "new")
