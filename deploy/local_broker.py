"""A private RabbitMQ for one developer, one demo or one test run: started here, on loopback, gone without trace.

Only processes, containers and temporary files live here; nothing of ours is declared on the broker. Every act is
preceded by its undoing, written to a small shell that outlives us: it undoes all when we end, however we end.
"""

import argparse
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote

import httpx

from bus.trust.certificates import RevocationList
from deploy.node import (
    AMQP,
    AMQPS,
    IMAGE,
    MANAGEMENT,
    METRICS,
    Doors,
    Node,
    TlsFiles,
    as_child,
    in_docker,
    kept_password,
    server_script,
)
from deploy.probes import NoBroker, run, speaks_amqp, speaks_tls, version_of
from deploy.undo import Undo

Kind: TypeAlias = Literal["docker", "binary"]

PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_stream", "rabbitmq_auth_mechanism_ssl")
USER = "lienthong+admin"
"""A name that no mailbox has: a certificate in it, which would be a login, cannot be asked for."""
LOOKER = "lienthong+look"
"""The user of the management interface who may see everything and change nothing."""
BOOT_SECONDS = 240.0


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

CTL_SECONDS = 180.0
"""For one command of RabbitMQ's tools: each starts a virtual machine of Erlang, a minute on a busy machine."""


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
        return run(*self.ctl_command, *arguments, env=self.ctl_environment, timeout=CTL_SECONDS)


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
    kept: Path | None = None,
) -> Iterator[LocalBroker]:
    """Starts one and stops it. `prefer` means that kind and no other; None: Docker where it can, else the server
    installed here. `settings` are lines of rabbitmq.conf, on top of SETTINGS. With `tls` it takes client certificates,
    and passwords over an open line only where `plain`. `lasting`: stopped and started again by somebody else, it has
    the same ports. `kept`: a folder in which the node's data, ports and password stay; only of kind "binary". Raises
    NoBroker."""
    undo = Undo()
    doors = Doors(tls, plain or tls is None, lasting)
    assert kept is None or prefer == "binary"
    try:
        yield _start(_kind(prefer), undo, plugins, {**SETTINGS, **(settings or {})}, boot_seconds, doors, kept)
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
    if server_script() is None:
        return "no rabbitmq-server is installed"
    if shutil.which("epmd") is None:
        return "no epmd (of Erlang) is on the path"
    return None


def _start(
    kind: Kind,
    undo: Undo,
    plugins: tuple[str, ...],
    settings: Mapping[str, str],
    boot_seconds: float,
    doors: Doors,
    kept: Path | None,
) -> LocalBroker:
    started = time.monotonic()
    folder = kept or _passing_folder(undo)
    password = kept_password(kept) if kept else secrets.token_urlsafe(12)
    login = {"default_user": USER, "default_pass": password}
    settings = {**settings, **login}
    if kind == "docker":
        node = in_docker(undo, folder, plugins, settings, doors)
    else:
        node = as_child(undo, folder, plugins, settings, doors, kept=kept is not None)
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


def _passing_folder(undo: Undo) -> Path:
    folder = tempfile.mkdtemp(prefix="lienthong-broker-")
    # Twice: what was killed this instant may still have written a file while the first was at work.
    quoted = shlex.quote(folder)
    undo.add(f"rm -rf {quoted} || {{ sleep 1; rm -rf {quoted}; }}")
    return Path(folder)


def _wait(node: Node, password: str, deadline: float, doors: Doors) -> str:
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


def let_look(broker: LocalBroker, *, vhost: str) -> str:
    """Makes that user for a virtual host that is there, with a new password; the management interface with its
    credentials."""
    password, user = secrets.token_urlsafe(18), quote(LOOKER, safe="")
    wanted = {
        f"users/{user}": {"password": password, "tags": "monitoring"},
        f"permissions/{quote(vhost, safe='')}/{user}": {"configure": "^$", "write": "^$", "read": "^$"},
    }
    with httpx.Client(auth=(broker.user, broker.password), timeout=30, trust_env=False) as http:
        for path, made in wanted.items():
            http.put(f"{broker.management_url}/api/{path}", json=made).raise_for_status()
    return broker.management_url.replace("://", f"://{user}:{password}@", 1)


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
