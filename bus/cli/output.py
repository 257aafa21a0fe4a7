"""How commands speak: lines for people, JSON for programs. Tables are in tables.py, which a daemon never loads."""

import json
from collections.abc import Mapping
from datetime import datetime

import click

from schemas.values import VIETNAM

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def emit_json(value: object) -> None:
    """One JSON value; times as ISO 8601, everything unknown as text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


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
