"""`lienthong ledger` without a broker; with one: tests/e2e/test_ledger.py."""

import json
from pathlib import Path

from click.testing import CliRunner

from bus.cli.ledger import ELSEWHERE
from bus.cli.main import main
from bus.ledger.open import open_ledger
from tests.unit.bus.wiring.configs import written


def config(folder: Path) -> Path:
    written(folder, "G22")
    path = folder / "ledger.toml"
    path.write_text(
        f'store = "sqlite:///{folder}/ledger.db"\ndirectory = "{folder}/directory"\nas_of = 2026-11-22\n'
        '[broker]\nplain = true\nurl = "amqp://ledger:geheim@127.0.0.1:1/lienthong"\n',
        encoding="utf-8",
    )
    return path


def test_every_subcommand_can_be_had() -> None:
    """Those of other files too, each with its help."""
    runner = CliRunner()
    listed = runner.invoke(main, ["ledger", "--help"]).output
    for name in ("run", "rebuild", "check", *ELSEWHERE):
        assert f"  {name} " in listed
        assert runner.invoke(main, ["ledger", name, "--help"]).exit_code == 0


def test_check_says_what_is_in_the_way(tmp_path: Path) -> None:
    """Here the broker; the password in its URL is nobody's to read."""
    path = config(tmp_path)
    said = CliRunner().invoke(main, ["ledger", "check", str(path)])
    assert said.exit_code == 1
    assert "chưa chạy được / not ready" in said.output
    assert "there is no database yet" in said.output
    assert "1 mailboxes" in said.output
    assert "geheim" not in said.output
    plain = json.loads(CliRunner().invoke(main, ["ledger", "check", str(path), "--json"]).output)
    assert (plain["ok"], len(plain["findings"])) == (False, 1)
    assert not (tmp_path / "ledger.db").exists()


def test_check_of_a_wrong_file(tmp_path: Path) -> None:
    """Nothing else is looked at."""
    path = tmp_path / "ledger.toml"
    path.write_text('mailbox = "H49"\n', encoding="utf-8")
    said = CliRunner().invoke(main, ["ledger", "check", str(path)])
    assert said.exit_code == 1
    assert "store" in said.output


def test_rebuild_of_an_empty_ledger(tmp_path: Path) -> None:
    """No event, no stream that was read: done at once, beside a process that has it."""
    path = config(tmp_path)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    try:
        said = CliRunner().invoke(main, ["ledger", "rebuild", str(path)])
    finally:
        ledger.close()
    assert said.exit_code == 0, said.output
    assert "Rebuilt from 0 events." in said.stdout
