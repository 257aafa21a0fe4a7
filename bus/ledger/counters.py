"""What a lifeline adds to the counters, and how long things took, from buckets. Pure.

A document counts on the day of Việt Nam on which it was sent, whatever becomes of it later. What is added to `daily` is
the difference between a lifeline before and after: the sum over all lifelines is always what is counted, so that a
rebuild counts the same. What is open or overdue is not counted here: time alone makes it so.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from bus.handling.working_days import day_of
from bus.ledger.deliveries import REQUESTS
from bus.ledger.records import Carried, DailyKey, DeliveryRow, DocumentRow, Lifeline, ObligationRow
from schemas.codes import BusinessType, Outcome, StatusCode

S = StatusCode


class Measure(StrEnum):
    """What is counted, and of whom: the agency of the key. All but SENT are counted a second time under the kind of a
    change, as `refused.update`: bus/ledger/reports reads both."""

    SENT = "sent"
    """Documents, changes of them under the same id, of the sender; each once however many recipients."""
    SENT_NEW = "sent.new"
    SENT_REVOKE = "sent.revoke"
    SENT_UPDATE = "sent.update"
    SENT_REPLACE = "sent.replace"
    SENT_TO = "sent.to"
    """One for each recipient of these; of the sender."""
    SENT_REFUSED = "sent.refused"
    """As REFUSED, of the sender."""
    RECEIVED = "received"
    """What was sent to the agency."""
    RECEIPTED = "receipted"
    """Its mailbox holds it."""
    REFUSED = "refused"
    """Detail: the code of its mailbox's refusal, or "02"."""
    ACCEPTED = "accepted"
    """Taken up: 03, 04, 05 or 06."""
    DONE = "done"
    REVOKED = "revoked"
    """Taken back or revoked at one recipient, who agreed; of the sender."""
    MET_ON_TIME = "met.on-time"
    """Detail of these three: the clock; of the debtor. What has no limit is on time."""
    MET_LATE = "met.late"
    VOID = "void"
    STAGE = "stage"
    """Detail: `<from>-<to>:<bucket>`; of the recipient."""


_BY_BUSINESS: Final[Mapping[BusinessType, Measure]] = {
    BusinessType.NEW: Measure.SENT_NEW,
    BusinessType.REVOKE: Measure.SENT_REVOKE,
    BusinessType.UPDATE: Measure.SENT_UPDATE,
    BusinessType.REPLACE: Measure.SENT_REPLACE,
}
_TAKEN_UP: Final = frozenset({S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE})

