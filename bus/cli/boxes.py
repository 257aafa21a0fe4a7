"""What `lienthong outbox` and `lienthong inbox` share: one set of verbs over either box of a mailbox's store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bus import operations
from bus.cli.output import emit_fields, emit_json, json_option, text
from bus.cli.tables import console
from bus.files.config import load_config
from bus.files.store import store_url
from bus.ports import Store
from bus.records import Box, Row, State
from bus.store import open_store
from schemas.codes import Kind
from schemas.values import MessageId

config_option = click.option(
    "--config",
    "-c",
    required=True,
    envvar="LIENTHONG_CONFIG",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The daemon's TOML.",
)


@contextmanager
def store_of(config: Path) -> Iterator[Store]:
    """The store of a mailbox, beside its daemon if that runs."""
    loaded = load_config(config)
    store = open_store(store_url(loaded), owner=loaded.mailbox, exclusive=False)
    try:
        yield store
    finally:
        store.close()


def group(box: Box, help_: str) -> click.Group:
    """The verbs every box has."""
    result = click.Group(help=help_)

    @result.command("list")
    @config_option
    @click.option("--state", type=click.Choice([str(state) for state in State]), help="Only these.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
    @json_option
    def list_(config: Path, state: str | None, limit: int, as_json: bool) -> None:
        """What is there, newest first: dockets and states, never content."""
        with store_of(config) as store:
            rows = operations.list_rows(store, box, state=State(state) if state else None, limit=limit)
            with store.read() as tx:
                counts = tx.counts(box)
        if as_json:
            emit_json([plain(row) for row in rows])
            return
        if rows:
            _emit_rows(rows)
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "trống / empty"
        click.echo(f"{box}: {said}")

    @result.command("show")
    @click.argument("message")
    @config_option
    @json_option
    def show(message: str, config: Path, as_json: bool) -> None:
        """One message: its docket, where it stands, and why."""
        with store_of(config) as store:
            row = operations.show(store, box, MessageId(message))
        if as_json:
            emit_json(plain(row))
        else:
            emit_fields(_fields(row))

    result.add_command(_again(box, "retry", operations.retry, "Try now: the messages named, or all that are parked."))
    result.add_command(_again(box, "release", operations.release, "Put messages that were set aside back on the road."))
    return result


Verb = Callable[..., Sequence[MessageId]]


def _again(box: Box, name: str, verb: Verb, help_: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("messages", nargs=-1, required=name == "release")
    @config_option
    @json_option
    def again(messages: tuple[str, ...], config: Path, as_json: bool) -> None:
        with store_of(config) as store:
            done = verb(store, box, [MessageId(message) for message in messages], now=datetime.now(UTC))
        if as_json:
            emit_json(list(done))
            return
        for message in done:
            click.echo(message)
        click.echo(_SAID[name].format(count=len(done)) if done else _NOTHING)

    return again


_SAID: Mapping[str, str] = {
    "retry": "Sẽ thử lại ngay {count} bản tin. / To be tried again now: {count}.",
    "release": "Đã thả lại {count} bản tin. / Put back on the road: {count}.",
}
_NOTHING = "Không có bản tin nào đang dừng. / Nothing is parked."


def plain(row: Row) -> dict[str, object]:
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

_ID, _STATE, _TIME, _GAP = 36, 9, 19, 2


def _emit_rows(rows: Sequence[Row]) -> None:
    """Two lines a message, and a third that says why where something is wrong: an id is never cut, it is copied."""
    screen = console()
    others = _ID + _STATE + _TIME + 3 * _GAP
    screen.width = max(screen.width, others + 20)  # a narrower terminal breaks the lines itself
    what = screen.width - others

    def lines(*cells: Sequence[object], style: str = "") -> Table:
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for width in (_ID, what, _STATE, _TIME):
            grid.add_column(width=width, overflow="fold", style=style)
        for row in cells:
            grid.add_row(*(text(cell) for cell in row))
        return grid

    heads = ("message", "what", "state", "entered"), ("  document", "from → to", "tries", "next try")
    screen.print(lines(*heads, style="bold"))
    for row in rows:
        document = f"  {row.docket.document.id}" if row.docket.document else ""
        first = (row.docket.id, _what(row), row.state, row.entered_at)
        screen.print(lines(first, (document, _with(row), row.attempts or "", row.next_at)))
        if row.error:
            screen.print(Padding(Text(row.error), (0, 0, 0, 2)))


def _what(row: Row) -> str:
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


def _with(row: Row) -> str:
    docket = row.docket
    return f"{docket.sender.agency} → {', '.join(address.agency for address in docket.recipients)}"


def _fields(row: Row) -> dict[str, object]:
    docket = row.docket
    fields: dict[str, object] = {
        "message": docket.id,
        "what": _what(row),
        "document": docket.document.id if docket.document else None,
        "issuer": docket.document.issuer if docket.document else None,
        "from → to": _with(row),
        "priority": f"{int(docket.priority)} {docket.priority.label.vi} / {docket.priority.label.en}",
        "due on": docket.due_on,
        "made": docket.created_at,
        "state": row.state,
        "tries": row.attempts,
        "bytes kept": row.size,
        "entered": row.entered_at,
        "next try": row.next_at,
        "published": row.sent_at,
        "finished": row.finished_at,
        "in the DMS": row.ref,
        "why": row.error,
    }
    for line in row.recipients:
        fields[f"receipt {line.mailbox}"] = " ".join(filter(None, (line.outcome, line.code, text(line.at))))
    return {name: value for name, value in fields.items() if value is not None}
