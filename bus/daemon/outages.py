"""Outages of what a mailbox needs (broker, document system, store, place of large files, directory): an event when one
begins, one when its cause becomes another, one when it is over, with how long it lasted. One that comes and goes is one
outage with a count. An event's time is when it was said; its text names since when."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from bus.daemon.dependencies import Dependencies
from bus.daemon.loops import Loop, LoopName
from bus.errors import (
    BlobsAway,
    BrokerAway,
    BrokerDenied,
    BrokerRefused,
    BrokerRevoked,
    BusError,
    DirectoryExpired,
    DmsAway,
    InboxShared,
    NotKept,
    OwnClockWrong,
    RoadGone,
    StoreAway,
    StoreDamaged,
    StoreFull,
    StoreTaken,
    Words,
    said,
    side_by_side,
)
from bus.ports.records import Event
from schemas.clock import local
from schemas.values import VIETNAM

log = structlog.get_logger()

SETTLED: Final = 10.0
"""Seconds after which an outage is told; a shorter one is only counted."""
QUIET: Final = 30.0
"""Seconds without trouble after which an outage is over; twice as many for each other outage of the last `SPAN`."""
SPAN: Final = 3600.0
BLIPS: Final = 5
"""Short interruptions in `SPAN` that are told, as one event."""
CAUSES: Final = 6
"""Causes of one outage that are told, the first included; each once."""
LOOKED_BACK: Final = 500
"""Events among which one that was open at the last end of this daemon is looked for."""


class Needed(StrEnum):
    """What may be away. The names are the beginnings of the events'."""

    BROKER = "broker"
    SYSTEM = "dms"
    STORE = "store"
    BLOBS = "blobs"
    DIRECTORY = "directory"
    CLOCK = "clock"
    LOOP = "loop"
    """Any other trouble of a loop."""

    @property
    def away(self) -> str:
        return f"{self}.away"

    @property
    def changed(self) -> str:
        return f"{self}.changed"

    @property
    def back(self) -> str:
        return f"{self}.back"

    @property
    def interrupted(self) -> str:
        return f"{self}.interrupted"


OF_CODE: Final[Mapping[str, Needed]] = {
    DmsAway.code: Needed.SYSTEM,
    NotKept.code: Needed.SYSTEM,
    StoreFull.code: Needed.STORE,
    StoreAway.code: Needed.STORE,
    StoreDamaged.code: Needed.STORE,
    StoreTaken.code: Needed.STORE,
    BlobsAway.code: Needed.BLOBS,
    DirectoryExpired.code: Needed.DIRECTORY,
    OwnClockWrong.code: Needed.CLOCK,
}
TOLD_ELSEWHERE: Final = frozenset(
    {BrokerAway.code, BrokerDenied.code, BrokerRefused.code, BrokerRevoked.code, InboxShared.code, RoadGone.code}
)
"""The link itself says whether the broker is away, or lacks a part of the bus; the watchdog tells of the others."""


@dataclass(slots=True)
class _Course:
    """How it goes with one of them. Seconds are steady ones."""

    since: float | None = None
    """Of the trouble that is there now."""
    began_at: datetime | None = None
    began: float = 0.0
    causes: list[str] = field(default_factory=list)
    """Of the outage that is told: their words."""
    other: tuple[str, float, datetime] | None = None
    """A cause that is none of them, and since when it is there."""
    is_told: bool = False
    over: tuple[float, datetime] | None = None
    """Since when a told outage seems to be over."""
    interruptions: int = 0
    told: deque[float] = field(default_factory=deque)
    """The outages told of in the last `SPAN`."""
    blips: list[float] = field(default_factory=list)
    """How long those were that nobody was told of."""
    blips_since: float = 0.0


