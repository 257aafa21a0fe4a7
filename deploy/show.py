"""`deploy/demo`: a country at work, to watch. Founds it, starts a private broker, the daemons and a ledger, lets people
exchange documents of every business type, shows what the ledger says of it while it happens, and says at the end
whether anything was lost or came twice: by the ledger, and by what lies in the folders."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median, quantiles
from types import FrameType

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bus.handling.working_days import day_of
from bus.ledger.store import Ledger
from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.papers import Papers
from deploy.people import People
from deploy.witness import Account, Difference, Line, account, difference, lines, witness
from schemas.codes import BusinessType

DROPPED_A_TURN = 3
TURN = 0.25
PATIENCE = 60.0
"""Seconds without any progress before the demo says that something is missing."""
CATCHES_UP = 30.0
"""Seconds for the ledger to have read what the folders hold."""


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
        with ExitStack() as stack:
            clerk = stack.enter_context(countries.ledger_at_work(land))
            daemons = stack.enter_context(countries.at_work(land, processes=2))
            say(f"{len(daemons)} tiến trình, mỗi tiến trình nhiều hộp thư / daemon processes, many mailboxes each")
            processes = Processes(land, daemons, clerk)
            _wait_for_folders(processes)
            ledger = stack.enter_context(witness(land, still_running=processes.check))
            say(f"sổ cái đọc luồng audit / the ledger reads the stream audit: {land.ledger_config}")
            papers = Papers(land.directory(), on, seed)
            people = People(land, papers, documents, seed)
            well, told, differs = _exchange(console, people, ledger, processes)
            _summary(console, people, told, differs, time.monotonic() - began, len(daemons))
            if stay:
                _stay(console, land, broker)
    if not well or differs:
        sys.exit(1)


def _wait_for_folders(processes: "Processes") -> None:
    deadline, land = time.monotonic() + 30, processes.land
    while not all((land.dms(code) / "outgoing").is_dir() for code in land.mailboxes):
        processes.check()
        if time.monotonic() > deadline:
            raise click.ClickException(f"daemons do not start; see {land.root}/logs")
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Processes:
    """Of a country at work."""

    land: Country
    daemons: list[subprocess.Popen[bytes]]
    ledger: subprocess.Popen[bytes]

    def check(self) -> None:
        """Raises ClickException where one has ended, with the end of its log."""
        logs = self.land.root / "logs"
        for process, log in (
            *((daemon, logs / f"daemon-{number}.log") for number, daemon in enumerate(self.daemons)),
            (self.ledger, self.land.ledger_log),
        ):
            if process.poll() is not None:
                said = log.read_text(encoding="utf-8")
                raise click.ClickException(f"{log.stem} ended with {process.returncode}:\n{said[-3000:]}")


def _exchange(
    console: Console, people: People, ledger: Ledger, processes: Processes
) -> tuple[bool, Account, Difference]:
    """Turns until everything expected was seen, and the ledger has read it, too. False where nothing moved for a while
    and something is missing."""
    with _display(console, people, ledger) as show:
        well = _all_seen(people, processes, show)
        told, differs = _account(people, ledger)
        show()
    return well, told, differs


def _all_seen(people: People, processes: Processes, show: Callable[[], None]) -> bool:
    moved_at, before = time.monotonic(), (0, 0)
    while True:
        processes.check()
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
def _display(console: Console, people: People, ledger: Ledger) -> Iterator[Callable[[], None]]:
    """A table that lives where the terminal has room for it; else a line every two seconds. It is the ledger's."""
    began = datetime.now(UTC)

    def counted() -> list[Line]:
        return lines(ledger, list(people.desks), since=day_of(began), until=day_of(datetime.now(UTC)))

    if console.is_terminal and console.height > len(people.desks) + 6:
        with Live(console=console, refresh_per_second=4) as live:
            yield lambda: live.update(board(people, counted()))
        return
    said = [0.0]

    def line() -> None:
        if time.monotonic() - said[0] >= 2:
            said[0] = time.monotonic()
            total = [sum(column) for column in zip(*(row[1:] for row in counted()), strict=True)]
            console.print(
                "gửi / sent {}, đã nhận / received {}, tiếp nhận / accepted {}, xong / done {}".format(*total),
                highlight=False,
            )

    yield line
    if not console.is_terminal or console.height <= len(people.desks) + 6:
        console.print(board(people, counted()))


