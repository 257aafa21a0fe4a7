"""The one thread of a process that speaks AMQP. It moves bytes and acks for every link; no work of ours runs on it."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, Self

P = ParamSpec("P")


class IoThread:
    """An event loop in a thread of its own: heartbeats go on while a document system sleeps. Closed after its links."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="lienthong-io", daemon=True)
        self._thread.start()

    def call(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Has it called on the thread, soon; False where the thread has ended."""
        try:
            self.loop.call_soon_threadsafe(lambda: function(*args, **kwargs))
        except RuntimeError:  # the loop is closed
            return False
        return True

    def close(self) -> None:
        if self.call(self.loop.stop):
            self._thread.join(timeout=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())  # where pika resolves names
        finally:
            self.loop.close()
