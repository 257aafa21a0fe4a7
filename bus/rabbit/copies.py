"""On how many nodes of a cluster the queues and streams of the bus have a copy, by what the management API says.

A broker places copies when a queue is declared, and never again of its own accord: what was declared while fewer nodes
ran, or lost a node for good, has too few until an operator grows it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from bus.rabbit.management import Management
from bus.topology import SHARED, mailbox_of
from schemas.codes import Label

Json: TypeAlias = Mapping[str, Any]

WANTED = 3
"""A majority of three survives the loss of any one; more nodes than that need no more copies."""
SHOWN = 5

_GROW = {
    "quorum": "rabbitmq-queues grow {node} all",
    "stream": "rabbitmq-streams add_replica --vhost {vhost} {queue} {node}",
}
"""The command that gives a node a copy, by kind of queue."""


class Thin(NamedTuple):
    """A queue or stream with too few copies."""

    name: str
    kind: str
    """quorum or stream."""
    copies: int
    lacking: tuple[str, ...]
    """Running nodes that have none."""


def lacking(row: Json, running: Collection[str]) -> tuple[str, ...]:
    """Where a queue could have a copy that it should have; () where it has enough."""
    members = row.get("members") or ()
    if not members or len(members) >= min(WANTED, len(running)):
        return ()
    return tuple(sorted(set(running).difference(members)))


def thin(rows: Iterable[Json], running: Collection[str]) -> tuple[Thin, ...]:
    return tuple(
        Thin(row["name"], row["type"], len(row["members"]), without)
        for row in sorted(rows, key=lambda row: str(row["name"]))
        if row.get("type") in _GROW and (without := lacking(row, running))
    )


def ask(management: Management, *, vhost: str) -> tuple[Thin, ...]:
    """Of the bus's own. Raises BrokerAway, BadConfig."""
    rows = management.get(f"/queues/{quote(vhost, safe='')}", columns="name,type,members")
    nodes = management.get("/nodes", columns="name,running")
    ours = (row for row in rows if row["name"] in SHARED or mailbox_of(row["name"]))
    return thin(ours, [node["name"] for node in nodes if node.get("running")])


def in_words(found: Iterable[Thin], *, vhost: str) -> tuple[Label, ...]:
    """What has too few copies and what mends it: one sentence for all that one command mends."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for queue in found:
        commands = (_GROW[queue.kind].format(node=node, queue=queue.name, vhost=vhost) for node in queue.lacking)
        alike[tuple(commands)].append(f"{queue.name} ({queue.copies})")
    return tuple(
        Label(
            f"Quá ít bản sao, cụm mất một nút là dừng: {_some(names)}. Trên một nút: {'; '.join(commands)}",
            f"Too few copies, the loss of one node may stop them: {_some(names)}. On a node: {'; '.join(commands)}",
        )
        for commands, names in alike.items()
    )


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f", … (+{more})" if more > 0 else "")
