"""`lienthong audit`: what passed over the bus, to send a mailbox a past stretch of it again."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from bus.cli.amqp import with_nodes
from bus.cli.output import emit_json, json_option, text
from bus.rabbit.address import Address
from bus.rabbit.audit import replay as replay_to
from schemas.values import VIETNAM, MailboxCode


@click.group()
def command() -> None:
    """What passed over the bus. Log in as the user `operator` of the topology. Sổ vết của trục."""


@command.command()
@click.argument("mailbox")
@click.option("--since", required=True, type=click.DateTime(), help="On the clock of Việt Nam: 2026-11-05T08:00:00.")
@click.option("--until", type=click.DateTime(), help="[default: now]")
@with_nodes
@json_option
def replay(
    mailbox: MailboxCode, since: datetime, until: datetime | None, nodes: Sequence[Address], as_json: bool
) -> None:
    """Put everything sent to MAILBOX since then into its inbox again. Gửi lại cho một hộp thư.

    For a mailbox that lost what it had taken: a damaged store, an older backup. What it still has it takes once.
    """
    begin, end = since.replace(tzinfo=VIETNAM), until.replace(tzinfo=VIETNAM) if until else datetime.now(UTC)
    if begin >= end:
        raise click.BadParameter(f"{since} is not before {text(end)} / phải trước lúc kết thúc", param_hint="--since")
    done = replay_to(*nodes, mailbox=mailbox, since=begin, until=end)
    kinds = Counter(str(docket.kind) for docket in done.dockets)
    if as_json:
        emit_json({"replayed": [docket.id for docket in done.dockets], "kinds": kinds, "looked_at": done.looked_at})
        return
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "0"
    click.echo(f"Đã gửi lại / put into the inbox again: {said} ({done.looked_at} xem qua / looked at)")
