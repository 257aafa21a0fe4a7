"""The machines of a cluster's three nodes, and the faults of a machine: a Protocol, and the choice between its two
implementations."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.local_broker import binary_problem, docker_problem
from deploy.probes import NoBroker
from deploy.undo import Undo


@dataclass(frozen=True, slots=True)
class Place:
    """The address at which clients reach a node, whichever node has it now."""

    amqp: int
    """The AMQP port, unique in the cluster."""
    management: int
    address: str = "127.0.0.1"

    @property
    def management_url(self) -> str:
        return f"http://{self.address}:{self.management}"


@dataclass(slots=True)
class Node:
    host: str
    """The host name that its peers use."""
    place: Place
    machine: str
    """The name of its container or network namespace."""
    up: bool = False

    @property
    def name(self) -> str:
        return f"rabbit@{self.host}"


class Machines(Protocol):
    """The machines. Each has two networks: one for the nodes only, and one by which clients reach it."""

    kind: str

    def places(self, count: int) -> list[Place]: ...

    def add(self, number: int, place: Place) -> Node:
        """Adds a blank machine, the `number`th in all, with a node that does not run yet."""
        ...

    def configure(self, node: Node, settings: Mapping[str, str]) -> None: ...

    def start(self, node: Node) -> None:
        """Starts the node. Returns before it answers."""
        ...

    def runs(self, node: Node) -> bool: ...

    def ctl(self, node: Node, tool: str, *arguments: str) -> str:
        """Runs `rabbitmqctl` or another tool of RabbitMQ on the node's machine. Returns its output."""
        ...

    def kill(self, node: Node) -> None:
        """Kills the node by SIGKILL; its disk stays."""
        ...

    def freeze(self, node: Node) -> None:
        """Freezes the node: its processes stop, and no connection ends."""
        ...

    def thaw(self, node: Node) -> None: ...

    def cut_off(self, node: Node) -> None:
        """Cuts the node off from the other nodes; clients still reach it."""
        ...

    def reconnect(self, node: Node) -> None: ...

    def lose(self, node: Node) -> None:
        """Removes the machine and its disk, for good."""
        ...


def machines(name: str, undo: Undo) -> Machines:
    """Returns containers; or processes in network namespaces if LIENTHONG_TEST_BROKER=binary, or if Docker is not here.
    Raises NoBroker with the reasons if neither works."""
    from tests.faults.machines_containers import Containers
    from tests.faults.machines_namespaces import Namespaces, namespaces_problem

    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    no_docker = "LIENTHONG_TEST_BROKER=binary" if forced == "binary" else docker_problem()
    if no_docker is None:
        return Containers(name, undo)
    no_processes = "LIENTHONG_TEST_BROKER=docker" if forced == "docker" else binary_problem() or namespaces_problem()
    if no_processes is None:
        return Namespaces(name, undo)
    raise NoBroker(f"no containers: {no_docker}; no processes in network namespaces: {no_processes}")
