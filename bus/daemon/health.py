"""The answer of /healthz: whether each mailbox and the process are well, why not in words, and what each loop, store,
broker and directory is doing. Whole for the operator; states, counts and times for everybody else who reaches the port.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from bus.daemon.loops import Loop
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.own_process import OwnProcess
from bus.daemon.standby import Standby
from bus.errors import BusError
from bus.handling.transport import InboxState, OutboxState
from bus.operations.transfers import under_way
from bus.ports.adapter import Trouble
from bus.ports.records import Box
from bus.ports.store import Store
from bus.topology.names import inbox_of
from schemas.clock import local
from schemas.codes import Label
from schemas.values import MailboxCode

SHOWN: Final = 20
"""Transfers told of, and what waits in the document system: the oldest."""

Waiting: TypeAlias = dict[Box, tuple[Mapping[OutboxState, int] | Mapping[InboxState, int], datetime | None]]
"""How many messages are in each state, and since when the oldest has waited."""


def health(daemons: Iterable[MailboxDaemon | Standby], own: OwnProcess | None = None) -> tuple[bool, dict[str, object]]:
    """Whether all is well, and the answer of /healthz. Its first words say why not, without anybody's name."""
    process = own or OwnProcess()
    well, wrong, mailboxes = not process.wrong(), process.wrong(), []
    for loop in process.following:
        wrong += _wrong_with(loop, loop.name)
        well = well and loop.health.failing_since is None
    for each in daemons:
        fine, words, facts = _mailbox(each)
        well = well and fine
        wrong += words
        mailboxes.append({"mailbox": each.mailbox, "ok": fine, **facts})
    threads = process.threads()
    return well, {
        "ok": well,
        "wrong": [f"{label.vi} / {label.en}" for label in wrong],
        "warnings": [f"{label.vi} / {label.en}" for label in process.warnings()],
        "threads": {"expected": threads.expected, "alive": threads.alive, "ended": list(threads.ended)},
        "log": {"lines_lost": process.log.lost, "failing_since": process.log.failing_since},
        "loops": {loop.name: _loop(loop) for loop in process.following},
        "mailboxes": mailboxes,
    }


_FACTS: Final = ("mailbox", "ok", "standing", "standing_since", "outbox", "inbox")
_PARTS: Final = {
    "broker": ("connected", "publishing", "consuming", "reconnects", "since"),
    "directory": ("version", "issued_at", "expires_at", "refused_at"),
}
_LOOP: Final = ("ok_at", "failing_since", "code", "alive")
_PROCESS: Final = ("ok", "wrong", "warnings", "threads", "log")


def states_only(said: Mapping[str, Any]) -> dict[str, object]:
    """The answer without what names messages, other agencies or machines, and without the words of errors: what is not
    listed above is left out."""
    loops = {name: _only(loop, _LOOP) for name, loop in said.get("loops", {}).items()}
    return _only(said, _PROCESS) | {"loops": loops, "mailboxes": [_states(each) for each in said["mailboxes"]]}


def _states(facts: Mapping[str, Any]) -> dict[str, object]:
    states: dict[str, object] = _only(facts, _FACTS)
    states["loops"] = {name: _only(loop, _LOOP) for name, loop in facts["loops"].items()}
    states |= {part: _only(facts[part], names) for part, names in _PARTS.items() if part in facts}
    if "store" in facts:
        states["store"] = "failing"
    if "transfers" in facts:
        states["transfers"] = len(facts["transfers"])
    if "troubles" in facts:
        states["troubles"] = facts["troubles"]["count"]
    return states


def _only(facts: Mapping[str, Any], names: Iterable[str]) -> dict[str, object]:
    return {name: facts[name] for name in names if name in facts}


def standby_of(each: MailboxDaemon | Standby) -> Standby | None:
    """None where the store is not shared."""
    return None if isinstance(each, MailboxDaemon) else each


def working_daemon(each: MailboxDaemon | Standby) -> MailboxDaemon | None:
    """None while it stands by."""
    return each if isinstance(each, MailboxDaemon) else each.daemon


def waiting_in(store: Store) -> Waiting | BusError:
    """The error where the store does not answer: everything else must still be told."""
    try:
        with store.read() as tx:
            return {
                Box.OUT: (tx.outbox.counts(), tx.outbox.oldest(OutboxState.WAITING)),
                Box.IN: (tx.inbox.counts(), tx.inbox.oldest(InboxState.WAITING)),
            }
    except BusError as error:
        return error


