"""What of the bus is gone at a broker: a queue, an exchange or a road between them that somebody deleted. Judged by the
mailboxes' exchanges that are still there; without any, there is no bus yet.

RabbitMQ tells nobody: it confirms what is published as long as it finds one place for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_faults import Fault, gap_alarm
from bus.topology.isolation import isolated_in
from bus.topology.names import exchange_of, inbox_of, is_exchange
from bus.topology.wanted import Binding, Topology, topology
from schemas.values import MailboxCode

Json: TypeAlias = Mapping[str, Any]

SHOWN = 8
"""Names in one sentence."""


@dataclass(frozen=True, slots=True)
class Gaps:
    alarms: tuple[Fault, ...] = ()
    """Gravest first."""
    inboxes: tuple[MailboxCode, ...] = ()
    """The mailboxes whose inbox is gone."""


def fetch_gaps(management: Management, *, vhost: str, queues: Collection[str]) -> Gaps:
    """`queues`: the names of all that are there. Raises as `Management.get` does."""
    path = quote(vhost, safe="")
    exchanges = [str(row["name"]) for row in management.get(f"/exchanges/{path}", columns="name", disable_stats="true")]
    if not any(map(is_exchange, exchanges)):
        return Gaps()
    rows = management.get(f"/bindings/{path}", columns="source,destination,destination_type,routing_key")
    return gaps(exchanges, queues, tuple(map(_binding, rows)), vhost=vhost)


def gaps(exchanges: Collection[str], queues: Collection[str], bindings: tuple[Binding, ...], *, vhost: str) -> Gaps:
    """What the mailboxes whose exchanges are there want, and is not there."""
    mailboxes = [name.removeprefix(exchange_of("")) for name in exchanges if is_exchange(name)]
    isolated = isolated_in(Topology(vhost=vhost, bindings=bindings))
    wanted = topology(mailboxes, vhost=vhost, isolated=isolated)
    inboxes = tuple(mailbox for mailbox in mailboxes if inbox_of(mailbox) not in queues)
    others = {each.name for each in wanted.queues}.difference(map(inbox_of, mailboxes), queues)
    lost = {
        "exchange-gone": [each.name for each in wanted.exchanges if each.name not in exchanges],
        "queue-gone": [*map(inbox_of, inboxes), *sorted(others)],
        "binding-gone": _roads(wanted, {each.road for each in bindings}, {*exchanges}, {*queues}),
    }
    alarms = tuple(gap_alarm(code, _some(names)) for code, names in lost.items() if names)
    return Gaps(alarms, inboxes)


def _roads(
    wanted: Topology, there: Collection[tuple[str, str, str, bool]], exchanges: Collection[str], queues: Collection[str]
) -> list[str]:
    """Those whose ends are there: a road without an end is gone with it."""
    return [
        each.name
        for each in wanted.bindings
        if each.road not in there
        and each.source in exchanges
        and each.destination in (exchanges if each.to_exchange else queues)
    ]


def _binding(row: Json) -> Binding:
    to_exchange = row["destination_type"] == "exchange"
    return Binding(str(row["source"]), str(row["destination"]), str(row["routing_key"]), to_exchange=to_exchange)


def _some(names: list[str]) -> str:
    more = f", … +{len(names) - SHOWN}" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
