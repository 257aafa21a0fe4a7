"""A ledger with rows and a TOML that names it, for the tests of the commands that ask it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_queries import ROWS
from tests.contract.ledger_rows import keep


@dataclass
class Kept:
    ledger: Ledger
    config: Path

    def run(self, *arguments: str, columns: int = 80) -> Result:
        env = {"COLUMNS": str(columns), "LIENTHONG_LEDGER": str(self.config)}
        return CliRunner(env=env).invoke(main, arguments, catch_exceptions=False)

    def lines(self, *arguments: str, columns: int = 80) -> list[str]:
        return [line.rstrip() for line in self.run(*arguments, columns=columns).output.splitlines()]

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


def kept(folder: Path) -> Kept:
    """With the rows of tests/contract/ledger_queries.py."""
    made = Kept(open_ledger(f"sqlite:///{folder}/ledger.db"), config_of(folder))
    with made.ledger.writing() as connection:
        keep(connection, ROWS)
    return made


def config_of(folder: Path) -> Path:
    config = folder / "ledger.toml"
    config.write_text(
        f'store = "sqlite:///{folder}/ledger.db"\n[broker]\nplain = true\nurl = "amqp://ledger:x@127.0.0.1/"\n'
    )
    return config