def _mailbox(each: MailboxDaemon | Standby) -> tuple[bool, list[Label], dict[str, object]]:
    daemon = working_daemon(each)
    wrong = [label for loop in each.loops for label in _wrong_with(loop, f"{each.mailbox} {loop.name}")]
    facts: dict[str, object] = {"loops": {loop.name: _loop(loop) for loop in each.loops}, **_standing(each)}
    if daemon is None:
        return not wrong, wrong, facts
    waiting, transfers = waiting_in(daemon.store), _transfers(daemon.store)
    if isinstance(transfers, BusError):  # the store went away between the two
        waiting = transfers
    lost = {"store": waiting.in_english(), "store_vi": waiting.in_vietnamese()} if isinstance(waiting, BusError) else {}
    missing = None if lost else daemon.store.incomplete()
    recovered = {"store": missing.in_english(), "store_vi": missing.in_vietnamese()} if missing else {}
    boxes = {} if isinstance(waiting, BusError) else {str(box): dict(counts) for box, (counts, _) in waiting.items()}
    facts |= {"broker": daemon.broker.state(), **_directory(daemon), **lost, **recovered, **boxes}
    if daemon.troubles:
        facts["troubles"] = _troubles(daemon.troubles)
    if transfers and not isinstance(transfers, BusError):
        facts["transfers"] = transfers
    wrong += [Label(f"{each.mailbox}: {vi}", f"{each.mailbox}: {en}") for vi, en in _objections(daemon, lost, missing)]
    return not wrong, wrong, facts


def _objections(daemon: MailboxDaemon, lost: object, missing: object) -> Iterator[Label]:
    """Of a mailbox whose loops go well, or not."""
    if daemon.troubles:
        count = len(daemon.troubles)
        yield Label(f"{count} thứ nằm lại ở phần mềm văn bản", f"{count} things wait in its document system")
    if not daemon.broker.is_up:
        yield _why_down(daemon.broker.state(), daemon.mailbox)
    if lost:
        yield Label("không đọc được kho", "its store cannot be read")
    if missing:
        yield Label("kho đã khôi phục còn thiếu", "its recovered store lacks something")


def _why_down(broker: Mapping[str, Any], mailbox: MailboxCode) -> Label:
    """Without anybody else's name: what RabbitMQ lacks, and what it says, are in the link's own facts."""
    if broker.get("denied"):
        return Label("RabbitMQ không nhận người dùng (broker-denied)", "RabbitMQ refuses the user (broker-denied)")
    lacking = broker.get("lacking") or ()
    if (inbox := inbox_of(mailbox)) in lacking:
        return Label(f"hàng đợi {inbox} của nó không còn trên RabbitMQ", f"its queue {inbox} is gone at RabbitMQ")
    if lacking and broker.get("connected", True):
        return Label("RabbitMQ thiếu một phần của trục", "RabbitMQ lacks a part of the bus")
    if broker.get("blocked"):
        return Label("RabbitMQ đang chặn nơi gửi", "RabbitMQ blocks publishers")
    return Label("chưa nối được RabbitMQ", "no connection to RabbitMQ")


def _wrong_with(loop: Loop, name: str) -> list[Label]:
    since = loop.health.failing_since
    if since is None:
        return []
    at = local(since, seconds=True) + (f" ({loop.health.code})" if loop.health.code else "")
    return [Label(f"{name}: lỗi từ {at}", f"{name}: fails since {at}")]


def _standing(each: MailboxDaemon | Standby) -> dict[str, object]:
    """Nothing where the store is not shared."""
    standby = standby_of(each)
    if standby is None:
        return {}
    status = standby.status
    facts = {"standing": "active" if status.active else "standby", "standing_since": status.since}
    waits = {} if status.active else {"waits_for": status.waits_for, "holder_since": status.holder_since}
    return {**facts, **waits}


def _loop(loop: Loop) -> dict[str, object]:
    return {
        "ok_at": loop.health.ok_at,
        "failing_since": loop.health.failing_since,
        "code": loop.health.code,
        "error": loop.health.error,
        "error_vi": loop.health.error_vi,
        "alive": loop.is_alive or not loop.is_expected,
    }


def _directory(daemon: MailboxDaemon) -> dict[str, object]:
    """The edition in force; nothing where the directory is not signed."""
    if daemon.signed is None:
        return {}
    header, refused = daemon.signed.follower.edition.header, daemon.signed.follower.refused
    facts = {"version": header.version, "issued_at": header.issued_at, "expires_at": header.expires_at}
    return {"directory": facts | ({"refused_at": refused.at, "refused": refused.why} if refused else {})}


def _troubles(found: Sequence[Trouble]) -> dict[str, object]:
    """What waits in the document system and does not go on by itself."""
    return {
        "count": len(found),
        "oldest": [
            {
                "ref": each.ref,
                "since": each.since,
                "code": each.error.code,
                "who": each.error.who,
                "error": each.error.in_english(),
                "error_vi": each.error.in_vietnamese(),
            }
            for each in found[:SHOWN]
        ],
    }


def _transfers(store: Store) -> list[dict[str, object]] | BusError:
    """Large attachments under way; the error where the store does not answer."""
    try:
        found = under_way(store, limit=SHOWN)
    except BusError as error:
        return error
    return [
        {
            "message": each.row.docket.id,
            "state": each.row.state,
            "bytes": each.size,
            "done": each.done,
            **({"error": each.row.error} if each.row.error else {}),
        }
        for each in found
        if each.size
    ]
