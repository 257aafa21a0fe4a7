"""A process that hosts mailboxes, one or many, from start to SIGTERM."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog

from bus.daemon.http import HealthServer
from bus.daemon.loops import join_all
from bus.daemon.mailbox import MailboxDaemon

log = structlog.get_logger()

GRACE = 3.0
"""Seconds for the loops to end their batch. With closing, a daemon is gone within 5 (a promise to operators)."""


@contextmanager
def hosted(daemons: Sequence[MailboxDaemon], *, listen: tuple[str, int] | None) -> Iterator[HealthServer | None]:
    """Runs the daemons while the block runs; ends them cleanly after it."""
    server = HealthServer(listen, daemons) if listen else None
    for daemon in daemons:
        daemon.start()
    try:
        yield server
    finally:
        for daemon in daemons:
            daemon.tell_to_stop()
        busy = join_all([loop for daemon in daemons for loop in daemon.loops], within=GRACE)
        if busy:
            log.warning("daemon.left-working", loops=busy)  # what they did not finish will be offered again
        if server:
            server.close()
        for daemon in daemons:
            daemon.close()


def run(daemons: Sequence[MailboxDaemon], *, listen: tuple[str, int] | None) -> None:
    """Until SIGTERM or SIGINT. Must be called from the main thread."""
    end = threading.Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("daemon.stopping", signal=signal.Signals(signum).name)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with hosted(daemons, listen=listen):
        end.wait()
