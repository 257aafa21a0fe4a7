"""What `lienthong outbox` and `lienthong inbox` share: one set of verbs over either box of a mailbox's store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bus import operations
from bus.cli.output import emit_fields, emit_json, emit_table, json_option
from bus.files.config import load_config
from bus.ports import Box, Row, State, Store
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
    store = open_store(loaded.store, owner=loaded.mailbox, exclusive=False)
    try:
        yield store
    finally:
        store.close()


def group(box: Box, text: str) -> click.Group:
    """The verbs every box has."""
    result = click.Group(help=text)

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
        emit_table(("message", "what", "document", "with", "state", "tries", "since", "why"), list(map(_cells, rows)))
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "empty / trống"
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


Verb = Callable[..., object]


def _again(box: Box, name: str, verb: Verb, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("messages", nargs=-1, required=name == "release")
    @config_option
    @json_option
    def again(messages: tuple[str, ...], config: Path, as_json: bool) -> None:
        with store_of(config) as store:
            done = verb(store, box, [MessageId(message) for message in messages], now=datetime.now(UTC))
        assert isinstance(done, list | tuple)
        if as_json:
            emit_json(list(done))
        else:
            click.echo(f"{name}: {len(done)}")

    return again


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


def _what(row: Row) -> str:
    docket = row.docket
    match docket.kind:
        case Kind.DOCUMENT:
            return docket.business_type.label.vi if docket.business_type is not None else "document"
        case Kind.STATUS:
            return f"{docket.status} {docket.status.label.vi}" if docket.status else "status"
        case Kind.RECEIPT:
            return "receipt"


def _with(row: Row, box: Box | None = None) -> str:
    docket = row.docket
    return f"{docket.sender.agency} → {', '.join(address.agency for address in docket.recipients)}"


def _cells(row: Row) -> tuple[object, ...]:
    document = row.docket.document.id if row.docket.document else ""
    return (
        row.docket.id, _what(row), document, _with(row), row.state, row.attempts or "", row.entered_at, row.error or "",
    )  # fmt: skip


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
        fields[f"receipt {line.mailbox}"] = f"{line.outcome} {line.code or ''} {line.at.isoformat()}"
    return {name: value for name, value in fields.items() if value is not None}
