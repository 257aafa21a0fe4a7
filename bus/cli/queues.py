"""`lienthong queues`: each mailbox's queue on the broker, and what is wrong with it."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from bus.cli.management import management_option, vhost_option
from bus.cli.output import emit_json, json_option, text
from bus.cli.tables import table
from bus.errors import TryLater
from bus.rabbit.management import Management
from bus.rabbit.queues import Fault, Overview, QueueState, faults, in_words, overview, rate
from bus.topology import DEAD, UNROUTABLE, is_lane
from schemas.codes import Label
from schemas.values import MailboxCode

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
_NAMES = {DEAD: "(dead)", UNROUTABLE: "(unroutable)"}


@click.command()
@management_option
@vhost_option
@click.option("--mailbox", "mailboxes", multiple=True, metavar="CODE", help="Only this one; may be repeated.")
@click.option("--watch", is_flag=True, help="Stay and refresh, until Ctrl-C.")
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.2, 3600), help="Seconds, with --watch."
)
@json_option
def command(url: str, vhost: str, mailboxes: tuple[MailboxCode, ...], watch: bool, every: float, as_json: bool) -> None:
    """Each mailbox's queue, and what is wrong with it. Hàng đợi của từng hộp thư, và có gì sai.

    Figures are the broker's own, up to five seconds old. The age of the oldest message is read from the queue's past
    hour (≈); "> 1 h" says that it is older. No message is touched.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people; ask again with --json as often as you like")
    with Management(url) as management:
        if watch:
            _watch(management, vhost, mailboxes, every)
            return
        seen = _only(overview(management, vhost=vhost), mailboxes)
    if as_json:
        emit_json({"alarms": [_fault(alarm) for alarm in seen.alarms], "queues": [_plain(q) for q in seen.queues]})
    else:
        Console().print(_page(seen))


def _watch(management: Management, vhost: str, mailboxes: Sequence[MailboxCode], every: float) -> None:
    """A broker that goes away is waited for: it is what one watches for."""
    with Live(console=Console(), auto_refresh=False) as live:
        try:
            while True:
                at = Text(text(datetime.now(UTC)), style="dim")
                try:
                    live.update(Group(_page(_only(overview(management, vhost=vhost), mailboxes)), at), refresh=True)
                except TryLater as error:
                    words = f"{error.in_vietnamese()}\n{error.in_english()}"
                    live.update(Group(Text(words, style="bold red"), at), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def _only(seen: Overview, mailboxes: Sequence[MailboxCode]) -> Overview:
    if not mailboxes:
        return seen
    known = {queue.mailbox for queue in seen.queues}
    if unknown := sorted(set(mailboxes) - known):
        raise click.BadParameter(f"no inbox here of: {', '.join(unknown)} / không có hộp thư", param_hint="--mailbox")
    return Overview(queues=tuple(queue for queue in seen.queues if queue.mailbox in mailboxes), alarms=seen.alarms)


def _page(seen: Overview) -> Group:
    alarms = [Text(f"{_both(fault.text)}: {_both(fault.remedy)}", style="bold red") for fault in seen.alarms]
    if not seen.queues:
        nothing = "Chưa có hàng đợi nào: chạy lienthong topology apply · No queues yet: run lienthong topology apply"
        return Group(*alarms, Text(nothing))
    wrong = sum(bool(faults(queue)) for queue in seen.queues)
    waiting = sum(queue.ready for queue in seen.queues if queue.mailbox and not is_lane(queue.name))
    summary = (
        f"\n{waiting} bản tin chờ, {wrong}/{len(seen.queues)} hàng đợi có vấn đề · "
        f"{waiting} messages wait, something is wrong with {wrong} of {len(seen.queues)} queues"
    )
    rows = [_cells(queue) for queue in seen.queues]
    return Group(*alarms, table(COLUMNS, rows), Text(summary), *_remedies(seen.queues))


def _remedies(queues: Sequence[QueueState]) -> Sequence[Text]:
    """What to do, once for all queues with the same thing wrong."""
    count = Counter(fault.code for queue in queues for fault in faults(queue))
    first = {fault.code: fault for queue in queues for fault in reversed(faults(queue))}
    return [Text(f"  {count[code]} × {code}: {_both(first[code].remedy)}") for code in sorted(first)]


def _cells(queue: QueueState) -> Sequence[object]:
    return (
        f"{queue.mailbox} (khẩn · urgent)" if is_lane(queue.name) else queue.mailbox or _NAMES[queue.name],
        queue.ready,
        queue.unacknowledged,
        _age(queue),
        queue.consumers,
        rate(queue.rate_in),
        rate(queue.rate_out),
        "; ".join(_both(fault.text) for fault in faults(queue)),
    )


def _age(queue: QueueState) -> str:
    return "chưa rõ · unknown" if queue.messages and queue.oldest is None else in_words(queue.oldest)


def _both(label: Label) -> str:
    return f"{label.vi} · {label.en}"


def _plain(queue: QueueState) -> dict[str, object]:
    oldest = queue.oldest
    return {
        **asdict(queue),
        "mailbox": queue.mailbox,
        "oldest": None if oldest is None else {"seconds": oldest.seconds, "at_least": oldest.at_least},
        "wrong": [_fault(fault) for fault in faults(queue)],
    }


def _fault(fault: Fault) -> dict[str, str]:
    return {
        "code": fault.code,
        "vi": fault.text.vi,
        "en": fault.text.en,
        "do_vi": fault.remedy.vi,
        "do_en": fault.remedy.en,
    }
