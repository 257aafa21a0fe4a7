"""`lienthong outbox`: what a mailbox sends."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.entries import config_option, group, plain
from bus.cli.output import emit, emit_json, json_option
from bus.operations.messages import withdraw_message
from bus.ports.records import Box
from bus.wiring.member import new_message_id
from bus.wiring.stores import store_of

command = group(Box.OUT, "What a mailbox sends: list, show, retry, release, withdraw.")


@command.command()
@click.argument("message")
@config_option
@json_option
def withdraw(message: str, config: Path, as_json: bool) -> None:
    """Take a message out before it leaves.

    Its document system is told. Once it left, send a take-back (status 13) instead. MESSAGE is an id, or its beginning.
    """
    with store_of(config) as store:
        row = withdraw_message(store, message, now=datetime.now(UTC), new_id=new_message_id)
    if as_json:
        emit_json(plain(row))
    else:
        emit(f"Đã rút bản tin {row.docket.id}. / Withdrawn: {row.docket.id}.")
