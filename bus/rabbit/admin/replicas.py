"""Replicas of the bus's queues and streams on the nodes of a cluster, by the management API: which have too few.

A broker places replicas when a queue is declared, and never later by itself: one declared while fewer nodes ran, or
that lost a node for good, has too few until an operator grows it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from bus.rabbit.admin.management import Management
from bus.topology.names import SHARED, mailbox_of
from schemas.codes import Label

Json: TypeAlias = Mapping[str, Any]

ENOUGH = 3
"""Replicas: a majority of three survives the loss of any one node."""
NAMES_SHOWN = 5

_GROW = {
    "quorum": "rabbitmq-queues grow {node} all",
    "stream": "rabbitmq-streams add_replica --vhost {vhost} {queue} {node}",
}
"""The command that adds a replica on a node, by kind of queue."""


class UnderReplicated(NamedTuple):
    """A queue or stream with too few replicas."""

    name: str
    kind: str
    """quorum or stream."""
    replicas: int
    lacking: tuple[str, ...]
    """Running nodes without a replica."""


def nodes_without_replica(row: Json, running: Collection[str]) -> tuple[str, ...]:
    """Running nodes without a replica of a queue that has too few; () where it has enough."""
    members = row.get("members") or ()
    if not members or len(members) >= min(ENOUGH, len(running)):
        return ()
    return tuple(sorted(set(running).difference(members)))


def under_replicated(rows: Iterable[Json], running: Collection[str]) -> tuple[UnderReplicated, ...]:
    return tuple(
        UnderReplicated(row["name"], row["type"], len(row["members"]), without)
        for row in sorted(rows, key=lambda row: str(row["name"]))
        if row.get("type") in _GROW and (without := nodes_without_replica(row, running))
    )


def fetch_under_replicated(management: Management, *, vhost: str) -> tuple[UnderReplicated, ...]:
    """Among the bus's own queues and streams. Raises BrokerAway, BadConfig."""
    with management.understood():
        rows = management.get(f"/queues/{quote(vhost, safe='')}", columns="name,type,members")
        nodes = management.get("/nodes", columns="name,running")
        ours = (row for row in rows if row["name"] in SHARED or mailbox_of(row["name"]))
        return under_replicated(ours, [node["name"] for node in nodes if node.get("running")])


def replica_notes(found: Iterable[UnderReplicated], *, vhost: str) -> tuple[Label, ...]:
    """One sentence for all queues that the same command mends, with that command."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for queue in found:
        commands = (_GROW[queue.kind].format(node=node, queue=queue.name, vhost=vhost) for node in queue.lacking)
        alike[tuple(commands)].append(f"{queue.name} ({queue.replicas})")
    return tuple(
        Label(
            f"Quá ít bản sao, cụm mất một nút là dừng: {_some(names)}. Trên một nút: {'; '.join(commands)}",
            f"Too few copies, the loss of one node may stop them: {_some(names)}. On a node: {'; '.join(commands)}",
        )
        for commands, names in alike.items()
    )


def _some(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f", … (+{more})" if more > 0 else "")