SENT: Final = "sent"
RECEIPT: Final = "receipt"
STAGES: Final = ((SENT, RECEIPT), (SENT, S.ARRIVED), (S.ARRIVED, S.ACCEPTED), (S.ACCEPTED, S.DONE), (SENT, S.DONE))
"""Of each delivery, where both ends are known."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
BOUNDS: Final = (
    *(1, 2, 5, 10, 20, 30),
    *(_MINUTE * each for each in (1, 2, 5, 10, 20, 30)),
    *(_HOUR * each for each in (1, 2, 3, 4, 6, 8, 12, 16, 20)),
    *(_DAY * each for each in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 365)),
)
"""Upper ends of the buckets in seconds, each within; the last bucket has none. A bucket's name is its number: never
change one, add at the end only with a rebuild."""


def counts_of(lifeline: Lifeline | None) -> Counter[DailyKey]:
    """All that one document counts for."""
    return Counter(_keys(lifeline, ()) if lifeline is not None and lifeline.document.known else ())


def difference(before: Lifeline | None, after: Lifeline) -> dict[DailyKey, int]:
    """What to add to `daily`. What both have as the same object is passed over."""
    if before is None:
        return dict(counts_of(after))
    same = {id(row) for row in before.deliveries.values()} & {id(row) for row in after.deliveries.values()}
    same |= {id(row) for row in before.obligations} & {id(row) for row in after.obligations}
    total: dict[DailyKey, int] = {}
    for line, amount in ((after, 1), (before, -1)):
        if line.document.known:
            for key in _keys(line, same):
                total[key] = total.get(key, 0) + amount
    return {key: amount for key, amount in total.items() if amount}


def _keys(lifeline: Lifeline, without: Collection[int]) -> list[DailyKey]:
    rows = {row.agency: row for row in lifeline.deliveries.values() if row.message is not None}
    changed = [row for row in rows.values() if id(row) not in without]
    found = _sent(lifeline.document, changed)
    days = {row.agency: day_of(row.sent_at) for row in rows.values()}
    for row in changed:
        found += _by_kind([*_carried(row, days[row.agency]), *_handled(row, days[row.agency])], row.business)
        for each in _changes(row):
            found += _by_kind(_carried(row, day_of(each.at)), each.business)
    for owed in lifeline.obligations:
        if id(owed) not in without and (measure := _closed(owed)):
            key = DailyKey(days[owed.recipient], owed.debtor, measure, owed.clock)
            found += _by_kind([key], rows[owed.recipient].business)
    return found


def _by_kind(keys: list[DailyKey], business: BusinessType | None) -> list[DailyKey]:
    """What is about a change counts once more under its kind: `received.revoke`. What is new is the rest, so that most
    documents count once."""
    if business is None or business is BusinessType.NEW:
        return keys
    return [*keys, *(key._replace(measure=f"{key.measure}.{business.name.lower()}") for key in keys)]


def _sent(document: DocumentRow, rows: Iterable[DeliveryRow]) -> list[DailyKey]:
    """The document, and each message that changed it under its own id: every such message came to all of its recipients
    at once, so that what is in rows without the others is in none of the others."""
    sent = {each.message: each for row in rows for each in _changes(row)}
    each_sent = [(document.sent_at, document.business), *((each.at, each.business) for each in sent.values())]
    found: list[DailyKey] = []
    for at, business in each_sent:
        assert business is not None
        day = day_of(at)
        found.append(DailyKey(day, document.sender, Measure.SENT))
        found.append(DailyKey(day, document.sender, _BY_BUSINESS[business]))
    return found


def _changes(row: DeliveryRow) -> Sequence[Carried]:
    if len(row.carried) == 1 and row.carried[0].message == row.message:  # nearly always
        return ()
    return [each for each in row.carried if each.business in REQUESTS and each.message != row.message]


def _carried(row: DeliveryRow, day: date) -> list[DailyKey]:
    return [DailyKey(day, row.sender, Measure.SENT_TO), DailyKey(day, row.agency, Measure.RECEIVED)]


def _handled(row: DeliveryRow, day: date) -> list[DailyKey]:
    found: list[DailyKey] = []
    if row.outcome is Outcome.HELD:
        found.append(DailyKey(day, row.agency, Measure.RECEIPTED))
    if refusal := _refusal(row):
        found.append(DailyKey(day, row.agency, Measure.REFUSED, refusal))
        found.append(DailyKey(day, row.sender, Measure.SENT_REFUSED, refusal))
    if row.state in _TAKEN_UP:
        found.append(DailyKey(day, row.agency, Measure.ACCEPTED))
    if row.state is S.DONE:
        found.append(DailyKey(day, row.agency, Measure.DONE))
    if row.withdrawn:
        found.append(DailyKey(day, row.sender, Measure.REVOKED))
    times = _times(row)
    if len(times) > 1:
        for begin, end in STAGES:
            if begin in times and end in times:
                detail = f"{begin}-{end}:{bucket(times[end] - times[begin])}"
                found.append(DailyKey(day, row.agency, Measure.STAGE, detail))
    return found


def _refusal(row: DeliveryRow) -> str | None:
    if row.state is S.REFUSED:
        return S.REFUSED
    return row.refusal if row.outcome is Outcome.REFUSED else None


def _times(row: DeliveryRow) -> Mapping[str, datetime]:
    """Only of what stands: a 06 after a refusal does not."""
    times: dict[str, datetime] = {SENT: row.sent_at}
    if row.outcome is Outcome.HELD and row.receipted_at:
        times[RECEIPT] = row.receipted_at
    first: dict[StatusCode, datetime] = {}
    for heard in row.statuses:
        first.setdefault(heard.code, heard.at)
    if S.ARRIVED in first:
        times[S.ARRIVED] = first[S.ARRIVED]
    if row.state in _TAKEN_UP and S.ACCEPTED in first:
        times[S.ACCEPTED] = first[S.ACCEPTED]
    if row.state is S.DONE and S.DONE in first:
        times[S.DONE] = first[S.DONE]
    return times


def _closed(owed: ObligationRow) -> Measure | None:
    if owed.void_at is not None:
        return Measure.VOID
    if owed.met_at is None:
        return None
    return Measure.MET_LATE if owed.is_late(owed.met_at) else Measure.MET_ON_TIME


def bucket(took: timedelta) -> int:
    """The number of the bucket of a duration. Clocks differ: what ended before it began took no time."""
    return bisect_left(BOUNDS, took.total_seconds())


def percentile(buckets: Mapping[int, int], share: float) -> timedelta | None:
    """Within how long this share of all was done, as exactly as the buckets tell: between the ends of one, in
    proportion. None where nothing was counted; in the last bucket, its lower end."""
    wanted = share * sum(buckets.values())
    if wanted <= 0:
        return None
    before = 0
    for number in sorted(buckets):
        if before + buckets[number] >= wanted:
            low = BOUNDS[number - 1] if number else 0
            high = BOUNDS[number] if number < len(BOUNDS) else low
            return timedelta(seconds=low + (high - low) * (wanted - before) / buckets[number])
        before += buckets[number]
    return timedelta(seconds=BOUNDS[-1])
