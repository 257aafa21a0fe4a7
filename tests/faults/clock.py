"""The clock of one process, set by a story: libfaketime in front of the process, and a file with the offset. Monotonic
clocks (CLOCK_MONOTONIC, CLOCK_BOOTTIME) and the times of files stay right, as on a machine whose clock is set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"


@contextmanager
def starting_with(clock: Path) -> Iterator[Callable[[float], None]]:
    """Processes that start inside the block use the clock in that file; they read it at every question. Yields a
    function that sets the clock to an offset in seconds from the right time."""
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
