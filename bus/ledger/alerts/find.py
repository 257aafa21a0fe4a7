"""Finds what needs a person: rules over what the sources tell, each a function from figures to what is found.

Only `in_record` asks a database; nothing here looks at a clock or speaks with a broker."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from bus.directory.edition import Edition
from bus.errors import BadCertificate, BadDirectory, NotFolded, Words
from bus.ledger.alerts import figures
from bus.ledger.alerts.causes import FAULT, OLD, Found, both
from bus.ledger.alerts.habit import day_to_judge, days_of_habit, quiet
from bus.ledger.streams import StreamState
from bus.rabbit.admin.queue_age import age_in_words
from bus.rabbit.admin.queue_faults import NO_FIGURES, Fault, queue_faults, quota_alarms
from bus.rabbit.admin.queue_overview import Overview
from bus.rabbit.admin.queue_state import QueueState
from bus.rabbit.streams.audit_reader import Continuity
from bus.topology.names import inbox_of
from schemas.agency import Mailbox
from schemas.codes import Label
from schemas.values import VIETNAM, AgencyCode, MailboxCode

_EMPTY_BY_RIGHT: Final = frozenset({"nobody-reads", "lane-unread"})
"""Faults of a mailbox that has not joined, which are none while it has no mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a figure is trouble."""

    behind: timedelta = timedelta(minutes=5)
    receipt: timedelta = timedelta(hours=24)
    """How long a recipient may leave a document without a receipt: an adapter gives one by itself."""
    old: timedelta = timedelta(hours=1)
    """Of the oldest message of a queue that somebody reads."""
    refuses: float = 0.2
    refuses_from: int = 10
    """Documents in a week below which a share says nothing."""
    ends_within: timedelta = timedelta(days=14)


USUAL: Final = Limits()

_ALARMS: Final = {Continuity.ANOTHER: "stream-recreated", Continuity.CUT: "stream-cut"}
LATELY: Final = timedelta(days=1)
"""How long what was lost is worth an alert."""


def in_streams(
    streams: Iterable[StreamState], *, refusal: Words | None = None, now: datetime, limits: Limits = USUAL
) -> Iterator[Found]:
    """`refusal`: why the management API could not be asked."""
    if refusal is not None:
        yield Found(cause="broker-not-asked", facts={"why": both(refusal.vi, str(refusal))})
    for each in streams:
        behind = each.behind(now)
        if not each.is_open:
            yield Found(cause="ledger-cannot-read", subject=each.name, facts={"behind": _length(behind)})
        elif behind >= limits.behind:
            yield Found(cause="ledger-behind", subject=each.name, facts={"behind": _length(behind)})
        for found, cause in _ALARMS.items():
            last = max((alarm.at for alarm in each.alarms if alarm.found is found), default=None)
            if last is not None and now - last < LATELY:
                yield Found(cause=cause, subject=each.name, facts={"found_at": last.isoformat()})


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


# -- the record --------------------------------------------------------------------------------------------------------


def in_record(
    connection: Connection,
    *,
    now: datetime,
    is_working: Callable[[date], bool],
    unconfirmed: Collection[int] = (),
    is_closed: Callable[[AgencyCode], bool] = lambda _: False,
    limits: Limits = USUAL,
) -> Iterator[Found]:
    """`unconfirmed`: years whose calendar should have been confirmed by now. `is_closed`: as the directory says."""
    yield from _unproven(connection, now)
    yield from _unreceipted(connection, now, is_closed, limits)
    yield from _silent(connection, now, is_working)
    yield from _refusing(connection, now, limits)
    for owed in figures.overdue(connection, now=now):
        facts = {"count": owed.amount, "oldest_at": owed.oldest_at.isoformat()}
        yield Found(cause="overdue", subject=owed.agency, facts=facts)
    for year in sorted(unconfirmed):
        yield Found(cause="calendar-unconfirmed", subject=str(year), facts={})


def _unproven(connection: Connection, now: datetime) -> Iterator[Found]:
    """Of what the ledger itself failed at the operator hears, not the sender."""
    rows = figures.unproven(connection, since=now - timedelta(days=1))
    for publisher, group in groupby(rows, key=lambda row: row.publisher):
        some = list(group)
        ours = [row for row in some if row.standing == NotFolded.code]
        theirs = [row for row in some if row.standing != NotFolded.code]
        if theirs:
            yield Found(cause="unproven", subject=publisher, facts={**_sum(theirs), "standing": theirs[0].standing})
        if ours:
            yield Found(cause="not-folded", subject=publisher, facts=_sum(ours))


def _sum(rows: Sequence[figures.Unproven]) -> dict[str, object]:
    return {"count": sum(row.amount for row in rows), "last_at": max(row.last_at for row in rows).isoformat()}


def _unreceipted(
    connection: Connection, now: datetime, is_closed: Callable[[AgencyCode], bool], limits: Limits
) -> Iterator[Found]:
    """A closed agency gives no receipt any more, and nobody there can be called."""
    looked = figures.unreceipted(connection, before=now - limits.receipt, now=now)
    rows = [row for row in looked if not is_closed(row.agency)]
    large = figures.with_blobs(connection, {row.message for row in rows})
    waiting: defaultdict[tuple[str, MailboxCode], list[datetime]] = defaultdict(list)
    for row in rows:
        waiting["blobs-not-fetched" if row.message in large else "no-receipt", row.mailbox].append(row.sent_at)
    for (cause, mailbox), times in waiting.items():
        yield _waits(cause, mailbox, len(times), min(times))
    if len(looked) == figures.MOST:  # one dead mailbox fills the list: what waits at others has not ended by that
        told = {mailbox for _, mailbox in waiting}
        others = figures.unreceipted_at(connection, before=now - limits.receipt, now=now)
        left = (each for each in others if each.mailbox not in told and not is_closed(each.agency))
        for mailbox, group in groupby(left, key=lambda each: each.mailbox):
            some = list(group)
            count, oldest = sum(each.amount for each in some), min(each.oldest_at for each in some)
            yield _waits("no-receipt", mailbox, count, oldest)


def _waits(cause: str, mailbox: MailboxCode, count: int, oldest: datetime) -> Found:
    return Found(cause=cause, subject=mailbox, facts={"count": count, "oldest_at": oldest.isoformat()})


def _silent(connection: Connection, now: datetime, is_working: Callable[[date], bool]) -> Iterator[Found]:
    day = day_to_judge(now, is_working)
    habit = days_of_habit(day, is_working)
    for agency, counts in figures.by_day(connection, "sent", {day, *habit}).items():
        sent = _by_day(counts)
        if (found := quiet(day, sent, habit)) is not None:
            facts = {"day": found.day.isoformat(), "count": found.amount, "habit": found.habit}
            yield Found(cause="silent", subject=agency, facts=facts)


def _refusing(connection: Connection, now: datetime, limits: Limits) -> Iterator[Found]:
    today = now.astimezone(VIETNAM).date()
    week = {today - timedelta(days=back) for back in range(7)}
    received = figures.by_day(connection, "received", week)
    for agency, counts in figures.by_day(connection, "refused", week).items():
        refused, of = sum(counts.values()), sum(received.get(agency, {}).values())
        if of >= limits.refuses_from and refused > of * limits.refuses:
            codes: defaultdict[str, int] = defaultdict(int)
            for (_, code), count in counts.items():
                codes[code] += count
            most = max(codes, key=lambda code: (codes[code], code))
            yield Found(cause="refuses-much", subject=agency, facts={"refused": refused, "received": of, "code": most})


def _by_day(counts: Mapping[tuple[date, str], int]) -> Mapping[date, int]:
    found: defaultdict[date, int] = defaultdict(int)
    for (day, _), count in counts.items():
        found[day] += count
    return found


# -- the broker --------------------------------------------------------------------------------------------------------


def at_broker(
    overview: Overview,
    *,
    joined: Collection[MailboxCode] | None = None,
    uses: Sequence[Mapping[str, Any]] = (),
    limits: Limits = USUAL,
) -> Iterator[Found]:
    """`joined`: mailboxes with keys in the directory; None: all. `uses`: what the guard's file says of quotas."""
    for fault in (*overview.alarms, *quota_alarms(uses)):
        yield _of_fault(fault, fault.subject, fault.text)
    for queue in overview.queues:
        subject = _subject(queue)
        faults = [each for each in queue_faults(queue) if each.code != NO_FIGURES]
        if joined is not None and queue.mailbox is not None and queue.mailbox not in joined and not queue.messages:
            faults = [each for each in faults if each.code not in _EMPTY_BY_RIGHT]
        for fault in faults:
            yield _of_fault(fault, subject, Label(*(f"{queue.name}: {words}" for words in fault.text)))
        age = queue.oldest
        if age is not None and queue.mailbox and queue.consumers and age.seconds >= limits.old.total_seconds():
            yield Found(cause=OLD, subject=subject, facts={"age": age_in_words(age)})


