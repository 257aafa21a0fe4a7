"""adapters/folder/large_packages.py: the queue of large packages."""

import os
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from adapters.folder.large_packages import LATER, QUICK, SHARE, LargePackages
from adapters.folder.small_packages import Package, Place, SmallPackages

NOW = 1_800_000_000.0
ABOVE = 100


def put(folder: Path, name: str, *, age: float = 60, size: int = ABOVE + 1) -> Path:
    path = folder / name
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - age, NOW - age))
    return path


def large_packages(
    folder: Path,
    *,
    quiet: float = 0,
    urgency: Callable[[Place], int] = lambda _: 0,
    timer: Callable[[], float] = lambda: NOW,
) -> LargePackages:
    return LargePackages({"outgoing": folder}, quiet=quiet, above=ABOVE, urgency=urgency, timer=timer)


def names(packages: Iterator[Package]) -> list[str]:
    return [package.place.name for package in packages]


def test_only_what_is_large(tmp_path: Path) -> None:
    """Small packages, folders and other files are not offered."""
    put(tmp_path, "small.edxml", size=ABOVE)
    put(tmp_path, "large.edxml")
    put(tmp_path, "large.edxml.part")
    (tmp_path / "folder.edxml").mkdir()
    assert names(large_packages(tmp_path).packages(NOW)) == ["large.edxml"]
    assert names(large_packages(tmp_path).packages(NOW, skip={Place("outgoing", "large.edxml")})) == []


def test_each_package_has_one_lane(tmp_path: Path) -> None:
    """Small or large by the same measure: none is offered twice, none never; whatever it was when it was first seen."""
    path = put(tmp_path, "a.edxml", size=ABOVE)
    small, large = SmallPackages({"outgoing": tmp_path}, quiet=0, most=ABOVE), large_packages(tmp_path)

    def lanes() -> tuple[list[str], list[str]]:
        return names(small.packages(NOW)), names(large.packages(NOW))

    assert lanes() == (["a.edxml"], [])
    put(tmp_path, path.name)
    assert lanes() == ([], ["a.edxml"])
    put(tmp_path, path.name, size=5)
    assert lanes() == (["a.edxml"], [])


def test_urgent_first_then_the_oldest(tmp_path: Path) -> None:
    """Deferred packages come last, after a while; urgency is asked once for each state of a file."""
    for name, age in (("a", 30), ("urgent", 10), ("b", 40), ("late", 50)):
        put(tmp_path, name + ".edxml", age=age)
    asked: list[str] = []

    def urgency(place: Place) -> int:
        asked.append(place.name)
        return int(place.name.startswith("urgent"))

    lane = large_packages(tmp_path, urgency=urgency)
    names(lane.packages(NOW))
    lane.defer(Place("outgoing", "late.edxml"))
    assert names(lane.packages(NOW)) == ["urgent.edxml", "b.edxml", "a.edxml"]
    assert names(lane.packages(NOW + LATER)) == ["urgent.edxml", "b.edxml", "a.edxml", "late.edxml"]
    assert len(asked) == 4


def test_what_is_being_copied_is_left_alone(tmp_path: Path) -> None:
    """A copy is taken only after this process has seen it unchanged, however old its time is."""
    path = put(tmp_path, "a.edxml", age=86400)
    lane = large_packages(tmp_path, quiet=1)
    assert names(lane.packages(NOW)) == []
    put(tmp_path, "a.edxml", age=86400, size=2 * ABOVE)
    assert names(lane.packages(NOW + 1)) == []
    assert names(lane.packages(NOW + 1.5)) == []
    (package,) = lane.packages(NOW + 2)
    assert (package.still, package.stamp.size) == (1, 2 * ABOVE)
    path.unlink()
    assert names(lane.packages(NOW + 3)) == []


def test_a_clock_set_back_starts_the_wait_again(tmp_path: Path) -> None:
    """Our own clock may be corrected; nothing waits for ever."""
    put(tmp_path, "a.edxml")
    lane = large_packages(tmp_path, quiet=1)
    assert [names(lane.packages(at)) for at in (NOW, NOW - 3600, NOW - 3599)] == [[], [], ["a.edxml"]]


def test_held_until_then_or_until_it_changes(tmp_path: Path) -> None:
    """A held package is not read again at every poll."""
    put(tmp_path, "a.edxml")
    lane = large_packages(tmp_path)
    (package,) = lane.packages(NOW)
    lane.hold(package, NOW + 60)
    assert [names(lane.packages(at)) for at in (NOW + 59, NOW + 60)] == [[], ["a.edxml"]]
    lane.hold(package, NOW + 999)
    put(tmp_path, "a.edxml", age=1)
    assert names(lane.packages(NOW + 61)) == ["a.edxml"]
    lane.forget(package.place)
    lane.hold(package, NOW + 999)


def test_a_small_one_is_claimed_as_it_is(tmp_path: Path) -> None:
    """A ZIP may be small outside; another file under its name is looked at anew by those who look at small ones."""
    put(tmp_path, "a.edxml", size=50)
    (package,) = SmallPackages({"outgoing": tmp_path}, quiet=0, most=ABOVE).packages(NOW)
    lane = large_packages(tmp_path)
    assert not names(lane.packages(NOW))
    lane.claim(package)
    assert lane.is_claimed(package)
    assert names(lane.packages(NOW)) == ["a.edxml"]
    put(tmp_path, "a.edxml", size=51)
    assert not names(lane.packages(NOW))
    assert not lane.is_claimed(package)


@pytest.mark.parametrize(
    ("took", "passed", "sees"),
    [(0, 0.9, False), (0, 1, True), (2 * QUICK, 1, False), (2 * QUICK, 2 * QUICK * SHARE + 1, True)],
)
def test_a_full_folder_is_listed_at_its_pace(tmp_path: Path, took: float, passed: float, sees: bool) -> None:
    """The folder is listed every second, less often if a listing is slow: sending needs the machine."""
    then = NOW + took + passed
    lane = large_packages(tmp_path, quiet=1, timer=chain([NOW, NOW, NOW + took, NOW + took], repeat(then)).__next__)
    names(lane.packages(NOW))
    put(tmp_path, "a.edxml")
    names(lane.packages(NOW))
    assert names(lane.packages(NOW + 1)) == ["a.edxml"] * sees
