"""`lienthong outbox`: what a mailbox sends."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, group, plain, store_of
from bus.cli.output import emit_json, json_option
from bus.records import Box
from schemas.values import MessageId

command = group(Box.OUT, "What a mailbox sends: list, show, retry, release, withdraw.")


@command.command()
@click.argument("message")
@config_option
@json_option
def withdraw(message: str, config: Path, as_json: bool) -> None:
    """Take a message out before it leaves; once it left, send a take-back (status 13) instead."""
    with store_of(config) as store:
        row = operations.withdraw(store, MessageId(message), now=datetime.now(UTC))
    if as_json:
        emit_json(plain(row))
    else:
        click.echo(f"Đã rút bản tin {message}. / Withdrawn: {message}.")
