"""What a running broker says of itself by the management API, and what its doors answer to a stranger: listeners,
plugins, mechanisms, users, versions of TLS. What of it is wrong is bus/rabbit/admin/node_check.py's."""

import socket
import ssl
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bus.errors import BadConfig
from bus.rabbit.admin.management import Management
from bus.topology.drift import nameable

GUEST: Final = "guest"
OFFERED: Final = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
PATIENCE: Final = 5.0
"""Seconds for one answer of a door."""
_HEADER: Final = b"AMQP\x00\x00\x09\x01"


class Listener(NamedTuple):
    """A port that a node listens on."""

    node: str
    protocol: str
    """By RabbitMQ's own words: amqp, amqp/ssl, http, https, clustering, stream …"""
    address: str
    port: int
    asks_lists: bool = False
    """Of AMQP over TLS: it looks at the lists of revoked certificates."""


class TlsDoor(NamedTuple):
    """What a port of AMQP over TLS answers to who has no certificate."""

    host: str
    port: int
    versions: tuple[str, ...]
    """Versions of TLS in which it shakes hands; () where it does not answer from here."""
    lets_in: bool
    """It goes on to AMQP with a client that shows no certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    version: str
    nodes: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()
    lacking_plugin: tuple[str, ...] = ()
    """Nodes that cannot log in anybody by certificate."""
    mechanisms: frozenset[str] | None = None
    """By which one may log in over AMQP, on any node; None in a node's first seconds, before it says."""
    has_guest: bool = False
    guest_logs_in: bool = False
    """With the password that everybody knows."""
    nameable: tuple[str, ...] = ()
    """Foreign users in a name that a mailbox can have."""
    doors: tuple[TlsDoor, ...] = ()


def fetch_facts(management: Management, stranger: Management, *, vhost: str, host: str, plugin: str) -> NodeFacts:
    """`stranger` is the same broker, asked as guest; `host`: the name by which its ports are tried. Raises BrokerAway,
    BadConfig."""
    with management.understood():
        overview = management.get("/overview")
        nodes = management.get("/nodes", columns="name,running,enabled_plugins,auth_mechanisms")
        listeners = tuple(_listener(row) for row in overview["listeners"])
        up = [node for node in nodes if node.get("running") and "enabled_plugins" in node]
        users = {str(row["name"]) for row in management.get("/users", columns="name")}
        return NodeFacts(
            version=str(overview["rabbitmq_version"]),
            nodes=tuple(sorted(str(node["name"]) for node in nodes)),
            listeners=listeners,
            lacking_plugin=tuple(str(node["name"]) for node in up if plugin not in node["enabled_plugins"]),
            mechanisms=_mechanisms(up),
            has_guest=GUEST in users,
            guest_logs_in=_logs_in(stranger),
            nameable=nameable(management.topology(vhost)),
            doors=tuple(
                look_at_door(host, port)
                for port in sorted({each.port for each in listeners if each.protocol == "amqp/ssl"})
            ),
        )


def _listener(row: Mapping[str, Any]) -> Listener:
    """Where the row itself says `::`, the address it was told to listen on, if it was told one (management)."""
    told = row.get("socket_opts") or {}
    address = told.get("ip") or row["ip_address"]
    return Listener(
        str(row["node"]), str(row["protocol"]), str(address), int(row["port"]), told.get("crl_check") in {"peer", True}
    )


def _mechanisms(nodes: Sequence[Mapping[str, Any]]) -> frozenset[str] | None:
    if not all("auth_mechanisms" in node for node in nodes) or not nodes:
        return None
    rows = [row for node in nodes for row in node["auth_mechanisms"]]
    return frozenset(str(row["name"]) for row in rows if row.get("enabled"))


def _logs_in(stranger: Management) -> bool:
    try:
        return stranger.get("/whoami") is not None
    except BadConfig:
        return False


def look_at_door(host: str, port: int, *, versions: Sequence[ssl.TLSVersion] = OFFERED) -> TlsDoor:
    """Shakes hands in each version, without a certificate. Nothing is sent but AMQP's first eight bytes."""
    offered = tuple(str(version.name) for version in versions if _shakes_hands(host, port, version))
    return TlsDoor(host, port, offered, bool(offered) and _lets_in(host, port))


def _context(version: ssl.TLSVersion | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whose it is, the daemons ask; here, what it offers to whoever comes
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are asked for, so as to find them
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _shakes_hands(host: str, port: int, version: ssl.TLSVersion) -> bool:
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as plain,
            _context(version).wrap_socket(plain, server_hostname=host),
        ):
            return True
    except (OSError, ValueError):
        # In TLS 1.2 the refusal of a client without certificate comes within the handshake: then it is not offered
        # to a stranger, which is all that is asked here.
        return False


def _lets_in(host: str, port: int) -> bool:
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as plain,
            _context(None).wrap_socket(plain, server_hostname=host) as tls,
        ):
            tls.sendall(_HEADER)
            return bool(tls.recv(1))
    except (OSError, ValueError):
        return False
