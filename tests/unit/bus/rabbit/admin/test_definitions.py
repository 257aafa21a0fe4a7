"""RabbitMQ's definitions, and back."""

import json

from bus.rabbit.admin.definitions import (
    Json,
    bindings_of,
    exchanges_of,
    export_definitions,
    matches_hash,
    password_hash,
    to_definitions,
    users_of,
)
from bus.topology.wanted import Permissions, User, topology

WANTED = topology(["G22", "H29.12"], vhost="bus")


def test_a_password_is_hashed_as_rabbitmq_does() -> None:
    """The example of RabbitMQ's own documentation (passwords.html): salt 908DC60A, password test12."""
    hashed = password_hash("test12", salt=bytes.fromhex("908DC60A"))
    assert hashed == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert matches_hash("test12", hashed)
    assert not matches_hash("test13", hashed)
    assert not matches_hash("test12", "")


def test_an_export_without_hashes_has_no_users() -> None:
    """Importing it cannot take a password away from anybody."""
    exported = export_definitions(WANTED, hashes={})
    assert exported["users"] == exported["permissions"] == []
    assert len(exported["queues"]) == len(WANTED.queues)


def test_an_export_is_json_and_names_its_virtual_host_everywhere() -> None:
    """It can be imported by itself, into a broker that knows nothing."""
    exported = json.loads(json.dumps(export_definitions(WANTED, hashes={"G22": "hash", "nobody": "x"})))
    assert exported["vhosts"] == [{"name": "bus"}]
    for section in ("policies", "exchanges", "queues", "bindings", "permissions"):
        assert {entry["vhost"] for entry in exported[section]} == {"bus"}
    assert [(user["name"], user["password_hash"]) for user in exported["users"]] == [("G22", "hash")]
    assert [entry["user"] for entry in exported["permissions"]] == ["G22"]


def test_a_user_that_only_has_a_certificate_has_the_empty_hash() -> None:
    """No password fits an empty hash."""
    (user,) = to_definitions([User("G22", Permissions("^$", "^$", "^$"), password_hash="")], vhost="bus")["users"]
    assert user["password_hash"] == ""


def test_a_user_is_limited_from_the_first_moment() -> None:
    """An import brings the limits with the user, into a broker that reads definitions at its start too."""
    exported = export_definitions(WANTED, hashes={"G22": "", "operator": ""})
    assert {user["name"]: user["limits"] for user in exported["users"]} == {
        "operator": {},
        "G22": {"max-connections": 12, "max-channels": 32},
    }


def test_what_belongs_to_the_broker_itself_is_passed_over() -> None:
    """Neither the exchanges every virtual host has, nor the default exchange's bindings, are read."""
    rows: list[Json] = [
        {"name": name, "type": "direct", "internal": False, "arguments": {}, "durable": True}
        for name in ("", "amq.direct", "route")
    ]
    assert [exchange.name for exchange in exchanges_of(rows)] == ["route"]
    default = {"source": "", "destination": "q", "destination_type": "queue", "routing_key": "q", "properties_key": "q"}
    assert bindings_of([default]) == ()


def test_users_are_read_with_their_permissions_here_and_whether_they_have_others() -> None:
    """Tags come as a list or, from older brokers, as one text."""
    users: list[Json] = [
        {"name": "a", "tags": ["lienthong"], "password_hash": "h"},
        {"name": "b", "tags": "lienthong,monitoring"},
    ]
    permissions = [
        {"user": "a", "vhost": "bus", "configure": "^$", "write": "w", "read": "r"},
        {"user": "a", "vhost": "else", "configure": "", "write": "", "read": ""},
    ]
    limits = [{"user": "a", "value": {"max-channels": 3}}]
    a, b = users_of(users, permissions, limits, vhost="bus")
    assert a == User("a", Permissions("^$", "w", "r"), limits={"max-channels": 3})
    assert (a.elsewhere, a.password_hash) == (True, "h")
    assert b == User("b", None, frozenset({"lienthong", "monitoring"}))
    assert (b.elsewhere, b.password_hash) == (False, "")
