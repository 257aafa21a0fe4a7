"""adapters/folder/small_packages.py: the queue of small packages."""

import os
from pathlib import Path

import pytest

from adapters.folder.small_packages import Package, Place, SmallPackages

NOW = 1_800_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, name: str, *, age: float, data: bytes = b"x") -> Path:
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def small_packages(folder: Path, *, quiet: float = 1, window: int = 10_000) -> SmallPackages:
    return SmallPackages({"outgoing": folder}, quiet=quiet, window=window)


def names(packages: object) -> list[str]:
    return [package.place.name for package in packages]  # type: ignore[attr-defined]


def test_oldest_first(folder: Path) -> None:
    """The order is by the file's time, not by its name."""
    for name, age in (("b.edxml", 30), ("a.edxml", 20), ("c.edxml", 40)):
        put(folder, name, age=age)
    assert names(small_packages(folder).packages(NOW)) == ["c.edxml", "b.edxml", "a.edxml"]


def test_what_comes_while_the_folder_is_listed_waits_for_the_next_listing(folder: Path) -> None:
    """Of two files that come then, the system may show only the later one: it is not taken before the earlier one."""
    queue = small_packages(folder, quiet=0)
    put(folder, "before.edxml", age=1)
    put(folder, "06.edxml", age=-0.02)
    assert names(queue.packages(NOW)) == ["before.edxml"]
    put(folder, "03.edxml", age=-0.01)  # it came first, and was not shown
    assert names(queue.packages(NOW + 1, skip={Place("outgoing", "before.edxml")})) == ["03.edxml", "06.edxml"]


def test_a_file_being_written_is_left_alone(folder: Path) -> None:
    """A file is taken only when it has not changed for the quiet time; growing starts the wait again."""
    path = put(folder, "a.edxml", age=0.5)
    wait = small_packages(folder)
    assert names(wait.packages(NOW)) == []
    path.write_bytes(b"longer")
    os.utime(path, (NOW + 0.4, NOW + 0.4))
    assert names(wait.packages(NOW + 0.9)) == []
    assert names(wait.packages(NOW + 1.5)) == ["a.edxml"]


def test_a_file_from_the_future_is_taken_all_the_same(folder: Path) -> None:
    """Where the file server's clock runs ahead, lying still before our eyes is enough."""
    put(folder, "a.edxml", age=-3600)
    wait = small_packages(folder)
    assert names(wait.packages(NOW)) == []
    assert names(wait.packages(NOW + 1)) == ["a.edxml"]


def test_a_clock_set_back_starts_the_wait_again(folder: Path) -> None:
    """Our own clock may be corrected; nothing waits for ever."""
    put(folder, "a.edxml", age=-3600)
    wait = small_packages(folder)
    list(wait.packages(NOW))
    assert names(wait.packages(NOW - 600)) == []
    assert names(wait.packages(NOW - 599)) == ["a.edxml"]


def test_only_regular_files(folder: Path) -> None:
    """Folders, links and pipes of a package's name are none."""
    put(folder, "a.edxml", age=9)
    (folder / "b.edxml").mkdir()
    (folder / "c.edxml").symlink_to("a.edxml")
    os.mkfifo(folder / "d.edxml")
    assert names(small_packages(folder).packages(NOW)) == ["a.edxml"]


def test_deferred_comes_last_and_comes_again(folder: Path) -> None:
    """What the bus could not take just now stands behind all others, but stands there."""
    for age in (3, 4, 5):
        put(folder, f"{age}.edxml", age=age)
    wait = small_packages(folder)
    list(wait.packages(NOW))
    wait.defer(Place("outgoing", "5.edxml"))
    assert names(wait.packages(NOW)) == ["4.edxml", "3.edxml", "5.edxml"]


def test_held_until_its_time_or_its_change(folder: Path) -> None:
    """A held package comes back when its time has come, or at once when it is another."""
    put(folder, "a.edxml", age=9)
    wait = small_packages(folder, quiet=0)
    (package,) = wait.packages(NOW)
    wait.hold(package, NOW + 60)
    assert names(wait.packages(NOW + 59)) == []
    assert [found.still for found in wait.packages(NOW + 60)] == [60]
    wait.hold(package, NOW + 500)
    put(folder, "a.edxml", age=8)
    assert names(wait.packages(NOW + 61)) == ["a.edxml"]


def test_holding_what_is_gone_is_no_error(folder: Path) -> None:
    """The clerk may take a file back while we read it."""
    put(folder, "a.edxml", age=9)
    wait = small_packages(folder)
    (package,) = wait.packages(NOW)
    (folder / "a.edxml").unlink()
    assert names(wait.packages(NOW)) == []
    wait.hold(package, NOW + 60)


def test_more_files_than_are_remembered(folder: Path) -> None:
    """Each file is offered once it is old enough, however few the cache holds; the skipped ones are not."""
    for age in range(100):
        put(folder, f"{age:02}.edxml", age=age + 1)
    wait = small_packages(folder, window=7)
    offered: list[Package] = []
    while batch := list(wait.packages(NOW)):
        offered += batch
        for package in batch:
            (folder / package.place.name).unlink()
            wait.forget(package.place)
    assert names(offered) == [f"{age:02}.edxml" for age in reversed(range(100))]


