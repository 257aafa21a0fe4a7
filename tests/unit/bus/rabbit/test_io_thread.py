"""bus/rabbit/io_thread.py"""

import threading

import pytest
from structlog.testing import capture_logs

from bus.rabbit.io_thread import IoThread


def test_calls_run_on_the_thread_in_order() -> None:
    """Whichever thread they come from."""
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def note(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    with IoThread() as io:
        for number in range(5):
            assert io.call(note, number)
        assert io.call(done.set)
        assert done.wait(30)
    assert seen == [(number, "lienthong-io") for number in range(5)]


def test_an_ended_thread_takes_no_calls() -> None:
    """It says so, and may be closed again."""
    io = IoThread()
    io.close()
    assert not io.call(lambda: None)
    io.close()


@pytest.mark.parametrize("error", [ValueError("a defect"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_no_callback_ends_the_thread(error: BaseException) -> None:
    """Not even one that calls sys.exit(): it is said, and the calls behind it are made."""

    def fail() -> None:
        raise error

    done = threading.Event()
    with capture_logs() as logs, IoThread() as io:
        io.call(fail)
        io.call(done.set)
        assert io.wait(done)
        assert io.is_alive
    assert [(entry["event"], entry["exc_info"]) for entry in logs] == [("io.failed", error)]


def test_a_thread_that_has_ended_is_not_waited_for() -> None:
    """Nobody will set the event: who publishes is told, instead of hanging."""
    io = IoThread()
    io.close()
    assert not io.is_alive
    assert not io.wait(threading.Event())
