"""What follows from what was said to and by each recipient of a document: where its handling stands, and what is owed.
Pure. What is kept of each event is in fold.py."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Self

from bus.handling.clocks import End
from bus.handling.obligations import Answer, Facts, Obligation, Rules, beginning_of, obligations, successions
from bus.handling.statuses import PENDING, Change, Handling, Verdict, apply_request, apply_status
from bus.ledger.records import (
    Carried,
    ChangedBy,
    DeliveryRow,
    DocumentRow,
    EventNumber,
    LedgerReceiptLine,
    Lifeline,
    ObligationRow,
    StatusHeard,
)
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.values import AgencyCode, MailboxCode, MessageId

REQUESTS: Final = frozenset({BusinessType.REVOKE, BusinessType.UPDATE})
"""Messages that ask for an answer about a document that was sent before."""
MOST_CARRIED: Final = 64
"""Messages that carried one document to one recipient, and are kept of it: the first."""
MOST_OF_A_CODE: Final = 16
"""Statuses of one code of one delivery that are kept: the first. The events have all."""


@dataclass(slots=True)
class Heard:
    """What was said to and by one recipient of one document. Filled by fold.py, in any order."""

    carried: dict[MessageId, Carried] = field(default_factory=dict)
    statuses: dict[EventNumber, StatusHeard] = field(default_factory=dict)

    @classmethod
    def of(cls, row: DeliveryRow | None) -> Self:
        if row is None:
            return cls()
        return cls({each.message: each for each in row.carried}, {each.event: each for each in row.statuses})

    def carry(self, carried: Carried) -> None:
        self.carried.setdefault(carried.message, carried)

    def say(self, status: StatusHeard) -> None:
        self.statuses[status.event] = status

    def receipt(self, line: LedgerReceiptLine) -> None:
        """One that holds it counts more than one that refused it; of two alike the first."""
        carried = self.carried.get(line.message)
        if carried is None or carried.mailbox != line.mailbox:
            return
        known = carried.outcome, carried.receipted_at, carried.refusal or ""
        if known[0] is None or (line.outcome is not Outcome.HELD, line.at, line.code or "") < (
            known[0] is not Outcome.HELD,
            *known[1:],
        ):
            self.carried[line.message] = carried._replace(outcome=line.outcome, refusal=line.code, receipted_at=line.at)

    def ordered(self) -> tuple[tuple[Carried, ...], tuple[StatusHeard, ...]]:
        """What is kept: the message that counts first; statuses in the order of their time, those of one batch in the
        order of their codes."""
        carried = list(self.carried.values())
        if len(carried) > 1:
            carried.sort(key=lambda each: (each.business in REQUESTS, each.at, each.message))
        statuses = sorted(self.statuses.values(), key=lambda each: (each.at, each.code, each.event))
        if len(statuses) > MOST_OF_A_CODE:
            statuses = list(_first_of_each(statuses))
        return tuple(carried[:MOST_CARRIED]), tuple(statuses)


def _first_of_each(statuses: Iterable[StatusHeard]) -> Iterator[StatusHeard]:
    kept: dict[StatusCode, int] = {}
    for each in statuses:
        kept[each.code] = kept.get(each.code, 0) + 1
        if kept[each.code] <= MOST_OF_A_CODE:
            yield each


def derive(
    document: DocumentRow, before: Lifeline | None, heard: Mapping[AgencyCode, Heard], *, rules: Rules
) -> Lifeline:
    """The lifeline with these recipients judged anew, and the others as they were."""
    if before is not None and not heard and document is before.document:
        return before
    heard = dict(heard)
    known = before.deliveries if before else {}
    _answer_for_others(heard, known, rules)
    deliveries = dict(known)
    kept = [each for each in (before.obligations if before else ()) if each.recipient not in heard]
    for agency, each in heard.items():
        deliveries[agency], owed = _judged(document, agency, each, rules)
        kept += owed
    return Lifeline(
        document=document, deliveries=dict(sorted(deliveries.items())), obligations=tuple(sorted(kept, key=_order))
    )


def _order(row: ObligationRow) -> tuple[AgencyCode, str]:
    return row.recipient, row.clock


def _answer_for_others(heard: dict[AgencyCode, Heard], known: Mapping[AgencyCode, DeliveryRow], rules: Rules) -> None:
    """After a merger the successor answers, in its own name, what was sent to those that it succeeds."""
    if not any(each.statuses for each in heard.values()):
        return
    closed = {agency for agency in (*known, *heard) if rules.successor(agency)}
    if not closed:  # nearly always
        return
    spoken = {agency: list(each.statuses.values()) for agency, each in heard.items() if each.statuses}
    for recipient in sorted(closed):
        if not (heard[recipient].carried if recipient in heard else known[recipient].carried):
            continue
        for succession in successions(recipient, rules.successor):
            since = beginning_of(succession.on)
            for status in spoken.get(succession.to, ()):
                if status.at >= since:
                    heard.setdefault(recipient, Heard.of(known.get(recipient))).say(status)


@dataclass(slots=True)
class _Story:
    """The handling of one document by one recipient, told from its beginning."""

    began_at: datetime
    due_on: date | None
    handling: Handling = field(default_factory=Handling)
    first: dict[StatusCode, datetime] = field(default_factory=dict)
    asked_at: datetime | None = None
    answered: Answer | None = None
    ended: dict[End, datetime] = field(default_factory=dict)

    def change(self, business: BusinessType, at: datetime, due_on: date | None) -> None:
        if business is BusinessType.REPLACE:
            self.ended.setdefault(End.REPLACED, at)
            return
        verdict, self.handling = apply_request(self.handling, business)
        if verdict is Verdict.APPLIED:
            self.asked_at, self.answered = at, None
        if business is BusinessType.UPDATE and due_on:
            self.due_on = due_on

    def status(self, code: StatusCode, at: datetime) -> None:
        before = self.handling
        verdict, now = apply_status(before, code)
        self.handling = now
        if verdict is Verdict.ILLEGAL:
            return
        if before.change in PENDING and now.change in {Change.AGREED, Change.REFUSED}:
            self.answered = Answer(at, code)
            if now.withdrawn:
                self.ended[End.WITHDRAWN] = at
            return
        if now.change is not before.change:
            self.asked_at, self.answered = at, None
        if now.state is not before.state and now.state is StatusCode.REFUSED:
            self.ended[End.REFUSED] = at
        self.first.setdefault(code, at)


def _told(
    document: DocumentRow, agency: AgencyCode, carried: Sequence[Carried], statuses: Sequence[StatusHeard]
) -> _Story:
    """In the order of time; what the sender says before what is answered at the same moment."""
    main = carried[0] if carried else None
    story = _Story(main.at, main.due_on) if main else _Story(document.sent_at, None)
    # A change that names others asks about those, and is answered there.
    asks = document.business not in REQUESTS or not document.changes
    sent: list[tuple[datetime, Carried | ChangedBy]] = [
        (each.at, each) for each in carried if asks or each.business not in REQUESTS
    ]
    sent += [(each.at, each) for each in document.changed_by if agency in each.recipients]
    sent.sort(key=_in_time)
    refused = True  # by receipt, all that carried it so far
    answers = iter((*statuses, None))
    answer = next(answers)
    for at, each in sent:
        while answer is not None and answer.at < at:
            story.status(answer.code, answer.at)
            answer = next(answers)
        if isinstance(each, ChangedBy) or each.business in REQUESTS:
            story.change(each.business, at, each.due_on)
            continue
        if each is not main and (refused or story.handling.state is StatusCode.REFUSED):
            story = _Story(at, each.due_on)  # the corrected one; any other goes on where it stood
        refused = refused and each.outcome is Outcome.REFUSED
    while answer is not None:
        story.status(answer.code, answer.at)
        answer = next(answers)
    return story


def _in_time(sent: tuple[datetime, Carried | ChangedBy]) -> tuple[datetime, MessageId]:
    return sent[0], sent[1].message


def _judged(
    document: DocumentRow, agency: AgencyCode, heard: Heard, rules: Rules
) -> tuple[DeliveryRow, list[ObligationRow]]:
    carried, statuses = heard.ordered()
    story = _told(document, agency, carried, statuses)
    main = carried[0] if carried else None
    receipt = _receipt(carried)
    times = [each.at for each in carried]
    times += [each.receipted_at for each in carried if each.receipted_at]
    if statuses:  # the last is the latest
        times.append(statuses[-1].at)
    row = DeliveryRow(
        document=document.number,
        agency=agency,
        mailbox=main.mailbox if main else MailboxCode(""),
        sender=document.sender,
        message=main.message if main else None,
        carried=carried,
        business=main.business if main else None,
        sent_at=main.at if main else document.sent_at,
        outcome=receipt.outcome if receipt else None,
        refusal=receipt.refusal if receipt else None,
        receipted_at=receipt.receipted_at if receipt else None,
        state=story.handling.state,
        change=story.handling.change,
        withdrawn=story.handling.withdrawn,
        statuses=statuses,
        last_at=max(times, default=document.sent_at),
    )
    if main is None:
        return row, []
    if row.outcome is Outcome.REFUSED and row.state is None and row.receipted_at:
        story.ended[End.UNREACHED] = row.receipted_at
    facts = Facts(
        sender=document.sender,
        recipient=agency,
        priority=document.priority,
        sent_at=story.began_at,
        held_at=row.receipted_at if row.outcome is Outcome.HELD else None,
        due_on=story.due_on,
        is_change=main.business in REQUESTS,
        first=story.first,
        asked_at=story.asked_at,
        answered=story.answered,
        ended=story.ended,
    )
    return row, [_row(document, agency, each) for each in obligations(facts, rules)]


def _receipt(carried: Sequence[Carried]) -> Carried | None:
    """Of messages of the sort that counts: one that is held, else none while an answer is awaited, else a refusal."""
    if len(carried) == 1:  # nearly always
        return carried[0] if carried[0].outcome is not None else None
    answers = [each for each in carried if (each.business in REQUESTS) == (carried[0].business in REQUESTS)]
    held = [each for each in answers if each.outcome is Outcome.HELD]
    if not held and any(each.outcome is None for each in answers):
        return None
    return min(held or answers, key=lambda each: (each.receipted_at, each.message), default=None)


def _row(document: DocumentRow, agency: AgencyCode, owed: Obligation) -> ObligationRow:
    return ObligationRow(
        document=document.number,
        recipient=agency,
        clock=owed.clock.code,
        debtor=owed.debtor,
        creditor=owed.creditor,
        started_at=owed.started_at,
        warn_at=owed.warn_at,
        due_at=owed.due_at,
        met_at=owed.met_at,
        met_by=owed.met_by,
        void_at=owed.void_at,
        void_why=owed.void_why,
        calendar=owed.calendar,
        provisional=owed.provisional,
        passed_to=owed.passed_to,
    )
