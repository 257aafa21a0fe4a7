"""How each mailbox's queue does, and what is wrong with it, in words; from figures that the management API keeps.

No message is taken to look at it: before RabbitMQ 4.3 every look counts towards the delivery limit, and no version
tells a quorum queue's oldest message otherwise. Its age is read from the queue's own past instead (`oldest`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from bus.rabbit.copies import lacking
from bus.rabbit.management import Management
from bus.topology import DEAD, POLICY_PREFIX, UNROUTABLE, is_blobs, is_lane, mailbox_of
from schemas.codes import Label
from schemas.values import MailboxCode

Json: TypeAlias = Mapping[str, Any]
Samples: TypeAlias = Mapping[int, int]
"""Milliseconds since 1970 -> a figure at that moment."""

NEARLY_FULL = 0.8
MANY = 100
"""Messages from which a queue that grows is worth a word."""
STUCK = 300.0
"""Seconds."""

_SPANS = ((60, 5), (3600, 60))
"""(age, step) in seconds of what the broker remembers in steps that fine; an hour is all it keeps of a queue."""
_COLUMNS = (
    "name,state,messages_ready,messages_unacknowledged,messages,message_bytes,consumers,members,online,policy,"
    "effective_policy_definition,message_stats.publish_details.rate,message_stats.ack_details.rate"
)


class Age(NamedTuple):
    seconds: float
    at_least: bool = False
    """The broker's memory does not reach back to its beginning."""


