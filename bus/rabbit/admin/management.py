"""A client of RabbitMQ's management API: reads a broker's topology and the figures of its queues, and makes changes.

The wanted topology is bus/topology/wanted.py's, the differences are bus/topology/drift.py's. Messages are looked at in
one case only: whether a queue that is to be deleted has any."""

import json
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from bus.errors import BadConfig, BrokerAway, BusError, Words, listed, said
from bus.rabbit.address import clear_line, is_loopback
from bus.rabbit.admin.definitions import (
    bindings_of,
    exchanges_of,
    policies_of,
    queues_of,
    to_definitions,
    users_of,
)
from bus.rabbit.pika_errors import reason_of
from bus.topology.drift import Act, Change, Thing, owner
from bus.topology.names import is_lane, is_stream, mailbox_of
from bus.topology.quotas import Amount
from bus.topology.versions import Version, parse_version
from bus.topology.wanted import USER_LIMITS, Binding, Exchange, Item, Policy, Queue, Topology, User, Vhost

PATIENCE = 300.0
"""Seconds without a byte. Importing a thousand quorum queues, and as many streams, is one request: most of a minute on
a busy machine."""
CONNECT = 5.0
LONGEST = 600.0
"""Seconds for one whole answer: a node that sends a byte now and then is as good as silent."""
LARGEST = 256 * 1024 * 1024
"""Bytes of one answer; all queues of ten thousand mailboxes are a tenth of it."""
SAID = 500
"""Letters of a reason that are shown."""
STALE = 12.0
"""Seconds after which the figures of a queue are new ones: five on 4.3, twice that on 3.10."""


