"""`lienthong calendar take`: from the signer's file into a ledger."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from bus.ledger.open import open_ledger
from bus.trust.certificates import Certificate
from schemas.values import VIETNAM
from tests.unit.bus.cli.test_calendar import DECISION, FILE, ROOT, SIGNER, YEAR
from tests.unit.bus.cli.test_pilot import AGENCIES, BUILD, run

TOML = """
store = "sqlite:///{folder}/ledger.db"
[broker]
url = "amqp://guest:guest@localhost/%2F"
plain = true
"""
TRUST = """
[trust]
root = "{folder}/ca/root.pem"
directory = "{folder}/e.lt"
"""
LEDGER = ("--config", "ledger.toml")


@pytest.fixture(autouse=True)
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An authority, a signed directory, and a ledger that goes by it."""
    monkeypatch.chdir(tmp_path)
    run("ca", "init", "ca")
    run("ca", "issue-directory", "ca", "--out", "dir.pem", "--key", "dir.key")
    Path("src").mkdir()
    Path("src/agencies.toml").write_text(AGENCIES, encoding="utf-8")
    sign_directory("e.lt")
    Path("ledger.toml").write_text((TOML + TRUST).format(folder=tmp_path), encoding="utf-8")
    open_ledger(f"sqlite:///{tmp_path}/ledger.db").close()
    return tmp_path


def sign_directory(out: str, *more: str) -> None:
    run(*BUILD, "--out", "draft.txt")
    run("directory", "sign", "draft.txt", *SIGNER, "--out", out, *more)


def taken(said: str) -> int:
    return int(said.split()[-1])


def held() -> dict[str, object]:
    return dict(json.loads(run("calendar", "show", YEAR, "--ledger", "ledger.toml", "--json").stdout))


def test_a_ledger_takes_them_on() -> None:
    """Each once; of a year the last one."""
    assert held()["edition"] == 0
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, *DECISION)
    assert taken(run("calendar", "take", "calendar.pem", *LEDGER).stdout) == 1
    assert held()["edition"] == 1
    run("calendar", "set", YEAR, *FILE, *SIGNER, *DECISION, "--off", f"{YEAR}-06-03")
    run("calendar", "take", "calendar.pem", *LEDGER)
    found = held()
    assert (found["edition"], found["confirmed"]) == (2, True)
    assert f"{YEAR}-06-03" in str(found["off"])
    assert taken(run("calendar", "take", "calendar.pem", *LEDGER).stdout) == 0


def test_of_a_signer_who_was_revoked_since() -> None:
    """It is told, and the others of the file are taken: he could have dated it as he liked."""
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, *DECISION)
    run("ca", "issue-directory", "ca", "--out", "new.pem", "--key", "new.key")
    now = datetime.now(VIETNAM).isoformat(timespec="seconds")
    serial = f"{Certificate.from_pem(Path('dir.pem').read_bytes())[0].serial:x}"
    run("ca", "revoke", "ca", "--serial", serial, "--reason", "superseded", "--since", now)
    by_new = ("--key", "new.key", "--cert", "new.pem", *ROOT)
    run("calendar", "confirm", YEAR + 1, *FILE, *by_new, *DECISION)
    run(*BUILD, "--out", "draft.txt")
    run("directory", "sign", "draft.txt", *by_new, "--out", "e.lt")
    found = run("calendar", "take", "calendar.pem", *LEDGER, code=3)
    assert "was revoked" in found.stderr
    assert taken(found.stdout) == 1
    assert held()["edition"] == 0


def test_where_nobody_signed_the_directory() -> None:
    """Nobody signs a calendar either."""
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, *DECISION)
    Path("unsigned.toml").write_text(TOML.format(folder=Path.cwd()), encoding="utf-8")
    told = run("calendar", "take", "calendar.pem", "--config", "unsigned.toml", code=1).stderr
    assert "nobody signs a calendar" in told


def test_an_older_one_is_an_error() -> None:
    """The ledger has a newer one of that year already."""
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, *DECISION)
    older = Path("calendar.pem").read_bytes()
    run("calendar", "set", YEAR, *FILE, *SIGNER, *DECISION, "--off", f"{YEAR}-06-03")
    run("calendar", "take", "calendar.pem", *LEDGER)
    Path("older.pem").write_bytes(older)
    assert "not newer than 2" in run("calendar", "take", "older.pem", *LEDGER, code=1).stderr
    assert held()["edition"] == 2
