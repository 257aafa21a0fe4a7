"""One process's clock, set by a story: libfaketime in front of it, and a file that says by how much. What counts
seconds (CLOCK_MONOTONIC, CLOCK_BOOTTIME) and the times of files stay true, as on a machine whose clock is set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"


@contextmanager
def starting_with(clock: Path) -> Iterator[Callable[[float], None]]:
    """Processes that start while the block runs go by the clock in that file; they read it at every question. What is
    yielded sets it, to so many seconds from the true time."""
    found = sorted(map(str, Path("/").glob(LIBRARY)))
    if not found:
        pytest.fail("libfaketime is missing: apt-get install faketime", pytrace=False)

    def set_by(seconds: float) -> None:
        draft = clock.with_name(f".{clock.name}")
        draft.write_text(f"{seconds:+.0f}\n", encoding="ascii")
        draft.replace(clock)

    if not clock.exists():
        set_by(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }.items():
            patch.setenv(name, value)
        yield set_by