class Fault(NamedTuple):
    code: str
    text: Label
    remedy: Label
    """What to do; the same for all with this code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue as the broker counted it last; up to five seconds old."""

    name: str
    counted: bool = True
    """False in its first seconds: the broker has no figures of it yet, all others here are 0."""
    state: str = "running"
    ready: int = 0
    unacknowledged: int = 0
    messages: int = 0
    size: int = 0
    """Bytes."""
    consumers: int = 0
    rate_in: float = 0.0
    """Messages a second."""
    rate_out: float = 0.0
    """Acknowledgements a second."""
    oldest: Age | None = None
    """None where the queue is empty, or the broker keeps no figures."""
    limit_messages: int | None = None
    limit_bytes: int | None = None
    policy: str | None = None
    missing: tuple[str, ...] = ()
    """Nodes that hold a copy of the queue and are not there."""
    lacking: tuple[str, ...] = ()
    """Nodes that run and hold no copy, where it has too few."""

    @property
    def mailbox(self) -> MailboxCode | None:
        return mailbox_of(self.name)

    @property
    def fullness(self) -> float:
        """1.0: the broker nacks whatever comes next."""
        by_count = self.messages / self.limit_messages if self.limit_messages else 0.0
        return max(by_count, self.size / self.limit_bytes if self.limit_bytes else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    queues: tuple[QueueState, ...]
    """Inboxes and lanes by name, then `dead` and `unroutable`."""
    alarms: tuple[Fault, ...]


# -- what is wrong -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """`text` names the facts of one queue or node; `remedy` is the same for all of them."""

    code: str
    text: Label
    remedy: Label
    holds: Callable[[Any], bool]


_EVERYWHERE = (
    Rule(
        "down",
        Label("không chạy ({state})", "not running ({state})"),
        Label("khởi động lại các nút giữ hàng đợi", "start the nodes that hold the queue"),
        lambda q: q.state != "running",
    ),
    Rule(
        "member-missing",
        Label("thiếu bản sao: {missing}", "copy away: {missing}"),
        Label(
            "khởi động các nút đó; nếu mất hẳn thì rabbitmqctl forget_cluster_node rồi thêm nút mới",
            "start those nodes; if they are lost for good, rabbitmqctl forget_cluster_node and a new node",
        ),
        lambda q: bool(q.missing),
    ),
    Rule(
        "few-copies",
        Label("không có bản sao ở: {lacking}", "no copy on: {lacking}"),
        Label("rabbitmq-queues grow NÚT all", "rabbitmq-queues grow NODE all"),
        lambda q: bool(q.lacking),
    ),
)
_NO_LIMITS = Rule(
    "no-limits",
    Label("ngoài chính sách của trục", "outside the bus's policies"),
    Label("chạy lienthong topology plan", "run lienthong topology plan"),
    lambda q: not (q.policy or "").startswith(POLICY_PREFIX),
)
_OF_INBOXES = (
    *_EVERYWHERE,
    Rule(
        "nobody-reads",
        Label("không ai đọc", "nobody reads"),
        Label("kiểm tra dịch vụ kết nối của hộp thư", "look at the mailbox's adapter"),
        lambda q: q.consumers == 0,
    ),
    Rule(
        "full",
        Label("đầy ({percent})", "full ({percent})"),
        Label("văn bản đến bị từ chối, nơi gửi đang chờ: để hộp thư đọc bớt", "senders wait: let the mailbox read"),
        lambda q: q.fullness >= 1,
    ),
    Rule(
        "nearly-full",
        Label("sắp đầy ({percent})", "nearly full ({percent})"),
        Label("để hộp thư đọc bớt trước khi nơi gửi phải chờ", "let the mailbox read before senders have to wait"),
        lambda q: NEARLY_FULL <= q.fullness < 1,
    ),
    Rule(
        "stuck",
        Label("{unacknowledged} bản tin kẹt {age}", "{unacknowledged} not acknowledged for {age}"),
        Label("khởi động lại dịch vụ kết nối của hộp thư", "restart the mailbox's adapter"),
        lambda q: q.consumers > 0 and q.unacknowledged > 0 and q.rate_out == 0 and _seconds(q) >= STUCK,
    ),
    Rule(
        "growing",
        Label("đang dồn lại", "growing"),
        Label(
            "hộp thư đọc chậm hơn số gửi đến: kiểm tra dịch vụ kết nối",
            "read more slowly than sent: look at the adapter",
        ),
        lambda q: q.consumers > 0 and q.ready >= MANY and q.rate_in > q.rate_out,
    ),
    _NO_LIMITS,
)
_OF_LANES = (
    *_EVERYWHERE,
    Rule(
        "lane-unread",
        Label("không ai đọc làn khẩn", "nobody reads this lane"),
        Label(
            "văn bản khẩn vẫn đến qua inbox, chỉ không vượt lên: cập nhật phần mềm kết nối; từ RabbitMQ 4.3 thì bỏ làn "
            "bằng lienthong topology apply --prune",
            "what is urgent still comes by the inbox, but overtakes nothing: update the mailbox's adapter; from "
            "RabbitMQ 4.3 on remove the lane by lienthong topology apply --prune",
        ),
        lambda q: q.consumers == 0,
    ),
    _NO_LIMITS,
)
"""It cannot be full: it forgets, and the inbox has all of it."""
_NOT_COUNTED = Fault(
    "no-figures", Label("chưa có số liệu", "no figures yet"), Label("chờ vài giây", "wait some seconds")
)
_LOOK = Label("xem lienthong dead list", "see lienthong dead list")
RULES: Mapping[str, tuple[Rule, ...]] = {
    DEAD: (
        *_EVERYWHERE,
        Rule("dead-letters", Label("có bản tin chết", "dead letters"), _LOOK, lambda q: q.messages > 0),
    ),
    UNROUTABLE: (
        *_EVERYWHERE,
        Rule("unroutable", Label("có bản tin không nơi nhận", "without recipient"), _LOOK, lambda q: q.messages > 0),
    ),
}
"""By queue; inboxes and lanes have their own."""

_ALARMS = (
    Rule(
        "node-down",
        Label("nút {name} không chạy", "node {name} is down"),
        Label("khởi động lại nút", "start it"),
        lambda node: not node.get("running"),
    ),
    Rule(
        "memory",
        Label("nút {name} hết bộ nhớ, không ai gửi được", "node {name} is out of memory, nobody can publish"),
        Label("để các hộp thư đọc bớt, hoặc thêm bộ nhớ", "let mailboxes read, or give it memory"),
        lambda node: bool(node.get("mem_alarm")),
    ),
    Rule(
        "disk",
        Label("nút {name} sắp hết đĩa, không ai gửi được", "node {name} is out of disk, nobody can publish"),
        Label("giải phóng đĩa", "free some disk"),
        lambda node: bool(node.get("disk_free_alarm")),
    ),
    Rule(
        "partition",
        Label("nút {name} không thấy các nút khác", "node {name} does not see other nodes"),
        Label("sửa mạng giữa các nút", "mend the network between them"),
        lambda node: bool(node.get("partitions")),
    ),
)


def faults(queue: QueueState) -> tuple[Fault, ...]:
    """In the order of the rules, gravest first."""
    if not queue.counted:
        return (_NOT_COUNTED,)
    facts = {
        "state": queue.state,
        "missing": ", ".join(queue.missing),
        "lacking": ", ".join(queue.lacking),
        "percent": f"{queue.fullness:.0%}",
        "unacknowledged": queue.unacknowledged,
        "age": in_words(queue.oldest),
    }
    rules = RULES.get(queue.name, _OF_LANES if is_lane(queue.name) else _OF_INBOXES)
    return tuple(_fault(rule, facts) for rule in rules if rule.holds(queue))


def alarms(nodes: Iterable[Json]) -> tuple[Fault, ...]:
    return tuple(_fault(rule, node) for node in nodes for rule in _ALARMS if rule.holds(node))


def _fault(rule: Rule, facts: Mapping[str, object]) -> Fault:
    return Fault(rule.code, Label(*(words.format_map(facts) for words in rule.text)), rule.remedy)


def _seconds(queue: QueueState) -> float:
    return queue.oldest.seconds if queue.oldest else 0.0


# -- in words ----------------------------------------------------------------------------------------------------------


def in_words(age: Age | None) -> str:
    """≈ 15 s, ≈ 3 min, > 1 h; the same in both languages."""
    if age is None:
        return ""
    for unit, seconds in (("h", 3600), ("min", 60)):
        if age.seconds >= seconds:
            return f"{'>' if age.at_least else '≈'} {age.seconds / seconds:.0f} {unit}"
    return f"{'>' if age.at_least else '≈'} {age.seconds:.0f} s"


def rate(per_second: float) -> str:
    return f"{per_second:.0f}" if per_second >= 10 or per_second == 0 else f"{per_second:.1f}"


# -- the age of the oldest ---------------------------------------------------------------------------------------------


def oldest(depths: Samples, acknowledged: Samples, *, horizon: int) -> Age | None:
    """When what is in a queue now began to wait: first in, first out.

    What was in it at a moment has left once as many acknowledgements followed as it held then; the latest such moment
    is when the oldest came. Figures from before `horizon` (ms), when a node started, are zeros that nobody counted.
    Urgent messages overtake from RabbitMQ 4.3 on: what waits behind them may be older.
    """
    moments = sorted((at for at in depths if at > horizon), reverse=True)
    if not moments:
        return None
    now = moments[0]
    last = acknowledged.get(now, 0)
    for at in moments:
        if last - acknowledged.get(at, 0) >= depths[at]:
            return Age((now - at) / 1000)
    return Age((now - moments[-1]) / 1000, at_least=True)


# -- asking the broker -------------------------------------------------------------------------------------------------


def overview(management: Management, *, vhost: str) -> Overview:
    """Raises BrokerAway, BadConfig."""
    path = f"/queues/{quote(vhost, safe='')}"
    rows = [row for row in management.get(path, columns=_COLUMNS) if _holds_mail(row["name"])]
    nodes = management.get("/nodes", columns="name,running,mem_alarm,disk_free_alarm,partitions,uptime")
    ages = _ages(management, path, nodes) if any(row.get("messages") for row in rows) else {}
    running = [node["name"] for node in nodes if node.get("running")]
    states = (_state(row, ages.get(row["name"]), running) for row in rows)
    return Overview(
        queues=tuple(sorted(states, key=lambda queue: (queue.name in RULES, queue.name))),
        alarms=alarms(nodes),
    )


def _holds_mail(name: str) -> bool:
    """Or copies of it; streams do not, and never run empty."""
    return name in RULES or (mailbox_of(name) is not None and not is_blobs(name))


def _ages(management: Management, path: str, nodes: Sequence[Json]) -> dict[str, Age | None]:
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
    return {name: oldest(samples, acknowledged[name], horizon=horizon) for name, samples in depths.items()}


def _samples(details: Json | None) -> dict[int, int]:
    return {row["timestamp"]: row["sample"] for row in (details or {}).get("samples", ())}


def _state(row: Json, age: Age | None, running: Collection[str]) -> QueueState:
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
        lacking=lacking(row, running),
    )
