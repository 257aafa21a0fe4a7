"""`lienthong transfers`: large attachments under way at one mailbox, as bars that move."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bus.cli.entries import config_option
from bus.cli.output import emit_json, json_option, text
from bus.cli.tables import console
from bus.handling.transport import InboxState, OutboxState, State
from bus.operations.transfers import Progress, mebibytes, under_way
from bus.wiring.stores import store_of

_SAID: Mapping[State, str] = {
    OutboxState.UPLOADING: "đang gửi / sending",
    InboxState.FETCHING: "đang nhận / fetching",
    InboxState.FETCHED: "đã đủ, chờ nộp lưu / whole, to be filed",
}
_NOTHING = "Không có tệp lớn nào đang gửi hay nhận. / No large attachment is under way."


@click.command()
@config_option
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(0.1, 60), help="Seconds between looks.")
@json_option
def command(config: Path, watch: bool, every: float, as_json: bool) -> None:
    """Large attachments under way at this mailbox, and how far each is. Tệp lớn đang gửi, đang nhận."""
    with store_of(config) as store:
        if as_json:
            emit_json([_plain(each) for each in under_way(store)])
            return
        screen = console()
        if not watch:
            screen.print(_shown(under_way(store)))
            return
        with Live(_shown(under_way(store)), console=screen, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(_shown(under_way(store)), refresh=True)


def _plain(each: Progress) -> dict[str, object]:
    docket, transfer = each.row.docket, each.transfer
    return {
        "box": each.box,
        "message": docket.id,
        "document": docket.document.id if docket.document else None,
        "state": each.row.state,
        "bytes": each.size,
        "done": each.done,
        "kind": transfer.kind if transfer else None,
        "behind": transfer.behind if transfer else None,
        "began_at": transfer.began_at if transfer else None,
        "next_at": each.row.next_at,
        "error": each.row.error,
    }


def _shown(standings: Sequence[Progress]) -> Group | Text:
    if not standings:
        return Text(_NOTHING)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True)
    grid.add_column(min_width=20)
    grid.add_column(no_wrap=True, justify="right")
    notes = []
    for each in standings:
        docket = each.row.docket
        name = docket.document.id if docket.document else docket.id
        far = f"{mebibytes(each.done)} / {mebibytes(each.size)} MiB"
        bar: ProgressBar | Text = ProgressBar(total=each.size, completed=each.done, width=30)
        if not each.size:
            bar, far = Text("chờ tệp của văn bản khác / waits for another's files"), ""
        grid.add_row(Text(text(name)), Text(_SAID[each.row.state]), bar, Text(far))
        if each.row.error:
            notes.append(Text(text(f"{name}: {each.row.error}")))
    return Group(grid, *notes)
