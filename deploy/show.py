"""`deploy/demo`: a country at work, to watch. Founds it, starts a private broker and the daemons, lets people exchange
documents of every business type, shows it happening, and says at the end whether anything was lost or came twice."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from statistics import median, quantiles
from types import FrameType

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.papers import Papers
from deploy.people import ASKS, People
from schemas.codes import BusinessType, StatusCode

DROPPED_A_TURN = 3
TURN = 0.25
PATIENCE = 60.0
"""Seconds without any progress before the demo says that something is missing."""


@click.command()
@click.option("--agencies", default=32, show_default=True, type=click.IntRange(2, 32), help="Mailboxes at work.")
@click.option("--documents", default=160, show_default=True, type=click.IntRange(1, 20_000), help="Documents dropped.")
@click.option("--as-of", default="2016-07-01", show_default=True, help="The directory as of this day; 'today' for now.")
@click.option("--broker", type=click.Choice(["docker", "binary"]), help="Docker where it answers, else the binary.")
@click.option("--seed", default=2016, show_default=True, help="The same seed writes the same documents.")
@click.option("--stay", is_flag=True, help="Leave it running afterwards, to drop packages by hand.")
@click.option("--plain", is_flag=True, help="Without TLS, certificates and signed directory: never beyond a trial.")
def main(agencies: int, documents: int, as_of: str, broker: Kind | None, seed: int, stay: bool, plain: bool) -> None:
    """A country at work on this machine: agencies, their daemons, their folders, one RabbitMQ."""
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell has a background job ignore it
        signal.signal(number, _interrupt)
    console = Console()
    on = date.today() if as_of == "today" else date.fromisoformat(as_of)  # noqa: DTZ011 — the visitor's own day
    try:
        with ExitStack() as stack:
            root = Path(tempfile.mkdtemp(prefix="lienthong-demo-"))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            _run(console, root, on, agencies, documents, broker, seed, stay, plain)
    except KeyboardInterrupt:
        console.print("\nĐã dừng, không để lại gì. / Stopped; nothing is left behind.")
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        console.print(error.stderr, style="red", markup=False, highlight=False)
        sys.exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(
    console: Console,
    root: Path,
    on: date,
    agencies: int,
    documents: int,
    prefer: Kind | None,
    seed: int,
    stay: bool,
    plain: bool,
) -> None:
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f}s[/dim] {text}", highlight=False, soft_wrap=True)

    land = countries.found(root, mailboxes=agencies, as_of=on, plain=plain)
    if land.office is not None:
        say(
            f"{len(land.mailboxes)} chứng thư, khóa niêm phong; danh mục đã ký / "
            "certificates, sealing keys; a signed directory"
        )
    with local_broker(prefer=prefer, tls=countries.tls_of(land), plain=plain) as broker:
        where = broker.amqp_url.rpartition("@")[2] or f"{broker.amqps_url}, TLS 1.3"
        say(f"RabbitMQ {broker.version} ({broker.kind}) trên / on {where}")
        if plain:
            say("[red]--plain: không mã hóa, không chứng thư, chỉ để chạy thử / no encryption, no certificates[/red]")
        countries.connect(land, broker)
        say(f"{len(land.mailboxes)} hộp thư, danh mục ngày {on} / mailboxes, directory as of {on}")
        with countries.at_work(land, processes=2) as daemons:
            say(f"{len(daemons)} tiến trình, mỗi tiến trình nhiều hộp thư / daemon processes, many mailboxes each")
            _wait_for_folders(land, daemons)
            papers = Papers(land.directory(), on, seed)
            people = People(land, papers, documents, seed)
            well = _exchange(console, people, daemons)
            _summary(console, people, time.monotonic() - began, len(daemons))
            if stay:
                _stay(console, land, broker)
    if not well:
        sys.exit(1)


def _wait_for_folders(land: Country, daemons: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 30
    while not all((land.dms(code) / "outgoing").is_dir() for code in land.mailboxes):
        _still_running(daemons, land)
        if time.monotonic() > deadline:
            raise click.ClickException(f"daemons do not start; see {land.root}/logs")
        time.sleep(0.1)


def _still_running(daemons: list[subprocess.Popen[bytes]], land: Country) -> None:
    for number, daemon in enumerate(daemons):
        if daemon.poll() is not None:
            log = (land.root / "logs" / f"daemon-{number}.log").read_text(encoding="utf-8")
            raise click.ClickException(f"daemon {number} ended with {daemon.returncode}:\n{log[-3000:]}")


def _exchange(console: Console, people: People, daemons: list[subprocess.Popen[bytes]]) -> bool:
    """Turns until everything expected was seen. False where nothing moved for a while and something is missing."""
    moved_at, before = time.monotonic(), (0, 0)
    with _display(console, people) as show:
        while True:
            _still_running(daemons, people.country)
            if len(people.sent) < people.documents:
                people.write_some(DROPPED_A_TURN)
            elif not people.changed and not people.missing:
                people.change_some()
            people.look()
            show()
            now = (len(people.seen), len(people.sent))
            if now != before:
                moved_at, before = time.monotonic(), now
            if people.changed and not people.missing:
                return people.duplicates == 0 and not people.unforeseen
            if time.monotonic() - moved_at > PATIENCE:
                return False
            time.sleep(TURN)


@contextmanager
def _display(console: Console, people: People) -> Iterator[Callable[[], None]]:
    """A table that lives where the terminal has room for it; else a line every two seconds."""
    if console.is_terminal and console.height > len(people.desks) + 6:
        with Live(console=console, refresh_per_second=4) as live:
            yield lambda: live.update(board(people))
        return
    said = [0.0]

    def line() -> None:
        if time.monotonic() - said[0] >= 2:
            said[0] = time.monotonic()
            rows = tally(people)
            total = [sum(column) for column in zip(*(row.counts for row in rows), strict=True)]
            console.print(
                "gửi / sent {}, đã đến / arrived {}, xử lý / working {}, xong / done {}".format(*total), highlight=False
            )

    yield line
    if not console.is_terminal or console.height <= len(people.desks) + 6:
        console.print(board(people))


@dataclass(frozen=True, slots=True)
class Line:
    """What one agency knows of the documents it sent, from the statuses in its own folders."""

    name: str
    sent: int
    arrived: int
    in_progress: int
    done: int

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.sent, self.arrived, self.in_progress, self.done


def tally(people: People) -> list[Line]:
    """Counts of copies of new and replacing documents (one to three recipients is three), in the mailboxes' order."""
    opening = {str(int(kind)) for kind in BusinessType if kind not in ASKS}
    sent = Counter(expected.sender for expected in people.expected if expected.what in opening)
    heard: dict[StatusCode, Counter[str]] = {code: Counter() for code in StatusCode}
    for expected, _ in people.seen:
        if len(expected.what) == 2:
            heard[StatusCode(expected.what)][expected.recipient] += 1
    directory = people.papers.directory
    return [
        Line(
            f"{code} {directory.name(code)}",
            sent[code],
            heard[StatusCode.ARRIVED][code],
            heard[StatusCode.IN_PROGRESS][code],
            heard[StatusCode.DONE][code],
        )
        for code in people.desks
    ]


