"""The console from a ledger's configuration: its ledger, whom it answers, its server; not started."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bus.console.app import application
from bus.console.desk import Desk
from bus.console.late import LateLedger
from bus.console.recorder import Recorder
from bus.console.server import Server
from bus.directory.onlooker import Onlooker
from bus.errors import BadConfig, said
from bus.handling.clocks import by_code
from bus.ledger.open import open_ledger
from bus.wiring.ledger import clocks_of
from bus.wiring.ledger_config import LedgerConfig
from bus.wiring.ledgers import onlooker_of
from bus.wiring.stores import store_url
from schemas.values import VIETNAM


@contextmanager
def wired_console(config: LedgerConfig, *, file: str) -> Iterator[Server]:
    """`file`: the TOML, for who has to mend it. Raises BadConfig where there is no [api], or it cannot be served."""
    if config.api is None:
        raise BadConfig(file=file, why=said("thiếu mục [api]", "the section [api] is missing"))
    api = config.api
    with ExitStack() as opened:
        ledger = LateLedger(partial(open_ledger, store_url(config), exclusive=False))
        opened.callback(ledger.close)
        recorder = Recorder(ledger.record)
        opened.callback(recorder.close)
        desk = Desk(
            ledger=ledger,
            callers=api.callers(),
            recorder=recorder,
            onlooker=HeldDirectory(config).now,
            clocks=by_code(clocks_of(config)),
            clock=lambda: datetime.now(UTC),
        )
        yield Server(application(desk, hosts=api.host_names), address=api.address, tls=api.tls)


class HeldDirectory:
    """The directory on disk, read again once another edition lies there, or the day is another one. Any thread may
    ask."""

    def __init__(self, config: LedgerConfig) -> None:
        self._config = config
        self._path = Path(config.trust.directory) if config.trust else None
        self._turn = threading.Lock()
        self._of: object = None
        self._held: Onlooker | None = None

    def now(self) -> Onlooker:
        """Raises BadConfig, BadDirectory, BadEdition."""
        with self._turn:
            of = self._mark()
            if self._held is None or self._of != of:
                self._held, self._of = onlooker_of(self._config), of
            return self._held

    def _mark(self) -> object:
        today = datetime.now(VIETNAM).date()
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None, today  # reading it will say why
        return found and (found.st_mtime_ns, found.st_size, found.st_ino), today
