"""All queues that hold messages for mailboxes, with their state, and the alarms of the nodes, by the management API."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from bus.rabbit.admin.gaps import fetch_gaps
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_age import QueueAge, oldest_age
from bus.rabbit.admin.queue_faults import RULES, Fault, isolation_alarms, node_alarms
from bus.rabbit.admin.queue_state import QueueState
from bus.rabbit.admin.replicas import nodes_without_replica
from bus.rabbit.streams.audit_tail import TAG
from bus.topology.names import AUDIT, is_lane, is_stream, mailbox_of
from schemas.values import MailboxCode

Json: TypeAlias = Mapping[str, Any]

_SPANS = ((60, 5), (3600, 60))
"""(age, step) in seconds of the figures the broker keeps of a queue: fine ones of a minute, coarse ones of an hour."""
_COLUMNS = (
    "name,state,messages_ready,messages_unacknowledged,messages,message_bytes,consumers,members,online,policy,"
    "effective_policy_definition,message_stats.publish_details.rate,message_stats.ack_details.rate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    queues: tuple[QueueState, ...]
    """Inboxes and lanes by name, then `dead` and `unroutable`."""
    alarms: tuple[Fault, ...]
    gone: tuple[MailboxCode, ...] = ()
    """Mailboxes whose inbox is not there any more."""


def fetch_overview(management: Management, *, vhost: str) -> Overview:
    """Raises BrokerAway, BadConfig."""
    with management.understood():
        return _overview(management, vhost=vhost)


def _overview(management: Management, *, vhost: str) -> Overview:
    path = f"/queues/{quote(vhost, safe='')}"
    everything = management.get(path, columns=_COLUMNS)
    rows = [row for row in everything if _holds_mail(row["name"])]
    names = [str(row["name"]) for row in everything]
    nodes = management.get("/nodes", columns="name,running,mem_alarm,disk_free_alarm,partitions,uptime")
    ages = _ages(management, path, nodes) if any(row.get("messages") for row in rows) else {}
    running = [node["name"] for node in nodes if node.get("running")]
    gaps = fetch_gaps(management, vhost=vhost, queues=names)
    states = (_state(row, ages.get(row["name"]), running, gaps.inboxes) for row in rows)
    return Overview(
        queues=tuple(sorted(states, key=lambda queue: (queue.name in RULES, queue.name))),
        alarms=(
            *node_alarms(nodes),
            *gaps.alarms,
            *isolation_alarms(names, is_guarded=AUDIT not in names or _is_guarded(management, path)),
        ),
        gone=gaps.inboxes,
    )


def _is_guarded(management: Management, path: str) -> bool:
    consumers = management.get(f"{path}/{AUDIT}").get("consumer_details") or ()
    return any(consumer.get("consumer_tag") == TAG for consumer in consumers)


def _holds_mail(name: str) -> bool:
    """Messages or copies of them: inboxes, lanes and the two of dead letters. Streams never run empty."""
    return name in RULES or (mailbox_of(name) is not None and not is_stream(name))


def _ages(management: Management, path: str, nodes: Sequence[Json]) -> dict[str, QueueAge | None]:
    depths: dict[str, dict[int, int]] = {}
    acknowledged: dict[str, dict[int, int]] = {}
    for age, step in _SPANS:
        span = {"lengths_age": age, "lengths_incr": step, "msg_rates_age": age, "msg_rates_incr": step}
        columns = "name,messages_details.samples,message_stats.ack_details.samples"
        for row in management.get(path, columns=columns, **{key: str(value) for key, value in span.items()}):
            stats = row.get("message_stats") or {}
            finer = depths.setdefault(row["name"], {})
            before = min(finer, default=None)  # coarse steps are rounded up, the last one into the future
            samples = _samples(row.get("messages_details"))
            finer.update({at: sample for at, sample in samples.items() if before is None or at < before})
            acknowledged.setdefault(row["name"], {}).update(_samples(stats.get("ack_details")))
    newest = max((at for samples in depths.values() for at in samples), default=0)
    horizon = newest - min((node["uptime"] for node in nodes if node.get("uptime")), default=0)
    return {name: oldest_age(samples, acknowledged[name], horizon=horizon) for name, samples in depths.items()}


def _samples(details: Json | None) -> dict[int, int]:
    return {row["timestamp"]: row["sample"] for row in (details or {}).get("samples", ())}


def _state(row: Json, age: QueueAge | None, running: Collection[str], gone: Collection[MailboxCode]) -> QueueState:
    stats = row.get("message_stats") or {}
    policy = row.get("effective_policy_definition") or {}
    return QueueState(
        name=row["name"],
        counted="messages" in row,
        state=row.get("state") or "running",
        ready=row.get("messages_ready") or 0,
        unacknowledged=row.get("messages_unacknowledged") or 0,
        messages=row.get("messages") or 0,
        size=row.get("message_bytes") or 0,
        consumers=row.get("consumers") or 0,
        rate_in=(stats.get("publish_details") or {}).get("rate", 0.0),
        rate_out=(stats.get("ack_details") or {}).get("rate", 0.0),
        oldest=age if row.get("messages") else None,
        limit_messages=policy.get("max-length"),
        limit_bytes=policy.get("max-length-bytes"),
        policy=row.get("policy") or None,
        missing=tuple(sorted(set(row.get("members") or ()) - set(row.get("online") or ()))),
        lacking=nodes_without_replica(row, running),
        inbox_gone=is_lane(row["name"]) and mailbox_of(row["name"]) in gone,
    )
