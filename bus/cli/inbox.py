"""`lienthong inbox`: what a mailbox received."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, group, plain, store_of
from bus.cli.output import emit_json, json_option
from bus.records import Box, Row
from schemas.values import MessageId

command = group(Box.IN, "What a mailbox received: list, show, retry, release, discard.")


@command.command()
@click.argument("messages", nargs=-1, required=True)
@config_option
@json_option
def discard(messages: tuple[str, ...], config: Path, as_json: bool) -> None:
    """Give up for good what was parked or refused: it will never be filed, and its content is dropped."""
    rows: list[Row] = []
    with store_of(config) as store:
        for message in messages:
            rows += operations.discard(store, MessageId(message), now=datetime.now(UTC))
            if not as_json:
                click.echo(f"Đã bỏ bản tin {message}. / Discarded: {message}.")
    if as_json:
        emit_json([plain(row) for row in rows])
