"""`lienthong inbox`: what a mailbox received."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.entries import config_option, group, plain
from bus.cli.output import emit, emit_json, json_option
from bus.handling.transport import InboxState
from bus.operations.messages import discard_message
from bus.ports.records import Box, Row
from bus.wiring.stores import store_of

command = group(Box.IN, "What a mailbox received: list, show, retry, release, discard.")


@command.command()
@click.argument("messages", nargs=-1, required=True)
@config_option
@json_option
def discard(messages: tuple[str, ...], config: Path, as_json: bool) -> None:
    """Give up for good what was parked or refused: it will never be filed, and its content is dropped."""
    rows: list[Row[InboxState]] = []
    with store_of(config) as store:
        for message in messages:
            done = discard_message(store, message, now=datetime.now(UTC))
            rows += done
            if not as_json:
                emit(f"Đã bỏ bản tin {done[0].docket.id}. / Discarded: {done[0].docket.id}.")
    if as_json:
        emit_json([plain(row) for row in rows])
