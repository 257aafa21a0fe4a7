"""A process that hosts mailboxes, one or many, from start to SIGTERM."""

import gc
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

import structlog

from bus.daemon.bulletin import Bulletin
from bus.daemon.closing import CLOSING, GRACE, close_all
from bus.daemon.http import HealthServer
from bus.daemon.loops import Loop, join_all
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.standby import Standby

log = structlog.get_logger()

Mailbox: TypeAlias = MailboxDaemon | Standby
"""At work, or waiting for it."""


@contextmanager
def hosted(
    daemons: Sequence[Mailbox],
    *,
    listen: tuple[str, int] | None,
    bulletin: Bulletin | None = None,
    grace: float = GRACE,
    closing: float = CLOSING,
) -> Iterator[HealthServer | None]:
    """Runs the daemons while the block runs; ends them cleanly after it. Raises BadConfig where the port is taken.
    `bulletin` keeps their directory up to date; one for all of them."""
    server: HealthServer | None = None
    following = [Loop("directory", bulletin.step, idle=0, mailbox="*")] if bulletin else []
    try:
        if listen:
            server = HealthServer(listen, daemons)
        for loop in following:
            loop.start()
        for daemon in daemons:
            daemon.start()
        yield server
    finally:
        for daemon in daemons:
            daemon.tell_to_stop()
        for loop in following:
            loop.stop()
        busy = join_all([*following, *(loop for daemon in daemons for loop in daemon.loops)], within=grace)
        if busy:
            log.warning("daemon.left-working", loops=busy)  # what they did not finish will be offered again
        close_all([*daemons, *([server] if server else []), *([bulletin] if bulletin else [])], within=closing)


def run(daemons: Sequence[Mailbox], *, listen: tuple[str, int] | None, bulletin: Bulletin | None = None) -> None:
    """Until SIGTERM or SIGINT. Must be called from the main thread."""
    end = threading.Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("daemon.stopping", signal=signal.Signals(signum).name)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # Batches make many short-lived values and no cycles; what is loaded by now lives to the end. Left at its defaults
    # the collector takes a fifth of a busy daemon's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    with hosted(daemons, listen=listen, bulletin=bulletin):
        end.wait()
