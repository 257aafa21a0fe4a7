"""Tables for people, as wide as their terminal; red where something is wrong."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bus.cli.output import Trouble, emit, is_trouble, text
from schemas.clock import ZONE, clock

_WRONG: Final = ("what is wrong", "why", "error")
"""The English head of a column that says what is wrong."""


def emit_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    if rows:
        console().print(table(columns, rows, title=title))
    else:
        emit("Không có gì. / Nothing there.")


def console() -> Console:
    """The console of all commands: no colour where it is piped, or NO_COLOR is set. Names and subjects are other
    people's: "[mật]" is text, not markup; what is printed other than by `table` goes through `text` first."""
    return Console(markup=False, emoji=False, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> Table:
    """A table; `columns` are our own words, cells and title may be other people's. A list in a cell is its lines; the
    head of a column of times says their zone; a cell about trouble is red."""
    heads = [_head(head, [row[at] for row in rows]) for at, head in enumerate(columns)]
    result = Table(
        *heads, title=title and text(title), title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    for column in result.columns:
        column.overflow = "fold"  # a name or an id that does not fit is broken, never cut: people copy it
    wrong = [head.rpartition("\n")[2] in _WRONG for head in columns]
    for row in rows:
        result.add_row(*(_cell(cell, wrong=bad) for cell, bad in zip(row, wrong, strict=True)))
    return result


def _head(head: str, cells: Sequence[object]) -> str:
    return (
        f"{head} {ZONE}"
        if any(isinstance(each, datetime) for each in chain.from_iterable(map(_lines, cells)))
        else head
    )


def _lines(cell: object) -> Sequence[object]:
    """A sequence is a line each; a `Label` is one."""
    return cell if isinstance(cell, list | tuple) else [cell]


def _cell(cell: object, *, wrong: bool) -> Text:
    lines = _lines(cell)
    said = "\n".join(clock(each) if isinstance(each, datetime) else text(each) for each in lines)
    return Text(said, style="red" if wrong or any(map(is_trouble, lines)) else "")


_NUMBER, _WHO, _TIME, _GAP, _LEAST = 20, 14, 16, 2, 80
"""Columns of lists of documents: their widths, what is between them, and of how many columns a terminal is at least."""


def show_rows(heads: Sequence[Sequence[str]], rows: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Number, agency, time, the rest; below each row its further lines. Nothing is cut: ids are copied."""
    screen = console()
    screen.width = max(screen.width, _LEAST)  # a narrower terminal breaks the lines itself
    screen.print(_grid(heads, screen.width, style="bold"))
    for cells, more in rows:
        screen.print(_grid([cells], screen.width))
        show_lines(more, indent=_GAP)


def show_lines(lines: Iterable[str], *, indent: int) -> None:
    """Broken between words, under each other; those about trouble are red."""
    screen = console()
    screen.width = max(screen.width, _LEAST)
    for line in lines:
        style = "red" if isinstance(line, Trouble) else ""
        screen.print(Padding(Text(text(line), style=style, overflow="fold"), (0, 0, 0, indent)))


def _grid(rows: Sequence[Sequence[str]], width: int, *, style: str = "") -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for least in (_NUMBER, _WHO, _TIME, width - _NUMBER - _WHO - _TIME - 3 * _GAP):
        grid.add_column(width=least, overflow="fold", style=style)
    for row in rows:
        grid.add_row(*map(text, row))
    return grid
