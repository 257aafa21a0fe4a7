"""The rooms of rules and of the road touch nothing of the world but by their arguments."""

from collections.abc import Iterator

import pytest

from tests.house.page import BUS, PAGE, rooms
from tests.house.touches import Touch, touches

TOP = "operations"
"""The highest room without I/O."""

# A file, what it touches, and why it may.
ALLOWED = {
    ("trust/keys.py", "os.urandom"): "new sealing keys, and nonces of keys that are kept: the system's randomness",
    ("trust/authority.py", "secrets.randbits"): "serial numbers of certificates must not be guessed (CA/B Forum 7.1)",
    ("wire/segments.py", "secrets.token_hex"): "the id of a blob; its key comes from the same randomness",
    ("receiving/verified.py", "threading.Lock"): "the cache is shared by the threads of take_in and deliver",
}


def test_the_rules_touch_nothing() -> None:
    """No clock, no die, no file, no socket, no thread: each exception is in ALLOWED with its reason, and in use."""
    assert {(file, touch.name) for file, touch in _found()} == set(ALLOWED)


# A line, the name in full, and the line it stands on: each with the imports that a file would have.
PLANTED = [
    ("from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)", "datetime.datetime.now", 3),
    ("import datetime as dt\n\ndef f(now=dt.datetime.utcnow): ...", "datetime.datetime.utcnow", 3),
    ("from datetime import date\n\nclass A:\n    day = field(default_factory=date.today)", "datetime.date.today", 4),
    ("import time\n\ndef f():\n    return time.time()", "time.time", 4),
    ("from time import monotonic as steady\n\nsteady()", "time.monotonic", 3),
    ("import socket\n\nsocket.create_connection(('::1', 1))", "socket.create_connection", 3),
    ("def f(path):\n    with open(path) as file:\n        return file", "open", 2),
    ("import os\n\nos.open('a', os.O_RDONLY)", "os.open", 3),
    ("import os\n\nHOME = os.environ['HOME']", "os.environ", 3),
    ("def f(path):\n    return path.read_bytes()", "read_bytes", 2),
    ("import random\n\nrandom.Random(1).random()", "random.Random", 3),
    ("import subprocess\n\nrun = subprocess.run", "subprocess.run", 3),
    ("from threading import Thread\n\nThread(target=f).start()", "threading.Thread", 3),
    ("def f():\n    __import__('bus.cli')", "__import__", 2),
]


@pytest.mark.parametrize(("source", "name", "line"), PLANTED, ids=[name for _, name, _ in PLANTED])
def test_a_planted_touch_is_found(source: str, name: str, line: int) -> None:
    """Called, or handed on without a call; under whatever name it was imported."""
    assert (name, line) in {(touch.name, touch.line) for touch in touches(source)}


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\n\ndef f(at: datetime) -> datetime:\n    return at.replace(tzinfo=None)",
        "def f(store):\n    store.open()\n    return store.time.now",
        "class Work:\n    time: int\n\ndef f(work):\n    return work.random",
        "import tomllib\n\ndef f(text):\n    return tomllib.loads(text)",
    ],
)
def test_what_touches_nothing_is_let_be(source: str) -> None:
    """A time that came by an argument, and names that only look like it."""
    assert touches(source) == []


def _found() -> Iterator[tuple[str, Touch]]:
    listed = rooms(PAGE.read_text())
    top = next(room.floor for room in listed if room.name == TOP)
    for room in listed:
        if room.floor <= top:
            place = BUS / room.name
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]:
                for touch in touches(path.read_text()):
                    yield path.relative_to(BUS).as_posix(), touch
