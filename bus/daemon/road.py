"""The four steps of a document's road: collect, publish, take in, deliver. Each does one batch, counts it, and wakes
the loops that have more to do because of it."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bus.crashpoints import reached
from bus.daemon.batch_size import BatchSize
from bus.daemon.counters import Counters
from bus.daemon.dependencies import Dependencies
from bus.daemon.loops import LoopName
from bus.daemon.submissions import SubmissionReport
from bus.ports.adapter import Adapter
from bus.ports.records import Arrival
from bus.receiving.deliver import BATCH, deliver
from bus.receiving.outcome import Delivery
from bus.receiving.set_asides import SetAsides
from bus.receiving.take_in import take_in
from bus.receiving.verified import Verified
from bus.sending.accept import accept
from bus.sending.publish import publish

log = structlog.get_logger()

PATIENCE = timedelta(seconds=10)
MOST_EARLY = 32
"""The longest time, and the most messages at once, for which a step waits for a key that is not in the directory held
here: its edition may be a moment behind the sender's."""
COLLECT = 250
"""Submissions of one batch, at most."""
ARRIVALS = 500
"""Messages of one batch from the broker, at most."""


class Road:
    def __init__(
        self,
        given: Dependencies,
        *,
        adapter: Adapter,
        verified: Verified,
        counters: Counters,
        submissions: SubmissionReport,
        wake: Callable[[LoopName], None],
    ) -> None:
        """`adapter` is the given one, behind its lock where it needs one."""
        self._given = given
        self._adapter = adapter
        self._verified = verified
        self._counters = counters
        self._submissions = submissions
        self._set_asides = SetAsides()
        self._wake = wake
        self._collect_size, self._deliver_size = BatchSize(COLLECT), BatchSize(BATCH)
        self._in_hand: Sequence[Arrival] = ()
        """Received and not yet kept."""
        self._early: Sequence[Arrival] = ()
        """Received before their key was."""
        self._early_since = given.clock()

    def collect(self) -> bool:
        given, limit, began = self._given, self._collect_size.size, self._given.steady()
        collected = given.adapter.collect(limit)
        if not collected:
            return False
        reached("collect.read")
        answers = accept(given.store, collected, member=given.member_now(), now=given.clock())
        self._wake(LoopName.PUBLISH)
        self._wake(LoopName.LARGE)  # an attachment that was held in memory may travel as a blob all the same
        self._submissions.report(answers)
        given.adapter.acknowledge(answers)
        reached("collect.acknowledged")
        self._collect_size.took(len(collected), given.steady() - began)
        return len(collected) >= limit

    def publish(self) -> bool:
        given = self._given
        done = publish(given.store, given.broker, now=given.clock(), dice=given.dice)
        self._counters.add(confirmed=done.confirmed, nacked=done.nacked, lost=done.lost)
        if done.nacked or done.lost or done.said:
            log.warning("publish.trouble", mailbox=given.mailbox, nacked=done.nacked, lost=done.lost, said=done.said)
        return done.more

    def take_in(self) -> bool:
        given = self._given
        # Messages that could not be kept (a full disk) stay in hand, unacknowledged, and are tried first.
        arrivals = self._in_hand = self._in_hand or given.broker.receive(limit=ARRIVALS, wait=0.5)
        now = given.clock()
        arrivals = [*self._early, *arrivals]
        if not arrivals:
            return False
        reached("take-in.received")
        self._early_since = self._early_since if self._early else now
        patient = len(self._early) < MOST_EARLY and timedelta(0) <= now - self._early_since < PATIENCE
        taken = take_in(
            given.store,
            arrivals,
            member=given.member_now(),
            now=now,
            verified=self._verified,
            patient=patient,
            set_asides=self._set_asides,
        )
        self._in_hand, self._early = (), taken.early
        given.broker.ack([arrival for arrival in arrivals if arrival not in taken.early])
        reached("take-in.acknowledged")
        for name in (LoopName.DELIVER, LoopName.PUBLISH, LoopName.LARGE):
            self._wake(name)
        self._counters.add(
            held=taken.held,
            repeated=taken.duplicates,
            receipts=taken.receipts,
            set_aside=taken.set_aside,
            set_aside_dropped=taken.dropped,
        )
        if taken.dropped:
            log.warning("set-aside.dropped", mailbox=given.mailbox, count=taken.dropped)
        if taken.set_aside:
            log.warning("inbox.set-aside", mailbox=given.mailbox, count=taken.set_aside)
        return True

    def deliver(self) -> bool:
        given = self._given
        delivery = Delivery(member=given.member_now(), now=given.clock(), dice=given.dice, verified=self._verified)
        began = given.steady()
        done = deliver(given.store, self._adapter, delivery, limit=self._deliver_size.size)
        count = done.filed + done.duplicates + done.refused + done.postponed
        self._deliver_size.took(count, given.steady() - began)
        if done.filed or done.refused:
            self._wake(LoopName.PUBLISH)
        self._counters.add(filed=done.filed, duplicates=done.duplicates, refused=done.refused, postponed=done.postponed)
        if done.refused or done.postponed:
            log.warning("deliver.trouble", mailbox=given.mailbox, refused=done.refused, postponed=done.postponed)
        return done.more