def board(people: People, counted: Sequence[Line]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Cơ quan / Agency", no_wrap=True, overflow="ellipsis", max_width=44)
    for column in ("gửi\nsent", "đã nhận\nreceived", "tiếp nhận\naccepted", "xong\ndone"):
        table.add_column(column, justify="right", no_wrap=True)
    for line in counted:
        table.add_row(f"{line.code} {people.papers.directory.name(line.code)}", *map(str, line[1:]))
    return table


def _account(people: People, ledger: Ledger) -> tuple[Account, Difference]:
    """What the ledger says, once it has read all that the folders hold; and where they differ to the end."""
    deadline = time.monotonic() + CATCHES_UP
    while True:
        told = account(ledger, now=datetime.now(UTC))
        differs = difference(told, {expected for expected, _ in people.seen})
        if not differs or time.monotonic() > deadline:
            return told, differs
        time.sleep(TURN)


def _summary(
    console: Console, people: People, told: Account, differs: Difference, seconds: float, daemons: int
) -> None:
    rows = (
        ("theo sổ cái / by the ledger", ""),
        ("  văn bản đã nhận / documents received", _by_kind(told.documents)),
        ("  trạng thái / statuses", _by_code(told.statuses)),
        ("  từ lúc gửi đến biên nhận / from sealed to receipted", spread(told.to_receipt)),
        ("  từ biên nhận đến 01 / from receipted to 01", spread(told.to_arrival)),
        ("  quá hạn / overdue", str(told.late)),
        ("theo các thư mục / by the folders", "khớp / the same" if not differs else "[red]khác / they differ[/red]"),
        *(_by_the_folders(people) if differs else ()),
        ("  mất / lost", str(len(people.missing))),
        ("  trùng / duplicates", str(people.duplicates)),
        ("  bị trả lại / rejected", str(sum(len(desk.rejected()) for desk in people.desks.values()))),
        ("  từ lúc thả đến lúc nộp lưu / from drop to filed", spread(_to_filed(people))),
        ("tổng thời gian / in all", f"{seconds:.1f} s, {daemons} tiến trình / daemon processes"),
    )
    console.print()
    for label, figure in rows:
        console.print(f"{label:<70} {figure}".rstrip(), highlight=False, soft_wrap=True)
    for where, some in (
        ("chỉ trong sổ / in the ledger only", differs.ledger_only),
        ("chỉ trong thư mục / in the folders only", differs.systems_only),
        ("thiếu / missing", people.missing),
    ):
        for expected in sorted(some)[:10]:
            console.print(f"  {where}: {expected}", style="red")
    for reason in [path for desk in people.desks.values() for path in desk.rejected()][:3]:
        console.print(reason.read_text(encoding="utf-8"), style="red", highlight=False)


def _by_the_folders(people: People) -> Iterator[tuple[str, str]]:
    """The ledger's figures once more, as files say them."""
    seen = {expected for expected, _ in people.seen}
    documents = Counter(expected.what for expected in seen if len(expected.what) == 1)
    yield "  văn bản đã nộp lưu / documents filed", _by_kind(documents)
    yield "  trạng thái đã về / statuses back", _by_code(Counter(each.what for each in seen if len(each.what) == 2))


def _by_kind(documents: Mapping[str, int]) -> str:
    kinds = (f"{count} {BusinessType(int(kind)).label.vi.lower()}" for kind, count in sorted(documents.items()))
    return f"{sum(documents.values())} ({', '.join(kinds)})"


def _by_code(statuses: Mapping[str, int]) -> str:
    return f"{sum(statuses.values())} ({', '.join(f'{code}: {count}' for code, count in sorted(statuses.items()))})"


def _to_filed(people: People) -> list[float]:
    waits = []
    for expected, filed in people.seen:
        dropped = people.dropped.get((expected.document, expected.what))
        if dropped is not None:
            waits.append(filed - dropped)
    return waits


def spread(waits: Sequence[float]) -> str:
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
        f"  sổ cái / the ledger                     .venv/bin/lienthong ledger list -c {land.ledger_config}\n"
        f"  bắt đầu lúc / since {datetime.now().astimezone():%H:%M:%S}",
        highlight=False,
        soft_wrap=True,
    )
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
