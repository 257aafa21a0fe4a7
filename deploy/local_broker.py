"""A private RabbitMQ for one developer, one demo or one test run: started here, on loopback, gone without trace.

Only processes, containers and temporary files live here; nothing of ours is declared on the broker. Every act is
preceded by its undoing, written to a small shell that outlives us: it undoes all when we end, however we end.
"""

import argparse
import glob
import os
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import httpx

from bus.certificates import RevocationList
from bus.rabbit.settings import advanced, crl_files
from bus.rabbit.settings import settings as node_settings

Kind: TypeAlias = Literal["docker", "binary"]

IMAGE = "rabbitmq:4.3-management"
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_stream", "rabbitmq_auth_mechanism_ssl")
USER = "lienthong"
BOOT_SECONDS = 120.0
AMQP, AMQPS, MANAGEMENT, METRICS, STREAM = 5672, 5671, 15672, 15692, 5552
INSIDE = "/etc/rabbitmq/lienthong"
"""Where a container has the files of TLS."""

SERVER_SCRIPTS = (
    # Debian's /usr/sbin/rabbitmq-server is a wrapper that changes to the user rabbitmq; these start it as who we are.
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/usr/local/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/opt/rabbitmq*/sbin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
)

SETTINGS: Mapping[str, str] = {
    "disk_free_limit.absolute": "50MB",
    "vm_memory_high_watermark.absolute": "2GB",
    "max_message_size": "16777216",  # what 4.x has by default; 3.x would take 128 MiB
    "collect_statistics_interval": "1000",  # the figures of the management interface, a second old at most
    "log.console": "true",
    "log.console.level": "info",
    "log.file": "false",
    "default_user_tags.administrator": "true",
    "default_permissions.configure": ".*",
    "default_permissions.read": ".*",
    "default_permissions.write": ".*",
}

HOW_TO_GET_ONE = f"""\
No RabbitMQ can be started here. Either
  - start Docker; the image is {IMAGE} (docker pull {IMAGE}), or
  - install the server: apt-get install rabbitmq-server (3.10 or later), brew install rabbitmq."""


class NoBroker(RuntimeError):
    """Neither Docker nor an installed server could be used; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a broker needs to let in certificates only."""

    roots: Path
    """PEM of the root and of the authorities below it: who may vouch for clients."""
    certfile: Path
    keyfile: Path
    revoked: Sequence[RevocationList]
    """One of each authority that issues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBroker:
    """A running broker. It answers AMQP and the management interface from the moment you hold this."""

    amqp_url: str = field(repr=False)
    """With credentials, vhost `/`. "" where it takes certificates only."""
    amqps_url: str = ""
    """Without credentials: a certificate logs in. "" where it was started without TLS."""
    put_revoked: Callable[[Sequence[RevocationList]], None] = field(default=lambda _: None, repr=False)
    """Replaces the revocation lists; they count from the next handshake on."""
    management_url: str
    """Without credentials."""
    metrics_url: str
    user: str
    password: str = field(repr=False)
    version: str
    kind: Kind
    boot_seconds: float
    ctl_command: tuple[str, ...] = field(repr=False)
    ctl_environment: Mapping[str, str] | None = field(default=None, repr=False)

    def ctl(self, *arguments: str) -> str:
        """Runs `rabbitmqctl` on this node."""
        return _run(*self.ctl_command, *arguments, env=self.ctl_environment)


class Undo:
    """What must be undone at the end, latest first, by a shell in a session of its own.

    The shell reads lines until its input ends: when we close it, or when we are killed and the system closes it.
    """

    SCRIPT = 'undo=:; while IFS= read -r line; do undo="$line; $undo"; done; eval "$undo"'

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", self.SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, not for what cleans up after us
            cwd="/",
        )

    def add(self, command: str) -> None:
        """To be called before the act, where the act can be named before."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(command.encode() + b"\n")
        self._shell.stdin.flush()

    def add_child(self, leader: subprocess.Popen[bytes]) -> None:
        """Its whole process group will be killed: the data is thrown away, so there is nothing to shut down for."""
        self._children.append(leader)
        self.add(f"kill -9 -{leader.pid}")

    def all(self) -> None:
        self._shell.communicate(timeout=30)
        for child in self._children:
            child.wait(timeout=10)


