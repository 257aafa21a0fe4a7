"""The first screens of the commands, as a terminal of a width shows them: help of each, and typical answers made of
made-up values."""

import re
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click
from click.testing import CliRunner

from bus.cli import check, config
from bus.cli.dead import show_letters
from bus.cli.main import main
from bus.cli.manual import commands, page, root_context
from bus.cli.topology import show_changes
from bus.files.directory import default_folder, load
from bus.rabbit.admin.dead_letter import DeadLetter
from bus.rabbit.admin.node_check import Check, Verdict
from bus.topology.drift import diff
from bus.topology.wanted import BrokerLimits, topology
from schemas.codes import Label
from schemas.values import MailboxCode
from tests.scenarios.country import document
from tests.unit.bus.cli.alerts_screens import alerts_screens
from tests.unit.bus.cli.ledger_screens import ledger_screens
from tests.unit.bus.cli.mailbox import made

WIDTHS = (80, 120)
HERE = Path(__file__).parent
PROJECT = HERE.parents[3]
MANUAL = PROJECT / "deploy" / "man" / "lienthong.1"
AT = datetime(2026, 11, 5, 2, 30, 5, tzinfo=UTC)


class Screen(NamedTuple):
    name: str
    width: int
    text: str

    @property
    def file(self) -> Path:
        return HERE / "golden" / f"{self.name}.{self.width}.txt"


def screens() -> Iterator[Screen]:
    root = root_context(main)
    paths = [[], *(context.command_path.split()[1:] for context in commands(main, root))]
    for width in WIDTHS:
        for path in paths:
            yield Screen("-".join(path) or "lienthong", width, _printed([*path, "--help"], width))
        for name, arguments in ANSWERS.items():
            yield Screen(name, width, _printed(arguments, width))
        for name, show in {**TABLES, **alerts_screens()}.items():
            yield Screen(name, width, _shown(show, width))
    with TemporaryDirectory() as folder:
        yield from _of_a_mailbox(Path(folder))
    with TemporaryDirectory() as folder:
        directory = load(default_folder(), on=AT.date())
        for name, show in ledger_screens(Path(folder), directory).items():
            yield from (Screen(name, width, _shown(show, width)) for width in WIDTHS)


def _of_a_mailbox(folder: Path) -> Iterator[Screen]:
    """G22 sent two documents; one was filed at H49, one waits. Ids are drawn anew each time, and shown as one."""
    mailbox = made(folder)
    (message,) = mailbox.accept(document("G22", "H49"))
    mailbox.land.settle()
    mailbox.accept(document("G22", "H53", id_="G22,2016/07/01,2/VPCP-KSTT"))
    names = {"{message}": message, "{document}": document().id}
    for name, arguments in OF_A_MAILBOX.items():
        for width in WIDTHS:
            said = _printed([names.get(each, each) for each in arguments], width, LIENTHONG_CONFIG=str(mailbox.config))
            yield Screen(name, width, _ID.sub("0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506", said))
    mailbox.store.close()


def manual() -> str:
    return page(main)


def _printed(arguments: list[str], width: int, **environment: str) -> str:
    with chdir(PROJECT):
        result = CliRunner(env={**_environment(width), **environment}).invoke(main, arguments, prog_name="lienthong")
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    return _stripped(result.output)


def _shown(show: Callable[[], None], width: int) -> str:
    return _stripped(CliRunner(env=_environment(width)).invoke(click.Command("show", callback=show)).output)


def _stripped(text: str) -> str:
    """Without the spaces that fill up a table's lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _environment(width: int) -> dict[str, str | None]:
    return {
        "COLUMNS": str(width),
        "LIENTHONG_DEFAULTS": "",
        "LIENTHONG_DIRECTORY": None,
        "LIENTHONG_CONFIG": None,
        "LIENTHONG_ROOT": None,
    }


ON = ("--as-of", "2026-11-01")
ANSWERS = {
    "agency-show.answer": ["agency", "show", "H49", *ON],
    "agency-show.closed": ["agency", "show", "H08", *ON],
    "agency-resolve.answer": ["agency", "resolve", "H29.12.3", *ON],
    "agency-search.answer": ["agency", "search", "quang", *ON],
    "agency-list.answer": ["agency", "list", *ON],
    "agency-list.mailboxes": ["agency", "list", "--mailboxes", *ON],
    "agency-show.error": ["agency", "show", "H4900"],
    "agency-show.error-json": ["agency", "show", "H4900", "--json"],
    "edxml-check.answer": ["edxml", "check", "deploy/samples/new.edxml", "deploy/samples/status-03.edxml"],
    "edxml-show.answer": ["edxml", "show", "deploy/samples/new.edxml"],
    "queues.usage": ["queues"],
}
"""Name -> a command that answers from what comes with the bus."""

OF_A_MAILBOX = {
    "events.answer": ["events"],
    "inbox-list.answer": ["inbox", "list"],
    "outbox-list.answer": ["outbox", "list"],
    "outbox-show.answer": ["outbox", "show", "{message}"],
    "outbox-show.error": ["outbox", "show", "nothing"],
    "store-check.answer": ["store", "check"],
    "trace.answer": ["trace", "{document}"],
    "transfers.answer": ["transfers"],
}
"""Name -> a command that answers from a mailbox's store."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _plan() -> None:
    """A mailbox is missing, and a limit is another."""
    wanted = topology(["G22", "H49", "H53"], vhost="lienthong", limits=BrokerLimits(inbox_messages=7))
    current = topology(["G22", "H49"], vhost="lienthong")
    show_changes(diff(current, wanted, prune=False), full=False)


def _doors() -> None:
    wrong = Check(
        "clear-listener",
        Verdict.WRONG,
        Label("cổng 5672 mở, không mã hóa", "port 5672 is open, in clear"),
        Label("người vận hành đóng cổng: listeners.tcp = none", "the operator closes it: listeners.tcp = none"),
    )
    right = Check("mechanisms", Verdict.OK, Label("chỉ EXTERNAL", "EXTERNAL only"), Label("", ""))
    check.show([wrong, right])


def _letters() -> None:
    letter = DeadLetter(
        ref="0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506",
        queue="dead",
        docket=None,
        reason="bad-signature",
        at=AT,
        sent_by=MailboxCode("H49"),
        set_aside=True,
        inboxes=(MailboxCode("G22"), MailboxCode("H53")),
        size=2048,
    )
    show_letters([letter, replace(letter, ref=f"sha256:{'0' * 64}", reason="rejected", at=None, inboxes=())])


def _values() -> None:
    file = "/etc/lienthong/lienthong.toml"
    config.show(
        {
            "config": ("/etc/lienthong/H49.toml", "LIENTHONG_CONFIG"),
            "management": ("https://quantri:…@bus1.example.vn:15671 https://quantri:…@bus2.example.vn:15671", file),
            "root": ("/etc/lienthong/root.pem", file),
        }
    )


TABLES = {
    "config.answer": _values,
    "topology-plan.answer": _plan,
    "topology-check.answer": _doors,
    "dead-list.answer": _letters,
}
"""Name -> what prints a command's answer of made-up values."""
