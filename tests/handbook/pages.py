"""The pages of deploy/handbook as data: their blocks of commands and files, under the anchor that stands above them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HANDBOOK = Path(__file__).parents[2] / "deploy" / "handbook"
_ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
_FENCE = re.compile(r"```(\w+)?(?: file=(\S+))?$")
_SPAN = re.compile(r"`(lienthong [^`]+)`")


@dataclass(frozen=True, slots=True)
class Line:
    """A command of a page, or a file that it shows whole."""

    page: str
    section: str
    number: int
    text: str
    file: str | None = None
    """Where `text` belongs, when it is a file's content; None: it is a command."""

    @property
    def place(self) -> str:
        return f"deploy/handbook/{self.page}.md:{self.number}"


def pages() -> tuple[str, ...]:
    """Their paths in the handbook, without `.md`: `join`, `security/incidents`."""
    return tuple(sorted(str(path.relative_to(HANDBOOK).with_suffix("")) for path in HANDBOOK.rglob("*.md")))


def lines(page: str) -> Iterator[Line]:
    """Commands and files of a page, as a reader meets them."""
    section, kind, file, content, began = "", None, None, list[str](), 0
    for number, text in enumerate((HANDBOOK / f"{page}.md").read_text(encoding="utf-8").splitlines(), start=1):
        if fence := _FENCE.match(text):
            if kind is not None and file is not None:
                yield Line(page, section, began, "\n".join(content) + "\n", file)
            kind, file, content, began = (None, None, [], 0) if kind else (fence[1] or "text", fence[2], [], number)
        elif kind is None:
            section = (_ANCHOR.findall(text) or [section])[-1]
        elif kind == "console" and text.startswith("$ "):
            yield Line(page, section, number, text.removeprefix("$ "))
        else:
            content.append(text)


def spans(page: str) -> Iterator[tuple[int, str]]:
    """Whole `lienthong …` commands within sentences, with their line."""
    for number, text in enumerate((HANDBOOK / f"{page}.md").read_text(encoding="utf-8").splitlines(), start=1):
        for found in _SPAN.finditer(text):
            yield number, found[1]


def replaced(text: str, table: Mapping[str, str]) -> str:
    """All of it at once, the longest name first: what was put in is not replaced again."""
    names = sorted(table, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), lambda found: table[found[0]], text) if names else text
