"""`lienthong audit`: the audit stream; a mailbox's past messages are replayed from it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from bus.cli.amqp import with_nodes
from bus.cli.output import emit, emit_json, json_option, text
from bus.rabbit.address import Address
from bus.rabbit.streams.audit_replay import replay_audit
from bus.topology.names import AUDIT, Kept, own_of
from schemas.values import VIETNAM, MailboxCode


@click.group()
def command() -> None:
    """What passed over the bus. Log in as the user `operator` of the topology. Sổ vết của trục."""


@command.command("replay")
@click.argument("mailbox")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(),
    metavar="WHEN",
    help="On the clock of Việt Nam: 2026-11-05T08:00:00.",
)
@click.option("--until", type=click.DateTime(), metavar="WHEN", help="Not what came later.  [default: now]")
@click.option(
    "--also",
    multiple=True,
    metavar="CODE",
    help="From the own stream of an isolated mailbox, too (`queues` names them); may be repeated.",
)
@with_nodes
@json_option
def replay_(
    mailbox: MailboxCode,
    since: datetime,
    until: datetime | None,
    also: tuple[MailboxCode, ...],
    nodes: Sequence[Address],
    as_json: bool,
) -> None:
    """Put everything sent to MAILBOX since then into its inbox again. Gửi lại cho một hộp thư.

    For a mailbox that lost what it had taken: a damaged store, an older backup. What it still has it takes once.
    """
    begin, end = since.replace(tzinfo=VIETNAM), until.replace(tzinfo=VIETNAM) if until else datetime.now(UTC)
    if begin >= end:
        raise click.BadParameter(f"{since} is not before {text(end)} / phải trước lúc kết thúc", param_hint="--since")
    streams = (AUDIT, *(own_of(Kept.AUDIT, code) for code in also))
    done = [replay_audit(*nodes, mailbox=mailbox, since=begin, until=end, stream=stream) for stream in streams]
    dockets = [docket for each in done for docket in each.dockets]
    looked_at = sum(each.looked_at for each in done)
    kinds = Counter(str(docket.kind) for docket in dockets)
    if as_json:
        emit_json({"replayed": [docket.id for docket in dockets], "kinds": kinds, "looked_at": looked_at})
        return
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "0"
    emit(f"Đã gửi lại / put into the inbox again: {said} ({looked_at} xem qua / looked at)")
