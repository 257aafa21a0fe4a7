"""Faults of queues and nodes that need a person: a table of rules, and the words for each."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from bus.rabbit.admin.queue_age import age_in_words
from bus.rabbit.admin.queue_state import QueueState
from bus.topology.names import DEAD, POLICY_PREFIX, UNROUTABLE, is_lane, is_own_audit, is_own_dead, mailbox_of
from schemas.codes import Label

Json: TypeAlias = Mapping[str, Any]

NEARLY_FULL = 0.8
MANY = 100
"""Ready messages from which a growing queue is a fault."""
STUCK = 300.0
"""Seconds."""


class Fault(NamedTuple):
    code: str
    text: Label
    remedy: Label
    """What to do; the same for all with this code."""
    subject: str = ""
    """Of an alarm: the node or mailbox that it names."""


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
            "văn bản khẩn vẫn đến qua inbox, chỉ không vượt lên: xem dịch vụ kết nối của hộp thư; lienthong topology "
            "plan nói làn này còn cần không",
            "what is urgent still comes by the inbox, but overtakes nothing: look at the mailbox's adapter; lienthong "
            "topology plan says whether this lane is still wanted",
        ),
        lambda q: q.consumers == 0 and not q.inbox_gone,
    ),
    _NO_LIMITS,
)
"""A lane cannot be full: it drops its oldest copies, and the inbox has all of them."""
NO_FIGURES = "no-figures"
_NOT_COUNTED = Fault(NO_FIGURES, Label("chưa có số liệu", "no figures yet"), Label("chờ vài giây", "wait some seconds"))
_LOOK = Label("xem lienthong dead list", "see lienthong dead list")
_FILLING = (
    Rule(
        "dead-full",
        Label("đầy ({percent})", "full ({percent})"),
        Label(
            "thư chết chờ ở các hộp thư, thư khác vẫn đi: xem lienthong dead list, rồi dead discard",
            "dead letters wait at the mailboxes, other mail goes on: see lienthong dead list, then dead discard",
        ),
        lambda q: q.fullness >= 1,
    ),
    Rule(
        "dead-nearly-full",
        Label("sắp đầy ({percent})", "nearly full ({percent})"),
        Label("xem của ai: lienthong dead list, rồi dead discard", "see whose: lienthong dead list, then dead discard"),
        lambda q: NEARLY_FULL <= q.fullness < 1,
    ),
)
_OF_OWN_DEAD = (
    *_EVERYWHERE,
    Rule(
        "own-dead-letters",
        Label("thư chết của hộp thư bị cách ly", "dead letters of an isolated mailbox"),
        Label("xem lienthong dead list --queue dead.MÃ", "see lienthong dead list --queue dead.CODE"),
        lambda q: q.messages > 0,
    ),
)
RULES: Mapping[str, tuple[Rule, ...]] = {
    DEAD: (
        *_EVERYWHERE,
        Rule("dead-letters", Label("có bản tin chết", "dead letters"), _LOOK, lambda q: q.messages > 0),
        *_FILLING,
    ),
    UNROUTABLE: (
        *_EVERYWHERE,
        Rule("unroutable", Label("có bản tin không nơi nhận", "without recipient"), _LOOK, lambda q: q.messages > 0),
        *_FILLING,
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

_MEND = Label(
    "chạy lienthong topology plan, rồi topology apply; văn bản chờ ở nơi gửi sau đó tự gửi tiếp",
    "run lienthong topology plan, then topology apply; what waits at its senders then goes by itself",
)
_MEND_QUEUE = Label(
    "chạy lienthong topology plan, rồi topology apply; rồi: thư đến khi thiếu inbox nằm ở unroutable, lienthong dead "
    "replay --queue unroutable --mailbox MÃ; thư từng nằm trong hàng đợi bị xóa, lienthong audit replay MÃ",
    "run lienthong topology plan, then topology apply; then: mail that came while an inbox was gone lies in "
    "unroutable, lienthong dead replay --queue unroutable --mailbox CODE; what lay in the deleted queue, "
    "lienthong audit replay CODE",
)
_GAPS = {
    rule.code: rule
    for rule in (
        Rule(
            "exchange-gone",
            Label("điểm phát (exchange) không còn: {names}", "exchange gone: {names}"),
            _MEND,
            lambda _: True,
        ),
        Rule(
            "queue-gone",
            Label("hàng đợi không còn: {names}", "queues gone: {names}"),
            _MEND_QUEUE,
            lambda _: True,
        ),
        Rule("binding-gone", Label("đường đi không còn: {names}", "roads gone: {names}"), _MEND, lambda _: True),
    )
}
_ISOLATED = Rule(
    "isolated",
    Label(
        "{name}: có sổ vết riêng audit.{name}, từng vượt hạn mức",
        "{name}: has an audit stream of its own, audit.{name}; it was over its quota",
    ),
    Label(
        "hỏi cơ quan đó; xong thì lienthong topology release MÃ; audit replay cần --also MÃ",
        "ask that agency; afterwards lienthong topology release CODE; audit replay needs --also CODE",
    ),
    lambda _: True,
)
_UNGUARDED = Rule(
    "no-guard",
    Label(
        "không ai canh hạn mức của audit và dead",
        "nobody watches the quotas of audit and dead",
    ),
    Label("chạy lienthong topology guard --state guard.json", "run lienthong topology guard --state guard.json"),
    lambda _: True,
)
_QUOTA = Rule(
    "quota",
    Label("{name}: {share} hạn mức {subject}", "{name}: {share} of its quota of {subject}"),
    Label("hỏi cơ quan đó đang gửi gì", "ask that agency what it sends"),
    lambda _: True,
)


def queue_faults(queue: QueueState) -> tuple[Fault, ...]:
    """In the order of the rules, gravest first."""
    if not queue.counted:
        return (_NOT_COUNTED,)
    facts = {
        "state": queue.state,
        "missing": ", ".join(queue.missing),
        "lacking": ", ".join(queue.lacking),
        "percent": f"{queue.fullness:.0%}",
        "unacknowledged": queue.unacknowledged,
        "age": age_in_words(queue.oldest),
    }
    return tuple(_fault(rule, facts) for rule in _rules_of(queue.name) if rule.holds(queue))


def _rules_of(name: str) -> tuple[Rule, ...]:
    if is_own_dead(name):
        return _OF_OWN_DEAD
    return RULES.get(name, _OF_LANES if is_lane(name) else _OF_INBOXES)


def node_alarms(nodes: Iterable[Json]) -> tuple[Fault, ...]:
    return tuple(_fault(rule, node) for node in nodes for rule in _ALARMS if rule.holds(node))


def isolation_alarms(names: Iterable[str], *, is_guarded: bool) -> tuple[Fault, ...]:
    """By the names of all queues: the mailboxes that have their own, and whether the guard reads the audit stream."""
    facts = [{"name": mailbox_of(name)} for name in sorted(names) if is_own_audit(name)]
    isolated = tuple(_fault(_ISOLATED, each) for each in facts)
    return isolated if is_guarded else (*isolated, _fault(_UNGUARDED, {}))


def gap_alarm(code: str, names: str) -> Fault:
    """Of what is gone at the broker: bus/rabbit/admin/gaps.py."""
    return _fault(_GAPS[code], {"names": names})


def quota_alarms(uses: Iterable[Json]) -> tuple[Fault, ...]:
    """Of what the guard has kept in its file: who is near its quota, or over it."""
    return tuple(
        _fault(_QUOTA, {"name": use["mailbox"], "subject": use["subject"], "share": f"{use['share']:.0%}"})
        for use in uses
    )


def every_fault() -> tuple[Fault, ...]:
    """Each code once, with `…` for the facts: for people who look it up."""
    of_queues = (*_OF_INBOXES, *_OF_LANES, *_OF_OWN_DEAD, *(rule for rules in RULES.values() for rule in rules))
    rules = (*of_queues, *_ALARMS, *_GAPS.values(), _ISOLATED, _UNGUARDED, _QUOTA)
    found = [Fault(rule.code, Label(*(_blank(words) for words in rule.text)), rule.remedy) for rule in rules]
    return tuple({each.code: each for each in (*found, _NOT_COUNTED)}.values())


def _blank(words: str) -> str:
    return re.sub(r"\{\w+\}", "…", words)


def _fault(rule: Rule, facts: Mapping[str, object]) -> Fault:
    text = Label(*(words.format_map(facts) for words in rule.text))
    return Fault(rule.code, text, rule.remedy, str(facts.get("name", "")))


def _seconds(queue: QueueState) -> float:
    return queue.oldest.seconds if queue.oldest else 0.0
