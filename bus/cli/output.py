"""The output of commands: lines for people, JSON for programs. Tables are in tables.py, which a daemon never loads.

Nothing else of the commands writes to a terminal, or asks at one: what strangers wrote can end no line here and steer
no terminal.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TextIO

import click

from schemas.clock import local
from schemas.printable import json_text, printable

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

MARKS: Final = ("!", "✗")
"""A line or a cell that begins with one of these is about trouble."""


class Trouble(str):
    """A line, or a cell of a table, that is about trouble: red at a terminal."""

    __slots__ = ()


def emit_json(value: object, *, err: bool = False) -> None:
    """One JSON value; times as ISO 8601, everything unknown as text."""
    click.echo(json_text(value, indent=2, default=_plain), err=err)


def emit_json_line(value: object) -> None:
    """One JSON value on one line, where others follow."""
    click.echo(json_text(value, default=_plain))


def emit(*lines: object, err: bool = False) -> None:
    """Each argument is one line, whatever it holds; none at all is an empty line."""
    red = in_colour(sys.stderr if err else sys.stdout)
    said = ((printable(str(line)), red and is_trouble(line)) for line in lines)
    # Coloured behind `printable`, which lets through no escape of anybody else.
    click.echo("\n".join(click.style(line, fg="red") if troubled else line for line, troubled in said), err=err)


def is_trouble(said: object) -> bool:
    return isinstance(said, Trouble) or (isinstance(said, str) and said.lstrip().startswith(MARKS))


def in_colour(stream: TextIO) -> bool:
    """At a terminal only, and not where NO_COLOR is set (no-color.org) or the terminal has none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def emit_file(content: str) -> None:
    """A text file on standard output (PEM, TOML): its own line breaks are kept, and none is added."""
    click.echo("\n".join(map(printable, content.split("\n"))), nl=False)


def emit_fields(fields: Mapping[str, object]) -> None:
    """One thing, a line a field; at a terminal a long value goes on under itself."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        emit(*wrapped(f"{name:<{width}}  {text(value)}", sys.stdout, indent=width + 2))


def wrapped(line: str, stream: TextIO, *, indent: int = 0) -> list[str]:
    """At a terminal its lines, broken between words; whole where it is piped, for who looks for it there."""
    width = shutil.get_terminal_size().columns
    said = printable(line)
    if not stream.isatty() or len(said) <= width:
        return [said]
    if indent > width // 2:
        indent = 2
    start, rest = said[:indent], said[indent:]
    lines = textwrap.wrap(rest, width - indent, break_long_words=False, break_on_hyphens=False)
    return [f"{' ' * indent if number else start}{each}" for number, each in enumerate(lines)]


def typed(question: str, **how: Any) -> Any:
    """What somebody types at the terminal; `how` is click.prompt's."""
    return click.prompt(printable(question), **how)


def confirm(question: str) -> None:
    """Raises click.Abort unless the answer is yes; UsageError where nobody is there to give one."""
    try:
        agreed = click.confirm(printable(question))
    except click.Abort:
        if sys.stdin is not None and sys.stdin.isatty():
            raise
        emit()
        raise click.UsageError(
            "không có ai ở đây để trả lời: thêm --yes / nobody is here to answer: add --yes"
        ) from None
    if not agreed:
        raise click.Abort


def text(cell: object) -> str:
    """A cell as people read it, on one line: times on the clock of Việt Nam, with its zone; nothing for None."""
    match cell:
        case None:
            return ""
        case datetime():
            return local(cell, seconds=True)
        case _:
            return printable(str(cell))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
