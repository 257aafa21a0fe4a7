"""`lienthong events`: what was out of the ordinary at one mailbox."""

from pathlib import Path

import click

from bus import operations
from bus.cli.boxes import config_option, store_of
from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table


@click.command()
@config_option
@click.option("--name", help="Only these, as inbox.set-aside.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def command(config: Path, name: str | None, limit: int, as_json: bool) -> None:
    """What was out of the ordinary at this mailbox, newest first. Nhật ký sự kiện.

    Refusals, forgeries, keys that end, clocks that differ, editions of the directory that were not taken.
    """
    with store_of(config) as store:
        found = operations.recent_events(store, limit=limit, name=name)
    if as_json:
        emit_json(
            [
                {"at": each.at, "name": each.name, "message": each.message, "detail": each.detail}
                | ({"document": each.document.id} if each.document else {})
                for each in found
            ]
        )
        return
    rows = [(each.at, each.name, each.detail, each.document.id if each.document else each.message) for each in found]
    emit_table(("Lúc\ntime", "Sự kiện\nevent", "Chi tiết\ndetail", "Văn bản, bản tin\ndocument, message"), rows)
