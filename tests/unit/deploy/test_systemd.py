"""The systemd units: what a process that was taken over could reach on its machine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[3] / "deploy/systemd").glob("*.service"))
MOST = 3.0
"""systemd's own scale: 10 is a service that may do everything."""

# PR_SET_MDWE (Linux 6.3) is what MemoryDenyWriteExecute sets: no memory is writable and executable, or becomes so.
WITHOUT_WRITABLE_CODE = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
import sqlite3
from datetime import UTC, datetime
import bus.cli.adapter, bus.cli.store, bus.rabbit.link.link, bus.store.open, bus.wiring.daemon
import bus.cli.console, bus.cli.ledger, uvicorn
from bus.daemon.process import give_back_large_blocks
from bus.trust.keys import SealingKey, SigningKey
key, sealing = SigningKey.generate(), SealingKey.generate()
assert key.public.verify(key.sign(b"a"), b"a")
assert sealing.unwrap(sealing.public.wrap(b"k" * 32, b"i"), b"i") == b"k" * 32
assert sqlite3.connect(":memory:").execute("SELECT 1").fetchone() == (1,)
give_back_large_blocks()
try:
    import pkcs11
except ImportError:
    pass
"""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_little_exposed(unit: Path) -> None:
    """`systemd-analyze security` says under 3.0, from the file alone."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is missing: Debian has it in the package systemd")
    done = subprocess.run([tool, "security", "--offline=true", unit], capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze judges no file (250 and later do): {done.stderr.strip()}")
    assert float(found[1]) < MOST


def test_it_runs_where_no_memory_is_writable_and_executable() -> None:
    """The interpreter, its libraries, keys and a store: the unit forbids such memory."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_WRITABLE_CODE], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel cannot forbid it by prctl: Linux 6.3 and later can")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_unit_says_what_the_handbook_lets_copy(unit: Path) -> None:
    """One assignment a line, none of them twice but where systemd adds them up."""
    names = [
        line.partition("=")[0] for line in unit.read_text(encoding="utf-8").splitlines() if re.match(r"\w+=", line)
    ]
    assert {name for name in names if names.count(name) > 1} == {"SystemCallFilter"}
