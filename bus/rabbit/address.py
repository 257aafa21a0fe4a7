"""Addresses of the broker's nodes, read from URLs, and pika's parameters for each. Opens no connection."""

import ipaddress
import os
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import pika
from pika.credentials import ExternalCredentials, PlainCredentials

from bus.errors import BadConfig, Words, of_system, quoted, said
from bus.rabbit.broker_certificate import Revocations, check_peer

PORTS = {"amqp": 5672, "amqps": 5671}
TCP_TIMEOUT = 10.0
"""Seconds: the first packet and three more tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files of `amqps`. `certfile` is our certificate (PEM, with its chain); without it we log in by password."""

    cafile: Path | None = None
    """None: the authorities that the system trusts."""
    certfile: Path | None = None
    keyfile: Path | None = None
    current_files: Callable[[], tuple[Path, Path]] | None = None
    """Names certificate and key at each attempt to connect, where `certfile` is None: they may be renewed."""
    revocations: Revocations | None = None
    """None: the broker's certificate is not looked for in revocation lists."""

    @property
    def has_certificate(self) -> bool:
        return self.certfile is not None or self.current_files is not None

    def context(self) -> ssl.SSLContext:
        """Raises BadConfig where a file cannot be read."""
        certfile, keyfile = self.certfile, self.keyfile
        if certfile is None and self.current_files is not None:
            certfile, keyfile = self.current_files()
        with _reading(self.cafile):
            context = ssl.create_default_context(cafile=self.cafile)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # An issuer in `cafile` may stand there without its root: where others share that, the issuer is trusted.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.revocations is not None:
            check_peer(context, self.revocations)
        if certfile is not None:
            with _reading(certfile, keyfile):
                context.load_cert_chain(certfile, keyfile)
        return context


@contextmanager
def _reading(*files: Path | None) -> Iterator[None]:
    """Raises BadConfig, which names the file that is at fault; OpenSSL does not."""
    named = [file for file in files if file is not None]
    try:
        yield
    except ssl.SSLError as error:
        for file in named:
            if b"-----BEGIN" not in file.read_bytes():
                raise BadConfig(file=file, why=said("không có gì ở dạng PEM", "nothing in it is PEM")) from error
        why = said("khóa hoặc chứng thư không dùng được ({cause})", "{cause}", cause=quoted(str(error)))
        raise BadConfig(file=" + ".join(map(str, named)), why=why) from error
    except OSError as error:
        at_fault = [each for each in named if not os.access(each, os.R_OK)] or named
        raise BadConfig(file=" + ".join(map(str, at_fault)), why=of_system(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A node of the broker, a virtual host and a user. The password is in no repr and in no error."""

    host: str
    port: int
    vhost: str
    user: str
    password: str | None = field(repr=False)
    """None: we log in by certificate (EXTERNAL)."""
    tls: Tls | None = None
    """None: not encrypted."""

    @classmethod
    def from_url(
        cls, url: str, *, password: str | None = None, tls: Tls | None = None, user: str | None = None
    ) -> Self:
        """`amqp[s]://[user[:password]@]host[:port]/vhost`, parts percent-encoded; an empty vhost is `/`.

        `password` is used where the URL has none, `user` where it names none. Without a password there must be a client
        certificate; the broker reads the user in it. Raises BadConfig.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _bad(
                said("không phải một địa chỉ", "it is no URL")
            ) from None  # the text of the cause would show the password
        if parts.scheme not in PORTS:
            raise _bad(said("phải bắt đầu bằng amqp:// hoặc amqps://", "it must begin with amqp:// or amqps://"))
        if not host or parts.query or parts.fragment:
            raise _bad(
                said(
                    "phải có dạng amqp[s]://NGƯỜI-DÙNG:MẬT-KHẨU@MÁY[:CỔNG]/VHOST",
                    "it must be amqp[s]://user:password@host[:port]/vhost",
                )
            )
        if not (parts.username or user):
            raise _bad(said("không nêu người dùng", "it names no user"))
        if parts.password is not None:
            password = unquote(parts.password)
        secure = parts.scheme == "amqps"
        if password is None and not (secure and tls is not None and tls.has_certificate):
            raise _bad(
                said(
                    "không có mật khẩu, cũng không có chứng thư để đăng nhập",
                    "it has no password, and there is no client certificate",
                )
            )
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
        """For one attempt to connect. `timeout`: seconds for TCP, TLS and AMQP together."""
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
    """The nodes of one cluster, each by its own URL. Raises BadConfig, also for URLs of different clusters."""
    nodes = tuple(Address.from_url(url, password=password, tls=tls, user=user) for url in urls)
    if not nodes:
        raise _bad(said("không có địa chỉ nào", "there is none"))
    if len({(node.vhost, node.user, node.tls is None) for node in nodes}) > 1:
        raise _bad(
            said(
                "các địa chỉ của một cụm phải cùng vhost, cùng người dùng, và cùng là amqps:// hoặc cùng không",
                "the URLs of one cluster have one virtual host, one user, and amqps:// in all of them or in none",
            )
        )
    if len({(node.host, node.port) for node in nodes}) < len(nodes):
        raise _bad(said("có nút ghi hai lần", "it names one node twice"))
    return nodes


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself: what goes there passes no line."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_clear(nodes: Sequence[Address]) -> None:
    """Raises BadConfig where a password would go over a line in clear."""
    for node in nodes:
        if node.tls is None and not is_loopback(node.host):
            raise _bad(clear_line("amqp", node.host, "amqps://"))


def clear_line(scheme: str, host: str, instead: str) -> Words:
    """Why a password does not go there, and what to write."""
    return Words(
        f"{scheme}:// gửi mật khẩu không mã hóa tới {host}: ghi {instead}, hoặc "
        "localhost qua đường hầm SSH; chỉ để thử thì LIENTHONG_PLAIN=true",
        f"{scheme}:// would send the password in clear to {host}: write {instead}, or an SSH tunnel's localhost; "
        "LIENTHONG_PLAIN=true for a trial",
    )


class NodeRotation:
    """The nodes in turn, one for each attempt to connect. Each connection draws an order of its own by `dice`: clients
    that lose a node spread over all the others."""

    def __init__(self, nodes: Sequence[Address], *, dice: Callable[[], float]) -> None:
        self._order = deque(sorted(nodes, key=lambda _: dice()))

    def __len__(self) -> int:
        return len(self._order)

    def next(self) -> Address:
        node = self._order[0]
        self._order.rotate(-1)
        return node


def _bad(why: Words) -> BadConfig:
    return BadConfig(file=said("địa chỉ RabbitMQ", "broker URL"), why=why)
