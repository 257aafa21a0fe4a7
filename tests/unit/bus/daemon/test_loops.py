"""A loop goes on whatever its step does, says each trouble once, and ends when it is told to."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.loops import Loop, join_all
from bus.errors import BrokerAway, DmsAway

Step = Callable[[], bool]
LONG = 3600.0
PATIENCE = 10.0
"""Seconds after which a test fails; nothing waits for so long."""


class Script:
    """A step that does one thing after another, and then nothing any more."""

    def __init__(self, *acts: BaseException | bool) -> None:
        self._acts = list(acts)
        self.calls: list[float] = []
        self.over = threading.Event()

    def __call__(self) -> bool:
        self.calls.append(time.monotonic())
        if not self._acts:
            self.over.set()
            return False
        act = self._acts.pop(0)
        if isinstance(act, BaseException):
            raise act
        return act


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def loop_of(step: Step, *, idle: float = 0.001, pauses: tuple[float, float] = (0.001, 0.002)) -> Loop:
    return Loop("publish", step, idle=idle, mailbox="H49", pauses=pauses)


def run(*acts: BaseException | bool) -> Loop:
    """A loop that has done all this, and has ended."""
    script = Script(*acts)
    loop = loop_of(script)
    loop.start()
    assert script.over.wait(PATIENCE)
    loop.stop()
    assert loop.join(PATIENCE)
    return loop


def test_no_error_ends_a_loop(logs: list[Any]) -> None:
    """Neither one of ours nor any other: the step is called again, and health is good when it succeeds."""
    loop = run(DmsAway(why="bảo trì"), ValueError("a defect"), True, KeyError("another"))
    assert loop.health.turns >= 1
    assert loop.health.ok_at is not None
    assert (loop.health.failing_since, loop.health.error) == (None, None)
    assert [entry["event"] for entry in logs] == [
        "loop.failing", "loop.failing", "loop.recovered", "loop.failing", "loop.recovered",
    ]  # fmt: skip


class Mute(Exception):
    """A stranger's error whose text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "said"),
    [(SystemExit(3), "SystemExit: 3"), (KeyboardInterrupt(), "KeyboardInterrupt: "), (Mute(), "Mute")],
    ids=["an adapter that calls sys.exit()", "an interrupt", "an error without words"],
)
def test_nor_does_what_is_hardly_an_error(logs: list[Any], error: BaseException, said: str) -> None:
    """What a stranger's library raises ends no thread without a word."""
    assert run(error).health.turns >= 1
    assert [(entry["event"], entry.get("error")) for entry in logs] == [
        ("loop.failing", said),
        ("loop.recovered", None),
    ]


