"""Three RabbitMQ nodes, and the faults that they may have: killed, stopped, frozen, cut off, lost.

In containers, or as processes in network namespaces: machines.py. Nothing of the bus is known here.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from bus.rabbit.admin.node_settings import CLUSTER
from deploy.local_broker import SETTINGS, USER
from deploy.probes import NoBroker, speaks_amqp, version_of
from deploy.undo import Undo
from tests.faults.machines import Machines, Node, Place, machines
from tests.integration.broker_world import World

SIZE = 3
BOOT_SECONDS = 240.0
"""Seconds for three nodes to start at once on two busy cores."""


class NotYet(AssertionError):
    """The cluster did not settle in time; the text names the condition that was not met."""


@dataclass(slots=True)
class Cluster:
    machines: Machines
    password: str = field(repr=False)
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
        """Returns the management URLs in the form that the operator's commands take."""
        return " ".join(
            f"http://{USER}:{self.password}@{node.place.address}:{node.place.management}" for node in self.nodes
        )

    @property
    def world(self) -> World:
        """Returns the cluster as a broker for other tests, by its first node."""
        place = self.nodes[0].place
        return World(
            amqp_url=f"amqp://{USER}:{self.password}@{place.address}:{place.amqp}/%2F",
            management_url=place.management_url,
            kind=f"{SIZE} {self.machines.kind}",
            version=self.version,
            boot_seconds=self.boot_seconds,
        )

    def ask(self, path: str, *, of: Node | None = None) -> Any:
        """Returns the answer of a node's management API; of the first running node if none is named."""
        place = (of or self.alive[0]).place
        url = f"{place.management_url}/api{path}"
        return httpx.get(url, auth=(USER, self.password), timeout=240, trust_env=False).raise_for_status().json()

    def leader_of(self, vhost: str, queue: str) -> Node:
        name = self.ask(f"/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}")["leader"]
        return next(node for node in self.nodes if node.name == name)

    def at(self, port: int | None) -> Node:
        """Returns the node with this AMQP port."""
        return next(node for node in self.nodes if node.place.amqp == port)

    def ctl(self, node: Node, *arguments: str, tool: str = "rabbitmqctl") -> str:
        return self.machines.ctl(node, tool, *arguments)

    def settled(self, within: float = BOOT_SECONDS) -> None:
        """Returns once every node runs and sees the others, and every queue has all its members again."""

        def unsettled() -> str:
            for node in self.nodes:
                if not speaks_amqp(node.place.address, node.place.amqp):
                    return f"{node.name} does not answer"
                seen = {row["name"] for row in self.ask("/nodes", of=node) if row.get("running")}
                if missing := {each.name for each in self.nodes} - seen:
                    return f"{node.name} does not see {missing}"
            for row in self.ask("/queues"):
                if (online := len(row.get("online") or ())) != self._copies(row) or row.get("state") != "running":
                    return f"{row['name']} of {row['vhost']}: {online} members, {row.get('state')}"
            return ""

        self._wait(unsettled, within)

    def _copies(self, row: Mapping[str, Any]) -> int:
        """A stream of RabbitMQ 3.10 neither forgets a member that is lost for good nor takes another in its place."""
        if not (self.is_old and row.get("type") == "stream"):
            return SIZE
        return len({node.name for node in self.nodes}.intersection(row.get("members") or ()))

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
        """Kills the node by SIGKILL; its disk stays."""
        node.up = False
        self.machines.kill(node)

    def stop(self, node: Node) -> None:
        """Stops the node as an operator does: its clients are sent away, other nodes become leaders, and then it
        ends."""
        self.ctl(node, "drain", tool="rabbitmq-upgrade")
        node.up = False
        with suppress(NoBroker):  # the container may end with its node, and the command with the container
            self.ctl(node, "stop")
        self._wait(lambda: "it still runs" if self.machines.runs(node) else "", 120)

    def start(self, node: Node) -> None:
        self.machines.start(node)
        node.up = True

    def freeze(self, node: Node) -> None:
        """Freezes the node: it answers nobody, and no connection ends."""
        node.up = False
        self.machines.freeze(node)

    def thaw(self, node: Node) -> None:
        self.machines.thaw(node)
        node.up = True
        self._anew(node)

    def cut_off(self, node: Node) -> None:
        """Cuts the node off from the other nodes; clients still reach it."""
        self.machines.cut_off(node)

    def reconnect(self, node: Node) -> None:
        self.machines.reconnect(node)
        self._anew(node)

    def lose(self, node: Node) -> None:
        """Loses the node: machine and disk, for good."""
        node.up = False
        self.machines.lose(node)

    # -- what an operator of RabbitMQ 3.x does besides: README.md

    @property
    def is_old(self) -> bool:
        """Without Khepri; channels may not find a queue's or a stream's new leader, and streams keep their members."""
        return self.version.startswith("3.")

    def _anew(self, node: Node) -> None:
        """A node that saw no other for a while may never come through its pause."""
        if self.is_old:
            self.kill(node)
            self.start(node)

    def shake_off(self, lost: Node | None = None) -> None:
        """Once the others know that a node is away, or all are there again, their clients connect anew."""
        if not self.is_old:
            return
        others = [node for node in self.alive if node is not lost]
        if lost is None:
            self.settled()
        else:
            self._wait(lambda: f"{lost.name} is still seen" if self._is_seen(others, lost) else "", BOOT_SECONDS)
        self.ctl(others[0], "close_all_connections", "a leader is gone")

    def _is_seen(self, by: Sequence[Node], lost: Node) -> bool:
        return any(self._sees(node, lost) for node in by)

    # -- what an operator does about a node lost for good: README.md

    def forget(self, lost: Node) -> None:
        self.ctl(self.alive[0], "forget_cluster_node", lost.name)

    def replace(self, lost: Node) -> Node:
        """Replaces a lost node by a blank one, which has no copies yet."""
        helper = self.alive[0]
        fresh = self.nodes[self.nodes.index(lost)] = self.add(lost.place)
        self.configure(fresh)
        self.start(fresh)
        self._wait(lambda: "" if self._sees(helper, fresh) else f"{fresh.name} has not joined", BOOT_SECONDS)
        self.ctl(fresh, "await_startup")
        return fresh

    def grow(self, fresh: Node, *, vhost: str) -> None:
        """Gives the new node a copy of every queue and stream."""
        helper = self.alive[0]
        self.ctl(helper, "grow", fresh.name, "all", tool="rabbitmq-queues")
        for row in self.ask(f"/queues/{quote(vhost, safe='')}", of=helper):
            if row.get("type") == "stream" and not self.is_old:
                self.ctl(helper, "add_replica", "--vhost", vhost, row["name"], fresh.name, tool="rabbitmq-streams")

    def _sees(self, node: Node, other: Node) -> bool:
        return any(row["name"] == other.name and row.get("running") for row in self.ask("/nodes", of=node))

    # -- making one

    def add(self, place: Place) -> Node:
        """Adds a blank node, not started; it will join the nodes that exist."""
        self._hosts += 1
        return self.machines.add(self._hosts, place)

    def configure(self, node: Node) -> None:
        """Writes the node's configuration: it may join the nodes that exist now."""
        names = {f"cluster_formation.classic_config.nodes.{n}": peer.name for n, peer in enumerate(self.nodes, 1)}
        settings = {
            **SETTINGS,
            **CLUSTER,
            "default_user": USER,
            "default_pass": self.password,
            "cluster_formation.peer_discovery_backend": "classic_config",
            **names,
        }
        self.machines.configure(node, settings)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Yields three nodes that know each other; they are removed afterwards. Raises NoBroker if none can be made."""
    undo = Undo()
    started = time.monotonic()
    try:
        ground = machines(f"lienthong-cluster-{os.getpid()}-{secrets.token_hex(3)}", undo)
        made = Cluster(ground, secrets.token_urlsafe(12))
        made.nodes = [made.add(place) for place in ground.places(SIZE)]
        for step in (made.configure, made.start):
            for node in made.nodes:
                step(node)
        made.settled()
        for node in made.nodes:  # "running" is said before plugins and vhosts are up
            made.ctl(node, "await_startup")
        made.version = version_of(made.nodes[0].place.management_url, USER, made.password) or ""
        made.boot_seconds = round(time.monotonic() - started, 1)
        yield made
    finally:
        undo.all()
