"""Every reader of strangers' bytes, for a bounded time: first what once was found, then honest bytes broken at random.

LIENTHONG_FUZZ_SECONDS: for all of them together. LIENTHONG_FUZZ_SEED: a number begins elsewhere, "random" anywhere.
Without it the bytes are the same each time, so that what fails was broken by the change at hand. tests/fuzz/run goes
further, guided by coverage.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests.fuzz.readers import Reader, readers

FOUND = Path(__file__).parent / "found"
READERS = {reader.name: reader for reader in readers()}
SECONDS = float(os.environ.get("LIENTHONG_FUZZ_SECONDS", "20"))
SLOW = 5.0
"""Seconds of the processor that one input may take, whatever else the machine does."""

NASTY = (
    *(
        b"\x00",
        b"\t",
        b"\n",
        b"\r",
        b"=",
        b"-1",
        b"null",
        b"NaN",
        b"1e400",
        b"&b;",
        b"]]>",
        b'"\\ud800"',
        b"\xed\xa0\x80",
    ),
    *(b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x30\x84\xff\xff\xff\xff"),
    *(b"[" * 30_000, b'{"a":' * 30_000, b"9" * 5000),
    *("Đ\u0323\u200b".encode(), b"<!DOCTYPE a [<!ENTITY b 'c'>]>"),
    *(b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59"),
)


def tried(reader: Reader, data: bytes) -> None:
    began = time.thread_time()
    try:
        reader.read(data)
    except reader.says:
        pass
    except BaseException as error:  # noqa: BLE001 — whatever comes out is kept
        kept = FOUND / reader.name / f"{type(error).__name__}-{abs(hash(data)) % 10**8}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
        pytest.fail(f"{reader.name} raised {type(error).__name__}: {error}; the input is kept as {kept}")
    assert time.thread_time() - began < SLOW, f"{reader.name}: {len(data)} bytes took too long"


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_once_found_stays_found(path: Path) -> None:
    """Inputs over which a reader once stumbled."""
    tried(READERS[path.parent.name], path.read_bytes())


@pytest.mark.parametrize("name", list(READERS))
def test_honest_bytes_are_read(name: str) -> None:
    """What the mutations begin from is right; but for keys, of which one kind is not the other."""
    for seed in READERS[name].seeds if not name.endswith("-key") else ():
        READERS[name].read(seed)


@pytest.mark.parametrize("name", list(READERS))
def test_broken_bytes_are_refused_in_words(name: str) -> None:
    """Nothing but the reader's own error comes out, and soon."""
    chosen = os.environ.get("LIENTHONG_FUZZ_SEED", "2016")
    seed = random.SystemRandom().randrange(2**32) if chosen == "random" else int(chosen)
    print(f"LIENTHONG_FUZZ_SEED={seed}")  # noqa: T201 — pytest shows it where the test fails
    dice = random.Random(seed)
    reader, rounds = READERS[name], 0
    end = time.monotonic() + SECONDS / len(READERS)
    while time.monotonic() < end:
        tried(reader, mutated(dice.choice(reader.seeds), reader.seeds, dice))
        rounds += 1
    assert rounds


def mutated(data: bytes, others: tuple[bytes, ...], dice: random.Random) -> bytes:
    """One to six changes, each of another kind."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(changed) + 1)
        span = dice.choice((1, 2, 4, 16, 200, 5000))
        match dice.randrange(8):
            case 0 if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                del changed[at : at + span]
            case 2:
                changed[at:at] = dice.choice(NASTY)
            case 3:
                changed[at : at + span] = dice.choice(NASTY)
            case 4:
                changed[at:at] = changed[at : at + span] * dice.randint(1, 3)
            case 5:
                other = dice.choice(others)
                start = dice.randrange(len(other) + 1)
                changed[at : at + span] = other[start : start + span]
            case 6:
                changed[at : at + 4] = dice.choice((0, 1, len(data), 2**31, 2**32 - 1)).to_bytes(4)
            case _:
                del changed[at:]
    return bytes(changed)
