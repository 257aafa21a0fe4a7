"""bus/README.md as data: its table of rooms, and the files that it names in each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

BUS = Path(__file__).parents[2] / "bus"
PAGE = BUS / "README.md"

_ROW = re.compile(r"^\| (?P<floor>\d+) \| (?P<rooms>`[^|]+`) \| (?P<rule>[^|]+) \| (?P<contents>[^|]+) \|$")
_SECTION = re.compile(r"^### (?P<rooms>`[^`]+`)$")
_FILES = re.compile(r"^- (?P<files>`[^`]+`(?:, `[^`]+`)*): \S")
_GENERATED = re.compile(r"(<!-- (?P<what>\w+):begin -->\n).*(<!-- (?P=what):end -->)", re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Room:
    """One row of the table. `name` is a folder's, or a file's without `.py` where the room is one file."""

    floor: int
    name: str
    rule: str


def written(page: str) -> str:
    """What people wrote of it: without the diagram that is generated between its two marks."""
    return _GENERATED.sub(r"\1\3", page)


def rooms(page: str) -> list[Room]:
    """Top to bottom, as the table has them."""
    rows = (match for line in page.splitlines() if (match := _ROW.match(line)))
    return [Room(int(row["floor"]), name, row["rule"].strip()) for row in rows for name in _rooms(row["rooms"])]


def layers(page: str) -> list[str]:
    """The table as import-linter writes it: what stands on one floor is separated by ` | `."""
    return [" | ".join(room.name for room in floor) for _, floor in groupby(rooms(page), key=lambda room: room.floor)]


def files(page: str) -> Mapping[str, list[str]]:
    """The files that the page names, by room; `migrations/` stands for all that is in that folder."""
    named: dict[str, list[str]] = {}
    room: list[str] = []
    for line in page.splitlines():
        if section := _SECTION.match(line):
            (name,) = _rooms(section["rooms"])
            room = named.setdefault(name, [])
        elif line.startswith("#"):
            room = []
        elif entry := _FILES.match(line):
            room.extend(_QUOTED.findall(entry["files"]))
    return named


def sections(page: str) -> list[str]:
    """The rooms that have a section, in its order."""
    return [name for line in page.splitlines() if (match := _SECTION.match(line)) for name in _rooms(match["rooms"])]


def in_the_house(folder: Path) -> Iterator[str]:
    """The files of a room as the page has to name them."""
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        if inside.parts[0] == "migrations":
            continue
        if path.name != "__init__.py":
            yield inside.as_posix()
    if (folder / "migrations").is_dir():
        yield "migrations/"


def _rooms(quoted: str) -> list[str]:
    return [name.removesuffix("/").removesuffix(".py") for name in _QUOTED.findall(quoted)]
