"""`lienthong trace`: every step of one document at one mailbox."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, store_of
from bus.cli.output import emit_json, emit_table, json_option
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
    else:
        emit_table(
            ("time", "step", "with", "detail", "message"),
            [(_clock(step.at), step.what, step.who, step.detail, step.message) for step in steps],
            title=document,
        )


def _clock(at: datetime) -> str:
    """To the millisecond: steps of one document follow each other faster than a second."""
    return at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
