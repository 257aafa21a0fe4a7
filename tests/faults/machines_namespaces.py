"""A cluster's nodes as processes, each in a network namespace: three machines, as far as their networks go.

The nodes are connected by a bridge in a namespace of its own, so that no firewall rule of this machine is between them;
a node is cut off by taking down its port there. Clients reach each node by a line of its own, from this machine's own
namespace. Needs root, or sudo without a password, for `ip`; the nodes run as the present user.
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deploy.node import conf_text, environment_of, plugins_text, server_script
from deploy.probes import NoBroker, run
from deploy.undo import Undo
from tests.faults.machines import Node, Place

CLIENTS, PEERS = "198.18", "198.19"
"""Address prefixes from the range reserved for tests of networks: RFC 2544."""
SETTINGS = {"cluster_partition_handling": "pause_minority"}
"""RabbitMQ 3.x keeps its users and queues in Mnesia, which does not heal by itself where two sides went on alone: the
side without a majority waits. RabbitMQ 4.3 keeps them in Khepri, and needs (and has) no such setting."""
NO_HELP = "prevent_overlapping_partitions false"
"""Erlang 25 would end a node's sound connections, too, when one of them broke; a RabbitMQ that does not know that (3.11
switches it off itself) never comes through its start after a cut."""
ENDS_SECONDS = 60.0


def _root() -> tuple[str, ...]:
    return () if os.geteuid() == 0 else ("sudo", "-n")


def _ip(*words: str) -> str:
    return run(*_root(), "ip", *words)


def namespaces_problem() -> str | None:
    """Returns the reason why no network namespace can be made here; None if one can."""
    if shutil.which("ip") is None:
        return "there is no ip command (apt-get install iproute2)"
    probe = f"ltprobe{os.getpid()}"
    try:
        _ip("netns", "add", probe)
        _ip("netns", "delete", probe)
    except NoBroker as error:
        return f"network namespaces need root, or sudo without a password: {error}"
    return None


class Namespaces:
    kind = "nodes as processes in network namespaces"

    def __init__(self, name: str, undo: Undo) -> None:
        self._cookie, self._undo = name, undo
        self._folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        undo.add(f"rm -rf {self._folder}")
        self._net = _unused()
        self._tag = f"lt{self._net:02x}"
        """The prefix of all names of devices and namespaces."""
        self._hub = self._namespace("hub")
        _ip("-n", self._hub, "link", "add", "peers", "type", "bridge")
        _ip("-n", self._hub, "link", "set", "peers", "up")

    def _namespace(self, name: str) -> str:
        name = f"{self._tag}-{name}"
        root = " ".join(_root())
        self._undo.add(f"{root} ip netns delete {name}")
        self._undo.add(f"{root} ip netns pids {name} | xargs -r kill -9")
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
        return name

    def places(self, count: int) -> list[Place]:
        return [Place(20_000 + n, 21_000 + n, f"{CLIENTS}.{self._net}.{4 * n + 2}") for n in range(1, count + 1)]

    def add(self, number: int, place: Place) -> Node:
        node = Node(f"{PEERS}.{self._net}.{number}", place, self._namespace(f"node{number}"))
        port, line = f"{self._tag}p{number}", f"{self._tag}c{number}"
        _ip("-n", self._hub, "link", "add", port, "type", "veth", "peer", "name", "peers", "netns", node.machine)
        _ip("-n", self._hub, "link", "set", port, "master", "peers", "up")
        _ip("-n", node.machine, "address", "add", f"{node.host}/24", "dev", "peers")
        self._undo.add(f"{' '.join(_root())} ip link delete {line}")
        _ip("link", "add", line, "type", "veth", "peer", "name", "clients", "netns", node.machine)
        _ip("-n", node.machine, "address", "add", f"{place.address}/30", "dev", "clients")
        _ip("address", "add", f"{_our_end(place)}/30", "dev", line)
        _ip("link", "set", line, "up")
        for each in ("peers", "clients"):
            _ip("-n", node.machine, "link", "set", each, "up")
        home = self._home(node)
        home.mkdir()
        cookie = home / ".erlang.cookie"
        cookie.write_text(self._cookie)
        cookie.chmod(0o400)
        (home / "enabled_plugins").write_text(plugins_text(("rabbitmq_management",)))
        (home / "env.conf").touch()
        return node

    def configure(self, node: Node, settings: Mapping[str, str]) -> None:
        listeners = {
            "listeners.tcp.1": f"{node.place.address}:{node.place.amqp}",
            "management.tcp.ip": node.place.address,
            "management.tcp.port": str(node.place.management),
        }
        (self._home(node) / "rabbitmq.conf").write_text(conf_text({**settings, **SETTINGS, **listeners}))

    def start(self, node: Node) -> None:
        script = server_script()
        assert script is not None
        with (self._home(node) / "broker.log").open("ab") as log:
            # Erlang's own way of starting epmd would leave it to PID 1, which may take nobody's remains away.
            for command in (["epmd"], [str(script)]):
                process = subprocess.Popen(
                    self._inside(node, *command),
                    env=self._environment(node),
                    cwd=self._home(node),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    process_group=0,
                )
                self._undo.add_child(process)

    def runs(self, node: Node) -> bool:
        return bool(self._pids(node, "beam"))

    def ctl(self, node: Node, tool: str, *arguments: str) -> str:
        script = server_script()
        assert script is not None
        command = self._inside(node, str(script.with_name(tool)), *arguments)
        return run(*command, env=self._environment(node), timeout=180)

    def kill(self, node: Node) -> None:
        self._signal(node, signal.SIGKILL)
        deadline = time.monotonic() + ENDS_SECONDS
        while self._pids(node):
            assert time.monotonic() < deadline, f"{node.machine} does not die"
            time.sleep(0.02)

    def freeze(self, node: Node) -> None:
        self._signal(node, signal.SIGSTOP)

    def thaw(self, node: Node) -> None:
        self._signal(node, signal.SIGCONT)

    def cut_off(self, node: Node) -> None:
        _ip("-n", self._hub, "link", "set", self._port(node), "down")

    def reconnect(self, node: Node) -> None:
        _ip("-n", self._hub, "link", "set", self._port(node), "up")

    def lose(self, node: Node) -> None:
        self.kill(node)
        _ip("link", "delete", f"{self._tag}c{node.host.rpartition('.')[2]}")
        _ip("netns", "delete", node.machine)
        shutil.rmtree(self._home(node))

    def _home(self, node: Node) -> Path:
        return self._folder / node.machine

    def _port(self, node: Node) -> str:
        return f"{self._tag}p{node.host.rpartition('.')[2]}"

    def _inside(self, node: Node, *command: str) -> list[str]:
        inside = ["ip", "netns", "exec", node.machine]
        if os.geteuid() == 0:
            return [*inside, *command]
        as_us = ["setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}", "--clear-groups"]
        words = [f"{name}={value}" for name, value in self._environment(node).items()]  # sudo passes none on
        return [*_root(), *inside, *as_us, "env", "-i", *words, *command]

    def _environment(self, node: Node) -> dict[str, str]:
        environment = environment_of(self._home(node), dist_port=25672, epmd_port=4369)
        del environment["ERL_EPMD_ADDRESS"]  # the namespace belongs to it alone
        return {
            **environment,
            "RABBITMQ_NODENAME": node.name,
            "RABBITMQ_USE_LONGNAME": "true",  # an address is a name that nobody must look up
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {_erlang(node.host)} {NO_HELP}",
        }

    def _pids(self, node: Node, named: str = "") -> list[int]:
        """Returns the processes of a namespace that are not dead."""
        pids = map(int, _ip("netns", "pids", node.machine).split())
        return [pid for pid in pids if named in _name_of(pid)]

    def _signal(self, node: Node, number: signal.Signals) -> None:
        for pid in self._pids(node):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _unused() -> int:
    """Returns a third byte for the addresses that no other cluster on this machine uses."""
    taken = run("ip", "-o", "address")
    return random.choice([number for number in range(1, 255) if f" {CLIENTS}.{number}." not in taken])


def _our_end(place: Place) -> str:
    head, _, last = place.address.rpartition(".")
    return f"{head}.{int(last) - 1}"


def _erlang(address: str) -> str:
    return "{" + address.replace(".", ",") + "}"


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except OSError:
        return ""
