import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bus.console.process import run


class FakeServer:
    """Ends when it is closed, or by itself."""

    def __init__(self, *, ends: bool = False) -> None:
        self.told: list[str] = []
        self._ends = ends

    def start(self) -> None:
        self.told.append("start")

    def is_alive(self) -> bool:
        return not self._ends

    def close(self) -> None:
        self.told.append("close")


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    hook = threading.excepthook
    yield
    threading.excepthook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(number: signal.Signals) -> None:
    """And closes its server."""
    server: Any = FakeServer()
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
    assert run(server) is True
    assert server.told == ["start", "close"]


def test_a_server_that_ended_ends_the_process() -> None:
    """Whoever looks after it begins it again."""
    server: Any = FakeServer(ends=True)
    assert run(server) is False
    assert server.told == ["start", "close"]
