"""How lists of a ledger look: four columns, and further lines below each row; what is said of an obligation."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bus.cli.ledger_options import span
from bus.cli.output import Trouble, text
from bus.cli.tables import console
from bus.handling.clocks import End
from bus.ledger.records import ObligationRow
from schemas.clock import local
from schemas.codes import Label

_NUMBER, _WHO, _TIME, _GAP, _LEAST = 20, 14, 16, 2, 80


def show_rows(heads: Sequence[Sequence[str]], rows: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Each row, and below it its further lines. Nothing is cut: ids are copied."""
    screen = console()
    screen.width = max(screen.width, _LEAST)  # a narrower terminal breaks the lines itself
    screen.print(_grid(heads, screen.width, style="bold"))
    for cells, more in rows:
        screen.print(_grid([cells], screen.width))
        show_lines(more, indent=_GAP)


def show_lines(lines: Iterable[str], *, indent: int) -> None:
    """Broken between words, under each other; those about trouble are red."""
    screen = console()
    screen.width = max(screen.width, _LEAST)
    for line in lines:
        style = "red" if isinstance(line, Trouble) else ""
        screen.print(Padding(Text(text(line), style=style, overflow="fold"), (0, 0, 0, indent)))


def _grid(rows: Sequence[Sequence[str]], width: int, *, style: str = "") -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for least in (_NUMBER, _WHO, _TIME, width - _NUMBER - _WHO - _TIME - 3 * _GAP):
        grid.add_column(width=least, overflow="fold", style=style)
    for row in rows:
        grid.add_row(*map(text, row))
    return grid


ENDS: Final[Mapping[str, Label]] = {
    End.UNREACHED: Label("hộp thư không nhận", "its mailbox did not take it"),
    End.REFUSED: Label("bị từ chối", "refused"),
    End.WITHDRAWN: Label("đã thu hồi", "withdrawn"),
    End.REPLACED: Label("đã thay thế", "replaced"),
}
"""Why something is owed no longer."""


def state_of(each: ObligationRow, *, now: datetime) -> str:
    """`met … by 03`, `1 day 2 hours late`, `3 hours left`, `no longer owed: withdrawn`."""
    if each.void_at is not None:
        why = ENDS.get(each.void_why or "", Label(each.void_why or "", each.void_why or ""))
        return f"thôi nợ: {why.vi} / no longer owed: {why.en}"
    late = ""
    if each.due_at is not None and each.is_late(now):
        vi, en = span((each.met_at or now) - each.due_at)
        late = f"trễ {vi} / {en} late"
    if each.met_at is not None:
        return f"xong / met {local(each.met_at)} ({each.met_by})" + (f", {late}" if late else "")
    if late or each.due_at is None:
        return late or "còn chờ / waited for"
    vi, en = span(each.due_at - now)
    return f"còn {vi} / {en} left"
