"""The one thread of a process that speaks AMQP. It moves bytes and acks for every link and runs no work of ours."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, ParamSpec, Self

import structlog

P = ParamSpec("P")

LOOK: Final = 1.0
"""Seconds between two looks whether the thread that is waited for is still alive."""

log = structlog.get_logger()


class IoThread:
    """An event loop in a thread of its own: heartbeats go on while a document system is slow. Close its links first."""

    name: Final = "lienthong-io"

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_say)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def call(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Schedules a call on the thread, from any thread; False once the thread has ended."""
        try:
            self.loop.call_soon_threadsafe(lambda: function(*args, **kwargs))
        except RuntimeError:  # the loop is closed
            return False
        return True

    def wait(self, done: threading.Event) -> bool:
        """Waits for an event that the thread will set; False where it has ended without doing so."""
        while not done.wait(LOOK):
            if not self.is_alive:
                return done.is_set()
        return True

    def close(self) -> None:
        """Ends the thread; waits two seconds at most."""
        if self.call(self.loop.stop):
            self._thread.join(timeout=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            while self._ran_into_trouble():
                pass
            self.loop.run_until_complete(self.loop.shutdown_default_executor())  # where pika resolves names
        finally:
            self.loop.close()

    def _ran_into_trouble(self) -> bool:
        """Runs until stopped. True where a callback raised what asyncio passes on, such as SystemExit: all links of the
        process would stand still for it."""
        try:
            self.loop.run_forever()
        except BaseException as error:  # noqa: BLE001 — said, and gone on
            _say(self.loop, {"message": "passed on by asyncio", "exception": error})
            return True
        return False


def _say(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    with suppress(Exception):  # the log must not end the thread
        log.error("io.failed", said=context.get("message"), exc_info=context.get("exception"))