@contextmanager
def local_broker(
    prefer: Kind | None = None,
    *,
    plugins: tuple[str, ...] = PLUGINS,
    settings: Mapping[str, str] | None = None,
    boot_seconds: float = BOOT_SECONDS,
    tls: TlsFiles | None = None,
    plain: bool = True,
) -> Iterator[LocalBroker]:
    """Starts one and stops it. `prefer` means that kind and no other; None: Docker where it can, else the server
    installed here. `settings` are lines of rabbitmq.conf, on top of SETTINGS. With `tls` it takes client certificates,
    and passwords over an open line only where `plain`. Raises NoBroker."""
    undo = Undo()
    doors = _Doors(tls, plain or tls is None)
    try:
        yield _start(_kind(prefer), undo, plugins, {**SETTINGS, **(settings or {})}, boot_seconds, doors)
    finally:
        undo.all()


def _kind(prefer: Kind | None) -> Kind:
    problems = []
    for kind, problem in (("docker", docker_problem), ("binary", binary_problem)):
        if prefer in (None, kind):
            found = problem()
            if found is None:
                return "docker" if kind == "docker" else "binary"
            problems.append(f"{kind}: {found}")
    raise NoBroker("\n".join([*problems, HOW_TO_GET_ONE]))


def docker_problem() -> str | None:
    """Why Docker cannot be used; None when it can. Pulls the image where it is missing."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    try:
        _run("docker", "version", "--format", "{{.Server.Version}}", timeout=10)
        if not _run("docker", "image", "ls", "--quiet", IMAGE, timeout=10):
            _run("docker", "pull", "--quiet", IMAGE, timeout=600)
    except NoBroker as error:
        return str(error)
    return None


def binary_problem() -> str | None:
    """Why the installed server cannot be used; None when it can."""
    if _server_script() is None:
        return "no rabbitmq-server is installed"
    if shutil.which("epmd") is None:
        return "no epmd (of Erlang) is on the path"
    return None


def _server_script() -> Path | None:
    found = [Path(path) for pattern in SERVER_SCRIPTS for path in sorted(glob.glob(pattern), reverse=True)]  # noqa: PTH207 — absolute patterns
    if on_path := shutil.which("rabbitmq-server"):
        found.append(Path(on_path).resolve())
    return next((path for path in found if path.exists() and path.name == "rabbitmq-server"), None)


@dataclass(frozen=True, slots=True)
class _Doors:
    """How clients may come in."""

    tls: TlsFiles | None
    plain: bool

    def settings(self, *, tls: str, plain: str) -> Mapping[str, str]:
        if self.tls is None:
            return {"listeners.tcp.1": plain}
        return node_settings(listener=tls, plain=plain if self.plain else None)

    def put(self, folder: Path, seen_at: str) -> str:
        """Copies the files into a folder that the node sees under another name; the advanced.config to go with them."""
        assert self.tls is not None
        (folder / "crl").mkdir(parents=True)
        for name, path in (("ca.pem", self.tls.roots), ("cert.pem", self.tls.certfile), ("key.pem", self.tls.keyfile)):
            shutil.copyfile(path, folder / name)
        put_revoked(folder / "crl", self.tls.revoked)
        return advanced(
            cafile=f"{seen_at}/ca.pem",
            certfile=f"{seen_at}/cert.pem",
            keyfile=f"{seen_at}/key.pem",
            crl_folder=f"{seen_at}/crl",
        )


def put_revoked(folder: Path, lists: Sequence[RevocationList]) -> None:
    for name, content in crl_files(lists).items():
        draft = folder / f".{name}"
        draft.write_bytes(content)
        draft.chmod(0o644)
        draft.replace(folder / name)


def _start(
    kind: Kind,
    undo: Undo,
    plugins: tuple[str, ...],
    settings: Mapping[str, str],
    boot_seconds: float,
    doors: _Doors,
) -> LocalBroker:
    started = time.monotonic()
    folder = tempfile.mkdtemp(prefix="lienthong-broker-")
    # Twice: what was killed this instant may still have written a file while the first was at work.
    quoted = shlex.quote(folder)
    undo.add(f"rm -rf {quoted} || {{ sleep 1; rm -rf {quoted}; }}")
    password = secrets.token_urlsafe(12)
    login = {"default_user": USER, "default_pass": password}
    node = (_in_docker if kind == "docker" else _as_child)(undo, Path(folder), plugins, {**settings, **login}, doors)
    version = _wait(node, password, started + boot_seconds, doors)
    return LocalBroker(
        amqp_url=f"amqp://{USER}:{password}@127.0.0.1:{node.ports[AMQP]}/%2F" if doors.plain else "",
        amqps_url=f"amqps://127.0.0.1:{node.ports[AMQPS]}/%2F" if doors.tls else "",
        put_revoked=node.put_revoked,
        management_url=f"http://127.0.0.1:{node.ports[MANAGEMENT]}",
        metrics_url=f"http://127.0.0.1:{node.ports[METRICS]}/metrics",
        user=USER,
        password=password,
        version=version,
        kind=kind,
        boot_seconds=round(time.monotonic() - started, 1),
        ctl_command=node.ctl_command,
        ctl_environment=node.ctl_environment,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    ports: Mapping[int, int]
    """RabbitMQ's usual port -> the one on this machine."""
    gone: Callable[[], bool]
    log: Callable[[], str]
    put_revoked: Callable[[Sequence[RevocationList]], None]
    ctl_command: tuple[str, ...]
    ctl_environment: Mapping[str, str] | None = None


