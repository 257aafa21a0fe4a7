"""The stream behind the log: what cannot be written is counted, and nobody waits for it."""

import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from bus.daemon.log_stream import CHUNK, LogState, LogStream

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def stream_to() -> Iterator[Callable[[Path | str | int], LogStream]]:
    """Makes a stream to a file, or to a descriptor."""
    with ExitStack() as opened:

        def make(where: Path | str | int) -> LogStream:
            out = opened.enter_context(open(where, "w", encoding="utf-8"))  # noqa: PTH123 — also a descriptor
            return LogStream(out, clock=lambda: NOW)

        yield make


@pytest.fixture
def pipe(stream_to: Callable[[int], LogStream]) -> Iterator[tuple[BinaryIO, LogStream]]:
    """A reader that has not read yet, and the stream to it."""
    read, write = os.pipe()
    with open(read, "rb", buffering=0) as reader:  # noqa: PTH123 — a descriptor
        yield reader, stream_to(write)


def test_a_line_is_written_as_it_is(tmp_path: Path, stream_to: Callable[[Path], LogStream]) -> None:
    """In UTF-8 whatever the machine's locale; what UTF-8 cannot say is escaped."""
    stream = stream_to(tmp_path / "log")
    assert stream.write("Sở Nội vụ\n") == 10
    stream.write("\ud800\n")
    stream.flush()
    assert (tmp_path / "log").read_bytes() == "Sở Nội vụ\n\\ud800\n".encode()
    assert stream.state == LogState()


def test_a_full_disk_is_no_exception(stream_to: Callable[[str], LogStream]) -> None:
    """Each line is lost and counted; since when and why is known."""
    stream = stream_to("/dev/full")
    stream.write("one\n")
    stream.write("two\n")
    assert stream.state == LogState(lost=2, failing_since=NOW, why="No space left on device")


def test_a_reader_that_has_gone_is_no_exception(pipe: tuple[BinaryIO, LogStream]) -> None:
    """`lienthong adapter run … | head` closes the pipe."""
    read, stream = pipe
    read.close()
    stream.write("one\n")
    assert (stream.state.lost, stream.state.why) == (1, "Broken pipe")


def test_no_standard_output_is_no_exception() -> None:
    """A process may be started with it closed."""
    stream = LogStream(None, clock=lambda: NOW)
    stream.write("one\n")
    assert (stream.state.lost, stream.state.why) == (1, "no standard output")


def test_a_text_in_memory_is_no_log() -> None:
    """What a test gives a command for standard output is no file of the system's."""
    stream = LogStream(io.StringIO(), clock=lambda: NOW)
    stream.write("one\n")
    assert stream.state.why == "no standard output"


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "EAGAIN"])
def test_a_reader_that_stalls_is_not_waited_for(pipe: tuple[BinaryIO, LogStream], blocking: bool) -> None:
    """The first line waits for a moment, the others not at all. Once there is room, the log says what it lost, on a
    line of its own."""
    read, stream = pipe
    os.set_blocking(stream._descriptor or 0, blocking)
    line = "x" * (CHUNK - 1) + "\n"
    began = time.monotonic()
    while not stream.state.lost:
        stream.write(line)
    for _ in range(100):
        stream.write("lost\n")
    assert time.monotonic() - began < 5
    assert stream.state.lost == 101
    before = read.read(1 << 20)
    stream.write("heard\n")
    after = read.read(1 << 20)
    lines = (before + after).decode().splitlines()
    told = json.loads(lines[-2])
    assert (told["event"], told["lines"], told["since"]) == ("log.lost", 101, "2026-11-30T08:00:00Z")
    assert lines[-1] == "heard"
    assert stream.state == LogState(lost=101)


def test_a_torn_line_is_ended_before_the_next(pipe: tuple[BinaryIO, LogStream]) -> None:
    """A line longer than the room there is breaks; the one that tells of it stands by itself."""
    read, stream = pipe
    stream.write("y" * (1 << 18) + "\n")
    assert stream.state.lost == 1
    torn = read.read(1 << 20)
    assert torn == b"y" * len(torn)
    stream.write("next\n")
    begin, told, last, end = read.read(1 << 20).split(b"\n")
    assert (begin, last, end) == (b"", b"next", b"")
    assert json.loads(told)["lines"] == 1


def test_threads_write_whole_lines(pipe: tuple[BinaryIO, LogStream]) -> None:
    """Also long ones, which go in several pieces."""
    read, stream = pipe
    lines = [letter * 9000 + "\n" for letter in "abcd"]
    threads = [threading.Thread(target=stream.write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read.read(1 << 20).decode().splitlines(keepends=True)) == lines
