"""`lienthong audit`: what passed over the bus, to send a mailbox a past stretch of it again."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.output import emit_json, json_option
from bus.rabbit.address import Address, Tls
from bus.rabbit.audit import replay as replay_to
from bus.topology import OPERATOR
from schemas.values import VIETNAM, MailboxCode

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """What passed over the bus. Log in as the user `operator` of the topology. Sổ vết của trục."""


@command.command()
@click.argument("mailbox")
@click.option("--since", required=True, type=click.DateTime(), help="On the clock of Việt Nam: 2026-11-05T08:00:00.")
@click.option("--until", type=click.DateTime(), help="[default: now]")
@click.option("--amqp", "url", required=True, envvar="LIENTHONG_AMQP_URL", show_envvar=True, metavar="URL")
@click.option("--cafile", type=_file, help="With amqps: authorities to trust, PEM.  [default: the system's]")
@click.option("--certfile", type=_file, help="With amqps: our certificate, PEM.")
@click.option("--keyfile", type=_file, help="With amqps: its key, PEM.")
@json_option
def replay(
    mailbox: MailboxCode,
    since: datetime,
    until: datetime | None,
    url: str,
    cafile: Path | None,
    certfile: Path | None,
    keyfile: Path | None,
    as_json: bool,
) -> None:
    """Put everything sent to MAILBOX since then into its inbox again. Gửi lại cho một hộp thư.

    For a mailbox that lost what it had taken: a damaged store, an older backup. What it still has it takes once.
    """
    address = Address.from_url(url, tls=Tls(cafile=cafile, certfile=certfile, keyfile=keyfile), user=OPERATOR)
    end = until.replace(tzinfo=VIETNAM) if until else datetime.now(UTC)
    done = replay_to(address, mailbox, since=since.replace(tzinfo=VIETNAM), until=end)
    kinds = Counter(str(docket.kind) for docket in done.dockets)
    if as_json:
        emit_json({"replayed": [docket.id for docket in done.dockets], "kinds": kinds, "looked_at": done.looked_at})
        return
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "0"
    click.echo(f"Đã gửi lại / put into the inbox again: {said} ({done.looked_at} xem qua / looked at)")