def _in_docker(undo: Undo, folder: Path, plugins: tuple[str, ...], settings: Mapping[str, str], doors: _Doors) -> _Node:
    name = f"lienthong-broker-{os.getpid()}-{secrets.token_hex(4)}"
    undo.add(f"docker rm --force --volumes {name}")
    inside = (AMQP, AMQPS, MANAGEMENT, METRICS, STREAM)
    settings = {**settings, **doors.settings(tls=str(AMQPS), plain=str(AMQP))}
    published = [argument for port in inside for argument in ("--publish", f"127.0.0.1::{port}")]
    _run("docker", "create", "--name", name, "--hostname", "lienthong", *published, IMAGE, timeout=120)
    files = {"conf.d/90-lienthong.conf": _conf(settings), "enabled_plugins": _plugins(plugins)}
    for path, text in files.items():  # copied, not mounted: the engine may run on another machine or in another root
        here = folder / Path(path).name
        here.write_text(text)
        here.chmod(0o644)
        _run("docker", "cp", str(here), f"{name}:/etc/rabbitmq/{path}")
    if doors.tls is not None:
        here = folder / "lienthong"
        (folder / "advanced.config").write_text(doors.put(here, INSIDE))
        for each in (folder / "advanced.config", *here.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)  # the node's user is another inside
        here.chmod(0o755)
        _run("docker", "cp", str(here), f"{name}:{INSIDE}")
        _run("docker", "cp", str(folder / "advanced.config"), f"{name}:/etc/rabbitmq/advanced.config")
    _run("docker", "start", name, timeout=120)
    ports = {port: int(_run("docker", "port", name, str(port)).splitlines()[0].rpartition(":")[2]) for port in inside}
    return _Node(
        ports=ports,
        gone=lambda: _run("docker", "inspect", "--format", "{{.State.Running}}", name).strip() != "true",
        log=lambda: _run("docker", "logs", "--tail", "30", name),
        put_revoked=lambda lists: _copy_revoked(name, folder / "lienthong" / "crl", lists),
        ctl_command=("docker", "exec", name, "rabbitmqctl", "--quiet"),
    )


def _copy_revoked(container: str, folder: Path, lists: Sequence[RevocationList]) -> None:
    put_revoked(folder, lists)
    _run("docker", "cp", f"{folder}/.", f"{container}:{INSIDE}/crl")


