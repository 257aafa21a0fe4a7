"""The root of `lienthong`: which subcommand lives in which file, and how an error reaches a person."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click

from bus.errors import BusError

COMMANDS: dict[str, str] = {
    "adapter": "Run and check the adapter daemon of a mailbox.",
    "audit": "What passed over the bus: send a mailbox a past stretch of it again.",
    "agency": "Look up agencies: codes old and new, successors, mailboxes.",
    "dead": "What nobody could take: list, show, replay, discard.",
    "edxml": "Check and show national packages (.edxml).",
    "events": "What was out of the ordinary at a mailbox: refusals, forgeries, endings.",
    "inbox": "What a mailbox received: list, show, retry, release, discard.",
    "ca": "A small certificate authority for pilots: init, issue, renew, revoke, list.",
    "directory": "The signed directory: build, sign, show, diff, verify, publish.",
    "keys": "An agency's keys: request, install, rotate, show.",
    "outbox": "What a mailbox sends: list, show, retry, withdraw.",
    "queues": "Each mailbox's queue on the broker, and what is wrong with it.",
    "store": "A mailbox's store: check, back up, recover a damaged one.",
    "topology": "What the directory asks of a broker: export, plan, apply.",
    "transfers": "Large attachments under way at a mailbox, with how far they are.",
    "trace": "Every step of one document at one mailbox.",
}
"""Subcommand -> its one line of help. It is `command` in bus/cli/<name>.py."""


@contextmanager
def _without_rich() -> Iterator[None]:
    """structlog loads rich wherever it finds it, for coloured tracebacks: 6 MB that a daemon, which logs JSON, never
    uses and would hold for life."""
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment] # how Python is told that there is no such module
    try:
        yield
    finally:
        if hidden:
            del sys.modules["rich"]


class LazyGroup(click.Group):
    """Imports a subcommand's file only when it is wanted: a daemon should not carry the tables of the console."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with _without_rich() if cmd_name == "adapter" else nullcontext():
            command = importlib.import_module(f"bus.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Every BusError ends here: both languages on standard error, exit code 1."""
        try:
            return super().invoke(ctx)
        except BusError as error:
            click.echo(error.in_vietnamese(), err=True)
            click.echo(error.in_english(), err=True)
            sys.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="lienthong")
def main() -> None:
    """Liên thông: official documents between government agencies."""
