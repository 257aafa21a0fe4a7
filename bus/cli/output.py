"""How commands speak: a table for people, JSON for programs, both from the same rows."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from schemas.values import VIETNAM

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def emit_json(value: object) -> None:
    """One JSON value; times as ISO 8601, everything unknown as text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def emit_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    # Names and subjects are other people's: "[mật]" is text, not markup.
    Console(markup=False, emoji=False, highlight=False).print(table(columns, rows, title=title))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> Table:
    result = Table(*columns, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        result.add_row(*(text(cell) for cell in row))
    return result


def emit_fields(fields: Mapping[str, object]) -> None:
    """One thing, a line a field."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {text(value)}")


def text(cell: object) -> str:
    """A cell as people read it: times on the clock of Việt Nam, nothing for None."""
    match cell:
        case None:
            return ""
        case datetime():
            return cell.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(cell)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
