"""bus/README.md says what the house is: the same rooms as the folders, as import-linter, and every file by its name."""

import tomllib
from pathlib import Path

import pytest

from tests.house.page import BUS, PAGE, Room, files, in_the_house, layers, rooms, sections, written

TEXT = PAGE.read_text()
PYPROJECT = BUS.parent / "pyproject.toml"
FOLDERS = sorted(room.name for room in rooms(TEXT) if (BUS / room.name).is_dir())


TOP = "operations"
"""The highest room without I/O."""


def contract(name: str) -> dict[str, list[str]]:
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (each for each in contracts if each["name"] == name)
    return dict(found)


def test_the_table_has_the_rooms_that_there_are() -> None:
    """A folder of bus/, or a file beside them, is a row of the table; and no row is without one."""
    there = {path.stem for path in BUS.iterdir() if path.name != "__init__.py" and _is_code(path)}
    assert {room.name for room in rooms(TEXT)} == there


def test_the_table_is_the_layers_of_import_linter() -> None:
    """The same rooms in the same order, and those on one floor side by side."""
    assert layers(TEXT) == contract("The rooms of the bus")["layers"]


def test_floors_are_numbered_from_the_bottom() -> None:
    """The lowest is 1, and none is left out."""
    floors = sorted({room.floor for room in rooms(TEXT)})
    assert floors == list(range(1, len(floors) + 1))


def test_the_lower_floors_are_the_rooms_without_io() -> None:
    """`operations/` and what is below it: the same rooms as in the contract that allows them no I/O."""
    lower = {f"bus.{room.name}" for room in rooms(TEXT) if not _is_above(room)}
    assert lower == set(contract("The rooms of rules and of the road do no I/O")["source_modules"])


def test_all_but_the_upper_floors_is_measured() -> None:
    """Branch by branch: coverage leaves out the rooms above `operations/`, and the adapters."""
    omitted = tomllib.loads(PYPROJECT.read_text())["tool"]["coverage"]["run"]["omit"]
    assert omitted == ["adapters/*", *(f"bus/{room.name}/*" for room in rooms(TEXT) if _is_above(room))]


def test_every_room_has_a_section() -> None:
    """In the order of the table."""
    assert sections(TEXT) == [room.name for room in rooms(TEXT)]


@pytest.mark.parametrize("room", FOLDERS)
def test_the_page_names_every_file(room: str) -> None:
    """Each once, in the section of its room: add `- `file.py`: what is in it` there, or take the line away."""
    named, there = files(TEXT)[room], set(in_the_house(BUS / room))
    trouble = [
        *(f"no clause for {file}" for file in sorted(there - set(named))),
        *(f"no such file any more: {file}" for file in sorted(set(named) - there)),
        *(f"named twice: {file}" for file in sorted({file for file in named if named.count(file) > 1})),
    ]
    assert not trouble, "\n".join([f"bus/README.md, {room}/:", *trouble])


def test_a_reader_gets_through_it() -> None:
    """A page of at most 400 lines, beside the diagram."""
    lines = len(written(TEXT).splitlines())
    assert lines <= 400


@pytest.mark.parametrize("mark", ["<!-- transport:begin -->", "<!-- transport:end -->"])
def test_there_is_a_place_for_the_transport_states(mark: str) -> None:
    """Once."""
    assert TEXT.count(mark) == 1


def test_the_diagram_is_not_counted() -> None:
    """What stands between the marks is another test's."""
    assert written("a\n<!-- x:begin -->\nb\nc\n<!-- x:end -->\nd") == "a\n<!-- x:begin -->\n<!-- x:end -->\nd"


def _is_above(room: Room) -> bool:
    return room.floor > next(each.floor for each in rooms(TEXT) if each.name == TOP)


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" if path.is_file() else any(path.rglob("*.py"))