class Outages:
    """One a mailbox; `step` is called every few seconds, and raises nothing where the store is away: what is to be told
    is kept until it is back."""

    def __init__(self, given: Dependencies, loops: Callable[[], Iterable[Loop]]) -> None:
        self._given = given
        self._loops = loops
        self._courses = {needed: _Course() for needed in Needed}
        self._untold: list[Event] = []
        self._has_looked_back = False

    def step(self) -> None:
        with suppress(BusError):  # the store is away: what was open is found when it is back
            self._look_back()
        troubles = self._troubles()
        for needed, course in self._courses.items():
            self._untold += self._course(needed, course, troubles.get(needed))
        try:
            while self._untold:
                self._given.tell(replace(self._untold[0], at=self._given.clock()))
                del self._untold[0]
        except BusError as error:
            log.info("event.waits", mailbox=self._given.mailbox, events=len(self._untold), error=str(error))

    def _look_back(self) -> None:
        """What was away when this daemon ended, and whose end was not told yet."""
        if self._has_looked_back:
            return
        with self._given.store.read() as tx:
            before = tx.dossiers.recent_events(limit=LOOKED_BACK)
        self._has_looked_back = True
        for needed, course in self._courses.items():
            told = _last_outage(before, needed)
            if told and not course.is_told:
                began_at = _since(told[0])
                gone = (self._given.clock() - began_at).total_seconds()
                course.is_told, course.began_at, course.began = True, began_at, self._given.steady() - max(0.0, gone)
                course.causes = [_why(each) for each in told]

    def _troubles(self) -> Mapping[Needed, tuple[datetime, str]]:
        """What is away now, since when, and why."""
        found: dict[Needed, tuple[datetime, str]] = {}
        if not self._given.broker.is_up:
            found[Needed.BROKER] = self._given.clock(), _of_broker(self._given.broker.state())
        for loop in self._loops():
            health = loop.health
            if health.failing_since is None or health.code in TOLD_ELSEWHERE:
                continue
            unknown = Needed.SYSTEM if loop.name == LoopName.COLLECT else Needed.LOOP
            needed = OF_CODE.get(health.code or "", unknown)
            words = health.error or "" if health.error_vi == health.error else f"{health.error_vi} / {health.error}"
            mark = f"{loop.name}: " if needed is Needed.LOOP else ""
            if needed not in found or health.failing_since < found[needed][0]:
                found[needed] = health.failing_since, mark + words
        return found

    def _course(self, needed: Needed, course: _Course, trouble: tuple[datetime, str] | None) -> Iterator[Event]:
        now, at = self._given.steady(), self._given.clock()
        while course.told and now - course.told[0] >= SPAN:
            course.told.popleft()
        if trouble is not None:
            yield from self._away(needed, course, trouble, now)
        elif course.is_told:
            yield from self._perhaps_back(needed, course, now, at)
        elif course.since is not None:
            course.blips.append(now - course.since)
            course.blips_since = course.blips_since if len(course.blips) > 1 else now
        course.since = None if trouble is None else (now if course.since is None else course.since)
        yield from self._blips(needed, course, now, at)

    def _away(self, needed: Needed, course: _Course, trouble: tuple[datetime, str], now: float) -> Iterator[Event]:
        since, why = trouble
        if course.is_told:
            course.interruptions += course.over is not None
            course.over = None
            yield from self._perhaps_changed(needed, course, why, now)
            return
        if course.since is None:
            course.began_at, course.began = since, now
        if course.since is not None and now - course.since >= SETTLED:
            assert course.began_at is not None
            course.is_told, course.interruptions = True, 0
            course.causes, course.other = [why], None
            course.told.append(now)
            yield _said(needed.away, course.began_at, why)

    def _perhaps_changed(self, needed: Needed, course: _Course, why: str, now: float) -> Iterator[Event]:
        """Another cause than those told, for as long as an outage takes to be told."""
        if len(course.causes) >= CAUSES or _kind(why) in map(_kind, course.causes):
            course.other = None
            return
        if course.other is None or _kind(course.other[0]) != _kind(why):
            course.other = why, now, self._given.clock()
        _, since, at = course.other
        if now - since >= SETTLED:
            course.other = None
            course.causes.append(why)
            yield _said(needed.changed, at, why)

    def _perhaps_back(self, needed: Needed, course: _Course, now: float, at: datetime) -> Iterator[Event]:
        if course.over is None:
            course.over = now, at
        over, back_at = course.over
        if now - over < QUIET * 2.0 ** max(0, len(course.told) - 1):
            return
        assert course.began_at is not None
        yield Event(at=at, name=needed.back, detail=_whole(course, over - course.began, back_at))
        course.is_told, course.over, course.interruptions, course.other = False, None, 0, None

    def _blips(self, needed: Needed, course: _Course, now: float, at: datetime) -> Iterator[Event]:
        if not course.blips or now - course.blips_since < SPAN:
            return
        if len(course.blips) >= BLIPS:
            longest = span(max(course.blips))
            detail = (
                f"{len(course.blips)} lần trong một giờ, lâu nhất {longest[0]} / "
                f"{len(course.blips)} times in an hour, the longest {longest[1]}"
            )
            yield Event(at=at, name=needed.interrupted, detail=detail)
        course.blips.clear()


