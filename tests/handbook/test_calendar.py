"""The page on the calendar and reports, walked: from the signer's machine into a ledger."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bus.ledger.open import open_ledger
from tests.handbook.walk import Walk

pytestmark = pytest.mark.timeout(600)  # each command is a process of its own

KEPT = {("calendar", section) for section in ("confirm", "swap", "take", "reports")}
"""Sections that the test below walks."""

TOML = """
store = "sqlite:///{folder}/ledger.db"
[broker]
url = "amqp://guest:guest@localhost/%2F"
plain = true
[trust]
root = "{folder}/ca/root.pem"
directory = "{folder}/1.lt"
"""


def test_a_year_is_confirmed_swapped_and_taken_on(place: Path) -> None:
    """Then a report says by which edition its deadlines were counted."""
    folder = place / "calendar"
    folder.mkdir()
    walk = Walk(
        folder, names={"/opt/lienthong/": f"{Path.cwd()}/", "/etc/lienthong/ledger.toml": f"{folder}/ledger.toml"}
    )
    walk.take("centre", "authority", "edition")
    (folder / "ledger.toml").write_text(TOML.format(folder=folder), encoding="utf-8")
    open_ledger(f"sqlite:///{folder}/ledger.db").close()
    walk.take("calendar", "confirm", "swap", "take", "reports")
    assert (folder / "2026-Q4.pdf").read_bytes().startswith(b"%PDF")
    command = Path(sys.executable).parent / "lienthong"
    shown = subprocess.run(
        [command, "report", "-c", folder / "ledger.toml", "--period", "2027-Q2", "--json"],
        capture_output=True,
        check=True,
    )
    found = json.loads(shown.stdout)
    assert (found["calendar"], found["provisional"]) == ("2027-2", False)
