"""`lienthong trace`: every step of one document at one mailbox."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, store_of
from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table
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
    emit_table(
        ("time", "step", "with", "detail", "#"),
        [(_clock(step.at), step.what, step.who, step.detail, numbers.get(_message(step))) for step in steps],
        title=document,
    )
    click.echo("\nBản tin / messages, by #:")
    for message, number in numbers.items():
        click.echo(f"{number:>3}  {message}")


def _message(step: operations.Step) -> str:
    return step.message or ""


def _clock(at: datetime) -> str:
    """To the millisecond: steps of one document follow each other faster than a second."""
    # A space that does not break: a narrow terminal folds another column.
    return at.astimezone(VIETNAM).strftime("%Y-%m-%d\u00a0%H:%M:%S.%f")[:-3]
