"""RabbitMQ's definitions: a topology as the JSON that it imports, and back from what its management API lists. Pure.

A password is in them as RabbitMQ keeps it: base64 of four bytes of salt and SHA-256 over salt and password.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from bus.topology.wanted import Binding, Exchange, Item, Permissions, Policy, Queue, Topology, User, Vhost

Json: TypeAlias = dict[str, Any]

SALT_SIZE = 4


def password_hash(password: str, *, salt: bytes) -> str:
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def matches_hash(password: str, hashed: str) -> bool:
    """Whether a broker's SHA-256 hash is this password's."""
    return bool(hashed) and password_hash(password, salt=base64.b64decode(hashed)[:SALT_SIZE]) == hashed


def to_definitions(items: Iterable[Item], *, vhost: str) -> Json:
    """The JSON that `POST /api/definitions` and `load_definitions` take. A user without hash is left out, with its
    permissions; one whose hash is "" can log in by client certificate only."""
    result: Json = {
        section: [] for section in ("users", "vhosts", "permissions", "policies", "exchanges", "queues", "bindings")
    }
    for item in items:
        match item:
            case Vhost():
                result["vhosts"].append({"name": item.name})
            case User():
                _add_user(result, item, vhost)
            case Policy():
                result["policies"].append({"vhost": vhost, **_policy(item)})
            case Exchange():
                result["exchanges"].append({"vhost": vhost, **_exchange(item)})
            case Queue():
                queue = {"name": item.name, "durable": True, "auto_delete": False, "arguments": dict(item.arguments)}
                result["queues"].append({"vhost": vhost, **queue})
            case Binding():
                result["bindings"].append({"vhost": vhost, **_binding(item)})
    return result


def export_definitions(topology: Topology, *, hashes: Mapping[str, str]) -> Json:
    """The whole topology, for import into an empty broker or into one that has it already. Users without a hash in
    `hashes` are left out."""
    users = (replace(user, password_hash=hashes[user.name]) for user in topology.users if user.name in hashes)
    return to_definitions(
        (
            Vhost(topology.vhost),
            *topology.policies,
            *topology.exchanges,
            *topology.queues,
            *topology.bindings,
            *users,
        ),
        vhost=topology.vhost,
    )


def _add_user(result: Json, user: User, vhost: str) -> None:
    if user.password_hash is None or user.permissions is None:
        return
    result["users"].append(
        {
            "name": user.name,
            "password_hash": user.password_hash,
            "hashing_algorithm": user.hashing,
            "tags": sorted(user.tags),
            "limits": dict(user.limits),  # added to those there: an import takes none away
        }
    )
    result["permissions"].append({"user": user.name, "vhost": vhost, **user.permissions._asdict()})


def _policy(policy: Policy) -> Json:
    return {
        "name": policy.name,
        "pattern": policy.pattern,
        "apply-to": policy.apply_to,
        "priority": policy.priority,
        "definition": dict(policy.definition),
    }


def _exchange(exchange: Exchange) -> Json:
    return {
        "name": exchange.name,
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": False,
        "internal": exchange.internal,
        "arguments": dict(exchange.arguments),
    }


def _binding(binding: Binding) -> Json:
    return {
        "source": binding.source,
        "destination": binding.destination,
        "destination_type": "exchange" if binding.to_exchange else "queue",
        "routing_key": binding.key,
        "arguments": {},
    }


# -- and back ----------------------------------------------------------------------------------------------------------


def exchanges_of(rows: Sequence[Json]) -> tuple[Exchange, ...]:
    """Without the broker's own, whose names begin with `amq.` or are empty."""
    return tuple(
        Exchange(row["name"], row["type"], row["internal"], row["arguments"], row["durable"])
        for row in rows
        if row["name"] and not row["name"].startswith("amq.")
    )


def queues_of(rows: Sequence[Json]) -> tuple[Queue, ...]:
    return tuple(
        Queue(
            row["name"],
            row["arguments"],
            messages=row.get("messages"),
            consumers=row.get("consumers") or 0,
            policy=row.get("policy") or None,
        )
        for row in rows
    )


def bindings_of(rows: Sequence[Json]) -> tuple[Binding, ...]:
    """Without those of the default exchange, which every queue has."""
    return tuple(
        Binding(
            row["source"],
            row["destination"],
            row["routing_key"],
            row["destination_type"] == "exchange",
            row["properties_key"],
        )
        for row in rows
        if row["source"]
    )


def policies_of(rows: Sequence[Json]) -> tuple[Policy, ...]:
    return tuple(
        Policy(row["name"], row["pattern"], row["apply-to"], row["definition"], row["priority"]) for row in rows
    )


def users_of(
    users: Sequence[Json], permissions: Sequence[Json], limits: Sequence[Json], *, vhost: str
) -> tuple[User, ...]:
    """Every user of the broker, with its limits, and its permissions in one virtual host."""
    bounds = {row["user"]: row["value"] for row in limits}
    here = {row["user"]: row for row in permissions if row["vhost"] == vhost}
    elsewhere = {row["user"] for row in permissions if row["vhost"] != vhost}
    return tuple(
        User(
            row["name"],
            Permissions(mine["configure"], mine["write"], mine["read"]) if (mine := here.get(row["name"])) else None,
            frozenset(_tags(row["tags"])),
            password_hash=row.get("password_hash", ""),
            hashing=row.get("hashing_algorithm") or "rabbit_password_hashing_sha256",
            elsewhere=row["name"] in elsewhere,
            limits=bounds.get(row["name"], {}),
        )
        for row in users
    )


def _tags(tags: str | Sequence[str]) -> Sequence[str]:
    return [tag for tag in tags.split(",") if tag] if isinstance(tags, str) else tags
