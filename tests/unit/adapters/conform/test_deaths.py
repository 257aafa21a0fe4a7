"""Ways to die: where a process is killed, and what is said of it."""

import socket
import time
from pathlib import Path
from random import Random

import pytest

from adapters.conform import deaths
from adapters.conform.case import CannotTry
from adapters.conform.deaths import at_each_write, at_random_moments, before_each_step, with_the_line_cut
from adapters.conform.trial import NotMet
from tests.contract.wrong_adapters.server import OverALineSite


def test_before_each_step(tmp_path: Path) -> None:
    """First to its end; then what was written before the step is there, and what was to be written is not."""
    file = tmp_path / "work.txt"

    def work() -> None:
        for letter in "abc":
            with file.open("a") as opened:
                opened.write(letter)

    seen = []
    for death in before_each_step(work, tmp_path):
        seen.append(file.read_text() if file.exists() else None)
        file.unlink(missing_ok=True)
        last = death
    assert seen[0] == "abc"
    assert seen[1] is None
    assert set(seen) == {None, "", "a", "ab", "abc"}
    assert "after TextIOWrapper.write" in last
    assert "before TextIOWrapper.__exit__" in last


def test_of_many_steps_some_are_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first, the last, one of each name, and others evenly."""
    monkeypatch.setattr(deaths, "MOST", 10)
    file = tmp_path / "work.txt"

    def work() -> None:
        with file.open("wb", buffering=0) as opened:
            for _ in range(100):
                opened.write(b"a")
        file.unlink()

    told = list(before_each_step(work, tmp_path))
    assert 8 <= len(told) <= 12
    assert "before unlink" in told[-1]
    assert "before open work.txt" in told[1]


def test_work_without_a_step_is_not_said_to_have_passed(tmp_path: Path) -> None:
    """A driver may do all its work where we do not see it."""
    with pytest.raises(CannotTry, match="no step"):
        list(before_each_step(lambda: None, tmp_path))


def test_at_random_moments(tmp_path: Path) -> None:
    """As often as asked for, the same with the same seed."""

    def work() -> None:
        time.sleep(0.05)

    told = list(at_random_moments(work, tmp_path, random=Random(1), times=3))
    assert len(told) == 4
    assert told[0].startswith("not killed")
    assert told[1].startswith("SIGKILL 1/3")


def test_work_that_fails_by_itself_is_no_death(tmp_path: Path) -> None:
    """It is said what it raised, and where."""

    def work() -> None:
        raise ValueError("of its own")

    with pytest.raises(NotMet, match=r"ValueError: of its own \(test_deaths.py:\d+\)"):
        list(before_each_step(work, tmp_path))
    with pytest.raises(NotMet, match="of its own"):
        list(at_random_moments(work, tmp_path, random=Random(1), times=1))


@pytest.fixture
def site(tmp_path: Path) -> OverALineSite:
    folder = tmp_path / "site"
    folder.mkdir()
    return OverALineSite({}, folder)


def test_at_each_write_to_a_server(tmp_path: Path, site: OverALineSite) -> None:
    """Killed before it arrived nothing is done; killed after it was answered it is."""
    assert site.server

    def work(address: tuple[str, int]) -> None:
        with socket.create_connection(address) as line:
            line.sendall(b'[["INSERT INTO bounces (text) VALUES (1)", []]]\n')
            line.recv(100)

    counts = [(death, len(site.bounces())) for death in at_each_write(work, site.server, tmp_path)]
    site.close()
    assert counts == [
        ("not killed, 1 writes", 1),
        ("SIGKILL at write 1/1, before it arrived", 1),
        ("SIGKILL at write 1/1, after it was answered", 2),
    ]


def test_a_line_that_is_cut_can_be_made_anew(tmp_path: Path, site: OverALineSite) -> None:
    """The process lives on, and its next connection is let through."""
    assert site.server

    def work(address: tuple[str, int]) -> None:
        for _ in range(2):
            with socket.create_connection(address) as line:
                line.sendall(b'[["SELECT 1", []]]\n')
                if line.recv(100):
                    return
        raise AssertionError("cut twice")

    assert len(list(with_the_line_cut(work, site.server, tmp_path))) == 3
    site.close()


def test_a_site_that_forgets_the_address_is_told(tmp_path: Path, site: OverALineSite) -> None:
    """Not one write came by: nothing would have been tried."""
    assert site.server
    with pytest.raises(NotMet, match="through"):
        list(at_each_write(lambda _: None, site.server, tmp_path))
    site.close()
