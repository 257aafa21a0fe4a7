"""How a private RabbitMQ node runs: as a child of ours, or in a container. What it is told (settings, certificates,
ports) is told in files of one folder; when it is up, and how it ends, is local_broker's."""

import glob
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bus.files.private import create_private
from bus.rabbit.admin.node_settings import advanced_config, crl_files, rabbitmq_conf
from bus.trust.certificates import RevocationList
from deploy.probes import NoBroker, free_ports, kept_ports, run
from deploy.undo import Undo

IMAGE = os.environ.get("LIENTHONG_RABBITMQ_IMAGE", "rabbitmq:4.3-management")
OPEN_FILES = 8192
"""A mailbox takes three or so, for its inbox and its stream; the usual 1,024 would do for three hundred of them."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a broker needs to let in certificates only."""

    roots: Path
    """PEM of the authorities that may vouch for clients, each signed by itself."""
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


@dataclass(frozen=True, slots=True)
class Doors:
    """How clients may come in."""

    tls: TlsFiles | None
    plain: bool
    lasting: bool = False

    def settings(self, *, tls: str, plain: str) -> Mapping[str, str]:
        if self.tls is None:
            return {"listeners.tcp.1": plain}
        return rabbitmq_conf(listener=tls, plain=plain if self.plain else None)

    def put(self, folder: Path, seen_at: str) -> str:
        """Copies the files into a folder that the node sees under another name; the advanced.config to go with them."""
        assert self.tls is not None
        (folder / "crl").mkdir(parents=True, exist_ok=True)
        for name, path in (("ca.pem", self.tls.roots), ("cert.pem", self.tls.certfile), ("key.pem", self.tls.keyfile)):
            shutil.copyfile(path, folder / name)
        put_revoked(folder / "crl", self.tls.revoked)
        return advanced_config(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    ports: Mapping[int, int]
    """RabbitMQ's usual port -> the one on this machine."""
    gone: Callable[[], bool]
    log: Callable[[], str]
    put_revoked: Callable[[Sequence[RevocationList]], None]
    ctl_command: tuple[str, ...]
    ctl_environment: Mapping[str, str] | None = None


def in_docker(undo: Undo, folder: Path, plugins: tuple[str, ...], settings: Mapping[str, str], doors: Doors) -> Node:
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
    return Node(
        ports=ports,
        gone=lambda: run("docker", "inspect", "--format", "{{.State.Running}}", name).strip() != "true",
        log=lambda: run("docker", "logs", "--tail", "30", name),
        put_revoked=lambda lists: _copy_revoked(name, folder / "lienthong" / "crl", lists),
        ctl_command=("docker", "exec", name, "rabbitmqctl", "--quiet"),
    )


def _copy_revoked(container: str, folder: Path, lists: Sequence[RevocationList]) -> None:
    put_revoked(folder, lists)
    run("docker", "cp", f"{folder}/.", f"{container}:{INSIDE}/crl")


def as_child(
    undo: Undo, folder: Path, plugins: tuple[str, ...], settings: Mapping[str, str], doors: Doors, *, kept: bool = False
) -> Node:
    """`kept`: the folder is there the next time: the node has its name and ports again, and is shut down in peace."""
    script = server_script()
    assert script is not None
    used_here = (AMQP, AMQPS, MANAGEMENT, METRICS, STREAM, 25672, 4369)
    ports = dict(zip(used_here, kept_ports(folder / "ports", 7) if kept else free_ports(7), strict=True))
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
    name = "lienthong" if kept else None
    environment = environment_of(folder, dist_port=ports[25672], epmd_port=ports[4369], name=name)
    log = (folder / "broker.log").open("wb")
    with log:
        # Ours, in the foreground and in our group: the one Erlang starts by itself would stay behind as a daemon.
        for command in (["epmd", "-port", str(ports[4369]), "-address", "127.0.0.1"], [str(script)]):
            process = subprocess.Popen(
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
            undo.add_child(process, gently=kept and command[0] != "epmd")
    return Node(
        ports=ports,
        gone=lambda: process.poll() is not None,
        log=lambda: (folder / "broker.log").read_text(errors="replace")[-4000:],
        put_revoked=lambda lists: put_revoked(folder / "tls" / "crl", lists),
        ctl_command=(str(script.with_name("rabbitmqctl")), "--quiet"),
        ctl_environment=environment,
    )


def environment_of(folder: Path, *, dist_port: int, epmd_port: int, name: str | None = None) -> dict[str, str]:
    """Nothing of the machine's own node: neither its files, nor its cookie, nor its epmd; a name of its own, unless one
    is given."""
    name = name or f"lienthong-{os.getpid()}-{secrets.token_hex(4)}"
    return {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(folder),  # of the Erlang cookie
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_CRASH_DUMP": os.devnull,  # a node that cannot start writes one where the caller stands
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"{name}@localhost",
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


def kept_password(folder: Path) -> str:
    """The administrator's, drawn when the node was made: it counts as long as the node's data."""
    file = folder / "password"
    if not file.exists():
        create_private(file, secrets.token_urlsafe(12).encode())
    return file.read_text()


def conf_text(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def plugins_text(plugins: tuple[str, ...]) -> str:
    return f"[{','.join(plugins)}].\n"


def server_script() -> Path | None:
    found = [Path(path) for pattern in SERVER_SCRIPTS for path in sorted(glob.glob(pattern), reverse=True)]  # noqa: PTH207 — absolute patterns
    if on_path := shutil.which("rabbitmq-server"):
        found.append(Path(on_path).resolve())
    return next((path for path in found if path.exists() and path.name == "rabbitmq-server"), None)
