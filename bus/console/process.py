"""The console's process: it serves until SIGTERM."""

import signal
import threading
from types import FrameType
from typing import Final

import structlog

from bus.console.server import Server
from bus.daemon.process import say_uncaught

log = structlog.get_logger()

LOOK: Final = 1.0
"""Seconds between two looks: is anybody answered?"""


def run(server: Server) -> bool:
    """Until SIGTERM or SIGINT; must be called from the main thread. False where the server ended by itself: whoever
    looks after the process begins it again."""
    end = threading.Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("console.stopping", signal=signal.Signals(signum).name)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.excepthook = say_uncaught
    server.start()
    try:
        while not end.wait(LOOK):
            if not server.is_alive():
                log.error("console.ended")
                return False
        return True
    finally:
        server.close()