def test_answered_files_do_not_hide_the_others(folder: Path) -> None:
    """Files that are answered and not moved take no place in the cache."""
    for age in (1, 2, 3):
        put(folder, f"{age}.edxml", age=age)
    skip = {Place("outgoing", "3.edxml"), Place("outgoing", "2.edxml")}
    assert names(small_packages(folder, window=1).packages(NOW, skip=skip)) == ["1.edxml"]


def test_the_folder_is_listed_only_when_needed(folder: Path) -> None:
    """As long as the cache suffices, the folder is not listed: a new file is not seen."""
    for age in (5, 6):
        put(folder, f"{age}.edxml", age=age)
    wait = small_packages(folder)
    list(wait.packages(NOW))
    put(folder, "older.edxml", age=99)
    assert next(iter(wait.packages(NOW))).place.name == "6.edxml"
    assert "older.edxml" in names(wait.packages(NOW))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A missing folder is an error, not an empty folder."""
    wait = small_packages(tmp_path / "gone")
    assert not list(wait.packages(NOW))
    assert [type(error) for error in wait.away.values()] == [FileNotFoundError]


class Levels:
    """A fake `urgency`: the level of each file by its name, and the files it was asked about."""

    def __init__(self, **levels: int) -> None:
        self.levels = {f"{name}.edxml": level for name, level in levels.items()}
        self.asked: list[str] = []
        self.time = 0.0
        self.costs = 0.0

    def __call__(self, place: Place) -> int:
        self.asked.append(place.name)
        self.time += self.costs
        return self.levels.get(place.name, 0)

    def timer(self) -> float:
        return self.time

    def small_packages(self, folder: Path, *, window: int = 10_000) -> SmallPackages:
        return SmallPackages({"outgoing": folder}, quiet=1, window=window, urgency=self, timer=self.timer)


def test_the_urgent_overtake(folder: Path) -> None:
    """However many wait, and even where they fill the window: the most urgent first, each looked into once."""
    levels = Levels(u=1, v=3, w=1)
    wait = levels.small_packages(folder, window=3)
    for number in range(9):
        put(folder, f"{number}.edxml", age=90 - number)
    assert names(wait.packages(NOW))[:2] == ["0.edxml", "1.edxml"]
    for name, age in (("u.edxml", 9), ("w.edxml", 8), ("v.edxml", 7)):
        put(folder, name, age=age)
    assert names(wait.packages(NOW))[0] == "0.edxml"  # before the next glance
    levels.time += 1
    first = iter(wait.packages(NOW))
    assert [next(first).place.name for _ in range(4)] == ["v.edxml", "u.edxml", "w.edxml", "0.edxml"]
    assert names(wait.packages(NOW))[:3] == ["v.edxml", "u.edxml", "w.edxml"]
    assert len(levels.asked) == len(set(levels.asked)) == 12


def test_a_file_being_written_is_looked_into_again(folder: Path) -> None:
    """An unfinished file may not have its urgency yet, so it is asked again. An urgent file needs to be unchanged for a
    moment only."""
    levels = Levels()
    wait = levels.small_packages(folder)
    put(folder, "a.edxml", age=50)
    put(folder, "u.edxml", age=0.1)
    assert names(wait.packages(NOW)) == ["a.edxml"]
    assert levels.asked == ["a.edxml"]
    levels.time += 1
    assert names(wait.packages(NOW + 0.2)) == ["a.edxml"]
    levels.levels["u.edxml"] = 3
    levels.time += 1
    assert names(wait.packages(NOW + 0.4)) == ["u.edxml", "a.edxml"]
    assert levels.asked == ["a.edxml", "u.edxml", "u.edxml"]


def test_a_glance_has_its_time(folder: Path) -> None:
    """Where files are slow to open, the newest are looked into first, the rest later, and most of the time is left."""
    levels = Levels(**{"0": 2})
    levels.costs = 0.2
    wait = levels.small_packages(folder)
    for number in range(4):
        put(folder, f"{number}.edxml", age=90 - number)
    list(wait.packages(NOW))
    assert levels.asked == ["3.edxml"]
    levels.time += 0.7
    list(wait.packages(NOW))
    assert levels.asked == ["3.edxml"]
    put(folder, "new.edxml", age=9)
    for count in (2, 3, 4, 5):
        levels.time += 0.9
        list(wait.packages(NOW))
        assert len(levels.asked) == count
    assert levels.asked == ["3.edxml", "new.edxml", "2.edxml", "1.edxml", "0.edxml"]
    assert names(wait.packages(NOW))[:2] == ["0.edxml", "1.edxml"]


def test_an_urgent_one_that_was_deferred_waits_like_others(folder: Path) -> None:
    """An urgent package that was deferred does not stay in front of the others."""
    levels = Levels(u=3)
    wait = levels.small_packages(folder)
    put(folder, "u.edxml", age=50)
    put(folder, "a.edxml", age=40)
    assert names(wait.packages(NOW)) == ["u.edxml", "a.edxml"]
    wait.defer(Place("outgoing", "u.edxml"))
    wait.forget(Place("outgoing", "gone.edxml"))
    levels.time += 1
    assert names(wait.packages(NOW)) == ["a.edxml", "u.edxml"]
