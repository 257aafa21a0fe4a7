"""Three RabbitMQ nodes in containers, and what can happen to them: killed, stopped, frozen, cut off, lost.

Each node has two networks: one that only the nodes are in, and the engine's own, by which clients reach its published
ports. So a node can be taken from its peers while clients still reach it. Nothing of the bus is known here.
"""

import os
import random
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from bus.rabbit.settings import CLUSTER
from deploy.local_broker import AMQP, IMAGE, MANAGEMENT, SETTINGS, USER, conf_text, docker_problem
from deploy.probes import NoBroker, run, speaks_amqp, version_of
from deploy.undo import Undo
from tests.integration.broker_world import World

SIZE = 3
BOOT_SECONDS = 240.0
"""Three nodes at once on two busy cores."""
PORTS = range(20_000, 30_000)
"""A node keeps its ports while it is down; below those that the system hands out for a moment."""


class NotYet(AssertionError):
    """The cluster did not come to rest in time; the text says what it still waited for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where clients reach a node, whichever node that is just now."""

    amqp: int
    management: int

    @property
    def management_url(self) -> str:
        return f"http://127.0.0.1:{self.management}"


@dataclass(slots=True)
class Node:
    host: str
    place: Place
    container: str
    up: bool = True

    @property
    def name(self) -> str:
        return f"rabbit@{self.host}"


