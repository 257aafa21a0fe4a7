"""`lienthong console`: the API over a ledger: run it, make keys for those whom it answers."""

import secrets
import sys
from datetime import date, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from bus.cli.output import emit, emit_file, emit_json, json_option
from bus.console.app import openapi as described
from bus.console.callers import PREFIX, digest
from bus.console.process import run as serve
from bus.console.roles import Role
from bus.errors import of_fields, side_by_side
from bus.wiring.api_config import CallerConfig
from bus.wiring.console import wired_console
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.logs import log_as_json
from schemas.printable import json_text


@click.group()
def command() -> None:
    """The API over the ledger: run it, make keys. Giao diện lập trình của sổ cái.

    Whom it answers stands in [api] of the ledger's TOML: deploy/handbook/ledger.md.
    """


@command.command()
@click.argument("ledger", type=click.Path(exists=True, path_type=Path))
def run(ledger: Path) -> None:
    """Serve /api/v1 over the ledger of LEDGER (its TOML) until SIGTERM. Chạy API của sổ cái.

    The ledger's own process runs beside it, or on another machine that shares its PostgreSQL.
    """
    log_as_json()
    with wired_console(load_ledger_config(ledger), file=str(ledger)) as server:
        well = serve(server)
    sys.exit(0 if well else 1)


@command.command("new-key")
@click.option("--name", required=True, help="Who asks with it, as the log of access tells it.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What it may see.")
@click.option("--agency", "agencies", multiple=True, help="Of the role agency: a code whose documents it sees.")
@click.option("--ends-on", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it is answered.")
@json_option
def new_key(name: str, role: str, agencies: tuple[str, ...], ends_on: datetime | None, as_json: bool) -> None:
    """Make an API key, and the lines of the TOML that know it. Tạo khóa API.

    The key is shown once and kept nowhere; the TOML has its hash only. The console reads the TOML when it starts.
    """
    key = f"{PREFIX}{secrets.token_urlsafe(32)}"
    day: date | None = ends_on.date() if ends_on else None
    try:
        known = CallerConfig(name=name, role=Role(role), agencies=agencies, sha256=digest(key.encode()), ends_on=day)
    except ValidationError as exc:
        raise click.UsageError(side_by_side(of_fields(exc.errors()))) from exc
    if as_json:
        emit_json({"key": key, "caller": known.model_dump(mode="json", exclude_none=True)})
        return
    emit(
        "Khóa, đưa cho người dùng bằng đường kín, không hiện lại: /",
        "The key, for its user, by a confidential way; it is not shown again:",
        "",
        f"  {key}",
        "",
        "Ghi vào tệp TOML của sổ cái rồi khởi động lại console: /",
        "Put this into the ledger's TOML, and start the console again:",
        "",
    )
    emit_file(_toml(known))


@command.command()
def openapi() -> None:
    """Print the API's description (OpenAPI 3.1). In mô tả API."""
    emit_json(described())


def _toml(known: CallerConfig) -> str:
    lines = [
        "[[api.key]]",
        f"name = {json_text(known.name)}",
        f"role = {json_text(known.role.value)}",
        *([f"agencies = {json_text(list(known.agencies))}"] if known.agencies else []),
        f'sha256 = "{known.sha256}"',
        *([f"ends_on = {known.ends_on.isoformat()}"] if known.ends_on else []),
    ]
    return "\n".join(lines) + "\n"
