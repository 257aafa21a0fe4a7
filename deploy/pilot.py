"""`deploy/pilot`: an authority, a broker, two agencies and a ledger on this machine, in a folder that stays. Founds
what is missing, starts RabbitMQ and the daemons, says what to do next, and ends when it is told to."""

import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import click
import httpx

from bus.files.private import write_public
from bus.topology.names import LEDGER
from deploy.country import LIENTHONG, end, management_of
from deploy.founding import AGENCIES, Land, StepFailed
from deploy.local_broker import let_look, local_broker
from deploy.node import TlsFiles
from deploy.probes import NoBroker
from deploy.service_user import become, copy_program, lay_out, service_user
from deploy.undo import Undo

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
"""Seconds until both daemons must be well."""


@click.command(context_settings={"max_content_width": 80})
@click.option("--folder", type=click.Path(path_type=Path), help="Where it lies; never inside a git checkout.")
@click.option("--background", is_flag=True, help="Return once it runs; end it with --stop.")
@click.option("--stop", is_flag=True, help="End the one that runs in this folder.")
def main(folder: Path | None, background: bool, stop: bool) -> None:
    """An authority, a broker and two agencies, H49 and G22, to try things with.

    Một cơ quan cấp chứng thư, một RabbitMQ và hai cơ quan, để chạy thử.

    In ~/lienthong-pilot, or as root in /var/lib/lienthong-pilot under the
    system user `lienthong`. A second start goes on with what is there.
    """
    folder = _place(folder)
    arguments = ["--folder", str(folder), *(["--background"] * background), *(["--stop"] * stop)]
    if stop:
        _stop(folder)
    _refuse_if_running(folder)
    if os.geteuid() == 0:
        user = service_user()
        python = copy_program(PROJECT, folder)
        lay_out(folder, python, user)
        click.echo(f"chạy dưới người dùng / runs as the user: {user.pw_name}")
        become(user, python, folder, arguments)
    if not (folder / "program").exists():
        lay_out(folder, Path(sys.executable), None)
        if not background:
            click.echo("chạy dưới tên của chính bạn / runs as yourself")
    if background:
        _in_background(folder)
    try:
        with _alone(folder):
            _run(Land(folder))
    except KeyboardInterrupt:
        click.echo(f"\nĐã dừng; mọi thứ còn trong thư mục.\nStopped; all of it is still in the folder:\n  {folder}")
    except (StepFailed, NoBroker) as error:
        raise click.ClickException(str(error)) from error


def _usual() -> Path:
    return (Path("/var/lib") if os.geteuid() == 0 else Path.home()) / "lienthong-pilot"


def _place(folder: Path | None) -> Path:
    """Absolute, and in no checkout: what lies in one is sooner or later committed, and this folder is full of keys."""
    from_where = Path(os.environ.get("LIENTHONG_CALLED_FROM", "."))
    found = (from_where / (folder or _usual())).resolve()
    for above in (found, *found.parents):
        if (above / ".git").exists() or above == PROJECT:
            raise click.ClickException(
                "Thư mục này nằm trong một bản sao git; khóa bí mật không bao giờ để ở đó.\n"
                "Chọn chỗ khác: deploy/pilot --folder THƯ-MỤC\n"
                "This folder is inside a git checkout; secrets are never kept in one.\n"
                "Choose another place: deploy/pilot --folder FOLDER\n"
                f"  {found}\n  git: {above}"
            )
    return found


def _refuse_if_running(folder: Path) -> None:
    """Before anything is written into the folder of one that is at work."""
    lock = folder / "run" / "lock"
    if lock.exists():
        with lock.open(encoding="utf-8") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _already_running(folder) from None


