"""Tables for people, as wide as their terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bus.cli.output import text


def emit_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    console().print(table(columns, rows, title=title))


def console() -> Console:
    # Names and subjects are other people's: "[mật]" is text, not markup.
    return Console(markup=False, emoji=False, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> Table:
    result = Table(*columns, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        result.add_row(*(text(cell) for cell in row))
    return result