def _as_child(undo: Undo, folder: Path, plugins: tuple[str, ...], settings: Mapping[str, str], doors: _Doors) -> _Node:
    script = _server_script()
    assert script is not None
    ports = dict(zip((AMQP, AMQPS, MANAGEMENT, METRICS, STREAM, 25672, 4369), _free_ports(7), strict=True))
    listeners = {
        **doors.settings(tls=f"127.0.0.1:{ports[AMQPS]}", plain=f"127.0.0.1:{ports[AMQP]}"),
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": str(ports[MANAGEMENT]),
        "prometheus.tcp.ip": "127.0.0.1",
        "prometheus.tcp.port": str(ports[METRICS]),
        "stream.listeners.tcp.1": f"127.0.0.1:{ports[STREAM]}",
    }
    needs = {"prometheus": "rabbitmq_prometheus", "stream": "rabbitmq_stream", "management": "rabbitmq_management"}
    # A setting of a plugin that is off is an unknown setting, and the node refuses to boot.
    used = {name: value for name, value in listeners.items() if needs.get(name.split(".")[0], plugins[0]) in plugins}
    (folder / "rabbitmq.conf").write_text(_conf({**settings, **used}))
    (folder / "enabled_plugins").write_text(_plugins(plugins))
    (folder / "env.conf").touch()
    if doors.tls is not None:
        (folder / "advanced.config").write_text(doors.put(folder / "tls", str(folder / "tls")))
    environment = _environment(folder, dist_port=ports[25672], epmd_port=ports[4369])
    log = (folder / "broker.log").open("wb")
    with log:
        # Ours, in the foreground and in our group: the one Erlang starts by itself would stay behind as a daemon.
        for command in (["epmd", "-port", str(ports[4369]), "-address", "127.0.0.1"], [str(script)]):
            process = subprocess.Popen(
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
            undo.add_child(process)
    return _Node(
        ports=ports,
        gone=lambda: process.poll() is not None,
        log=lambda: (folder / "broker.log").read_text(errors="replace")[-4000:],
        put_revoked=lambda lists: put_revoked(folder / "tls" / "crl", lists),
        ctl_command=(str(script.with_name("rabbitmqctl")), "--quiet"),
        ctl_environment=environment,
    )


def _environment(folder: Path, *, dist_port: int, epmd_port: int) -> dict[str, str]:
    """Nothing of the machine's own node: neither its files, nor its cookie, nor its epmd."""
    return {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(folder),  # of the Erlang cookie
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_CRASH_DUMP": os.devnull,  # a node that cannot start writes one where the caller stands
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"lienthong-{os.getpid()}-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _conf(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _plugins(plugins: tuple[str, ...]) -> str:
    return f"[{','.join(plugins)}].\n"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wait(node: _Node, password: str, deadline: float, doors: _Doors) -> str:
    """Until AMQP and the management interface both answer; the broker's version."""
    management_url = f"http://127.0.0.1:{node.ports[MANAGEMENT]}"
    while time.monotonic() < deadline:
        if node.gone():
            raise NoBroker(f"RabbitMQ stopped while starting:\n{node.log()}")
        version = version_of(management_url, USER, password)
        opens = speaks_amqp("127.0.0.1", node.ports[AMQP]) if doors.plain else True
        if version and opens and (doors.tls is None or speaks_tls("127.0.0.1", node.ports[AMQPS])):
            return version
        time.sleep(0.2)
    raise NoBroker(f"RabbitMQ did not answer in time:\n{node.log()}")


def version_of(management_url: str, user: str, password: str) -> str | None:
    """What the management interface says; None while it says nothing."""
    try:
        answer = httpx.get(f"{management_url}/api/overview", auth=(user, password), timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None
    return str(answer.json()["rabbitmq_version"]) if answer.status_code == httpx.codes.OK else None


def speaks_amqp(host: str, port: int) -> bool:
    """Docker accepts connections to a published port before anything listens inside, so a connection is no proof."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def speaks_tls(host: str, port: int) -> bool:
    """Whether the server's half of a handshake comes: in TLS 1.3 it refuses a client without certificate after that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=5) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


def _run(*command: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> str:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip()
        raise NoBroker(f"{' '.join(command[:2])}: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoBroker(f"{' '.join(command[:2])}: {error}") from error
    return done.stdout


def main() -> None:
    """Prints where the broker is and keeps it until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local_broker", description=main.__doc__)
    parser.add_argument("--kind", choices=("docker", "binary"), help="that kind and no other")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with local_broker(arguments.kind) as broker:
            sys.stdout.write(
                f"RabbitMQ {broker.version} ({broker.kind}), up in {broker.boot_seconds} s\n"
                f"AMQP        {broker.amqp_url}\n"
                f"Management  {broker.management_url}  user {broker.user}  password {broker.password}\n"
                f"Metrics     {broker.metrics_url}\n"
                "Ctrl-C để dừng, mọi dữ liệu sẽ bị xóa · Ctrl-C stops it and deletes its data\n"
            )
            sys.stdout.flush()
            while True:
                signal.pause()
    except NoBroker as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
