"""RabbitMQ's management API over HTTP: what a broker holds, how its queues do, and making changes so.

What is wanted is bus/topology.py's, what differs bus/drift.py's. No message is looked at, but for one reason: before a
queue is deleted, whether there is any.
"""

import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from bus.drift import Act, Change, Thing, owner
from bus.errors import BadConfig, BrokerAway, BusError
from bus.rabbit import definitions as wire
from bus.topology import (
    USER_LIMITS,
    Binding,
    Exchange,
    Item,
    Policy,
    Queue,
    Topology,
    User,
    Version,
    Vhost,
    is_blobs,
    is_lane,
    mailbox_of,
    parse_version,
)

TIMEOUT = httpx.Timeout(300, connect=5)
"""Importing a thousand quorum queues, and as many streams, is one request: most of a minute on a busy machine."""
STALE = 12.0
"""Seconds after which a queue's figures have been taken anew: five on 4.3, twice that on 3.10."""


class Management:
    """A broker's management API, at the first of its nodes that answers. Raises BrokerAway where none does, BadConfig
    where it says no."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """`http[s]://user:password@host:port`, parts percent-encoded; several, with spaces between, of a cluster."""
        self._nodes = deque(_split(each) for each in url.split() or [""])
        self._http = httpx.Client(
            timeout=TIMEOUT,
            transport=transport,
            trust_env=False,  # a proxy meant for the web is no way to the broker
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

    # -- asking

    def version(self) -> Version:
        return parse_version(self.get("/overview", columns="rabbitmq_version")["rabbitmq_version"])

    def topology(self, vhost: str) -> Topology:
        """Everything of the virtual host, ours or not, and every user of the broker."""
        users = wire.users_of(self.get("/users"), self.get("/permissions"), self.get("/user-limits"), vhost=vhost)
        if vhost not in {row["name"] for row in self.get("/vhosts", columns="name")}:
            return Topology(vhost=vhost, exists=False, users=users)
        path = quote(vhost, safe="")
        return Topology(
            vhost=vhost,
            exchanges=wire.exchanges_of(self.get(f"/exchanges/{path}", disable_stats="true")),
            queues=wire.queues_of(
                self.get(f"/queues/{path}", columns="name,arguments,messages,consumers,policy,durable")
            ),
            bindings=wire.bindings_of(self.get(f"/bindings/{path}")),
            policies=wire.policies_of(self.get(f"/policies/{path}")),
            users=users,
        )

    def get(self, path: str, **params: str) -> Any:
        return self._ask("GET", path, params=params)

    # -- doing

    def apply(
        self,
        changes: Sequence[Change],
        *,
        vhost: str,
        hashes: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Makes them so: what is new or different in one import, then removals one by one.

        `hashes`: the password hash of each user to be made, "" for none. Doing it again does no harm.
        """
        made = [_hashed(change.item, hashes) for change in changes if change.kind in {Act.CREATE, Act.CHANGE}]
        if made:
            self._ask("POST", "/definitions", json=wire.definitions(made, vhost=vhost))
        for change in changes:
            if change.kind is Act.CHANGE and isinstance(change.item, User):
                # An import adds limits, and takes none away.
                for name in sorted(USER_LIMITS.difference(change.item.limits)):
                    self._ask("DELETE", self._path("user-limits", change.name, name), missing_ok=True)
        removals = [change for change in changes if change.kind is Act.REMOVE]
        deletes = any(change.what is Thing.QUEUE for change in removals)
        if deletes:
            removals = self._of_empty(removals, vhost)
        rest = [change for change in removals if change.what is not Thing.BINDING]
        for change in removals:
            if change.what is Thing.BINDING:
                self._remove(change.item, vhost)
        if deletes:
            sleep(STALE)
            rest = self._of_empty(rest, vhost)
        for change in rest:
            self._remove(change.item, vhost)

    def _of_empty(self, removals: list[Change], vhost: str) -> list[Change]:
        """Without those of a mailbox whose inbox has something after all.

        Quorum queues refuse `if-empty`, and a count is old: what is ready is found by asking for it, what is with a
        reader by figures that are newer than the last binding.
        """
        doomed = {change.name for change in removals if change.what is Thing.QUEUE}
        queues = [queue for queue in self.topology(vhost).queues if queue.name in doomed]
        held = {mailbox_of(queue.name) for queue in queues if queue.is_held or self._has_ready(queue.name, vhost)}
        return [change for change in removals if owner(change.item) not in held]

    def _has_ready(self, queue: str, vhost: str) -> bool:
        """Takes a message and puts it back, which counts as one delivery. What has copies only is not asked."""
        if is_lane(queue) or is_blobs(queue):
            return False
        ask = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": 1}
        return bool(self._ask("POST", self._path("queues", vhost, queue, "get"), json=ask))

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
        """Closes every connection of these users. They come back only if they may still log in."""
        for user in users:
            # By user, not one by one: a connection's own name is not found until its figures come, five seconds on.
            self._ask("DELETE", self._path("connections", "username", user), missing_ok=True)

    # -- the wire

    @staticmethod
    def _path(*parts: str) -> str:
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        missing_ok: bool = False,
    ) -> Any:
        """The JSON of the answer, None where it is empty."""
        response = self._answer(method, path, params, json)
        if response.is_success or (missing_ok and response.status_code == httpx.codes.NOT_FOUND):
            return _json(response, self.address) if response.content and response.is_success else None
        raise _refusal(response, path, self.address)

    def _answer(self, method: str, path: str, params: Mapping[str, str] | None, json: object) -> httpx.Response:
        away = []
        for _ in range(len(self._nodes)):
            base, auth = self._nodes[0]
            try:
                return self._http.request(method, f"{base}/api{path}", params=params, json=json, auth=auth)
            except httpx.HTTPError as error:
                away.append(f"{base}: {str(error) or type(error).__name__}")
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    break  # it may have been done: to ask another is up to who asked
                self._nodes.rotate(-1)
        raise BrokerAway(why="; ".join(away))


