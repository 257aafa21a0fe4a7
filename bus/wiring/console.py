"""The console from a ledger's configuration: its ledger, whom it answers, its server; not started."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from bus.console.app import application
from bus.console.desk import Desk
from bus.console.late import LateLedger
from bus.console.recorder import Recorder
from bus.console.server import Server
from bus.errors import BadConfig, said
from bus.ledger.open import open_ledger
from bus.wiring.ledger_config import LedgerConfig
from bus.wiring.stores import store_url


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
        desk = Desk(ledger=ledger, callers=api.callers(), recorder=recorder, clock=lambda: datetime.now(UTC))
        yield Server(application(desk, hosts=api.host_names), address=api.address, tls=api.tls)
