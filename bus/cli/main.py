"""The root of `lienthong`: which subcommand lives in which file, imported when it is wanted. Failures: failures.py."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import click

from bus.cli.failures import failures_said
from bus.cli.terminal import write_anywhere

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: dict[str, str] = {
    "adapter": "Run and check the adapter daemon of a mailbox.",
    "alerts": "What needs a person: cause, since when, who must act; silence what is known.",
    "audit": "What passed over the bus: send a mailbox a past stretch of it again.",
    "agency": "Look up agencies: codes old and new, successors, mailboxes.",
    "dead": "What nobody could take: list, show, replay, discard.",
    "documents": "Where each document stands at each recipient: sent or received.",
    "edxml": "Check and show national packages (.edxml).",
    "events": "What was out of the ordinary at a mailbox: refusals, forgeries, endings.",
    "explain": "What a code means, who acts, and what to do.",
    "inbox": "What a mailbox received: list, show, retry, release, discard.",
    "calendar": "The Government's working days: show a year, set its days, confirm it.",
    "completion": "Complete commands and options at the TAB key.",
    "console": "The API over the ledger: run it, make keys for who may ask.",
    "config": "The defaults file: what need not be typed twice.",
    "ca": "A small certificate authority for pilots: init, issue, renew, revoke, list.",
    "directory": "The signed directory: build, sign, show, diff, verify, publish.",
    "ledger": "The central record: run it, rebuild it, ask it.",
    "keys": "An agency's keys: request, install, rotate, show.",
    "manual": "The whole manual page, lienthong(1).",
    "obligations": "Who owes what to whom, by when: by the law's clocks, in working days.",
    "outbox": "What a mailbox sends: list, show, retry, withdraw.",
    "queues": "Each mailbox's queue on the broker, and what is wrong with it.",
    "report": "Reports of a ledger: sent, received, refused, on time, late; the quarterly one.",
    "store": "A mailbox's store: check, back up, restore, recover a damaged one.",
    "topology": "What the directory asks of a broker: export, plan, apply, check, guard.",
    "transfers": "Large attachments under way at a mailbox, with how far they are.",
    "trace": "Every step of one document at one mailbox.",
}
"""Subcommand -> its one line of help. It is `command` in bus/cli/<name>.py."""

LONG_LIVED: Final = frozenset({"adapter", "ledger", "console"})
"""Of a process that runs for weeks."""


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


def _say_whole_sentences(command: click.Command) -> None:
    """A group's list shows the first sentence of each command's help; click would cut it in the middle."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        first = " ".join((below.help or "").partition("\n\n")[0].split())
        below.short_help = below.short_help or first.partition(". ")[0].rstrip(".") + "."
        _say_whole_sentences(below)


class LazyGroup(click.Group):
    """Imports a subcommand's file only when it is wanted: a daemon should not carry the tables of the console."""

    def main(self, *args: Any, **extra: Any) -> Any:
        write_anywhere()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with _without_rich() if cmd_name in LONG_LIVED else nullcontext():
            command = importlib.import_module(f"bus.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        _say_whole_sentences(command)
        if ctx is not None:
            from bus.cli.defaults import offer

            ctx.default_map = {cmd_name: offer(command, ctx)}
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Of the names alone: no file is imported for them."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=said) for name, said in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        given = list(args)
        with failures_said(given, {}):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_ARGUMENTS] = given
        return context

    def invoke(self, ctx: click.Context) -> object:
        """Every failure ends here."""
        with failures_said(ctx.meta[_ARGUMENTS], ctx.meta):
            return super().invoke(ctx)


_ARGUMENTS = "bus.cli.arguments"

_CODES = """\b
Mã thoát · exit codes:
  0  xong · done
  1  không làm được, hoặc không ổn: màn hình nói ai phải làm gì
     failed, or not as it should be: what is printed says who must act
  2  lệnh gọi sai · the command was called wrongly
  3  xong, và có điều phải xem: thay đổi, lỗi, thứ sắp hết hạn
     done, and there is something: changes, faults, endings
  4  chỉ adapter conform: chưa thử được gì
     adapter conform only: nothing could be tried

\b
Giá trị dùng mãi: lienthong config. Gõ tắt bằng TAB: lienthong completion.
Values for every day: lienthong config. The TAB key: lienthong completion.
"""


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=_CODES,
)
@click.version_option(package_name="lienthong")
def main() -> None:
    """Liên thông: official documents between government agencies. Văn bản giữa các cơ quan nhà nước."""
