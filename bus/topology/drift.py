"""The drift of a broker from the wanted topology: missing, different and superfluous things, and those that no command
of ours may change.

Pure: two topologies in (bus/topology/wanted.py), a tuple of changes out; bus/rabbit/admin/management.py makes them.
Things that were not made from a directory are never touched."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from bus.topology.names import (
    DEAD,
    POLICY_PREFIX,
    ROUTE,
    SHARED,
    TAG,
    Login,
    exchange_of,
    is_blobs,
    is_exchange,
    is_mailbox_name,
    is_own_audit,
    is_urn,
    mailbox_of,
    mailbox_of_policy,
    mailbox_of_user,
)
from bus.topology.wanted import Binding, Exchange, Item, Policy, Queue, Topology, User, Vhost, is_kept_binding
from schemas.codes import Label
from schemas.values import MailboxCode

_Named: TypeAlias = Exchange | Queue | Policy | User


class Act(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    CANNOT = "cannot"
    """No command of ours may do it; the detail says why, and who must act."""


class Thing(StrEnum):
    """In the order in which they are made; they are removed in the opposite one."""

    VHOST = "vhost"
    POLICY = "policy"
    EXCHANGE = "exchange"
    QUEUE = "queue"
    BINDING = "binding"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    kind: Act
    what: Thing
    name: str
    detail: Label
    item: Item = field(repr=False)
    """The thing as it shall be afterwards; for a removal, as it is now."""


_WHAT: dict[type[Item], Thing] = {
    Vhost: Thing.VHOST,
    Policy: Thing.POLICY,
    Exchange: Thing.EXCHANGE,
    Queue: Thing.QUEUE,
    Binding: Thing.BINDING,
    User: Thing.USER,
}
_NO_DETAIL = Label("", "")
_WITHDRAWN = Label(
    "chứng thư bị thu hồi hoặc hết hạn: cắt kết nối, giữ nguyên hàng đợi",
    "certificate revoked or ended: its connections are cut, its queue stays",
)
_SUPERSEDED = Label(
    "mỗi loại bản tin nay có đường riêng, tạo trước khi gỡ đường này",
    "each kind of message has a road of its own now, made before this one goes",
)
_ANOTHER_ROAD = Label(
    "bản sao sổ vết hoặc thư chết nay đi đường khác, tạo trước khi gỡ đường này",
    "audit copies or dead letters go by another road now, made before this one goes",
)
_RELEASED = Label(
    "thư chết trong hộp này lại vào hàng đợi dead chung",
    "what dies in this inbox goes into the shared queue dead again",
)
_OWN_HISTORY = Label(
    "luồng riêng của hộp thư không còn bị cách ly: lịch sử trong đó mất theo",
    "own stream of a mailbox that is isolated no more: the history in it goes, too",
)
# Where a queue's members and leader were first put; RabbitMQ moves them later, and they differ without harm.
_PLACING = frozenset({"x-queue-leader-locator", "x-quorum-initial-group-size", "x-initial-cluster-size"})


# Made from a directory, by its name or, for a user, by its tag. A virtual host may hold more than the bus.
_OURS: dict[type[Item], Callable[[Any], bool]] = {
    Vhost: lambda item: False,
    Exchange: lambda item: item.name in SHARED or mailbox_of(item.name) is not None,
    Queue: lambda item: item.name in SHARED or mailbox_of(item.name) is not None,
    Binding: lambda item: item.source in SHARED or mailbox_of(item.source) is not None,
    Policy: lambda item: item.name.startswith(POLICY_PREFIX),
    User: lambda item: TAG in item.tags and item.permissions is not None,
}


def is_ours(item: Item) -> bool:
    """Whether a thing on a broker was made from a directory."""
    return _OURS[type(item)](item)


def diff(current: Topology, wanted: Topology, *, prune: bool = False) -> tuple[Change, ...]:
    """The changes from the current topology to the wanted one, in an order that works. Foreign things are never
    touched."""
    changes = [] if current.exists else [_change(Act.CREATE, Vhost(wanted.vhost))]
    changes += _missing(current.policies, wanted.policies)
    changes += _missing(current.exchanges, wanted.exchanges)
    changes += _missing(current.queues, wanted.queues)
    changes += _overruled(current, wanted)
    roads = {binding.road for binding in current.bindings}
    changes += [
        _change(Act.CREATE, binding)
        for binding in (*wanted.bindings, *_past_route(current, wanted))
        if binding.road not in roads
    ]
    changes += _missing(current.users, wanted.users)
    changes += [
        _change(Act.REMOVE, user, _WITHDRAWN)
        for user in current.users
        if mailbox_of_user(user.name) in wanted.withdrawn and is_ours(user)
    ]
    changes += [
        _change(Act.REMOVE, binding, _SUPERSEDED if binding.is_superseded else _ANOTHER_ROAD)
        for binding in _superseded(current, wanted)
    ]
    changes += [_change(Act.REMOVE, policy, _RELEASED) for policy in _released(current, wanted)]
    return (*changes, *(leftovers(current, wanted) if prune else ()))


def login_of(current: Topology) -> Login | None:
    """How a broker calls the users that it has from us; None where it has none. While it changes from one to the
    other, both are there, and the URN is where it goes."""
    ours = [user.name for user in current.users if is_ours(user)]
    if any(map(is_urn, ours)):
        return Login.URN
    return Login.NAME if ours else None


def nameable(current: Topology, login: Login = Login.NAME) -> tuple[str, ...]:
    """Foreign users with permissions on this broker, in a name that a certificate can have: it would log in with their
    permissions."""
    return tuple(
        user.name
        for user in current.users
        if not is_ours(user)
        and (user.permissions or user.elsewhere)
        and (
            (is_urn(user.name) and TAG not in user.tags)  # with it he is ours, of another virtual host
            or (login is Login.NAME and is_mailbox_name(user.name))
        )
    )


def leftovers(current: Topology, wanted: Topology) -> tuple[Change, ...]:
    """Things that were made from a directory and are no longer wanted, as removals.

    A mailbox whose inbox is not empty, or is being read, keeps all it has until it is; so does one whose large
    attachments somebody fetches. A lane alone goes at once.
    """
    settled = {_key(item) for item in (*_items(wanted), *_superseded(current, wanted), *_released(current, wanted))}
    extra = [
        item
        for item in _items(current)
        if is_ours(item)
        and _key(item) not in settled
        and not (isinstance(item, User) and mailbox_of_user(item.name) in wanted.withdrawn)
    ]
    held = {
        mailbox: queue
        for queue in extra
        if isinstance(queue, Queue) and queue.is_held and (mailbox := mailbox_of(queue.name))
    }
    return tuple(
        _change(Act.REMOVE, item, _lost_with(item)) if queue is None else _change(Act.CANNOT, item, _held(queue))
        for item in reversed(extra)
        if (queue := held.get(owner(item))) is None or queue is item
    )


def _superseded(current: Topology, wanted: Topology) -> list[Binding]:
    """Bindings of mailboxes whose new bindings are there, or are made before; the one that they all led to, last."""
    sources = {exchange.name for exchange in wanted.exchanges}
    roads = {binding.road for binding in wanted.bindings}
    found = [
        binding
        for binding in current.bindings
        if (binding.source in sources or ROUTE in sources)
        and is_ours(binding)
        and (
            binding.is_through_route
            or (
                binding.source in sources
                and (binding.is_superseded or (is_kept_binding(binding) and binding.road not in roads))
            )
        )
    ]
    return sorted(found, key=lambda binding: binding.source == ROUTE)


def _past_route(current: Topology, wanted: Topology) -> list[Binding]:
    """The new roads to `dead` of mailboxes that are not wanted, or not asked about: the old ones go for all of them."""
    sources = {exchange.name for exchange in wanted.exchanges}
    return [
        Binding(binding.source, DEAD, DEAD, to_exchange=True)
        for binding in current.bindings
        if ROUTE in sources and is_exchange(binding.source) and binding.source not in sources
        if binding.is_through_route
    ]


def _released(current: Topology, wanted: Topology) -> list[Policy]:
    """Policies of inboxes of mailboxes that are isolated no more."""
    sources = {exchange.name for exchange in wanted.exchanges}
    names = {policy.name for policy in wanted.policies}
    return [
        policy
        for policy in current.policies
        if policy.name not in names
        and (mailbox := mailbox_of_policy(policy.name)) is not None
        and exchange_of(mailbox) in sources
    ]


def _missing(current: Sequence[_Named], wanted: Sequence[_Named]) -> list[Change]:
    there = {item.name: item for item in current}
    changes = []
    for item in wanted:
        if (now := there.get(item.name)) is None:
            changes.append(_change(Act.CREATE, item))
        elif (change := _changed(now, item)) is not None:
            changes.append(change)
    return changes


def _changed(now: _Named, wanted: _Named) -> Change | None:
    match now, wanted:
        case Queue(), Queue():
            before, after = (
                {key: value for key, value in queue.arguments.items() if key not in _PLACING} for queue in (now, wanted)
            )
            return _change(Act.CANNOT, wanted, _immutable(_differences(before, after))) if before != after else None
        case Exchange(), Exchange() if now != wanted:
            return _change(Act.CANNOT, wanted, _immutable(_differences(_fields(now), _fields(wanted))))
        case Policy(), Policy() if now != wanted:
            return _change(Act.CHANGE, wanted, _same(_differences(_fields(now), _fields(wanted))))
        case User(), User() if now.tags and TAG not in now.tags:
            return _change(Act.CANNOT, wanted, _somebody_else(now))
        case User(), User() if now != wanted:
            kept = replace(wanted, password_hash=now.password_hash, hashing=now.hashing)
            return _change(Act.CHANGE, kept, _same(_differences(_fields(now), _fields(wanted))))
        case _:
            return None


def _overruled(current: Topology, wanted: Topology) -> list[Change]:
    """Our policies that a foreign policy overrules: of several that fit, a broker obeys one."""
    there = {policy.name for policy in current.policies}
    changes = []
    for policy in (policy for policy in wanted.policies if policy.name in there and policy.apply_to == "queues"):
        for queue in current.queues:
            theirs = queue.policy is not None and not queue.policy.startswith(POLICY_PREFIX)
            if theirs and is_ours(queue) and re.search(policy.pattern, queue.name):
                detail = Label(
                    f"chính sách {queue.policy} đè lên {policy.name}; "
                    f"người vận hành xóa {queue.policy} hoặc hạ mức ưu tiên xuống dưới {policy.priority}",
                    f"policy {queue.policy} stands in front of {policy.name}; "
                    f"the operator deletes {queue.policy}, or gives it a priority below {policy.priority}",
                )
                changes.append(_change(Act.CANNOT, queue, detail))
    return changes


def _items(topology: Topology) -> tuple[Item, ...]:
    return (*topology.policies, *topology.exchanges, *topology.queues, *topology.bindings, *topology.users)


def _key(item: Item) -> tuple[object, ...]:
    return (Binding, *item.road) if isinstance(item, Binding) else (type(item), item.name)


def owner(item: Item) -> MailboxCode:
    """The mailbox that a thing was made for; empty for what belongs to none."""
    match item:
        case User():
            return mailbox_of_user(item.name)
        case Binding():
            return mailbox_of(item.destination) or mailbox_of(item.source) or ""
        case Policy():
            return mailbox_of_policy(item.name) or ""
        case _:
            return mailbox_of(item.name) or ""


def _change(kind: Act, item: Item, detail: Label = _NO_DETAIL) -> Change:
    return Change(kind=kind, what=_WHAT[type(item)], name=item.name, detail=detail, item=item)


def _fields(item: Exchange | Policy | User) -> dict[str, object]:
    """The fields to compare, flat: one line a difference."""
    if isinstance(item, Exchange):
        return {"type": item.type, "internal": item.internal, "durable": item.durable, **item.arguments}
    if isinstance(item, Policy):
        rest = {"pattern": item.pattern, "apply-to": item.apply_to, "priority": item.priority}
        return {**rest, **item.definition}
    permissions = item.permissions._asdict() if item.permissions else {}
    return {"tags": ",".join(sorted(item.tags)), **permissions, **item.limits}


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return "; ".join(f"{key}: {before.get(key, '∅')} → {after.get(key, '∅')}" for key in keys)


def _same(text: str) -> Label:
    return Label(text, text)


def _immutable(difference: str) -> Label:
    return Label(
        f"{difference}. Đã tạo thì RabbitMQ không đổi được: người vận hành chờ cho trống, xóa, rồi chạy lại apply",
        f"{difference}. RabbitMQ never changes it once made: the operator lets it run empty, deletes it, applies again",
    )


def _somebody_else(user: User) -> Label:
    tags = ", ".join(sorted(user.tags))
    return Label(
        f"đã có người dùng tên này, nhãn {tags}, không do trục tạo: người vận hành đổi tên người đó",
        f"somebody else has this name, tagged {tags}, not made by the bus: the operator gives that user another name",
    )


def _lost_with(item: Item) -> Label:
    return _OWN_HISTORY if isinstance(item, Queue) and is_own_audit(item.name) else _NO_DETAIL


def _held(queue: Queue) -> Label:
    if is_blobs(queue.name):
        return Label(
            f"còn {queue.consumers} bên đang lấy tệp lớn: người vận hành chờ họ lấy xong, rồi chạy lại",
            f"{queue.consumers} are fetching large attachments: the operator lets them finish, then runs this again",
        )
    messages = "?" if queue.messages is None else queue.messages
    return Label(
        f"còn {messages} bản tin, {queue.consumers} bên đọc: người vận hành để hộp thư đọc hết, dừng nó, rồi chạy lại",
        f"{messages} messages, {queue.consumers} readers: the operator lets the mailbox read all and stops it, "
        "then runs this again",
    )
