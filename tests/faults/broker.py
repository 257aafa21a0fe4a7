"""A RabbitMQ node that a story may stop, kill and start again: the same node, with its data, at the same ports."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local_broker import LocalBroker, docker_problem, local_broker
from deploy.probes import NoBroker, speaks_amqp, version_of
from deploy.undo import Undo
from tests.integration.broker_world import World

AGAIN_SECONDS = 120.0


@dataclass
class Node:
    """The node. It runs when it is made; a story that stops it starts it again."""

    broker: LocalBroker
    undo: Undo
    is_up: bool = True

    @property
    def world(self) -> World:
        broker = self.broker
        return World(
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            kind=f"{broker.kind}, private",
            version=broker.version,
            boot_seconds=broker.boot_seconds,
            ctl=broker.ctl,
        )

    def stop(self) -> None:
        """Stops the node as an administrator does: it closes its connections and writes everything to disk."""
        self.is_up = False
        if self.broker.kind == "docker":
            # This image ignores the signal of `docker stop`, which would kill it after a minute.
            with contextlib.suppress(NoBroker):  # the command ends with its container
                self.broker.ctl("stop")
            self._docker("wait")
        else:
            self.broker.ctl("shutdown", "--timeout", "60")

    def kill(self) -> None:
        """Kills the node, as a power cut would: no connection is closed."""
        self.is_up = False
        if self.broker.kind == "docker":
            self._docker("kill")
        else:
            pid = int(Path(self._environment["RABBITMQ_PID_FILE"]).read_text())
            os.kill(pid, signal.SIGKILL)
            while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
                time.sleep(0.02)

    def start(self) -> None:
        """Starts the node, and returns when it answers."""
        if self.broker.kind == "docker":
            self._docker("start")
        else:
            script = Path(self.broker.ctl_command[0]).with_name("rabbitmq-server")
            with (Path(self._environment["HOME"]) / "again.log").open("ab") as log:
                process = subprocess.Popen(
                    [str(script)],
                    env=self._environment,
                    cwd=self._environment["HOME"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    process_group=0,
                )
            self.undo.add_child(process)
        where = urlsplit(self.broker.amqp_url)
        deadline = time.monotonic() + AGAIN_SECONDS
        while not (
            version_of(self.broker.management_url, self.broker.user, self.broker.password)
            and speaks_amqp(where.hostname or "", where.port or 0)
        ):
            assert time.monotonic() < deadline, "RabbitMQ did not come again"
            time.sleep(0.2)
        self.is_up = True

    @contextmanager
    def stopped(self, *, killed: bool = False) -> Iterator[None]:
        (self.kill if killed else self.stop)()
        try:
            yield
        finally:
            self.start()

    def _docker(self, verb: str, *options: str) -> None:
        name = self.broker.ctl_command[2]  # docker exec <name> rabbitmqctl
        subprocess.run(["docker", verb, *options, name], check=True, capture_output=True, timeout=120)

    @property
    def _environment(self) -> dict[str, str]:
        assert self.broker.ctl_environment is not None
        return dict(self.broker.ctl_environment)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return "Z"


@contextmanager
def a_node() -> Iterator[Node]:
    """Yields a node of the kind in LIENTHONG_TEST_BROKER; else in Docker; else the installed one. Never a broker that
    the environment names: a test does not stop somebody else's broker. Raises NoBroker."""
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    prefer = forced if forced in ("docker", "binary") else None
    if prefer is None and docker_problem() is not None:
        prefer = "binary"
    # The story's own processes end first: the node's folder is removed by its starter.
    with local_broker("binary" if prefer == "binary" else "docker", lasting=True) as broker:
        undo = Undo()
        try:
            yield Node(broker, undo)
        finally:
            undo.all()