@dataclass(slots=True)
class Cluster:
    network: str
    password: str = field(repr=False)
    undo: Undo
    folder: Path
    nodes: list[Node] = field(default_factory=list)
    version: str = ""
    boot_seconds: float = 0.0
    _hosts: int = 0

    # -- seeing

    @property
    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.up]

    @property
    def management_urls(self) -> str:
        """As the operator's commands take them."""
        return " ".join(f"http://{USER}:{self.password}@127.0.0.1:{node.place.management}" for node in self.nodes)

    @property
    def world(self) -> World:
        """The cluster as other tests see a broker, by its first node."""
        place = self.nodes[0].place
        return World(
            amqp_url=f"amqp://{USER}:{self.password}@127.0.0.1:{place.amqp}/%2F",
            management_url=place.management_url,
            kind="docker, three nodes",
            version=self.version,
            boot_seconds=self.boot_seconds,
        )

    def ask(self, path: str, *, of: Node | None = None) -> Any:
        """What the management API of a node says; of the first that lives where none is named."""
        place = (of or self.alive[0]).place
        url = f"{place.management_url}/api{path}"
        return httpx.get(url, auth=(USER, self.password), timeout=30, trust_env=False).raise_for_status().json()

    def leader_of(self, vhost: str, queue: str) -> Node:
        name = self.ask(f"/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}")["leader"]
        return next(node for node in self.nodes if node.name == name)

    def at(self, port: int | None) -> Node:
        """Whose AMQP port this is."""
        return next(node for node in self.nodes if node.place.amqp == port)

    def ctl(self, node: Node, *arguments: str, tool: str = "rabbitmqctl") -> str:
        return run("docker", "exec", node.container, tool, *arguments, timeout=180)

    def settled(self, within: float = BOOT_SECONDS) -> None:
        """Once every node runs and sees the others, and every queue has all its members again."""

        def unsettled() -> str:
            for node in self.nodes:
                if not speaks_amqp("127.0.0.1", node.place.amqp):
                    return f"{node.name} does not answer"
                seen = {row["name"] for row in self.ask("/nodes", of=node) if row.get("running")}
                if missing := {each.name for each in self.nodes} - seen:
                    return f"{node.name} does not see {missing}"
            for row in self.ask("/queues"):
                if (online := len(row.get("online") or ())) != SIZE or row.get("state") != "running":
                    return f"{row['name']} of {row['vhost']}: {online} members, {row.get('state')}"
            return ""

        self._wait(unsettled, within)

    @staticmethod
    def _wait(why_not: Callable[[], str], within: float) -> None:
        deadline, said = time.monotonic() + within, "no answer"
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError, KeyError, ValueError):
                if not (said := why_not()):
                    return
            time.sleep(0.3)
        raise NotYet(f"after {within:.0f} s: {said}")

    # -- what can happen

    def kill(self, node: Node) -> None:
        """SIGKILL; its disk stays."""
        node.up = False
        run("docker", "kill", node.container)

    def stop(self, node: Node) -> None:
        """As an operator does: its clients are sent away, other nodes take the lead, and then it ends."""
        self.ctl(node, "drain", tool="rabbitmq-upgrade")
        node.up = False
        with suppress(NoBroker):  # with the node ends its container, and with that what asked for it
            self.ctl(node, "stop")
        running = ("docker", "inspect", "--format", "{{.State.Running}}", node.container)
        self._wait(lambda: "it still runs" if run(*running).strip() == "true" else "", 120)

    def start(self, node: Node) -> None:
        run("docker", "start", node.container)
        node.up = True

    def freeze(self, node: Node) -> None:
        """It says nothing more, to nobody, and no connection ends."""
        node.up = False
        run("docker", "pause", node.container)

    def thaw(self, node: Node) -> None:
        run("docker", "unpause", node.container)
        node.up = True

    def cut_off(self, node: Node) -> None:
        """From the other nodes; clients still reach it."""
        run("docker", "network", "disconnect", self.network, node.container)

    def reconnect(self, node: Node) -> None:
        run("docker", "network", "connect", "--alias", node.host, self.network, node.container)

    def lose(self, node: Node) -> None:
        """Machine and disk, for good."""
        node.up = False
        run("docker", "rm", "--force", "--volumes", node.container)

    # -- what an operator does about a node lost for good: README.md

    def forget(self, lost: Node) -> None:
        self.ctl(self.alive[0], "forget_cluster_node", lost.name)

    def replace(self, lost: Node) -> Node:
        """A blank node joins, and has nothing yet."""
        helper = self.alive[0]
        fresh = self.nodes[self.nodes.index(lost)] = self.add(lost.place)
        self.configure(fresh)
        self.start(fresh)
        self._wait(lambda: "" if self._sees(helper, fresh) else f"{fresh.name} has not joined", BOOT_SECONDS)
        self.ctl(fresh, "await_startup")
        return fresh

    def grow(self, fresh: Node, *, vhost: str) -> None:
        """It gets a copy of everything."""
        helper = self.alive[0]
        self.ctl(helper, "grow", fresh.name, "all", tool="rabbitmq-queues")
        for row in self.ask(f"/queues/{quote(vhost, safe='')}", of=helper):
            if row.get("type") == "stream":
                self.ctl(helper, "add_replica", "--vhost", vhost, row["name"], fresh.name, tool="rabbitmq-streams")

    def _sees(self, node: Node, other: Node) -> bool:
        return any(row["name"] == other.name and row.get("running") for row in self.ask("/nodes", of=node))

    # -- making one

    def add(self, place: Place) -> Node:
        """A blank node, not started; it will join those that are there."""
        self._hosts += 1
        host = f"node{self._hosts}"
        node = Node(host, place, f"{self.network}-{host}", up=False)
        self.undo.add(f"docker rm --force --volumes {node.container}")
        published = [
            word
            for here, inside in ((place.amqp, AMQP), (place.management, MANAGEMENT))
            for word in ("--publish", f"127.0.0.1:{here}:{inside}")
        ]
        cookie = ("--env", f"RABBITMQ_ERLANG_COOKIE={self.network}")
        run("docker", "create", "--name", node.container, "--hostname", host, *cookie, *published, IMAGE, timeout=120)
        self.reconnect(node)
        return node

    def configure(self, node: Node) -> None:
        """The names of those that it may join are the names of those that there are now."""
        names = {f"cluster_formation.classic_config.nodes.{n}": peer.name for n, peer in enumerate(self.nodes, 1)}
        settings = {
            **SETTINGS,
            **CLUSTER,
            "default_user": USER,
            "default_pass": self.password,
            "cluster_formation.peer_discovery_backend": "classic_config",
            **names,
        }
        file = self.folder / node.host
        file.write_text(conf_text(settings))
        file.chmod(0o644)
        run("docker", "cp", str(file), f"{node.container}:/etc/rabbitmq/conf.d/90-lienthong.conf")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Three nodes that know each other; gone afterwards. Raises NoBroker where there is no Docker."""
    if problem := docker_problem():
        raise NoBroker(problem)
    undo = Undo()
    network = f"lienthong-cluster-{os.getpid()}-{secrets.token_hex(3)}"
    started = time.monotonic()
    try:
        folder = tempfile.mkdtemp(prefix="lienthong-cluster-")
        undo.add(f"rm -rf {folder}")
        undo.add(f"docker network rm {network}")
        run("docker", "network", "create", network)
        made = Cluster(network, secrets.token_urlsafe(12), undo, Path(folder))
        made.nodes = [made.add(place) for place in _places(SIZE)]
        for step in (made.configure, made.start):
            for node in made.nodes:
                step(node)
        made.settled()
        made.version = version_of(made.nodes[0].place.management_url, USER, made.password) or ""
        made.boot_seconds = round(time.monotonic() - started, 1)
        yield made
    finally:
        undo.all()


def _places(count: int) -> list[Place]:
    free: list[int] = []
    while len(free) < 2 * count:
        port = random.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in free:
                free.append(port)
    return [Place(*pair) for pair in zip(free[::2], free[1::2], strict=True)]
