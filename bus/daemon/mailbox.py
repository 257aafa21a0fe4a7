"""One mailbox at work: four loops (collect, publish, take in, deliver) over store, broker and document system, and one
for what travels apart."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import structlog

from bus import delivering, expiring, receiving, reminding, sending
from bus.crashpoints import reached
from bus.daemon.in_turn import in_turn
from bus.daemon.large import Large
from bus.daemon.loops import Loop
from bus.daemon.pace import Pace
from bus.daemon.standpoint import Standpoint
from bus.daemon.tally import Tally
from bus.daemon.watch import Watch, believed
from bus.deadlines import LEAD, Stage
from bus.endings import warnings
from bus.mailroom import Member
from bus.ports import Adapter, Answer, Blobs, Broker, Store
from bus.records import Arrival, Event
from schemas.values import VIETNAM, MailboxCode

log = structlog.get_logger()

PATIENCE = timedelta(seconds=10)
MOST_EARLY = 32
"""For how long, and for how many messages at once, a key is waited for that the directory held here does not know: the
edition that names it may be a moment behind its sender's."""
COLLECT = 250
ARRIVALS = 500
KEEP = timedelta(days=400)
"""What is done is remembered for a year and a month: the yearly report, and duplicates that come late."""


def _now() -> datetime:
    return datetime.now(UTC)


def _steady() -> float:
    # The one that counts on while a virtual machine sleeps, where there is one: to wake up is no jump.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What a mailbox works with; closed with it."""

    member: Member
    standpoint: Standpoint | None = None
    """Renews `member` from the signed directory and the keys on disk. None: `member` follows the calendar only."""
    store: Store
    broker: Broker
    adapter: Adapter
    blobs: Mapping[str, Blobs] = field(default_factory=dict)
    """Where large attachments wait, by kind; our own are put into the first."""
    every: float = 1.0
    """Seconds between two looks at the document system."""
    as_of: date | None = None
    """Fixed date of the directory; None follows the calendar."""
    lead: timedelta = LEAD
    """Before the end of a day by which a document is due: when it is said that a recipient has not taken it up."""
    clock: Callable[[], datetime] = _now
    steady: Callable[[], float] = _steady
    """Seconds, whatever the clock is set to."""
    dice: Callable[[], float] = random.random


