"""A cluster's nodes in containers. The nodes' network is one of the engine's; clients use published ports."""

import random
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deploy.node import AMQP, IMAGE, MANAGEMENT, conf_text
from deploy.probes import run
from deploy.undo import Undo
from tests.faults.machines import Node, Place

PORTS = range(20_000, 30_000)
"""Ports of the nodes. A node keeps its ports while it is down, so they are below the system's range for short-lived
ports."""


class Containers:
    kind = "nodes in containers"

    def __init__(self, name: str, undo: Undo) -> None:
        self._network, self._undo = name, undo
        self._folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        undo.add(f"rm -rf {self._folder}")
        undo.add(f"docker network rm {name}")
        run("docker", "network", "create", name)

    def places(self, count: int) -> list[Place]:
        free: list[int] = []
        while len(free) < 2 * count:
            port = random.choice(PORTS)
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                if port not in free:
                    free.append(port)
        return [Place(*pair) for pair in zip(free[::2], free[1::2], strict=True)]

    def add(self, number: int, place: Place) -> Node:
        host = f"node{number}"
        node = Node(host, place, f"{self._network}-{host}")
        self._undo.add(f"docker rm --force --volumes {node.machine}")
        published = [
            word
            for here, inside in ((place.amqp, AMQP), (place.management, MANAGEMENT))
            for word in ("--publish", f"{place.address}:{here}:{inside}")
        ]
        cookie = ("--env", f"RABBITMQ_ERLANG_COOKIE={self._network}")
        run("docker", "create", "--name", node.machine, "--hostname", host, *cookie, *published, IMAGE, timeout=120)
        self.reconnect(node)
        return node

    def configure(self, node: Node, settings: Mapping[str, str]) -> None:
        file = self._folder / node.host
        file.write_text(conf_text(settings))
        file.chmod(0o644)
        run("docker", "cp", str(file), f"{node.machine}:/etc/rabbitmq/conf.d/90-lienthong.conf")

    def start(self, node: Node) -> None:
        run("docker", "start", node.machine)

    def runs(self, node: Node) -> bool:
        return run("docker", "inspect", "--format", "{{.State.Running}}", node.machine).strip() == "true"

    def ctl(self, node: Node, tool: str, *arguments: str) -> str:
        return run("docker", "exec", node.machine, tool, *arguments, timeout=180)

    def kill(self, node: Node) -> None:
        run("docker", "kill", node.machine)

    def freeze(self, node: Node) -> None:
        run("docker", "pause", node.machine)

    def thaw(self, node: Node) -> None:
        run("docker", "unpause", node.machine)

    def cut_off(self, node: Node) -> None:
        run("docker", "network", "disconnect", self._network, node.machine)

    def reconnect(self, node: Node) -> None:
        run("docker", "network", "connect", "--alias", node.host, self._network, node.machine)

    def lose(self, node: Node) -> None:
        run("docker", "rm", "--force", "--volumes", node.machine)
