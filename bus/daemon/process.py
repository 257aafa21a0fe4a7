"""A process that hosts mailboxes, one or many, from start to SIGTERM."""

import contextlib
import ctypes
import gc
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

import structlog

from bus.daemon.descriptors import raise_limit
from bus.daemon.editions import EditionFollower
from bus.daemon.http import HealthServer
from bus.daemon.loops import Loop, join_all
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.own_process import OwnProcess
from bus.daemon.shutdown import CLOSING, GRACE, close_all
from bus.daemon.standby import Standby

log = structlog.get_logger()

M_MMAP_THRESHOLD = -3
"""glibc's, malloc.h."""
LARGE_BLOCK = 256 * 1024
"""Bytes from which a block is a mapping of its own."""

LOOK = 2.0
"""Seconds between two looks at the threads of the process."""

Mailbox: TypeAlias = MailboxDaemon | Standby
"""At work, or standing by."""


@contextmanager
def running(
    daemons: Sequence[Mailbox],
    *,
    listen: tuple[str, int] | None,
    token: str | None = None,
    follower: EditionFollower | None = None,
    own: OwnProcess | None = None,
    grace: float = GRACE,
) -> Iterator[HealthServer | None]:
    """Starts the daemons for the block, and ends them cleanly after it. Raises BadConfig where the port is taken.
    `follower` keeps the directory of all of them up to date; `token` is the operator's for the port; `own` is
    told of all that runs."""
    server: HealthServer | None = None
    following = [Loop("directory", follower.step, idle=0, mailbox="*")] if follower else []
    own = own or OwnProcess()
    own.watch(daemons, following)
    try:
        if listen:
            server = HealthServer(listen, daemons, token=token, own=own)
            own.add_thread("http", server.is_alive)
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
            log.warning("daemon.left-working", loops=busy)  # their unfinished work will be offered again
        others = [each.close for each in (server, follower) if each is not None]
        close_all([*(daemon.close for daemon in daemons), *others], within=CLOSING)


def run(
    daemons: Sequence[Mailbox],
    *,
    listen: tuple[str, int] | None,
    token: str | None = None,
    follower: EditionFollower | None = None,
    own: OwnProcess | None = None,
) -> None:
    """Until SIGTERM or SIGINT. Must be called from the main thread."""
    end = threading.Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("daemon.stopping", signal=signal.Signals(signum).name)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.excepthook = say_uncaught
    collect_rarely()
    give_back_large_blocks()
    own = own or OwnProcess()
    own.descriptors = raise_limit(len(daemons))
    with running(daemons, listen=listen, token=token, follower=follower, own=own):
        while not end.wait(LOOK):
            try:
                own.look()
            except Exception:  # whoever looks after the others must not be the one that ends them
                log.exception("process.look-failed")


def collect_rarely() -> None:
    """Batches make many short-lived values and no cycles; what is loaded by now lives to the end. Left at its defaults
    the collector takes a fifth of a busy process's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def say_uncaught(given: threading.ExceptHookArgs) -> None:
    """What ended a thread that is no loop's goes to the log, and not to a standard error that nobody reads."""
    name = given.thread.name if given.thread else "?"
    log.error("thread.failed", thread=name, exc_info=given.exc_value)


def give_back_large_blocks() -> None:
    """Memory of a segment goes back to the system as soon as it is free. glibc would raise its limit to the largest
    block that was ever freed, and keep segments in an arena a thread, in pieces (measured on a busy machine: 123 MB in
    place of 110)."""
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
