"""The verbs of `lienthong outbox` and `lienthong inbox`: one set for either box of a mailbox's store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bus.cli.output import emit, emit_fields, emit_json, json_option, text
from bus.cli.tables import console
from bus.handling.transport import STATES, InboxState, OutboxState, State
from bus.operations.messages import list_rows, release, retry, show_message
from bus.ports.records import Box, Row
from bus.wiring.stores import store_of
from schemas.clock import ZONE, clock
from schemas.codes import Kind
from schemas.values import MessageId

config_option = click.option(
    "--config",
    "-c",
    required=True,
    envvar="LIENTHONG_CONFIG",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The daemon's TOML.",
)


def group(box: Box, help_: str) -> click.Group:
    """The verbs every box has."""
    result = click.Group(help=help_)
    states = [each.value for each in (OutboxState if box is Box.OUT else InboxState)]

    @result.command("list")
    @config_option
    @click.option("--state", type=click.Choice(states), metavar="STATE", help=f"Only these: {', '.join(states)}.")
    @click.option("--all", "--receipts", "receipts", is_flag=True, help="Receipts and notes too, which are left out.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
    @json_option
    def list_(config: Path, state: str | None, receipts: bool, limit: int, as_json: bool) -> None:
        """What is there, newest first: dockets and states, never content.

        What became of a document: `lienthong documents`, `lienthong trace`.
        """
        with store_of(config) as store:
            rows = list_rows(store, box, state=STATES[state] if state else None, receipts=receipts, limit=limit)
            with store.read() as tx:
                counts = tx.of(box).counts()
        if as_json:
            emit_json([plain(row) for row in rows])
            return
        if rows:
            _emit_rows(rows)
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "trống / empty"
        emit(f"{box}: {said}" + ("" if receipts or not counts else " (kể cả biên nhận / receipts included)"))

    @result.command("show")
    @click.argument("message")
    @config_option
    @json_option
    def show(message: str, config: Path, as_json: bool) -> None:
        """One message: its docket, where it stands, and why.

        MESSAGE is its id, or the beginning of that.
        """
        with store_of(config) as store:
            row = show_message(store, box, message)
        if as_json:
            emit_json(plain(row))
        else:
            emit_fields(_fields(row))

    result.add_command(_again(box, "retry", retry, "Try now: the messages named, or all that are parked."))
    result.add_command(_again(box, "release", release, "Put messages that were set aside back on the road."))
    return result


Verb = Callable[..., Sequence[MessageId]]


def _again(box: Box, name: str, verb: Verb, help_: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("messages", nargs=-1, required=name == "release")
    @config_option
    @json_option
    def again(messages: tuple[str, ...], config: Path, as_json: bool) -> None:
        with store_of(config) as store:
            done = verb(store, box, messages, now=datetime.now(UTC))
        if as_json:
            emit_json(list(done))
            return
        for message in done:
            emit(message)
        emit(_SAID[name].format(count=len(done)) if done else _NOTHING)

    return again


_SAID: Mapping[str, str] = {
    "retry": "Sẽ thử lại ngay {count} bản tin. / To be tried again now: {count}.",
    "release": "Đã thả lại {count} bản tin. / Put back on the road: {count}.",
}
_NOTHING = "Không có bản tin nào đang dừng. / Nothing is parked."


def plain(row: Row[State]) -> dict[str, object]:
    """A row for programs."""
    return {
        "docket": row.docket.model_dump(mode="json", exclude_none=True),
        "state": row.state,
        "attempts": row.attempts,
        "size": row.size,
        "entered_at": row.entered_at,
        "next_at": row.next_at,
        "sent_at": row.sent_at,
        "finished_at": row.finished_at,
        "ref": row.ref,
        "error": row.error,
        "receipts": [
            {"mailbox": line.mailbox, "outcome": line.outcome, "code": line.code, "at": line.at}
            for line in row.recipients
        ],
    }


# -- for people --------------------------------------------------------------------------------------------------------

_ID, _STATE, _TIME, _GAP, _LEAST = 36, 9, 19, 2, 80


def _emit_rows(rows: Sequence[Row[State]]) -> None:
    """Two lines a message, and a third that says why where something is wrong: an id is never cut, it is copied."""
    screen = console()
    screen.width = max(screen.width, _LEAST)  # a narrower terminal breaks the lines itself
    rest = screen.width - _ID - _STATE - _TIME - 3 * _GAP

    def lines(*cells: Sequence[object], style: str = "") -> Table:
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for width in (_ID, _STATE, _TIME, rest):
            grid.add_column(width=width, overflow="fold", style=style)
        for row in cells:
            grid.add_row(*(clock(cell) if isinstance(cell, datetime) else text(cell) for cell in row))
        return grid

    def below(line: str, style: str = "") -> Padding:
        return Padding(Text(text(line), style=style), (0, 0, 0, _GAP))

    heads = ("Bản tin", "Ở đâu", "Vào lúc", "Lần thử"), ("message", "state", f"entered {ZONE}", "tries")
    screen.print(lines(*heads, style="bold"))
    screen.print(below("từ → đến: việc gì, văn bản / from → to: what, document", style="bold"))
    for row in rows:
        screen.print(lines((row.docket.id, row.state, row.entered_at, row.attempts or "")))
        about = f", {row.docket.document.id}" if row.docket.document else ""
        screen.print(below(f"{_with(row)}: {_what(row)}{about}"))
        if row.next_at and (row.error or row.state is not OutboxState.SENT):  # else a receipt is awaited, no more
            screen.print(below(f"thử lại lúc / next try {text(row.next_at)}"))
        if row.error:
            screen.print(below(row.error))


def _what(row: Row[State]) -> str:
    docket = row.docket
    match docket.kind:
        case Kind.DOCUMENT:
            assert docket.business_type is not None  # the docket's own rule
            return " / ".join(docket.business_type.label)
        case Kind.STATUS:
            assert docket.status is not None
            return f"{docket.status} {' / '.join(docket.status.label)}"
        case Kind.RECEIPT:
            return "Biên nhận / Receipt"


def _with(row: Row[State]) -> str:
    docket = row.docket
    return f"{docket.sender.agency} → {', '.join(address.agency for address in docket.recipients)}"


def _fields(row: Row[State]) -> dict[str, object]:
    docket = row.docket
    fields: dict[str, object] = {
        "bản tin / message": docket.id,
        "việc gì / what": _what(row),
        "văn bản / document": docket.document.id if docket.document else None,
        "nơi ban hành / issuer": docket.document.issuer if docket.document else None,
        "từ → đến / from → to": _with(row),
        "độ khẩn / priority": f"{int(docket.priority)} {docket.priority.label.vi} / {docket.priority.label.en}",
        "hạn / due on": docket.due_on,
        "tạo lúc / made": docket.created_at,
        "ở đâu / state": row.state,
        "lần thử / tries": row.attempts,
        "byte đang giữ / bytes kept": row.size,
        "vào lúc / entered": row.entered_at,
        "thử lại lúc / next try": row.next_at,
        "gửi lúc / published": row.sent_at,
        "xong lúc / finished": row.finished_at,
        "ở phần mềm / in the DMS": row.ref,
        "vì sao / why": row.error,
    }
    for line in row.recipients:
        fields[f"biên nhận / receipt {line.mailbox}"] = " ".join(filter(None, (line.outcome, line.code, text(line.at))))
    return {name: value for name, value in fields.items() if value is not None}
