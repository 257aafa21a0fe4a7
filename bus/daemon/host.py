"""A process that hosts mailboxes, one or many, from start to SIGTERM."""

import gc
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog

from bus.daemon.http import HealthServer
from bus.daemon.loops import join_all
from bus.daemon.mailbox import MailboxDaemon

log = structlog.get_logger()

GRACE, CLOSING = 2.5, 2.0
"""Seconds for the loops to end their batch, and for all that is open to be closed: a daemon is gone within 5, however
many mailboxes it hosts (a promise to operators)."""


@contextmanager
def hosted(
    daemons: Sequence[MailboxDaemon],
    *,
    listen: tuple[str, int] | None,
    grace: float = GRACE,
    closing: float = CLOSING,
) -> Iterator[HealthServer | None]:
    """Runs the daemons while the block runs; ends them cleanly after it. Raises BadConfig where the port is taken."""
    server: HealthServer | None = None
    try:
        if listen:
            server = HealthServer(listen, daemons)
        for daemon in daemons:
            daemon.start()
        yield server
    finally:
        for daemon in daemons:
            daemon.tell_to_stop()
        busy = join_all([loop for daemon in daemons for loop in daemon.loops], within=grace)
        if busy:
            log.warning("daemon.left-working", loops=busy)  # what they did not finish will be offered again
        close_all([*daemons, server] if server else daemons, within=closing)


def close_all(open_: Sequence[MailboxDaemon | HealthServer], *, within: float) -> None:
    """All at once: where the network is stalled, each link waits as long as it may for the broker's farewell. What has
    not closed in time is left to the end of the process."""
    threads = [threading.Thread(target=each.close, name="close", daemon=True) for each in open_]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def run(daemons: Sequence[MailboxDaemon], *, listen: tuple[str, int] | None) -> None:
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
    with hosted(daemons, listen=listen):
        end.wait()
