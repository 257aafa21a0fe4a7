"""A ledger killed by SIGKILL at every crash point and started again: its record is the same, row by row, as that of a
ledger which was never killed and read the same stream."""

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.probes import free_ports
from tests.e2e.site import eventually
from tests.faults.doomed import KILLED, nursery
from tests.faults.doomed_land import LONGEST, DoomedLand, founded
from tests.faults.points import Story
from tests.faults.test_crash_points import PROJECT, stories

pytestmark = pytest.mark.timeout(400)  # each step of a story has its own limit

TABLES = ("document", "delivery", "obligation", "daily", "seen", "receipt_line")


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoomedLand]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        with nursery() as maker, founded(tmp_path_factory.mktemp("recorded"), maker) as land:
            with land.at_work():
                eventually(lambda: all((desk.folder / "statuses").is_dir() for desk in land.desks.values()))
                land.some_work(land.some_work(None))
                land.settled()
            yield land


class Book:
    """A ledger's configuration, its database, and its process."""

    def __init__(self, land: DoomedLand, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.land = land
        self.config, self.file = folder / "ledger.toml", folder / "ledger.db"
        known = land.country.ledger_config.read_text(encoding="utf-8")
        known = known.replace(str(land.country.root / "stores" / "ledger.db"), str(self.file))
        known = known.partition("[http]")[0] + f'[http]\nlisten = "127.0.0.1:{self.port}"\n'
        self.config.touch(mode=0o600)
        self.config.write_text(known, encoding="utf-8")

    def read_to_the_end(self) -> None:
        """Runs the ledger until nothing is left to be read, or to be reckoned anew."""
        process = self.land.lienthong("ledger", "run", self.config)
        try:
            eventually(self._is_level, within=60, every=0.2)
        finally:
            code = process.end()
        assert code == 0, self.land.last_words()

    def _is_level(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                page = json.loads(answer.read())
        except (OSError, ValueError):  # not yet, or not well
            return False
        stream, reckoning = page["streams"].get("audit", {}), page["loops"].get("recompute", {})
        return bool(stream.get("level_at") and reckoning.get("ok_at"))

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(self.file)) as file:
            found = {table: sorted(file.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
            events = file.execute("SELECT number, message, standing, about FROM event ORDER BY number")
            return {**found, "event": events.fetchall()}

    @property
    def has_begun(self) -> bool:
        """Whether anything is kept."""
        if not self.file.exists():
            return False
        with closing(sqlite3.connect(self.file)) as file:
            try:
                return bool(file.execute("SELECT count(*) FROM checkpoint").fetchone() != (0,))
            except sqlite3.OperationalError:  # its tables are being made
                return False

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as file:
            assert file.execute(statement).rowcount > 0
            file.commit()


FIRST = {
    "ledger.stream-renewed": f"UPDATE checkpoint SET last_sha256 = '{'0' * 64}'",
}
"""What must have happened before a point is passed: another stream of that name."""


@pytest.mark.parametrize(("point", "turn"), stories(Story.LEDGER))
def test_killed_while_it_keeps_the_record(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """It goes on from its last commit."""
    (tmp_path / "other").mkdir()
    book, other = Book(land, tmp_path), Book(land, tmp_path / "other")
    if point in FIRST:
        book.read_to_the_end()
        book.change(FIRST[point])
    process = land.lienthong("ledger", "run", book.config, point=point, turn=turn)
    if turn > 1:
        eventually(lambda: book.has_begun, within=60)
    with land.at_work():
        land.some_work(None)
        land.settled()
    code = process.wait(LONGEST)
    process.end()
    assert code == KILLED, f"it never passed {point}:\n{land.last_words()}"
    book.read_to_the_end()
    other.read_to_the_end()
    assert book.rows() == other.rows()


@pytest.mark.parametrize(("point", "turn"), stories(Story.REBUILD))
def test_killed_while_it_is_rebuilt(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """Whoever asks sees the old tables or the new ones; repeated, the command ends with what was there."""
    book = Book(land, tmp_path)
    book.read_to_the_end()
    before = book.rows()
    land.killed("ledger", "rebuild", book.config, point=point, turn=turn)
    assert book.rows() == before
    land.done("ledger", "rebuild", book.config)
    assert book.rows() == before
