"""The rules for a running broker: which doors are open that should not be, and who closes them. Pure; the facts are
bus/rabbit/admin/node_facts.py's. It looks at the node, not at the files that were made for it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from bus.rabbit.address import is_loopback
from bus.rabbit.admin.node_facts import Listener, NodeFacts, TlsDoor
from schemas.codes import Label

TLS_13 = "TLSv1_3"
CERTIFICATE = "EXTERNAL"
_CLUSTERING = "clustering"


class Verdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    UNSEEN = "unseen"
    """It cannot be seen from here: a person looks on the machine."""


class Check(NamedTuple):
    """One thing that was looked at."""

    code: str
    verdict: Verdict
    found: Label
    remedy: Label
    """Who does what; empty where it is in order."""


_NOTHING = Label("", "")


def check_node(facts: NodeFacts) -> tuple[Check, ...]:
    """Everything that was looked at, what is wrong first."""
    found = [
        *(_listener(each, alone=len(facts.nodes) == 1) for each in facts.listeners),
        *_login(facts),
        *(check for door in facts.doors for check in _door(door)),
        *(_lists(each) for each in facts.listeners if each.protocol == "amqp/ssl"),
        *_UNSEEN,
    ]
    if not facts.doors:
        found.append(
            _check("no-tls", False, Label("không có cổng AMQP qua TLS", "no port of AMQP over TLS"), _SETTINGS)
        )
    order = list(_ORDER)
    return tuple(sorted(found, key=lambda check: order.index(check.verdict)))


_ORDER = (Verdict.WRONG, Verdict.UNSEEN, Verdict.OK)
_SETTINGS = Label(
    "người vận hành: dùng các tệp của lienthong topology settings, rồi khởi động lại nút",
    "the operator: the files of lienthong topology settings, then start the node again",
)
_WAIT = Label("chờ vài giây rồi chạy lại", "wait some seconds, and run this again")
_FIREWALL = Label(
    "người vận hành: tường lửa chỉ mở cổng này giữa các nút của cụm",
    "the operator: a firewall opens this port between the cluster's nodes only",
)


def _listener(each: Listener, *, alone: bool) -> Check:
    where = f"{each.protocol} {each.address}:{each.port} ({each.node})"
    encrypted = each.protocol.endswith("/ssl") or each.protocol.startswith("https")
    here = is_loopback(each.address)
    if each.protocol == _CLUSTERING:
        if here or alone:
            return _check("cluster-port", here, Label(where, where), _SETTINGS)
        return Check("cluster-port", Verdict.UNSEEN, Label(where, where), _FIREWALL)
    found = Label(
        where if encrypted or here else f"{where}: không mã hóa, ai cũng tới được",
        where if encrypted or here else f"{where}: in clear, to everybody",
    )
    return _check("clear-listener", encrypted or here, found, _SETTINGS)


def _lists(each: Listener) -> Check:
    vi, en = ("có tra", "looked at") if each.asks_lists else ("không tra", "not looked at")
    where = f"{each.address}:{each.port} ({each.node})"
    found = Label(f"{where}: danh sách thu hồi {vi}", f"{where}: lists of revoked certificates {en}")
    return _check("revocation", each.asks_lists, found, _SETTINGS)


def _login(facts: NodeFacts) -> Iterator[Check]:
    remedy = Label("người vận hành: rabbitmqctl delete_user guest", "the operator: rabbitmqctl delete_user guest")
    words = Label("còn người dùng guest", "there is a user guest")
    if facts.guest_logs_in:
        words = Label("guest/guest vào được trang quản trị", "guest/guest logs in to the management")
    none = Label("không có người dùng guest", "no user guest")
    exists = facts.has_guest or facts.guest_logs_in
    yield _check("guest", not exists, words if exists else none, remedy)
    mechanisms = ", ".join(sorted(facts.mechanisms or ()))
    if facts.mechanisms is None:
        yield Check("mechanisms", Verdict.UNSEEN, Label("chưa có số liệu", "no figures yet"), _WAIT)
    else:
        yield _check("mechanisms", facts.mechanisms == {CERTIFICATE}, Label(mechanisms, mechanisms), _SETTINGS)
    lacking = ", ".join(facts.lacking_plugin)
    yield _check(
        "plugin",
        not lacking,
        Label(f"không có ở {lacking}", f"lacking on {lacking}") if lacking else Label("có", "there"),
        Label(
            "người vận hành: rabbitmq-plugins enable rabbitmq_auth_mechanism_ssl",
            "the operator: rabbitmq-plugins enable rabbitmq_auth_mechanism_ssl",
        ),
    )
    names = ", ".join(facts.nameable)
    yield _check(
        "nameable",
        not names,
        Label(names or "không có", names or "none"),
        Label(
            "người vận hành: đặt cho họ tên mà mã hộp thư không có được, ví dụ có dấu “+”",
            "the operator: give them names that no mailbox can have, with a “+” in it",
        ),
    )


def _door(door: TlsDoor) -> Iterator[Check]:
    where = f"{door.host}:{door.port}"
    if not door.versions:
        away = Label(f"{where} không trả lời từ đây", f"{where} does not answer from here")
        again = Label(
            "người vận hành: chạy lại trên máy tới được cổng đó, hoặc --host",
            "the operator: run this where that port can be reached, or give --host",
        )
        yield Check("tls-versions", Verdict.WRONG, away, again)  # nobody knows what it lets in
        return
    versions = f"{where}: {', '.join(door.versions)}"
    yield _check("tls-versions", set(door.versions) == {TLS_13}, Label(versions, versions), _SETTINGS)
    yield _check(
        "client-certificate",
        not door.lets_in,
        Label(f"{where}: vào không cần chứng thư", f"{where}: lets in without a certificate")
        if door.lets_in
        else Label(f"{where}: đòi chứng thư", f"{where}: demands a certificate"),
        _SETTINGS,
    )


def _check(code: str, ok: bool, found: Label, remedy: Label) -> Check:
    return Check(code, Verdict.OK if ok else Verdict.WRONG, found, _NOTHING if ok else remedy)


_UNSEEN = (
    Check(
        "login-name",
        Verdict.UNSEEN,
        Label(
            "tên người dùng lấy từ đâu trong chứng thư; cỡ bản tin", "which name in a certificate logs in; message size"
        ),
        Label(
            "người vận hành, trên máy đó: rabbitmqctl environment | grep -E 'ssl_cert_login|max_message_size'",
            "the operator, on that machine: rabbitmqctl environment | grep -E 'ssl_cert_login|max_message_size'",
        ),
    ),
    Check(
        "cookie",
        Verdict.UNSEEN,
        Label("ai đọc được cookie của Erlang", "who can read Erlang's cookie"),
        Label(
            "người vận hành, trên máy đó: ls -l /var/lib/rabbitmq/.erlang.cookie phải là -r--------",
            "the operator, on that machine: ls -l /var/lib/rabbitmq/.erlang.cookie must be -r--------",
        ),
    ),
)