def board(people: People) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Cơ quan / Agency", no_wrap=True, overflow="ellipsis", max_width=44)
    for column in ("gửi\nsent", "đã đến\narrived", "xử lý\nworking", "xong\ndone"):
        table.add_column(column, justify="right", no_wrap=True)
    for line in tally(people):
        table.add_row(line.name, *map(str, line.counts))
    return table


def _summary(console: Console, people: People, seconds: float, daemons: int) -> None:
    seen = [expected for expected, _ in people.seen]
    documents = Counter(int(expected.what) for expected in seen if len(expected.what) == 1)
    statuses = Counter(expected.what for expected in seen if len(expected.what) == 2)
    missing = people.missing
    kinds = ", ".join(f"{count} {BusinessType(kind).label.vi.lower()}" for kind, count in sorted(documents.items()))
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(statuses.items()))
    rows = (
        ("văn bản đã nộp lưu / documents filed", f"{documents.total()} ({kinds})"),
        ("trạng thái đã về / statuses back", f"{statuses.total()} ({codes})"),
        ("mất / lost", str(len(missing))),
        ("trùng / duplicates", str(people.duplicates)),
        ("bị trả lại / rejected", str(sum(len(desk.rejected()) for desk in people.desks.values()))),
        ("từ lúc gửi đến lúc nộp lưu / from drop to filed", spread(_to_filed(people))),
        ("từ lúc nộp lưu đến khi nơi gửi có 01 / from filed to the sender's 01", spread(_to_arrival(people))),
        ("tổng thời gian / in all", f"{seconds:.1f} s, {daemons} tiến trình / daemon processes"),
    )
    console.print()
    for label, figure in rows:
        console.print(f"{label:<70} {figure}", highlight=False, soft_wrap=True)
    for expected in sorted(missing)[:10]:
        console.print(f"  thiếu / missing: {expected}", style="red")
    for reason in [path for desk in people.desks.values() for path in desk.rejected()][:3]:
        console.print(reason.read_text(encoding="utf-8"), style="red", highlight=False)


def _to_filed(people: People) -> list[float]:
    waits = []
    for expected, filed in people.seen:
        dropped = people.dropped.get((expected.document, expected.what))
        if dropped is not None:
            waits.append(filed - dropped)
    return waits


def _to_arrival(people: People) -> list[float]:
    return [
        at - people.filed[expected.document, expected.sender]
        for expected, at in people.seen
        if expected.what == StatusCode.ARRIVED and (expected.document, expected.sender) in people.filed
    ]


def spread(waits: list[float]) -> str:
    """Median and 99th percentile of seconds, in milliseconds."""
    if len(waits) < 2:
        return "—"
    p99 = quantiles(waits, n=100)[98]
    return f"trung vị / median {median(waits) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"


def _stay(console: Console, land: Country, broker: LocalBroker) -> None:
    one, other = land.mailboxes[0], land.mailboxes[1]
    console.print(
        f"\nĐang chạy; Ctrl-C để dừng. / It goes on; Ctrl-C ends it.\n"
        f"  thả gói tin .edxml vào / drop a package into  {land.dms(one)}/outgoing/\n"
        f"  nơi nhận có tại / the recipient finds it in   {land.dms(other)}/incoming/\n"
        f"  trạng thái gửi lại / statuses to send back    {land.dms(other)}/statuses/\n"
        f"  trạng thái đã về / statuses that came back    {land.dms(one)}/statuses/received/\n"
        f"  xem hàng đợi / look at the queues             "
        f".venv/bin/lienthong queues --management {countries.management_of(broker)}\n"
        f"  bản tin đã gửi / what an agency sent          .venv/bin/lienthong outbox list -c {land.config(one)}\n"
        f"  một văn bản / one document                    .venv/bin/lienthong trace DOCUMENT -c {land.config(one)}\n"
        f"  bắt đầu lúc / since {datetime.now().astimezone():%H:%M:%S}",
        highlight=False,
        soft_wrap=True,
    )
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