def _of_fault(fault: Fault, subject: str, what: Label) -> Found:
    return Found(cause=f"{FAULT}{fault.code}", subject=subject, facts={"what": both(*what)})


def _subject(queue: QueueState) -> str:
    """An inbox is its mailbox's; any other queue has its own name."""
    return queue.mailbox if queue.mailbox and queue.name == inbox_of(queue.mailbox) else queue.name


# -- the directory -----------------------------------------------------------------------------------------------------


def in_directory(edition: Edition, *, now: datetime, limits: Limits = USUAL) -> Iterator[Found]:
    """What ends within some days, or has ended; and who reads older versions of the format than others."""
    soon = now + limits.ends_within
    for subject, (what, at) in _of_all(edition).items():
        if at <= soon:
            facts = {"what": both(*what), "ends_at": at.isoformat()}
            yield Found(cause="directory-ends", subject=subject, facts=facts)
    for mailbox in sorted(edition.book.keys):
        if (ending := _first_end(edition, mailbox)) is not None and ending[1] <= soon:
            facts = {"what": both(*ending[0]), "ends_at": ending[1].isoformat()}
            yield Found(cause="key-ends", subject=mailbox, facts=facts)
    yield from lagging(edition.book.mailboxes[code] for code in edition.book.keys if code in edition.book.mailboxes)