class Management:
    """The management API of the first node that answers. Raises BrokerAway where none does, BadConfig where it
    refuses."""

    def __init__(
        self,
        url: str,
        *,
        plain: bool = False,
        largest: int = LARGEST,
        longest: float = LONGEST,
        patience: float = PATIENCE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`https://user:password@host:port`, parts percent-encoded; several, with spaces between, of a cluster.
        `http://` to this machine only, or anywhere if `plain`, for trials. `patience`: seconds in which something
        of an answer must come. `transport`: httpx's own way for tests to answer without a broker."""
        self._nodes = deque(_split(each, plain=plain) for each in url.split() or [""])
        self._largest, self._longest = largest, longest
        self._http = httpx.Client(
            timeout=httpx.Timeout(patience, connect=min(patience, CONNECT)),
            transport=transport,
            trust_env=False,  # a proxy meant for the web is no way to the broker
            follow_redirects=False,  # nobody sends the password elsewhere
            verify=ssl.create_default_context(),  # the system's authorities, or SSL_CERT_FILE
        )

    @property
    def address(self) -> str:
        """Of the node that answers, without password."""
        return self._nodes[0][0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    # -- reading

    def version(self) -> Version:
        with self.understood():
            return parse_version(str(self.get("/overview", columns="rabbitmq_version")["rabbitmq_version"]))

    def topology(self, vhost: str) -> Topology:
        """Everything of the virtual host, ours or not, and every user of the broker."""
        with self.understood():
            return self._topology(vhost)

    def _topology(self, vhost: str) -> Topology:
        users = users_of(self.get("/users"), self.get("/permissions"), self.get("/user-limits"), vhost=vhost)
        if vhost not in {row["name"] for row in self.get("/vhosts", columns="name")}:
            return Topology(vhost=vhost, exists=False, users=users)
        path = quote(vhost, safe="")
        return Topology(
            vhost=vhost,
            exchanges=exchanges_of(self.get(f"/exchanges/{path}", disable_stats="true")),
            queues=queues_of(self.get(f"/queues/{path}", columns="name,arguments,messages,consumers,policy,durable")),
            bindings=bindings_of(self.get(f"/bindings/{path}")),
            policies=policies_of(self.get(f"/policies/{path}")),
            users=users,
        )

    def queue_names(self, vhost: str) -> frozenset[str]:
        """Of all queues and streams of the virtual host."""
        with self.understood():
            rows = self.get(f"/queues/{quote(vhost, safe='')}", columns="name", disable_stats="true")
            return frozenset(str(row["name"]) for row in rows)

    def lying(self, vhost: str, queue: str) -> Amount:
        """What lies in a queue, by figures some seconds old."""
        with self.understood():
            # Of a new one there are no figures, and no object.
            row = self.get(self._path("queues", vhost, queue), columns="messages,message_bytes") or {}
            return Amount(int(row.get("messages") or 0), int(row.get("message_bytes") or 0))

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Raises BadConfig where what a node answered is JSON, and not what RabbitMQ answers."""
        try:
            yield
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise _bad(
                Words(
                    f"ở {self.address} trả lời không như RabbitMQ (“{error!r:.200}”)",
                    f"what answers at {self.address} does not answer as RabbitMQ does ({error!r:.200})",
                )
            ) from error

    def get(self, path: str, **params: str) -> Any:
        return self._ask("GET", path, params=params)

    # -- changing

    def apply(
        self,
        changes: Sequence[Change],
        *,
        vhost: str,
        hashes: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Makes the changes: one import for all that is new or different, then removals one by one. Idempotent.

        `hashes`: the password hash of each user to be made, "" for none. Tests do not `sleep`.
        """
        imported = [_with_hash(change.item, hashes) for change in changes if change.kind in {Act.CREATE, Act.CHANGE}]
        if imported:
            self._ask("POST", "/definitions", content=to_definitions(imported, vhost=vhost))
        for change in changes:
            if change.kind is Act.CHANGE and isinstance(change.item, User):
                self._remove_limits(change.item)
        self._remove_all([change for change in changes if change.kind is Act.REMOVE], vhost=vhost, sleep=sleep)

    def _remove_limits(self, user: User) -> None:
        """An import adds limits to a user, and takes none away."""
        for name in sorted(USER_LIMITS.difference(user.limits)):
            self._ask("DELETE", self._path("user-limits", user.name, name), missing_ok=True)

    def _remove_all(self, removals: list[Change], *, vhost: str, sleep: Callable[[float], None]) -> None:
        """Bindings first, so that nothing more comes to a queue before it is looked at for the last time."""
        deletes_queues = any(change.what is Thing.QUEUE for change in removals)
        if deletes_queues:
            removals = self._without_held(removals, vhost)
        rest = [change for change in removals if change.what is not Thing.BINDING]
        for change in removals:
            if change.what is Thing.BINDING:
                self._remove(change.item, vhost)
        if deletes_queues:
            sleep(STALE)
            rest = self._without_held(rest, vhost)
        for change in rest:
            self._remove(change.item, vhost)

    def _without_held(self, removals: list[Change], vhost: str) -> list[Change]:
        """Without those of a mailbox whose inbox holds messages.

        Quorum queues refuse `if-empty`, and a count may be old: ready messages are found by getting one, unacknowledged
        ones by figures that are newer than the last binding.
        """
        names = {change.name for change in removals if change.what is Thing.QUEUE}
        queues = [queue for queue in self.topology(vhost).queues if queue.name in names]
        held = {mailbox_of(queue.name) for queue in queues if queue.is_held or self._has_ready(queue.name, vhost)}
        return [change for change in removals if owner(change.item) not in held]

    def _has_ready(self, queue: str, vhost: str) -> bool:
        """Gets a message and puts it back, which counts as one delivery. Queues of copies are not asked."""
        if is_lane(queue) or is_stream(queue):
            return False
        ask = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": 1}
        return bool(self._ask("POST", self._path("queues", vhost, queue, "get"), content=ask))

    def _remove(self, item: Item, vhost: str) -> None:
        match item:
            case Binding():
                kind = "e" if item.to_exchange else "q"
                path = self._path("bindings", vhost, "e", item.source, kind, item.destination, item.properties_key)
            case User() if item.elsewhere:
                path = self._path("permissions", vhost, item.name)
            case User():
                path = self._path("users", item.name)
            case _:
                path = self._path(_COLLECTIONS[type(item)], vhost, item.name)
        self._ask("DELETE", path, missing_ok=True)
        if isinstance(item, User):
            self.disconnect([item.name])

    def disconnect(self, users: Sequence[str]) -> None:
        """Closes every connection of these users. They come back if they may still log in."""
        for user in users:
            # By user, not one by one: a connection's own name is not found until its figures come, five seconds on.
            self._ask("DELETE", self._path("connections", "username", user), missing_ok=True)

    # -- HTTP

    @staticmethod
    def _path(*parts: str) -> str:
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: object = None,
        missing_ok: bool = False,
    ) -> Any:
        """The JSON of the answer, None where it is empty."""
        status, answer = self._answer(method, path, params, content)
        if httpx.codes.is_success(status) or (missing_ok and status == httpx.codes.NOT_FOUND):
            return _json(answer, self.address) if answer and httpx.codes.is_success(status) else None
        raise _refusal(status, answer, path, self.address)

    def _answer(self, method: str, path: str, params: Mapping[str, str] | None, content: object) -> tuple[int, bytes]:
        away = []
        for _ in range(len(self._nodes)):
            base, auth = self._nodes[0]
            try:
                with self._http.stream(method, f"{base}/api{path}", params=params, json=content, auth=auth) as response:
                    return response.status_code, self._content(response)
            except httpx.HTTPError as error:
                if isinstance(error, httpx.ReadTimeout):
                    raise BrokerAway(why=self._silent(base)) from error
                away.append(said("{at}: {why}", "{at}: {why}", at=base, why=_why(error)))
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    break  # it may have been done: the caller decides whether to ask again
                self._nodes.rotate(-1)
        raise BrokerAway(why=listed(away))

    def _silent(self, base: str) -> Words:
        seconds = f"{self._http.timeout.read:g}"
        return Words(f"{base}: không trả lời trong {seconds} giây", f"{base}: no answer in {seconds} s")

    def _content(self, response: httpx.Response) -> bytes:
        """Raises BrokerAway for an answer without end."""
        content, until = bytearray(), time.monotonic() + self._longest
        for piece in response.iter_bytes():
            content += piece
            if len(content) > self._largest or time.monotonic() > until:
                raise BrokerAway(
                    why=Words(
                        f"{self.address}: quá {self._largest} byte, hoặc {self._longest:g} giây",
                        f"{self.address}: more than {self._largest} bytes, or {self._longest:g} s",
                    )
                )
        return bytes(content)


def _why(error: httpx.HTTPError) -> Words:
    """The operating system's reason, where that is below it, in both languages."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return reason_of(cause)
        cause = cause.__cause__ or cause.__context__
    return reason_of(error)


_COLLECTIONS: dict[type[Item], str] = {Exchange: "exchanges", Queue: "queues", Policy: "policies", Vhost: "vhosts"}


def _with_hash(item: Item, hashes: Mapping[str, str]) -> Item:
    return replace(item, password_hash=hashes[item.name]) if isinstance(item, User) and item.name in hashes else item


def _split(url: str, *, plain: bool) -> tuple[str, httpx.BasicAuth]:
    """The address without password, and the login."""
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError:
        raise _bad(Words("không phải một địa chỉ", "it is no URL")) from None  # the cause would show the password
    if parts.scheme not in {"http", "https"} or not host or user is None or parts.password is None:
        raise _bad(
            Words("phải có dạng http[s]://NGƯỜI-DÙNG:MẬT-KHẨU@MÁY:CỔNG", "it must be http[s]://user:password@host:port")
        )
    if parts.scheme == "http" and not plain and not is_loopback(host):
        raise _bad(clear_line("http", host, "https://…:15671"))
    place = f"[{host}]" if ":" in host else host
    base = urlunsplit((parts.scheme, f"{place}:{port}" if port else place, parts.path.rstrip("/"), "", ""))
    return base, httpx.BasicAuth(unquote(user), unquote(parts.password))


def _json(content: bytes, address: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _bad(
            Words(
                f"ở {address} không phải API quản trị của RabbitMQ trả lời",
                f"what answers at {address} is not RabbitMQ's management API",
            )
        ) from error


def _refusal(status: int, content: bytes, path: str, address: str) -> BusError:
    why = _reason(status, content)
    match status:
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN:
            return _bad(
                Words(
                    f"{address} từ chối người dùng này (“{why}”): kiểm tra tên và mật khẩu; `topology` cần thẻ "
                    "`administrator`, `queues` cần thẻ `monitoring` và quyền trong vhost",
                    f"{address} refuses this user ({why}): check user and password; `topology` needs the tag "
                    "`administrator`, `queues` the tag `monitoring` and a permission in the virtual host",
                )
            )
        case httpx.codes.NOT_FOUND:
            return _bad(
                Words(
                    f"{address} không có {unquote(path)}: kiểm tra vhost; `lienthong topology apply` tạo nó",
                    f"{address} has no {unquote(path)}: check the virtual host; `lienthong topology apply` makes it",
                )
            )
        case _ if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return BrokerAway(why=f"{address}: {status} {why}")
        case _:
            return _bad(
                Words(
                    f"{address} không nhận {unquote(path)}: “{status} {why}”",
                    f"{address} does not accept {unquote(path)}: {status} {why}",
                )
            )


def _reason(status: int, content: bytes) -> str:
    try:
        answer = json.loads(content)
        return str(answer.get("reason") or answer.get("error"))[:SAID]
    except (ValueError, AttributeError, RecursionError):
        return httpx.codes.get_reason_phrase(status)


def _bad(why: Words) -> BadConfig:
    return BadConfig(file=said("địa chỉ API quản trị", "management URL"), why=why)
