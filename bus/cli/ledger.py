"""`lienthong ledger`: run the ledger, rebuild what it derived, and check what stands in its way. What it can be asked
is in files of their own, imported when wanted."""

import importlib
from pathlib import Path
from typing import Final

import click

from bus.daemon.own_process import OwnProcess
from bus.ledger import process
from bus.wiring.daemon import operators_token
from bus.wiring.ledger import wired
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.logs import log_as_json

config = click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))

ELSEWHERE: Final[dict[str, tuple[str, str]]] = {
    "find": ("bus.cli.ledger_ask", "find"),
    "list": ("bus.cli.ledger_ask", "list_"),
    "log": ("bus.cli.ledger_log", "command"),
    "show": ("bus.cli.ledger_show", "show"),
}
"""Subcommand -> its module and the command there."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, name = ELSEWHERE[cmd_name]
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Group)
def command() -> None:
    """The central record: what passed, who owes what by when, what is stuck. Sổ trung tâm."""


@command.command()
@config
def run(config: Path) -> None:
    """Keep the record of CONFIG (a ledger's TOML) until SIGTERM. Chạy sổ trung tâm."""
    log_stream = log_as_json()
    loaded = load_ledger_config(config)
    token = operators_token([loaded])
    with wired(loaded) as made:
        own = OwnProcess(threads=made.threads, log_stream=log_stream)
        listen = loaded.http.address if loaded.http else None
        process.run(made.process, listen=listen, token=token, own=own, more=made.more)