def test_a_log_that_raises_ends_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """/healthz has the trouble all the same."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bus.daemon.loops.log.log", full, raising=False)
    loop = run(DmsAway(why="bảo trì"), True)
    assert loop.health.failing_since is None


def test_a_pause_is_ended_by_what_it_waited_for() -> None:
    """`try_now` neither waits for the next try nor is remembered for the pause after it."""
    script = Script(*[BrokerAway(why="no route")] * 2, True)
    loop = loop_of(script, pauses=(LONG, LONG))
    loop.start()
    for calls in (1, 2):
        wait_until(lambda calls=calls: len(script.calls) == calls)  # type: ignore[misc] # mypy has no type for it
        wait_until(lambda: loop.health.error is not None)
        time.sleep(0.05)
        loop.try_now()
    assert script.over.wait(PATIENCE)
    loop.stop()
    assert loop.join(PATIENCE)


@pytest.mark.parametrize(
    ("acts", "events"),
    [
        ([BrokerAway(why="no route")] * 5, ["failing", "recovered"]),
        ([BrokerAway(why="no route")] * 2 + [BrokerAway(why="it blocks")] * 2, ["failing", "failing", "recovered"]),
        ([BrokerAway(why="no route"), True, BrokerAway(why="no route")], ["failing", "recovered"] * 2),
        ([True, False], []),
    ],
)
def test_a_trouble_is_said_once(logs: list[Any], acts: list[Exception | bool], events: list[str]) -> None:
    """Not once a try: again only when its words change, and once when it is over."""
    run(*acts)
    assert [entry["event"] for entry in logs] == [f"loop.{event}" for event in events]
    assert all((entry["mailbox"], entry["loop"]) == ("H49", "publish") for entry in logs)


@pytest.mark.parametrize(
    ("error", "said", "level"),
    [
        (DmsAway(why="bảo trì"), "The document system does not answer: bảo trì.", "warning"),
        (ValueError("a defect"), "ValueError: a defect", "error"),
    ],
)
def test_a_defect_is_louder_than_a_trouble(logs: list[Any], error: Exception, said: str, level: str) -> None:
    """What we foresaw is a warning in its own words; anything else an error with its traceback."""
    run(error)
    assert logs[0]["error"].startswith(said)
    assert logs[0]["log_level"] == level
    assert (logs[0]["exc_info"] is error) == (level == "error")


def test_health_names_the_trouble_while_it_lasts() -> None:
    """Since when, and in which words; `turns` counts what went well."""
    script = Script(True, BrokerAway(why="no route"))
    loop = loop_of(script, pauses=(LONG, LONG))
    loop.start()
    wait_until(lambda: loop.health.error is not None)
    assert loop.health.turns == 1
    assert loop.health.failing_since is not None
    assert "no route" in (loop.health.error or "")
    loop.stop()
    assert loop.join(PATIENCE)


def test_tries_come_further_and_further_apart() -> None:
    """Each pause is twice the one before, up to the longest; after a success it begins anew."""
    trouble = [BrokerAway(why="no route")] * 4
    script = Script(*trouble, True, *trouble[:1])
    loop = loop_of(script, pauses=(0.01, 0.03))
    loop.start()
    assert script.over.wait(PATIENCE)
    loop.stop()
    assert loop.join(PATIENCE)
    gaps = [later - earlier for earlier, later in zip(script.calls, script.calls[1:], strict=False)]
    for gap, least in zip(gaps, (0.01, 0.02, 0.03, 0.03, 0.0, 0.01), strict=False):
        assert gap >= least


@pytest.mark.parametrize("doing", ["idling", "failing"])
def test_a_stop_is_immediate(doing: str) -> None:
    """Also while the loop would have slept for an hour."""
    script = Script(*([BrokerAway(why="no route")] * 9 if doing == "failing" else []))
    loop = loop_of(script, idle=LONG, pauses=(LONG, LONG))
    loop.start()
    wait_until(lambda: bool(script.calls))
    loop.stop()
    assert loop.join(PATIENCE), "it slept on"
    assert len(script.calls) == 1


def test_a_stop_before_the_first_turn_is_not_slept_through() -> None:
    """A loop that is told to stop while its step runs does not begin to idle."""
    inside, go_on = threading.Event(), threading.Event()

    def step() -> bool:
        inside.set()
        go_on.wait(PATIENCE)
        return False

    loop = loop_of(step, idle=LONG)
    loop.start()
    assert inside.wait(PATIENCE)
    loop.stop()
    assert join_all([loop], within=0.01) == ["H49.publish"]
    go_on.set()
    assert join_all([loop], within=PATIENCE) == []


def test_a_call_wakes_an_idle_loop() -> None:
    """And one that comes while the step runs is not lost."""
    turns = threading.Semaphore(0)
    loop: Loop

    def step() -> bool:
        if loop.health.turns == 0:
            loop.wake()
        turns.release()
        return False

    loop = loop_of(step, idle=LONG)
    loop.start()
    assert turns.acquire(timeout=PATIENCE)
    assert turns.acquire(timeout=PATIENCE), "woken by the call from within"
    loop.wake()
    assert turns.acquire(timeout=PATIENCE), "woken from outside"
    loop.stop()
    assert loop.join(PATIENCE)


@pytest.mark.parametrize(("more", "idle"), [(True, LONG), (False, 0.0)])
def test_there_is_no_pause_where_there_may_be_more(more: bool, idle: float) -> None:
    """Nor where the step itself waits for what comes."""
    script = Script(more, more, more)
    loop = loop_of(script, idle=idle)
    loop.start()
    assert script.over.wait(PATIENCE)
    loop.stop()
    assert loop.join(PATIENCE)


def test_a_loop_that_never_ran_has_ended() -> None:
    """A daemon that could not start has nothing to wait for."""
    loop = loop_of(Script())
    loop.stop()
    assert join_all([loop], within=0) == []


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)
