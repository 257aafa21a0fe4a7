"""A mailbox with a real store and a TOML that names it, for the tests of the commands that look into it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.ports.adapter import Collected
from bus.ports.store import Store
from bus.sending.accept import accept as accept_batch
from bus.store.open import open_store
from schemas.document import Document
from schemas.status import Status
from schemas.values import MessageId
from tests.scenarios.country import Land


@dataclass
class Mailbox:
    """G22 of the country in memory, but for its store, which is an SQLite file."""

    land: Land
    store: Store
    config: Path

    def accept(self, *items: Document | Status) -> list[MessageId]:
        collected = [Collected(ref=f"outgoing/{number}.edxml#1", item=item) for number, item in enumerate(items, 1)]
        answers = accept_batch(self.store, collected, member=self.land["G22"].member, now=self.land.now)
        return [answer.message for answer in answers if answer.message]

    def run(self, *arguments: str, columns: int = 100) -> Result:
        env = {"COLUMNS": str(columns), "LIENTHONG_CONFIG": str(self.config)}
        return CliRunner(env=env).invoke(main, arguments, catch_exceptions=False)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


def made(folder: Path) -> Mailbox:
    url = f"sqlite:///{folder / 'G22.db'}"
    config = folder / "G22.toml"
    config.write_text(
        f'mailbox = "G22"\nkeys = "{folder / "keys"}"\nstore = "{url}"\n'
        '[broker]\nplain = true\nurl = "amqp://G22:x@127.0.0.1/"\n[adapter]\nuse = "adapters.folder:FolderAdapter"\n'
    )
    land, store = Land(), open_store(url, owner="G22")
    land["G22"].store = store  # type: ignore[assignment] # the others' are in memory
    return Mailbox(land, store, config)
