"""What counts as a step into the outside world."""

import io
import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.conform.processes import Child
from adapters.conform.steps import Steps


def steps_of(work: Callable[[Path], object], folder: Path) -> list[str]:
    """Names of the steps of `work`, in a process of its own; of what came to nothing, none."""

    def run(say: Callable[[str], None]) -> None:
        names: list[str] = []
        steps = Steps(lambda _, name: names.append(name.partition(" (")[0]))
        steps.watch()
        work(folder)
        steps.end()
        say("\n".join(name for number, name in enumerate(names, 1) if number not in steps.failed))

    end = Child(run, folder).end()
    assert end.code == 0, end.said
    return end.said.split("\n")


def write_a_file(folder: Path) -> None:
    with (folder / "a.txt").open("wb") as file:
        file.write(b"a")


def write_by_descriptor(folder: Path) -> None:
    descriptor = os.open(folder / "a.txt", os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, b"a")
    os.fsync(descriptor)
    os.close(descriptor)
    (folder / "a.txt").rename(folder / "b.txt")
    (folder / "b.txt").unlink()


def by_a_commit(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.commit()


def by_the_block(folder: Path) -> None:
    connection = sqlite3.connect(folder / "a.db")
    with connection:
        connection.execute("CREATE TABLE a (b)")


def send(folder: Path) -> None:
    here, there = socket.socketpair()
    here.sendall(b"a")
    there.recv(1)


def in_a_thread(folder: Path) -> None:
    thread = threading.Thread(target=write_a_file, args=(folder,))
    thread.start()
    thread.join()


class Driver:
    """As those that are written in Python."""

    def commit(self) -> None: ...


@pytest.mark.parametrize(
    ("work", "wanted"),
    [
        (write_a_file, ["open a.txt", "BufferedWriter.write", "BufferedWriter.__exit__"]),
        (write_by_descriptor, ["open a.txt", "write", "rename", "unlink"]),
        (by_a_commit, ["sqlite3.connect", "Connection.execute", "Connection.commit", "Connection.close"]),
        (by_the_block, ["sqlite3.connect", "Connection.execute", "Connection.__exit__"]),
        (send, ["socket.sendall"]),
        (in_a_thread, ["open a.txt", "BufferedWriter.write", "BufferedWriter.__exit__"]),
        (lambda _: Driver().commit(), ["commit"]),
    ],
)
def test_a_step_is_seen(tmp_path: Path, work: Callable[[Path], object], wanted: list[str]) -> None:
    """Each once, in its order, whoever announces it."""
    assert steps_of(work, tmp_path) == wanted


def look_around(folder: Path) -> None:
    (folder / "a.txt").exists()
    list(folder.iterdir())
    with Path(__file__).open("rb") as file:
        file.read()


def in_memory(folder: Path) -> None:
    io.BytesIO().write(b"a")
    with threading.Lock():
        "a".replace("a", "b")

    def generated() -> object:
        yield

    generator = iter(generated())  # type: ignore[call-overload]
    next(generator)


def in_vain(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").unlink(missing_ok=True)


@pytest.mark.parametrize("work", [look_around, in_memory, in_vain])
def test_what_changes_nothing_is_no_step(tmp_path: Path, work: Callable[[Path], object]) -> None:
    """To kill there would only be to kill before the next step."""
    assert steps_of(work, tmp_path) == [""]
