"""A ledger opened for a command beside its process; and the directory by which a command judges, as it is held here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bus.directory.onlooker import Onlooker
from bus.files.directory import default_folder
from bus.files.edition import load_directory
from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from bus.wiring.ledger_config import LedgerConfig
from bus.wiring.stores import store_url
from schemas.values import VIETNAM


@contextmanager
def ledger_of(config: LedgerConfig) -> Iterator[Ledger]:
    """Its process may run meanwhile. Raises as `open_ledger`."""
    ledger = open_ledger(store_url(config), exclusive=False)
    try:
        yield ledger
    finally:
        ledger.close()


def onlooker_of(config: LedgerConfig) -> Onlooker:
    """By the edition on disk: no broker is asked, and an edition that has ended counts. Raises BadConfig,
    BadDirectory."""
    now = datetime.now(UTC)
    on = config.as_of or now.astimezone(VIETNAM).date()
    if config.trust is None:
        folder = Path(config.directory) if config.directory else default_folder()
        return Onlooker(directory=load_directory(folder, on=on, roots=None, now=now).directory)
    loaded = load_directory(Path(config.trust.directory), on=on, roots=Path(config.trust.root), now=now)
    trust_store = None if loaded.edition is None else loaded.edition.trust_store
    return Onlooker(directory=loaded.directory, trust_store=trust_store)
