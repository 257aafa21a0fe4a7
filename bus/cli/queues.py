"""`lienthong queues`: each mailbox's queue on the broker, and its faults."""

import sys
import time
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from bus.cli.guard import kept_uses
from bus.cli.management import management_option, open_management, vhost_option
from bus.cli.output import emit_json, json_option, text
from bus.cli.tables import console, table
from bus.errors import TryLater
from bus.files.edition import load_directory
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_age import age_in_words
from bus.rabbit.admin.queue_faults import NO_FIGURES, Fault, queue_faults, quota_alarms
from bus.rabbit.admin.queue_overview import Overview, fetch_overview
from bus.rabbit.admin.queue_state import QueueState, rate_in_words
from bus.topology.names import DEAD, UNROUTABLE, is_lane, is_own_dead
from schemas.codes import Label
from schemas.values import VIETNAM, MailboxCode

COLUMNS = (
    "Hộp thư\nmailbox",
    "Chờ\nready",
    "Đang giao\nunacked",
    "Cũ nhất\noldest",
    "Đọc\nreaders",
    "Vào/s\nin/s",
    "Ra/s\nout/s",
    "Có gì sai\nwhat is wrong",
)
WRONG = 3
"""The exit code where something is wrong: 1 is a failure of the command itself, 2 a wrong use."""
PATIENCE = 10.0
"""Seconds without an answer after which the broker counts as away."""
_EXPECTED = frozenset({"nobody-reads", "lane-unread", NO_FIGURES})
"""Faults of a mailbox that has not joined, which are none."""
_NAMES = {DEAD: "(dead)", UNROUTABLE: "(unroutable)"}


