"""`lienthong trace`: every step of one document at one mailbox."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, store_of
from bus.cli.output import emit_json, json_option
from bus.cli.tables import console, table
from schemas.values import VIETNAM


@click.command()
@click.argument("document")
@config_option
@json_option
def command(document: str, config: Path, as_json: bool) -> None:
    """Every step of DOCUMENT (its DocumentId) at this mailbox, with times."""
    with store_of(config) as store:
        steps = operations.trace(store, document)
    if as_json:
        emit_json([asdict(step) for step in steps])
        return
    numbers = {message: number for number, message in enumerate(dict.fromkeys(filter(None, map(_message, steps))), 1)}
    rows = [(_clock(step.at), step.what, step.who, step.detail, numbers.get(_message(step))) for step in steps]
    shown = table(("time", "step", "with", "detail", "#"), rows, title=document)
    for column in (shown.columns[0], shown.columns[-1]):
        column.no_wrap = True
    shown.columns[3].overflow = "fold"  # names of files and reasons are read, not guessed
    console().print(shown)
    click.echo("\nBản tin / messages, by #:")
    for message, number in numbers.items():
        click.echo(f"{number:>3}  {message}")


def _message(step: operations.Step) -> str:
    return step.message or ""


def _clock(at: datetime) -> str:
    """To the millisecond: steps of one document follow each other faster than a second."""
    return at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