class MailboxDaemon:
    """Started once, stopped once. Beside the four loops of the road, one ends what has expired, every second, one says
    what is due and not taken up, every minute, one forgets what is long done, once a day, one reminds of what comes to
    an end, once an hour, and one watches the clock and the inbox."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._member = around.member
        self._adapter = in_turn(around.adapter)
        if around.standpoint is not None:
            around.standpoint.tell = self._tell
        self.mailbox: MailboxCode = around.member.mailbox
        self.tally = Tally()
        self._in_hand: Sequence[Arrival] = ()
        self._early: Sequence[Arrival] = ()
        self._early_since = around.clock()
        self._publish = Loop("publish", self._publish_step, idle=0.5, mailbox=self.mailbox)
        self._deliver = Loop("deliver", self._deliver_step, idle=0.5, mailbox=self.mailbox)
        self._collect = Loop("collect", self._collect_step, idle=around.every, mailbox=self.mailbox)
        self._collect_pace, self._deliver_pace = Pace(COLLECT), Pace(delivering.BATCH)
        self._expire = Loop("expire", self._expire_step, idle=1.0, mailbox=self.mailbox)
        self._deadlines = Loop("deadlines", self._deadlines_step, idle=60.0, mailbox=self.mailbox)
        self._forget = Loop("forget", self._forget_step, idle=86_400, mailbox=self.mailbox)
        self._reminded: dict[str, tuple[int, datetime]] = {}
        self._watched = Watch(self.mailbox, around.store, around.broker, clock=around.clock, steady=around.steady)
        self._watch = Loop("watch", self._watched.step, idle=2, mailbox=self.mailbox)
        self._remind = Loop("remind", self._remind_step, idle=3600, mailbox=self.mailbox)
        self._take_in = Loop("take-in", self._take_in_step, idle=0, mailbox=self.mailbox)
        self._apart = Large(
            mailbox=self.mailbox,
            store=around.store,
            adapter=self._adapter,
            blobs=around.blobs,
            member=self._today,
            tally=self.tally,
            clock=around.clock,
            steady=around.steady,
            dice=around.dice,
            every=around.every,
            answered=self._log_answers,
            publish=self._publish.wake,
        )
        self._large = Loop("large", self._apart.step, idle=around.every, mailbox=self.mailbox)
        self.loops = [self._collect, self._publish, self._take_in, self._deliver, self._expire, self._deadlines]
        self.loops += [self._forget, self._remind, self._watch, self._large]

    @property
    def store(self) -> Store:
        return self._around.store

    @property
    def broker(self) -> Broker:
        return self._around.broker

    @property
    def standpoint(self) -> Standpoint | None:
        return self._around.standpoint

    def start(self) -> None:
        log.info("mailbox.started", mailbox=self.mailbox)
        for loop in self.loops:
            loop.start()

    def look(self) -> None:
        """Looks at the document system now instead of at the next interval."""
        self._collect.wake()
        self._large.wake()

    def tell_to_stop(self) -> None:
        for loop in self.loops:
            loop.stop()

    def close(self) -> None:
        """After the loops have ended, or are given up on."""
        self._apart.close()
        self._around.broker.close()
        self._around.adapter.close()
        self._around.store.close()
        log.info("mailbox.stopped", mailbox=self.mailbox)

    # -- the four steps

    def _collect_step(self) -> bool:
        around, limit, began = self._around, self._collect_pace.size, self._around.steady()
        collected = around.adapter.collect(limit)
        if not collected:
            return False
        reached("collect.read")
        answers = sending.accept(around.store, collected, member=self._today(), now=around.clock())
        self._publish.wake()
        self._large.wake()  # of what was held in memory, some may travel apart
        self._log_answers(answers)
        around.adapter.acknowledge(answers)
        reached("collect.acknowledged")
        self._collect_pace.took(len(collected), around.steady() - began)
        return len(collected) >= limit

    def _publish_step(self) -> bool:
        around = self._around
        done = sending.publish(around.store, around.broker, now=around.clock(), dice=around.dice)
        self.tally.add(confirmed=done.confirmed, nacked=done.nacked, lost=done.lost)
        if done.nacked or done.lost or done.said:
            log.warning("publish.trouble", mailbox=self.mailbox, nacked=done.nacked, lost=done.lost, said=done.said)
        return done.more

    def _take_in_step(self) -> bool:
        around = self._around
        # What could not be kept (a full disk) stays in hand, unacknowledged, and is tried first.
        arrivals = self._in_hand = self._in_hand or around.broker.receive(limit=ARRIVALS, wait=0.5)
        now = around.clock()
        arrivals = [*self._early, *arrivals]
        if not arrivals:
            return False
        reached("take-in.received")
        self._early_since = self._early_since if self._early else now
        patient = len(self._early) < MOST_EARLY and timedelta(0) <= now - self._early_since < PATIENCE
        taken = receiving.take_in(around.store, arrivals, member=self._today(), now=now, patient=patient)
        self._in_hand, self._early = (), taken.early
        around.broker.ack([arrival for arrival in arrivals if arrival not in taken.early])
        reached("take-in.acknowledged")
        self._deliver.wake()
        self._publish.wake()
        self._large.wake()
        self.tally.add(held=taken.held, repeated=taken.duplicates, receipts=taken.receipts, set_aside=taken.set_aside)
        if taken.set_aside:
            log.warning("inbox.set-aside", mailbox=self.mailbox, count=taken.set_aside)
        return True

    def _deliver_step(self) -> bool:
        around = self._around
        surroundings = delivering.Delivery(member=self._today(), now=around.clock(), dice=around.dice)
        began = around.steady()
        done = delivering.deliver(around.store, self._adapter, surroundings, limit=self._deliver_pace.size)
        count = done.filed + done.duplicates + done.refused + done.postponed
        self._deliver_pace.took(count, around.steady() - began)
        if done.filed or done.refused:
            self._publish.wake()
        self.tally.add(filed=done.filed, duplicates=done.duplicates, refused=done.refused, postponed=done.postponed)
        if done.refused or done.postponed:
            log.warning("deliver.trouble", mailbox=self.mailbox, refused=done.refused, postponed=done.postponed)
        return done.more

    # -- the watches

    def _expire_step(self) -> bool:
        around = self._around
        ended = expiring.expire(around.store, member=self._today(), now=around.clock())
        if ended.events:
            self._deliver.wake()
        self.tally.add(expired=len(ended.events))
        for event in ended.events:
            log.warning(event.name, mailbox=self.mailbox, message=event.message, said=event.detail)
        return ended.more

    def _deadlines_step(self) -> bool:
        said = reminding.remind(self._around.store, now=self._around.clock(), lead=self._around.lead)
        names = [event.name for event in said]
        self.tally.add(deadlines_near=names.count(Stage.NEAR), deadlines_passed=names.count(Stage.PASSED))
        for event in said:
            document = event.document.id if event.document else None
            log.warning(event.name, mailbox=self.mailbox, document=document, said=event.detail)
        return len(said) >= reminding.BATCH

    def _forget_step(self) -> bool:
        store, now, standpoint = self._around.store, self._around.clock(), self._around.standpoint
        with store.read() as tx:
            issued_at = standpoint.bulletin.edition.header.issued_at if standpoint else None
            today = believed(tx, now, mailbox=self.mailbox, issued_at=issued_at)
        if today is None:
            return False
        if today < now:
            log.warning("clock.doubted", mailbox=self.mailbox, now=now, believed=today)
            detail = f"{now:%Y-%m-%d} ≫ {today:%Y-%m-%d}. Kiểm tra đồng hồ máy. / Look at this machine's clock."
            self._tell(Event(at=now, name="clock.doubted", detail=detail))
        forgotten = store.forget(today - KEEP)
        if forgotten:
            log.info("store.forgotten", mailbox=self.mailbox, messages=forgotten)
        return False

    def _remind_step(self) -> bool:
        """Says once a stage that a certificate, a key or the directory comes to its end."""
        standpoint = self._around.standpoint
        if standpoint is None:
            return False
        now = self._around.clock()
        for warning in warnings(standpoint.endings(), now=now):
            if self._reminded.get(warning.what.en) == (warning.stage, warning.at):
                continue
            self._reminded[warning.what.en] = (warning.stage, warning.at)
            log.warning("ending.soon", mailbox=self.mailbox, what=warning.what.en, at=warning.at, days=warning.stage)
            self._tell(Event(at=now, name="ending.soon", detail=f"{warning.what.en}: {warning.at:%Y-%m-%d}"))
        return False

    # -- small things

    def _tell(self, event: Event) -> None:
        with self._around.store.write() as tx:
            tx.put_events([event])
        reached("event.committed")

    def _today(self) -> Member:
        """With the directory as of today: closures take effect at midnight in Việt Nam, without a restart."""
        now = self._around.clock()
        if self._around.standpoint is not None:
            return self._around.standpoint.member(now)
        today = self._around.as_of or now.astimezone(VIETNAM).date()
        if self._member.directory.on != today:
            self._member = replace(self._member, directory=self._member.directory.as_of(today))
        return self._member

    def _log_answers(self, answers: list[Answer]) -> None:
        refused = [answer for answer in answers if answer.error]
        duplicates = sum(answer.duplicate for answer in answers)
        self.tally.add(
            accepted=len(answers) - len(refused) - duplicates, submitted_again=duplicates, rejected=len(refused)
        )
        for answer in refused:
            log.warning("submission.refused", mailbox=self.mailbox, ref=answer.ref, error=str(answer.error))
