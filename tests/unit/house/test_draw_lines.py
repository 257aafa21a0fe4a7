"""Lines for a reader who knows only bus/README.md are drawn fairly, and the same again for the same seed."""

from tests.house.draw_lines import LINES, candidates, draw
from tests.house.page import BUS, PAGE, rooms

ALL = candidates(BUS)


def test_a_seed_is_one_draw() -> None:
    """The same lines for the same seed, others for another; none twice."""
    drawn = draw(ALL, seed=7)
    assert drawn == draw(ALL, seed=7)
    assert drawn != draw(ALL, seed=8)
    assert len(set(drawn)) == LINES


def test_lines_are_of_every_room() -> None:
    """Each room can be drawn, by the name that the page has for it."""
    assert {line.room for line in ALL} == {room.name for room in rooms(PAGE.read_text())}


def test_a_line_is_of_one_file_and_says_something() -> None:
    """What is written in two files is not drawn; nor is an import, or a bracket."""
    files: dict[str, set[str]] = {}
    for line in ALL:
        files.setdefault(line.text, set()).add(str(line.file))
    assert all(len(places) == 1 for places in files.values())
    assert not any(line.text.startswith(("import ", "from ")) for line in ALL)
    assert all(sum(letter.isalpha() for letter in line.text) >= 20 for line in ALL)
