"""Where the broker's nodes are and who we are to them, read from URLs; what pika is told. Opens no connection."""

import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import pika
from pika.credentials import ExternalCredentials, PlainCredentials

from bus.errors import BadConfig

PORTS = {"amqp": 5672, "amqps": 5671}
TCP_TIMEOUT = 10.0
"""Seconds: the first packet and three more tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files of `amqps`. `certfile` is our certificate (PEM, with its chain); without it a password speaks for us."""

    cafile: Path | None = None
    """None: the authorities that the system trusts."""
    certfile: Path | None = None
    keyfile: Path | None = None
    newest: Callable[[], tuple[Path, Path]] | None = None
    """Names certificate and key anew at each attempt to connect, where `certfile` is None: they may be renewed."""

    @property
    def speaks(self) -> bool:
        """Whether a certificate of ours is shown."""
        return self.certfile is not None or self.newest is not None

    def context(self) -> ssl.SSLContext:
        """Raises BadConfig where a file cannot be read."""
        certfile, keyfile = self.newest() if self.newest and self.certfile is None else (self.certfile, self.keyfile)
        try:
            context = ssl.create_default_context(cafile=self.cafile)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            if certfile is not None:
                context.load_cert_chain(certfile, keyfile)
        except (OSError, ValueError) as error:
            file = getattr(error, "filename", None) or certfile or self.cafile
            raise BadConfig(file=file, why=str(error)) from error
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One node of the broker, one virtual host, one user. The password is in no repr and in no error."""

    host: str
    port: int
    vhost: str
    user: str
    password: str | None = field(repr=False)
    """None: our certificate speaks for us (EXTERNAL)."""
    tls: Tls | None = None
    """None: not encrypted."""

    @classmethod
    def from_url(
        cls, url: str, *, password: str | None = None, tls: Tls | None = None, user: str | None = None
    ) -> Self:
        """`amqp[s]://[user[:password]@]host[:port]/vhost`, parts percent-encoded; an empty vhost is `/`.

        `password` is used where the URL carries none, `user` where it names none. Without a password, a client
        certificate must speak for us, and the user is what the broker reads in it. Raises BadConfig.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _bad("it is no URL") from None  # the text of the cause would show the password
        if parts.scheme not in PORTS:
            raise _bad("it must begin with amqp:// or amqps://")
        if not host or parts.query or parts.fragment:
            raise _bad("it must be amqp[s]://user:password@host[:port]/vhost")
        if not (parts.username or user):
            raise _bad("it names no user")
        if parts.password is not None:
            password = unquote(parts.password)
        secure = parts.scheme == "amqps"
        if password is None and not (secure and tls is not None and tls.speaks):
            raise _bad("it has no password, and there is no client certificate")
        return cls(
            host=host,
            port=port or PORTS[parts.scheme],
            vhost=unquote(parts.path.removeprefix("/")) or "/",
            user=unquote(parts.username) if parts.username else str(user),
            password=password,
            tls=(tls or Tls()) if secure else None,
        )

    def __str__(self) -> str:
        return f"{'amqps' if self.tls else 'amqp'}://{self.host}:{self.port}/{self.vhost.removeprefix('/')}"

    def parameters(self, *, name: str, heartbeat: int, timeout: float) -> pika.ConnectionParameters:
        """For one attempt to connect: trying again is ours. `timeout` bounds TCP, TLS and AMQP together, in seconds."""
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.vhost,
            credentials=(
                ExternalCredentials() if self.password is None else PlainCredentials(self.user, self.password)
            ),
            heartbeat=heartbeat,
            blocked_connection_timeout=None,  # a full disk lasts hours; reconnecting would not empty it
            connection_attempts=1,
            socket_timeout=min(timeout, TCP_TIMEOUT),
            stack_timeout=timeout,
            client_properties={"connection_name": name, "product": "lienthong"},
            ssl_options=None if self.tls is None else pika.SSLOptions(self.tls.context(), self.host),
        )


def cluster(
    urls: Sequence[str], *, password: str | None = None, tls: Tls | None = None, user: str | None = None
) -> tuple[Address, ...]:
    """The nodes of one cluster, each by its own URL. Raises BadConfig, also where they are not of one cluster."""
    nodes = tuple(Address.from_url(url, password=password, tls=tls, user=user) for url in urls)
    if not nodes:
        raise _bad("there is none")
    if len({(node.vhost, node.user, node.tls is None) for node in nodes}) > 1:
        raise _bad(
            "the URLs of one cluster have one virtual host, one user, and amqps:// in all of them or in none / "
            "các địa chỉ của một cụm phải cùng vhost, cùng người dùng, và cùng là amqps:// hoặc cùng không"
        )
    if len({(node.host, node.port) for node in nodes}) < len(nodes):
        raise _bad("it names one node twice / có nút ghi hai lần")
    return nodes


class Turn:
    """Whose turn it is at the next attempt to connect. Each connection has an order of its own, drawn by `dice`: those
    who lose a node spread over all the others."""

    def __init__(self, nodes: Sequence[Address], *, dice: Callable[[], float]) -> None:
        self._order = deque(sorted(nodes, key=lambda _: dice()))

    def __len__(self) -> int:
        return len(self._order)

    def next(self) -> Address:
        node = self._order[0]
        self._order.rotate(-1)
        return node


def _bad(why: str) -> BadConfig:
    return BadConfig(file="broker URL", why=why)
