"""A private PostgreSQL for one test run: a container, or Debian's binaries run as a process in a folder of its own, on
loopback, gone without trace. LIENTHONG_TEST_POSTGRES=docker|binary forces one.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deploy.probes import free_ports, run
from deploy.undo import Undo

IMAGE = os.environ.get("LIENTHONG_POSTGRES_IMAGE", "postgres:18")
BOOT_SECONDS = 60.0
SETTINGS = ("max_connections=200", "log_min_messages=warning")
# The machine is not switched off meanwhile: what survives a killed process survives without fsync, too.
HASTY = ("fsync=off", "full_page_writes=off", "autovacuum=off")
PASSWORD = "trade-secret"
SMALL = "12m"
"""Of the disk that is soon full."""


_SPOIL = 'yes nonsense | head -c "$(stat -c %s "$0")" | dd of="$0" conv=notrunc 2>/dev/null'


class NoPostgres(RuntimeError):
    """Neither Docker nor PostgreSQL's binaries are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Answers from the moment you hold this."""

    port: int
    kind: str
    version: str
    small: Callable[[], str | None]
    """Makes an empty folder, as the server sees it, on a disk of 12 MB. None where there is no such disk."""
    start: Callable[[], None]
    kill: Callable[[], None]
    """SIGKILL to all of it."""
    restart: Callable[[], None]
    """A fast shutdown: sessions are ended."""
    freeze: Callable[[], None]
    thaw: Callable[[], None]
    spoil: Callable[[str], None]
    """Overwrites a file of its data folder with nonsense, to its end."""

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def ask(self, sql: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def wait(self, gave_up: Callable[[], bool] = lambda: False) -> None:
        """Until it answers; after a crash it reads its log first. Raises NoPostgres where it ended instead."""
        until = time.monotonic() + BOOT_SECONDS
        while not self.stands:
            if gave_up():
                raise NoPostgres(f"PostgreSQL {self.version} ended while it started")
            if time.monotonic() > until:
                raise NoPostgres(f"PostgreSQL {self.version} did not answer in {BOOT_SECONDS:.0f} s")
            time.sleep(0.05)

    @property
    def stands(self) -> bool:
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def some_postgres(settings: Sequence[str] = HASTY) -> Iterator[Server]:
    """Raises NoPostgres."""
    settings = (*SETTINGS, *settings)
    forced = os.environ.get("LIENTHONG_TEST_POSTGRES")
    undo = Undo()
    try:
        if forced != "binary" and shutil.which("docker") and _has_image():
            yield _in_docker(undo, settings)
        elif forced != "docker" and (folder := _binaries()):
            yield _as_child(undo, folder, settings)
        else:
            raise NoPostgres(
                f"These tests need PostgreSQL: Docker with {IMAGE}, or apt-get install postgresql (deploy/setup.sh)."
            )
    finally:
        undo.all()


def _has_image() -> bool:
    try:
        return bool(run("docker", "image", "ls", "--quiet", IMAGE, timeout=10))
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return False


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else None


def _in_docker(undo: Undo, settings: Sequence[str]) -> Server:
    (port,) = free_ports(1)
    name = f"lienthong-postgres-{os.getpid()}-{port}"
    undo.add(f"docker rm --force --volumes {name}")
    options = [part for setting in settings for part in ("-c", setting)]
    where = ("--publish", f"127.0.0.1:{port}:5432", "--tmpfs", f"/small:size={SMALL},mode=1777")
    run(
        *("docker", "run", "--detach", "--name", name, *where, "--env", f"POSTGRES_PASSWORD={PASSWORD}", IMAGE),
        *options,
        timeout=120,
    )

    inside = ("docker", "exec", name, "sh", "-c")

    def restart() -> None:
        run("docker", "kill", "--signal", "INT", name, timeout=60)
        run("docker", "wait", name, timeout=60)
        start()

    def kill() -> None:
        run("docker", "kill", "--signal", "KILL", name, timeout=60)

    def start() -> None:
        run("docker", "start", name, timeout=60)
        server.wait()

    def freeze() -> None:
        run("docker", "pause", name, timeout=60)

    def thaw() -> None:
        run("docker", "unpause", name, timeout=60)

    def small() -> str:
        run(*inside, "rm -rf /small/*; install -d -o postgres /small/space", timeout=60)
        return "/small/space"

    def spoil(file: str) -> None:
        folder = run(*inside, "echo $PGDATA", timeout=60).strip()
        run(*inside, _SPOIL, f"{folder}/{file}", timeout=60)

    server = Server(
        port=port,
        kind="docker",
        version=IMAGE,
        small=small,
        start=start,
        kill=kill,
        restart=restart,
        freeze=freeze,
        thaw=thaw,
        spoil=spoil,
    )
    # While its first start prepares the database, a server answers on a socket inside and not yet here.
    server.wait()
    return server


def _as_child(undo: Undo, binaries: Path, settings: Sequence[str]) -> Server:
    """PostgreSQL refuses to run as root: then it is Debian's user `postgres` who runs it."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-postgres-"))
    data, (port,) = folder / "data", free_ports(1)
    undo.add(f"rm -rf {folder}")
    who: dict[str, str | int] = {}
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid}

    def do(*command: str | Path) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
        if done.returncode:
            raise NoPostgres(f"{command[0]}: {done.stderr or done.stdout}")

    (folder / "password").write_text(PASSWORD)
    login = ("--auth=scram-sha-256", "--data-checksums", "--username=postgres", f"--pwfile={folder / 'password'}")
    do(binaries / "initdb", "--no-sync", *login, "--encoding=UTF8", "-D", data)
    options = [
        part for each in (*settings, f"port={port}", f"unix_socket_directories={folder}") for part in ("-c", each)
    ]
    # Our own child, not pg_ctl's: who waits for it takes it away when it dies. Where PID 1 takes nobody away, a dead
    # postmaster of pg_ctl's stays as a zombie, and the next one believes that it lives.
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [str(binaries / "postgres"), "-D", str(data), *options]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, **who
            )
        undo.add_child(process)
        undo.add(f"kill -QUIT -{process.pid} && sleep 1")  # before that: it ends its own children, too
        running[:] = [process]
        server.wait(lambda: process.poll() is not None)

    def signalled(number: signal.Signals) -> None:
        (process,) = running
        process.send_signal(signal.SIGSTOP)  # no child is born meanwhile
        children = _children_of(process.pid)
        for each in (*children, process.pid):
            os.kill(each, number)
        while number is signal.SIGKILL and not all(map(_is_dead, children)):
            time.sleep(0.01)  # whoever still has the shared memory keeps the next server from starting

    def kill() -> None:
        signalled(signal.SIGKILL)
        running[0].wait()

    def restart() -> None:
        running[0].send_signal(signal.SIGINT)
        running[0].wait()
        start()

    disk = _small_disk(undo, folder, who)

    def small() -> str | None:
        if disk:
            do("sh", "-c", f"rm -rf {disk}/*; mkdir {disk}/space")
        return disk and f"{disk}/space"

    server = Server(
        port=port,
        kind="binary",
        version=binaries.parent.name,
        small=small,
        start=start,
        kill=kill,
        restart=restart,
        freeze=lambda: signalled(signal.SIGSTOP),
        thaw=lambda: signalled(signal.SIGCONT),
        spoil=lambda file: do("sh", "-c", _SPOIL, data / file),
    )
    start()
    return server


def _children_of(pid: int) -> list[int]:
    found = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [each for each in found if _stat(each)[1] == str(pid)]


def _is_dead(pid: int) -> bool:
    """A zombie is: it has given back all it had."""
    return _stat(pid)[0] in "ZX"


def _stat(pid: int) -> list[str]:
    """From its state on, and its parent comes next."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", ""]


def _small_disk(undo: Undo, folder: Path, who: dict[str, str | int]) -> str | None:
    small = folder / "small"
    small.mkdir(mode=0o777)
    undo.add(f"umount {small}")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=1777", "tmpfs", str(small)], capture_output=True, check=False
    )
    return str(small) if mounted.returncode == 0 and who else None