def _already_running(folder: Path) -> click.ClickException:
    return click.ClickException(
        f"Thư mục này đang chạy; dừng bằng --stop.\nIt runs already; end it with --stop.\n  {folder}"
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, with our process id in it."""
    with (folder / "run" / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _already_running(folder) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            yield
        finally:
            (folder / "run" / "ready").unlink(missing_ok=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough; the end takes some seconds
    raise KeyboardInterrupt


def _run(land: Land) -> NoReturn:
    began = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began:5.1f}s {text}")

    land.found()
    land.open()
    say("cơ quan cấp chứng thư, khóa, danh mục đã ký / authority, keys, directory")
    tls = TlsFiles.of(land.node)
    with local_broker("binary", tls=tls, plain=False, kept=land.folder / "broker") as broker:
        url = f"amqps://localhost:{urlsplit(broker.amqps_url).port}/lienthong"
        say(f"RabbitMQ {broker.version}: {url}")
        for name, text in (("broker.url", url), ("management.url", management_of(broker))):
            write_public(land.folder / "run" / name, text.encode(), mode=0o600)
        land.publish(url, management_of(broker))
        look = let_look(broker, vhost="lienthong")
        land.put_defaults(url, look)
        land.configure(url)
        land.configure_ledger(url, look)
        say("hàng đợi, danh mục trên trục / queues, the directory on the bus")
        daemons: dict[str, subprocess.Popen[bytes]] = {}
        undo = Undo()
        try:
            for name in (*AGENCIES, LEDGER):
                daemons[name] = _daemon(land, name)
                undo.add(f"kill -15 {daemons[name].pid}")  # should we be killed: what they hold, the next start needs
            _wait_until_well(land, daemons)
            say(f"{' và / and '.join(AGENCIES)}, sổ cái / the ledger: đang chạy / at work\n")
            text = next_steps(land)
            click.echo(text)
            (land.folder / "run" / "ready").write_text(text, encoding="utf-8")
            while True:
                _still_running(land, daemons)
                time.sleep(1)
        finally:
            end(list(daemons.values()))
            undo.all()


def _daemon(land: Land, code: str) -> subprocess.Popen[bytes]:
    with (land.folder / "logs" / f"{code}.log").open("ab") as log:
        return subprocess.Popen(
            [*LIENTHONG, "ledger" if code == LEDGER else "adapter", "run", str(land.config(code))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C is for us; we end the daemons ourselves
        )


def _still_running(land: Land, daemons: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for code, daemon in daemons.items():
        if daemon.poll() is not None:
            log = land.folder / "logs" / f"{code}.log"
            last = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise click.ClickException(f"{code}: tiến trình đã dừng / the daemon has ended:\n{last}\n  {log}")


def _wait_until_well(land: Land, daemons: Mapping[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + PATIENCE
    for code in daemons:
        listen = tomllib.loads(land.config(code).read_text(encoding="utf-8")).get("http", {}).get("listen")
        while listen and not _is_well(f"http://{listen}/healthz"):
            _still_running(land, daemons)
            if time.monotonic() > deadline:
                raise click.ClickException(f"{code}: http://{listen}/healthz\n  {land.folder}/logs/{code}.log")
            time.sleep(0.2)


def _is_well(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK
    return False


def _in_background(folder: Path) -> NoReturn:
    log, ready = folder / "logs" / "pilot.log", folder / "run" / "ready"
    ready.unlink(missing_ok=True)  # of one that was killed
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.pilot", "--folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    while not ready.exists():
        if process.poll() is not None:
            click.echo(log.read_text(encoding="utf-8"), err=True)
            sys.exit(1)
        time.sleep(0.1)
    click.echo(log.read_text(encoding="utf-8"))
    sys.exit(0)


def _stop(folder: Path) -> NoReturn:
    """Returns when all has ended."""
    lock = folder / "run" / "lock"
    if lock.exists():
        with lock.open(encoding="utf-8") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.kill(int(held.read()), signal.SIGTERM)
                fcntl.flock(held, fcntl.LOCK_EX)
                click.echo(f"Đã dừng. / Stopped.\n  {folder}")
                sys.exit(0)
    click.echo(f"Không có gì đang chạy ở đây. / Nothing runs here.\n  {folder}", err=True)
    sys.exit(1)


def next_steps(land: Land) -> str:
    """What a visitor can do now, in two languages; no line but a path is longer than 80 columns."""
    one, other = AGENCIES
    folder = "" if land.folder == _usual().resolve() else f" --folder {shlex.quote(str(land.folder))}"
    return f"""\
Đang chạy. Dừng bằng Ctrl-C hoặc:  It runs. Ctrl-C ends it, or:
  deploy/pilot --stop{folder}

Ở cửa sổ khác, một lần:  In another terminal, once:
  . {land.folder}/env

Gửi thử từ {one} đến {other}:  Send a trial document from {one} to {other}:
  python -m deploy.papers {one} {other} > $PILOT/{one}/vanban/outgoing/thu.edxml
Nơi nhận có tại:  The recipient has it in:
  ls $PILOT/{other}/vanban/incoming
Trạng thái 01 (đã đến) về lại {one}:  Status 01 (arrived) is back at {one}:
  ls $PILOT/{one}/vanban/statuses/received
Xem:  Look:
  lienthong outbox list -c $PILOT/{one}/{one}.toml
  lienthong queues
  lienthong dead list
Ai nợ ai điều gì:  Who owes what to whom:
  lienthong ledger list -c $PILOT/ledger/ledger.toml
  lienthong obligations -c $PILOT/ledger/ledger.toml

Sổ tay:  Handbook:
  {PROJECT / "deploy" / "handbook" / "README.md"}
"""


if __name__ == "__main__":
    main()