def _of_broker(state: Mapping[str, object]) -> str:
    """Why the link is not up, and who does what. What RabbitMQ lacks is old news where nobody is connected to it."""
    if user := state.get("denied"):
        return side_by_side(BrokerDenied(user=user, why=state.get("last_error")).in_both())
    if (lacking := state.get("lacking")) and state.get("connected", True):
        assert isinstance(lacking, tuple)
        return side_by_side(RoadGone(what=", ".join(lacking)).in_both())
    if blocked := state.get("blocked"):
        why: object = said("nó chặn nơi gửi ({blocked})", "it blocks publishers ({blocked})", blocked=blocked)
    else:
        why = state.get("last_error") or Words("chưa nối được", "not connected yet")
    return side_by_side(BrokerAway(why=why).in_both())


_SINCE: Final = re.compile(r"từ (\S+ \S+) \+07 / since \S+ \S+ \+07: ")
_CODE: Final = re.compile(r"\[([a-z-]+); [a-z ]+ acts\]")


def _said(name: str, since: datetime, why: str) -> Event:
    told = local(since, seconds=True)
    return Event(at=since, name=name, detail=f"từ {told} / since {told}: {why}")


def _since(told: Event) -> datetime:
    """When what it tells of began; of an event of an earlier version, its own time."""
    found = _SINCE.match(told.detail)
    return told.at if found is None else datetime.fromisoformat(found[1]).replace(tzinfo=VIETNAM)


def _why(told: Event) -> str:
    return _SINCE.sub("", told.detail, count=1)


def _kind(why: str) -> str:
    """A cause whatever its figures: a time, a port, a count make no other one."""
    return re.sub(r"[0-9]+", "0", why)


def _last_outage(before: Iterable[Event], needed: Needed) -> list[Event]:
    """What was told of it, oldest first, of events that come newest first; nothing where it was over."""
    told: list[Event] = []
    for event in before:
        if event.name == needed.back:
            return []
        if event.name in {needed.away, needed.changed}:
            told.insert(0, event)
        if event.name == needed.away:
            break
    return told


def _whole(course: _Course, seconds: float, back_at: datetime) -> str:
    """Of an outage that is over: how long, until when, how often, and its causes by their codes."""
    lasted, until = span(seconds), local(back_at, seconds=True)
    vi, en = f"sau {lasted[0]}, lúc {until}", f"after {lasted[1]}, at {until}"
    if course.interruptions:
        again = course.interruptions + 1
        vi, en = f"{vi}, {again} lần ngắt", f"{en}, {again} interruptions"
    if len(course.causes) > 1:
        codes = dict.fromkeys(found[1] for each in course.causes if (found := _CODE.search(each)))
        named = f" ({', '.join(codes)})" if codes else ""
        vi, en = f"{vi}, {len(course.causes)} lý do{named}", f"{en}, {len(course.causes)} causes{named}"
    return f"{vi} / {en}"


def span(seconds: float) -> tuple[str, str]:
    """How long, in Vietnamese and English: the two largest units."""
    left = timedelta(seconds=round(max(0.0, seconds)))
    days, rest = left.days, left.seconds
    parts = (
        (days, "ngày", "d"),
        (rest // 3600, "giờ", "h"),
        (rest // 60 % 60, "phút", "min"),
        (rest % 60, "giây", "s"),
    )
    first = next((number for number, (count, _, _) in enumerate(parts) if count), len(parts) - 1)
    told = [(count, vi, en) for count, vi, en in parts[first : first + 2] if count] or [parts[-1]]
    return " ".join(f"{count} {vi}" for count, vi, _ in told), " ".join(f"{count} {en}" for count, _, en in told)