_COLLECTIONS: dict[type[Item], str] = {Exchange: "exchanges", Queue: "queues", Policy: "policies", Vhost: "vhosts"}


def _hashed(item: Item, hashes: Mapping[str, str]) -> Item:
    return replace(item, password_hash=hashes[item.name]) if isinstance(item, User) and item.name in hashes else item


def _split(url: str) -> tuple[str, httpx.BasicAuth]:
    """Address without password, for people; and who we are there."""
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError:
        raise _bad("it is no URL") from None  # the cause would show the password
    if parts.scheme not in {"http", "https"} or not host or user is None or parts.password is None:
        raise _bad("it must be http[s]://user:password@host:port")
    place = f"[{host}]" if ":" in host else host
    base = urlunsplit((parts.scheme, f"{place}:{port}" if port else place, parts.path.rstrip("/"), "", ""))
    return base, httpx.BasicAuth(unquote(user), unquote(parts.password))


def _json(response: httpx.Response, address: str) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise _bad(f"what answers at {address} is not RabbitMQ's management API") from error


def _refusal(response: httpx.Response, path: str, address: str) -> BusError:
    why = _reason(response)
    match response.status_code:
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN:
            return _bad(
                f"{address} refuses this user ({why}): check user and password; `topology` needs the tag "
                "`administrator`, `queues` the tag `monitoring` and a permission in the virtual host"
            )
        case httpx.codes.NOT_FOUND:
            return _bad(
                f"{address} has no {unquote(path)}: check the virtual host; `lienthong topology apply` makes it"
            )
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return BrokerAway(why=f"{address}: {status} {why}")
        case status:
            return _bad(f"{address} does not accept {unquote(path)}: {status} {why}")


def _reason(response: httpx.Response) -> str:
    try:
        answer = response.json()
        return str(answer.get("reason") or answer.get("error"))
    except (ValueError, AttributeError):
        return response.reason_phrase


def _bad(why: str) -> BadConfig:
    return BadConfig(file="management URL", why=why)
