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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from bus.certificates import RevocationList
from bus.rabbit.settings import advanced, crl_files
from bus.rabbit.settings import settings as node_settings
from deploy.probes import NoBroker, free_ports, run, speaks_amqp, speaks_tls, version_of
from deploy.undo import Undo

Kind: TypeAlias = Literal["docker", "binary"]

IMAGE = "rabbitmq:4.3-management"
OPEN_FILES = 8192
"""A mailbox takes three or so, for its inbox and its stream; the usual 1,024 would do for three hundred of them."""
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_stream", "rabbitmq_auth_mechanism_ssl")
USER = "lienthong+admin"
"""A name that no mailbox has: a certificate in it, which would be a login, cannot be asked for."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a broker needs to let in certificates only."""

    roots: Path
    """PEM of the root and of the authorities below it: who may vouch for clients."""
    certfile: Path
    keyfile: Path
    revoked: Sequence[RevocationList]
    """One of each authority that issues."""

    @classmethod
    def of(cls, node: Path) -> "TlsFiles":
        """From the folder that `lienthong topology settings` wrote. Raises NoBroker."""
        lists = sorted((node / "crl").glob("*.r0"))
        roots, certfile, keyfile = (node / name for name in ("ca.pem", "cert.pem", "key.pem"))
        if not lists or not all(path.is_file() for path in (roots, certfile, keyfile)):
            raise NoBroker(f"{node}: không phải thư mục của / not a folder made by: lienthong topology settings --out")
        revoked = [RevocationList.from_pem(path.read_bytes()) for path in lists]
        return cls(roots=roots, certfile=certfile, keyfile=keyfile, revoked=revoked)


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
        return run(*self.ctl_command, *arguments, env=self.ctl_environment)


@contextmanager
def local_broker(
    prefer: Kind | None = None,
    *,
    plugins: tuple[str, ...] = PLUGINS,
    settings: Mapping[str, str] | None = None,
    boot_seconds: float = BOOT_SECONDS,
    tls: TlsFiles | None = None,
    plain: bool = True,
    lasting: bool = False,
) -> Iterator[LocalBroker]:
    """Starts one and stops it. `prefer` means that kind and no other; None: Docker where it can, else the server
    installed here. `settings` are lines of rabbitmq.conf, on top of SETTINGS. With `tls` it takes client certificates,
    and passwords over an open line only where `plain`. `lasting`: stopped and started again by somebody else, it has
    the same ports. Raises NoBroker."""
    undo = Undo()
    doors = _Doors(tls, plain or tls is None, lasting)
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
        run("docker", "version", "--format", "{{.Server.Version}}", timeout=10)
        if not run("docker", "image", "ls", "--quiet", IMAGE, timeout=10):
            run("docker", "pull", "--quiet", IMAGE, timeout=600)
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
    lasting: bool = False

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
    # Without a port of ours the engine draws another one at every start.
    ours = free_ports(len(inside)) if doors.lasting else [""] * len(inside)
    published = [f"--publish=127.0.0.1:{here}:{port}" for here, port in zip(ours, inside, strict=True)]
    limit = f"RABBITMQ_MAX_OPEN_FILES={OPEN_FILES}"
    run("docker", "create", "--name", name, "--hostname", "lienthong", "--env", limit, *published, IMAGE, timeout=120)
    files = {"conf.d/90-lienthong.conf": conf_text(settings), "enabled_plugins": plugins_text(plugins)}
    for path, text in files.items():  # copied, not mounted: the engine may run on another machine or in another root
        here = folder / Path(path).name
        here.write_text(text)
        here.chmod(0o644)
        run("docker", "cp", str(here), f"{name}:/etc/rabbitmq/{path}")
    if doors.tls is not None:
        here = folder / "lienthong"
        (folder / "advanced.config").write_text(doors.put(here, INSIDE))
        for each in (folder / "advanced.config", *here.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)  # the node's user is another inside
        here.chmod(0o755)
        run("docker", "cp", str(here), f"{name}:{INSIDE}")
        run("docker", "cp", str(folder / "advanced.config"), f"{name}:/etc/rabbitmq/advanced.config")
    run("docker", "start", name, timeout=120)
    ports = {port: int(run("docker", "port", name, str(port)).splitlines()[0].rpartition(":")[2]) for port in inside}
    return _Node(
        ports=ports,
        gone=lambda: run("docker", "inspect", "--format", "{{.State.Running}}", name).strip() != "true",
        log=lambda: run("docker", "logs", "--tail", "30", name),
        put_revoked=lambda lists: _copy_revoked(name, folder / "lienthong" / "crl", lists),
        ctl_command=("docker", "exec", name, "rabbitmqctl", "--quiet"),
    )


def _copy_revoked(container: str, folder: Path, lists: Sequence[RevocationList]) -> None:
    put_revoked(folder, lists)
    run("docker", "cp", f"{folder}/.", f"{container}:{INSIDE}/crl")


def _as_child(undo: Undo, folder: Path, plugins: tuple[str, ...], settings: Mapping[str, str], doors: _Doors) -> _Node:
    script = _server_script()
    assert script is not None
    ports = dict(zip((AMQP, AMQPS, MANAGEMENT, METRICS, STREAM, 25672, 4369), free_ports(7), strict=True))
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
    (folder / "rabbitmq.conf").write_text(conf_text({**settings, **used}))
    (folder / "enabled_plugins").write_text(plugins_text(plugins))
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


def conf_text(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def plugins_text(plugins: tuple[str, ...]) -> str:
    return f"[{','.join(plugins)}].\n"


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


def main() -> None:
    """Prints where the broker is and keeps it until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local_broker", description=main.__doc__)
    parser.add_argument("--kind", choices=("docker", "binary"), help="that kind and no other")
    parser.add_argument(
        "--node", type=Path, metavar="DIR", help="take certificates only: the folder of `lienthong topology settings`"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins with it ignored
    try:
        tls = TlsFiles.of(arguments.node) if arguments.node else None
        with local_broker(arguments.kind, tls=tls, plain=tls is None) as broker:
            management = broker.management_url.replace("://", f"://{broker.user}:{broker.password}@", 1)
            sys.stdout.write(
                f"RabbitMQ {broker.version} ({broker.kind}), up in {broker.boot_seconds} s\n"
                f"AMQP        {broker.amqps_url or broker.amqp_url}\n"
                f"Management  {management}\n"
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
