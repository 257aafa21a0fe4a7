"""bus/wiring/follower.py: without a signed directory nobody is followed. First editions are tests/unit/bus/wiring/
test_member.py's, a signed directory on a broker tests/e2e's."""

from contextlib import ExitStack
from pathlib import Path

from bus.rabbit.io_thread import IoThread
from bus.wiring.follower import follower_of
from tests.unit.bus.wiring.configs import loaded, written


def test_nobody_signed_it(tmp_path: Path) -> None:
    """Then there is nothing on the bus to follow."""
    with IoThread() as io, ExitStack() as unwired:
        assert follower_of(loaded(written(tmp_path, "G22")), io, unwired) is None
