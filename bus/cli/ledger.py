"""`lienthong ledger`: run the ledger, rebuild what it derived, and check what stands in its way. What it can be asked
is in files of their own, imported when wanted."""

import importlib
import sys
from pathlib import Path
from typing import Final

import click

from bus.cli.output import emit, emit_json, json_option
from bus.daemon.own_process import OwnProcess
from bus.directory.onlooker import Onlooker
from bus.errors import side_by_side
from bus.ledger import keep, process
from bus.ledger import rebuild as rebuilding
from bus.ledger.rebuild import Progress
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.wiring.daemon import operators_token
from bus.wiring.ledger import clocks_of, open_reader, wired
from bus.wiring.ledger_check import examine
from bus.wiring.ledger_config import LedgerConfig, load_ledger_config
from bus.wiring.ledgers import ledger_of, onlooker_of
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
    """The central record: what passed, who owes what by when, what is stuck. Sổ cái."""


@command.command()
@config
def run(config: Path) -> None:
    """Keep the record of CONFIG (a ledger's TOML) until SIGTERM. Chạy sổ cái."""
    log_stream = log_as_json()
    loaded = load_ledger_config(config)
    token = operators_token([loaded])
    with wired(loaded) as made:
        own = OwnProcess(threads=made.threads, log_stream=log_stream)
        listen = loaded.http.address if loaded.http else None
        process.run(made.process, listen=listen, token=token, own=own, more=made.more)


@command.command()
@config
@json_option
def check(config: Path, as_json: bool) -> None:
    """Say what stands in the way of CONFIG: directory, database, broker. Kiểm tra trước khi chạy.

    It makes nothing, and may be asked while the ledger runs. Exit code 1 where something is in the way.
    """
    report = examine(config)
    if as_json:
        emit_json(
            {
                "config": str(config),
                "ok": not report.findings,
                "findings": [side_by_side(each) for each in report.findings],
                "facts": [side_by_side(each) for each in report.facts],
            }
        )
    else:
        emit(f"{config}: {'chưa chạy được / not ready' if report.findings else 'sẵn sàng / ready'}")
        for mark, texts in (("✗", report.findings), ("✓", report.facts)):
            for each in texts:
                emit(f"  {mark} {each.vi}", f"    {each}")
    sys.exit(1 if report.findings else 0)


@command.command()
@config
@click.option("--no-stream", is_flag=True, help="Not what only the broker's streams have.")
def rebuild(config: Path, no_stream: bool) -> None:
    """Make all that is derived anew: from the kept events, then from the stream. Dựng lại sổ.

    The old tables serve meanwhile, and the ledger may run: what it keeps in the meantime is in the new ones, too. Cut
    short, nothing has changed; begin again.
    """
    loaded = load_ledger_config(config)
    held = onlooker_of(loaded)
    rules = RuleBook(lambda: held, clocks_of(loaded))
    with ledger_of(loaded) as ledger:
        last = Progress(None, 0)
        for last in rebuilding.rebuild(ledger, rules=rules.of):
            emit(f"  {last.events}", err=True)
        emit(f"Đã dựng lại từ {last.events} sự kiện. / Rebuilt from {last.events} events.")
        if no_stream:
            return
        with ledger.reading() as connection:
            streams = [each.stream for each in keep.checkpoints(connection)]
        for stream in streams:
            _reread(ledger, stream, loaded, held, rules)


def _reread(ledger: Ledger, stream: str, loaded: LedgerConfig, held: Onlooker, rules: RuleBook) -> None:
    open_ = open_reader(loaded, None)
    last = Progress(stream, 0)
    for last in rebuilding.reread(ledger, stream, open_=open_, onlooker=lambda: held, rules=rules.of):
        emit(f"  {stream}: {last.events}", err=True)
    emit(
        f"{stream}: {last.events} bản tin xem lại, {last.new} chưa có trong sổ. / "
        f"{last.events} messages read again, {last.new} were not kept."
    )