@click.command()
@management_option
@vhost_option
@click.option("--mailbox", "mailboxes", multiple=True, metavar="CODE", help="Only this one; may be repeated.")
@click.option("--watch", is_flag=True, help="Stay and refresh, until Ctrl-C.")
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.2, 3600), help="Seconds, with --watch."
)
@click.option(
    "--guard-state",
    "state",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="LIENTHONG_GUARD_STATE",
    show_envvar=True,
    help="The file of `topology guard`: who is near a quota.",
)
@click.option(
    "--directory", "folder", envvar="LIENTHONG_DIRECTORY", show_envvar=True, type=click.Path(path_type=Path),
    help="Who has joined: those with keys in this folder of TOML files, or in this edition (with --root). Empty "
    "mailboxes of others are left out.",
)  # fmt: skip
@click.option(
    "--root", type=click.Path(path_type=Path), envvar="LIENTHONG_ROOT", show_envvar=True,
    help="PEM of the trusted roots.",
)  # fmt: skip
@json_option
def command(
    url: str,
    vhost: str,
    mailboxes: tuple[MailboxCode, ...],
    watch: bool,
    every: float,
    state: Path | None,
    folder: Path | None,
    root: Path | None,
    as_json: bool,
) -> None:
    """Each mailbox's queue, and what is wrong with it. Exit 3 if anything is. Hàng đợi của từng hộp thư, và có gì sai;
    mã thoát 3 nếu có.

    Figures are the broker's own, up to five seconds old. The age of the oldest message is read from the queue's past
    hour (≈); "> 1 h" says that it is older. No message is touched.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people; ask again with --json as often as you like")
    wanted = _Wanted(vhost, mailboxes, state, _joined(folder, root))
    with open_management(url, patience=PATIENCE) as management:
        if watch:
            _watch(management, wanted, every)
            return
        seen = _seen(management, wanted)
    if as_json:
        emit_json(
            {
                "alarms": [_fault(alarm) for alarm in seen.alarms],
                "queues": [_plain(q) for q in seen.queues],
                "not_joined": list(seen.silent),
            }
        )
    else:
        console().print(_page(seen))
    if seen.is_wrong:
        sys.exit(WRONG)


class _Wanted(NamedTuple):
    """What is asked for, the same at every look."""

    vhost: str
    mailboxes: Sequence[MailboxCode]
    state: Path | None
    joined: Container[MailboxCode] | None


@dataclass(frozen=True, slots=True)
class _Seen:
    queues: tuple[QueueState, ...]
    alarms: tuple[Fault, ...]
    silent: tuple[MailboxCode, ...] = ()
    """Mailboxes that have not joined, and nobody sends to."""

    @property
    def is_wrong(self) -> bool:
        faults = (fault for queue in self.queues for fault in queue_faults(queue))
        return bool(self.alarms) or any(fault.code != NO_FIGURES for fault in faults)


def _joined(folder: Path | None, root: Path | None) -> Container[MailboxCode] | None:
    """Who has keys in the directory; None where none is named, or nobody has any: then everybody counts as joined."""
    if folder is None:
        return None
    now = datetime.now(UTC)
    return load_directory(folder, on=now.astimezone(VIETNAM).date(), roots=root, now=now).directory.book.keys or None


def _seen(management: Management, wanted: _Wanted) -> _Seen:
    overview = fetch_overview(management, vhost=wanted.vhost)
    alarms = (*overview.alarms, *(quota_alarms(kept_uses(wanted.state)) if wanted.state else ()))
    queues = _only(overview, wanted.mailboxes)
    if wanted.joined is None or wanted.mailboxes:
        return _Seen(queues, alarms)
    silent = {each.name for each in queues if _is_silent(each, wanted.joined)}
    return _Seen(
        tuple(each for each in queues if each.name not in silent),
        alarms,
        tuple(each.mailbox for each in queues if each.mailbox and each.name in silent and not is_lane(each.name)),
    )


def _is_silent(queue: QueueState, joined: Container[MailboxCode]) -> bool:
    return (
        queue.mailbox is not None
        and queue.mailbox not in joined
        and not (queue.messages or queue.consumers or is_own_dead(queue.name))
        and {fault.code for fault in queue_faults(queue)} <= _EXPECTED
    )


def _watch(management: Management, wanted: _Wanted, every: float) -> None:
    """A broker that goes away is waited for: it is what one watches for."""
    with Live(console=console(), auto_refresh=False) as live:
        try:
            while True:
                at = Text(text(datetime.now(UTC)), style="dim")
                try:
                    seen = _seen(management, wanted)
                    live.update(Group(_page(seen), at), refresh=True)
                except TryLater as error:
                    words = f"{error.in_vietnamese()}\n{error.in_english()}"
                    live.update(Group(Text(words, style="bold red"), at), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def _only(seen: Overview, mailboxes: Sequence[MailboxCode]) -> tuple[QueueState, ...]:
    if not mailboxes:
        return seen.queues
    known = {*(queue.mailbox for queue in seen.queues), *seen.gone}
    if unknown := sorted(set(mailboxes) - known):
        raise click.BadParameter(f"no inbox here of: {', '.join(unknown)} / không có hộp thư", param_hint="--mailbox")
    return tuple(queue for queue in seen.queues if queue.mailbox in mailboxes)


def _page(seen: _Seen) -> Group:
    alarms = [
        Text(f"{words[0].upper()}{words[1:]}. {remedy[0].upper()}{remedy[1:]}.", style="bold red")
        for fault in seen.alarms
        for words, remedy in zip(fault.text, fault.remedy, strict=True)
    ]
    if not seen.queues and not seen.silent:
        nothing = "Chưa có hàng đợi nào: chạy lienthong topology apply · No queues yet: run lienthong topology apply"
        return Group(*alarms, Text(nothing))
    wrong = sum(any(fault.code != NO_FIGURES for fault in queue_faults(queue)) for queue in seen.queues)
    inboxes = [q for q in seen.queues if q.mailbox and not (is_lane(q.name) or is_own_dead(q.name))]
    waiting = sum(queue.ready for queue in inboxes)
    set_aside = sum(q.ready for q in seen.queues if q.name in _NAMES or is_own_dead(q.name))
    summary = (
        f"\n{waiting} bản tin chờ ở các hộp thư, {set_aside} ở dead và unroutable; "
        f"{len(seen.alarms)} cảnh báo chung; {wrong}/{len(seen.queues)} hàng đợi có vấn đề\n"
        f"{waiting} messages wait in inboxes, {set_aside} in dead and unroutable; "
        f"{len(seen.alarms)} general alarms; something is wrong with {wrong} of {len(seen.queues)} queues"
    )
    if seen.silent:
        summary += (
            f"\n{len(seen.silent)} hộp thư chưa kết nối, không có thư · "
            f"{len(seen.silent)} mailboxes have not joined, and have no mail"
        )
    rows = [_cells(queue) for queue in seen.queues]
    return Group(*alarms, table(COLUMNS, rows), Text(summary), *_remedies(seen.queues))


def _remedies(queues: Sequence[QueueState]) -> Sequence[Text]:
    """The remedy of each fault, once for all queues that have it."""
    count = Counter(fault.code for queue in queues for fault in queue_faults(queue))
    first = {fault.code: fault for queue in queues for fault in reversed(queue_faults(queue))}
    return [Text(f"  {count[code]} × {code}: {_both(first[code].remedy)}") for code in sorted(first)]


def _cells(queue: QueueState) -> Sequence[object]:
    return (
        _name(queue),
        queue.ready,
        queue.unacknowledged,
        _age(queue),
        queue.consumers,
        rate_in_words(queue.rate_in),
        rate_in_words(queue.rate_out),
        "; ".join(_both(fault.text) for fault in queue_faults(queue)),
    )


def _name(queue: QueueState) -> str:
    if is_lane(queue.name):
        return f"{queue.mailbox} (khẩn · urgent)"
    return f"{queue.mailbox} (dead)" if is_own_dead(queue.name) else queue.mailbox or _NAMES[queue.name]


def _age(queue: QueueState) -> str:
    return "chưa rõ · unknown" if queue.messages and queue.oldest is None else age_in_words(queue.oldest)


def _both(label: Label) -> str:
    return f"{label.vi} · {label.en}"


def _plain(queue: QueueState) -> dict[str, object]:
    oldest = queue.oldest
    return {
        **asdict(queue),
        "mailbox": queue.mailbox,
        "oldest": None if oldest is None else {"seconds": oldest.seconds, "at_least": oldest.at_least},
        "wrong": [_fault(fault) for fault in queue_faults(queue)],
    }


def _fault(fault: Fault) -> dict[str, str]:
    return {
        "code": fault.code,
        "vi": fault.text.vi,
        "en": fault.text.en,
        "do_vi": fault.remedy.vi,
        "do_en": fault.remedy.en,
    }
