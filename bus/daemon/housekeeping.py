"""The steps that time brings: documents expire, deadlines pass, old entries are forgotten, keys and editions end."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bus.daemon.counters import Counters
from bus.daemon.current_member import SignedMember
from bus.daemon.dependencies import Dependencies
from bus.daemon.loops import LoopName
from bus.daemon.watchdog import believed_time
from bus.dossiers.remind import BATCH, remind
from bus.handling.deadlines import Stage
from bus.ports.records import Event
from bus.sending.expire import expire
from bus.trust.endings import warnings

log = structlog.get_logger()

KEEP = timedelta(days=400)
"""Done entries are kept for a year and a month: for the yearly report, and against duplicates that come late."""


class Housekeeping:
    def __init__(self, given: Dependencies, *, counters: Counters, wake: Callable[[LoopName], None]) -> None:
        self._given = given
        self._counters = counters
        self._wake = wake
        self._reminded: dict[str, tuple[int, datetime]] = {}
        """By name of an ending, the stage last told of, and the end."""

    def expire(self) -> bool:
        """Ends the sending of documents that have expired."""
        given = self._given
        ended = expire(given.store, member=given.member_now(), now=given.clock())
        if ended.events:
            self._wake(LoopName.DELIVER)
        self._counters.add(expired=len(ended.events))
        for event in ended.events:
            log.warning(event.name, mailbox=given.mailbox, message=event.message, said=event.detail)
        return ended.more

    def deadlines(self) -> bool:
        """Tells of documents that are due and not taken up."""
        given = self._given
        told = remind(given.store, now=given.clock(), lead=given.lead)
        names = [event.name for event in told]
        self._counters.add(deadlines_near=names.count(Stage.NEAR), deadlines_passed=names.count(Stage.PASSED))
        for event in told:
            document = event.document.id if event.document else None
            log.warning(event.name, mailbox=given.mailbox, document=document, said=event.detail)
        return len(told) >= BATCH

    def forget(self) -> bool:
        """Deletes entries that are long done, by a time that can be believed."""
        given, now = self._given, self._given.clock()
        with given.store.read() as tx:
            today = believed_time(tx, now, mailbox=given.mailbox, issued_at=self._issued_at())
        if today is None:
            return False
        if today < now:
            log.warning("clock.doubted", mailbox=given.mailbox, now=now, believed=today)
            detail = f"{now:%Y-%m-%d} ≫ {today:%Y-%m-%d}. Kiểm tra đồng hồ máy. / Look at this machine's clock."
            given.tell(Event(at=now, name="clock.doubted", detail=detail))
        forgotten = given.store.forget(today - KEEP)
        if forgotten:
            log.info("store.forgotten", mailbox=given.mailbox, messages=forgotten)
        return False

    def remind(self) -> bool:
        """Tells, once a stage, that a certificate, a key or the directory ends soon."""
        given, now = self._given, self._given.clock()
        if not isinstance(given.member, SignedMember):
            return False
        for warning in warnings(given.member.endings(), now=now):
            if self._reminded.get(warning.what.en) == (warning.stage, warning.at):
                continue
            self._reminded[warning.what.en] = (warning.stage, warning.at)
            log.warning("ending.soon", mailbox=given.mailbox, what=warning.what.en, at=warning.at, days=warning.stage)
            given.tell(Event(at=now, name="ending.soon", detail=f"{warning.what.en}: {warning.at:%Y-%m-%d}"))
        return False

    def _issued_at(self) -> datetime | None:
        member = self._given.member
        return member.follower.edition.header.issued_at if isinstance(member, SignedMember) else None
