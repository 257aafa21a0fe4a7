"""The answer of /healthz of a ledger: is it well, why not in words, and how far it has read each stream."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from bus.daemon.editions import EditionFollower
from bus.daemon.loops import Loop
from bus.daemon.own_process import OwnProcess
from bus.ledger.streams import BEHIND, StreamState
from bus.rabbit.streams.audit_reader import Continuity
from schemas.codes import Label


class Watched(Protocol):
    """What is looked at: a ledger's process (process.py)."""

    @property
    def is_working(self) -> bool:
        """False while another machine's ledger has the shared database."""

    @property
    def since(self) -> datetime: ...
    @property
    def streams(self) -> Mapping[str, StreamState]: ...
    @property
    def follower(self) -> EditionFollower | None: ...
    @property
    def trouble(self) -> str | None:
        """Why the database is not ours, where that is no other machine."""


_FOUND: Final = {
    Continuity.CUT: Label(
        "luồng {stream} đã bỏ những bản tin chưa đọc", "the stream {stream} has dropped messages that were not read"
    ),
    Continuity.ANOTHER: Label(
        "luồng {stream} đã bị tạo lại, cái cũ có thể mất phần chưa đọc",
        "the stream {stream} was made anew; what the one before had, and was not read, is lost",
    ),
}


def health(watched: Watched, own: OwnProcess, now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the whole answer."""
    loops = own.following
    wrong = own.wrong()
    wrong += [
        Label(
            f"việc {loop.name} không chạy được: {loop.health.code or '?'}",
            f"{loop.name} fails: {loop.health.code or '?'}",
        )
        for loop in loops
        if loop.health.failing_since is not None
    ]
    if watched.trouble is not None:
        wrong.append(Label("không mở được cơ sở dữ liệu", "the database cannot be opened"))
    for stream in watched.streams.values():
        wrong += _behind(stream, now)
        wrong += [_alarm(stream.name, alarm.found) for alarm in stream.alarms[-1:]]
    threads = own.threads()
    facts: dict[str, Any] = {
        "ok": not wrong,
        "wrong": [f"{label.vi} / {label.en}" for label in wrong],
        "warnings": [f"{label.vi} / {label.en}" for label in own.warnings()],
        "standing": "working" if watched.is_working else "standby",
        "standing_since": watched.since,
        "threads": {"expected": threads.expected, "alive": threads.alive, "ended": list(threads.ended)},
        "log": {"lines_lost": own.log.lost, "failing_since": own.log.failing_since},
        "loops": {loop.name: _loop(loop) for loop in loops},
        "streams": {name: stream.facts(now) for name, stream in watched.streams.items()},
    }
    if watched.trouble is not None:
        facts["database"] = watched.trouble
    if watched.follower is not None:
        header = watched.follower.edition.header
        facts["directory"] = {
            "version": header.version,
            "issued_at": header.issued_at,
            "expires_at": header.expires_at,
        }
    return not wrong, facts


def states_only(facts: Mapping[str, Any]) -> dict[str, object]:
    """The answer without the words of errors, which may name machines and agencies."""
    shown = {name: each for name, each in facts.items() if name != "database"}
    shown["loops"] = {
        name: {key: value for key, value in loop.items() if key not in {"error", "error_vi"}}
        for name, loop in facts["loops"].items()
    }
    return shown


def _behind(stream: StreamState, now: datetime) -> list[Label]:
    behind = stream.behind(now)
    if behind < BEHIND:
        return []
    minutes = int(behind.total_seconds() // 60)
    return [Label(f"sổ chậm {minutes} phút ở luồng {stream.name}", f"{minutes} min behind in the stream {stream.name}")]


def _alarm(stream: str, found: Continuity) -> Label:
    words = _FOUND[found]
    return Label(words.vi.format(stream=stream), words.en.format(stream=stream))


def _loop(loop: Loop) -> dict[str, object]:
    health = loop.health
    return {
        "turns": health.turns,
        "ok_at": health.ok_at,
        "failing_since": health.failing_since,
        "error": health.error,
        "error_vi": health.error_vi,
        "code": health.code,
        "alive": loop.is_alive,
    }