def ends_of(edition: Edition) -> Iterator[tuple[str, datetime]]:
    """When what ends: the directory, its lists, and of the mailboxes' keys the first."""
    yield from ((subject, at) for subject, (_, at) in _of_all(edition).items())
    ends = [end[1] for mailbox in edition.book.keys if (end := _first_end(edition, mailbox)) is not None]
    if ends:
        yield "keys", min(ends)


def _of_all(edition: Edition) -> Mapping[str, tuple[Label, datetime]]:
    ends = {"directory": (Label("danh mục đơn vị", "the directory"), edition.header.expires_at)}
    if (until := edition.trust_store.lists_until) is not None:
        ends["lists"] = Label("danh sách thu hồi", "a revocation list"), until
    return ends


def _first_end(edition: Edition, mailbox: MailboxCode) -> tuple[Label, datetime] | None:
    """Of its last certificate and its last sealing key, what ends first."""
    keys, ends = edition.book.keys[mailbox], list[tuple[Label, datetime]]()
    if certificates := keys.certified:
        last = max(certificate.until for certificate, _ in certificates)
        ends.append((Label("chứng thư ký", "signing certificate"), last))
    try:
        statements = keys.statements(mailbox)
    except (BadDirectory, BadCertificate):
        statements = ()
    if statements:
        last = max(each.until for each in statements)
        ends.append((Label("khóa niêm phong", "sealing key"), last))
    return min(ends, key=lambda end: end[1], default=None)


def lagging(mailboxes: Iterable[Mailbox]) -> Iterator[Found]:
    """Who does not read the newest version that anybody reads."""
    some = sorted(mailboxes, key=lambda each: each.code)
    newest = max((max(each.versions, default=1) for each in some), default=1)
    for each in some:
        reads = max(each.versions, default=1)
        if reads < newest:
            yield Found(cause="version-lags", subject=each.code, facts={"reads": reads, "newest": newest})
