"""Documents of years, with their statuses, as a ledger has them: rows of the derived tables, and for some of them the
events, too. Ten million take minutes, not hours: what becomes of a document is folded once for each of some thousand
cases, by the ledger's own rules, and then stamped out with other ids, agencies and weeks.

python -m tests.bench.paper_trail sqlite:////tmp/ledger.db --documents 1000000
"""

import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from typing import Any, Final, NamedTuple

import click
from sqlalchemy import Connection, Table, text

from bus.ledger import keep, rows
from bus.ledger.counters import counts_of
from bus.ledger.fold import MOST_CONCERNED, fold
from bus.ledger.open import open_ledger
from bus.ledger.records import DocumentNumber, Event, EventNumber, LedgerReceiptLine, Lifeline, Position
from bus.ledger.store import Ledger
from bus.ledger.tables import GENUINE, YEAR, now
from bus.ledger.years import next_number, year_of
from bus.store.sql.times import to_micros
from bus.trust.keys import KeyId
from bus.wire.envelope import Signature
from schemas.codes import Kind, Priority
from schemas.docket import Address, Docket, DocumentKey
from schemas.values import VIETNAM, AgencyCode, MessageId
from tests.unit.bus.ledger.trail import KEY, MONDAY, RULES, SENDER, Trail

WEEK: Final = 7 * 86_400 * 1_000_000
SLOTS: Final = 512
"""Numbers of events that one document has for what comes about it."""
NOTATIONS: Final = (
    ("QĐ-UBND", "qd-ubnd"),
    ("CV-VPCP", "cv-vpcp"),
    ("TB-SNV", "tb-snv"),
    ("BC-BTC", "bc-btc"),
    ("KH-STTTT", "kh-stttt"),
    ("GM-VP", "gm-vp"),
    ("TTr-ĐU", "ttr-du"),
    ("NQ-HĐND", "nq-hdnd"),
)
CASES: Final = 3000
RECIPIENTS: Final = (1,) * 70 + (2,) * 18 + (3,) * 8 + (8,) * 3 + (34,)


def agencies(count: int) -> list[AgencyCode]:
    """Of the centre, of provinces, and their units."""
    centre = [f"G{number:02}" for number in range(1, 31)]
    provinces = [f"H{number:02}" for number in range(1, 35)]
    units = [f"H{1 + number % 34:02}.{1 + number // 34}" for number in range(max(0, count - 64))]
    return [AgencyCode(code) for code in (centre + provinces + units)[:count]]


class Stencil(NamedTuple):
    """A row of a table, of which some columns are another's for each document."""

    row: tuple[Any, ...]
    times: tuple[int, ...]
    """Columns that move with the weeks."""
    agencies: tuple[tuple[int, int], ...]
    """Columns, and whose code stands there: 0 the sender, 1 the first recipient."""
    statuses: tuple[tuple[str, int, int], ...] = ()


class Count(NamedTuple):
    day: int
    agency: int
    measure: str
    detail: str
    amount: int


@dataclass(frozen=True, slots=True)
class Case:
    """What became of one document, sent in the week of MONDAY by SENDER to R0, R1, …"""

    line: Lifeline
    document: Mapping[str, Any]
    deliveries: tuple[Stencil, ...]
    obligations: tuple[Stencil, ...]
    counts: tuple[Count, ...]
    events: tuple[Event, ...]
    lines: tuple[LedgerReceiptLine, ...]
    sent_at: int
    last_at: int


def place_of(agency: str) -> int:
    return 0 if agency == SENDER else int(agency[1:]) + 1


def stencil(table: Table, row: Mapping[str, Any]) -> Stencil:
    columns = [column.name for column in table.columns]
    values = tuple(row[name] for name in columns)
    times = tuple(n for n, name in enumerate(columns) if _IS_TIME.search(name) and values[n] is not None)
    agencies = tuple((n, place_of(values[n])) for n, name in enumerate(columns) if name in _AGENCIES)
    return Stencil(values, times, agencies, tuple(map(tuple, json.loads(row.get("statuses", "[]")))))


_IS_TIME: Final = re.compile(r"_at$|^at_")
_AGENCIES: Final = frozenset({"agency", "sender", "recipient", "debtor", "creditor"})


def case(dice: random.Random, *, silent: bool = False) -> Case:
    trail = Trail()
    sent_at = MONDAY + timedelta(days=dice.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 5)), hours=dice.gauss(3, 2.5))
    recipients = [f"R{number}" for number in range(dice.choice(RECIPIENTS))]
    due_on = (sent_at + timedelta(days=dice.choice((3, 7, 10, 15, 30)))).date() if dice.random() < 0.4 else None
    urgent = dice.choices(list(Priority), weights=(90, 6, 2, 1, 1))[0]
    sent = trail.sent(*recipients, at=sent_at, due_on=due_on, priority=urgent)
    events, lines = [sent], list[LedgerReceiptLine]()
    for agency in recipients:
        told(dice, trail, sent, agency, events, lines, silent=silent)
    line = fold(KEY, None, events, lines, rules=RULES)
    return Case(
        line=line,
        document=rows.document_row(line.document),
        deliveries=tuple(stencil(now.delivery, rows.delivery_row(each)) for each in line.deliveries.values()),
        obligations=tuple(stencil(now.obligation, rows.obligation_row(each)) for each in line.obligations),
        counts=tuple(
            Count(key.day.toordinal(), place_of(key.agency), str(key.measure), key.detail, amount)
            for key, amount in counts_of(line).items()
        ),
        events=tuple(events),
        lines=tuple(lines),
        sent_at=to_micros(line.document.sent_at),
        last_at=max(to_micros(each.docket.created_at) for each in events),
    )


def told(
    dice: random.Random,
    trail: Trail,
    sent: Event,
    agency: str,
    events: list[Event],
    lines: list[LedgerReceiptLine],
    *,
    silent: bool,
) -> None:
    """What one recipient says of it, as far as it goes."""
    at = sent.docket.created_at + timedelta(seconds=dice.expovariate(1 / 3))
    fate = dice.random()
    if fate < 0.005:
        return
    lines.append(trail.receipt(sent, agency, at=at, refused="too-large" if fate < 0.01 else None))
    if fate < 0.01 or silent:
        return
    steps = [("01", 0.1), ("03", 4), ("04", 8), ("05", 10), ("06", 60)]
    last = dice.choices(range(len(steps)), weights=(6, 10, 4, 5, 75))[0]
    if fate < 0.03:
        steps, last = [("01", 0.1), ("02", 6)], 1
    for code, hours in steps[: last + 1]:
        if code in {"04", "05"} and dice.random() < 0.4:
            continue
        at += timedelta(hours=dice.expovariate(1 / hours))
        events.append(trail.said(agency, code, at=at))
        lines.append(trail.receipt(events[-1], SENDER, at=at + timedelta(seconds=1)))


@dataclass
class Stamped:
    """Of some documents: rows for the tables, and what they count for."""

    documents: list[tuple[Any, ...]] = field(default_factory=list)
    deliveries: list[tuple[Any, ...]] = field(default_factory=list)
    obligations: list[tuple[Any, ...]] = field(default_factory=list)
    counters: dict[tuple[int, str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """By the day's ordinal, agency, measure and detail."""
    events: list[Event] = field(default_factory=list)
    about: dict[EventNumber, DocumentNumber] = field(default_factory=dict)
    lines: list[LedgerReceiptLine] = field(default_factory=list)


class PaperTrail:
    """The same for the same seed."""

    def __init__(
        self,
        *,
        until: datetime,
        agency_count: int = 1000,
        weeks: int = 156,
        with_events: int = 20,
        cases: int = CASES,
        seed: int = 7,
    ) -> None:
        """`with_events`: one of so many documents has its events and receipts."""
        self._dice = random.Random(seed)
        self._until = to_micros(until)
        self._weeks = weeks
        self._with_events = with_events
        self.agencies = agencies(agency_count)
        # The first sends a thousandth of what all send; the later ones ever less.
        self._weights = list(accumulate(1 / (20 + place) for place in range(agency_count)))
        self._cases = [case(self._dice) for _ in range(cases)]
        self._silent = [case(self._dice, silent=True) for _ in range(cases // 20)]
        self._sent = Counter[tuple[AgencyCode, int]]()
        self._slot = Counter[int]()

    def weekly(self, documents: int) -> Iterator[Stamped]:
        """The weeks in order, up to `until`."""
        monday = to_micros(MONDAY.replace(hour=0))
        last = (self._until - monday) // WEEK
        for week in range(self._weeks):
            shift = (last - self._weeks + 1 + week) * WEEK
            count = documents * (week + 1) // self._weeks - documents * week // self._weeks
            yield self._week(count, shift)

    def _week(self, count: int, shift: int) -> Stamped:
        stamped, dice = Stamped(), self._dice
        chosen = dice.choices(self._cases, k=count)
        for place, each in enumerate(chosen):
            if each.last_at + shift > self._until:
                chosen[place] = dice.choice(self._silent)
        chosen = [each for each in chosen if each.sent_at + shift <= self._until]
        chosen.sort(key=lambda each: each.sent_at)
        senders = dice.choices(self.agencies, cum_weights=self._weights, k=len(chosen))
        for place, (each, sender) in enumerate(zip(chosen, senders, strict=True)):
            self._stamp(stamped, each, sender, shift, is_last=place == len(chosen) - 1)
        return stamped

    def _stamp(self, stamped: Stamped, case: Case, sender: AgencyCode, shift: int, *, is_last: bool) -> None:
        """`is_last` of its week: it has its events, so that what comes later is numbered behind it."""
        at = case.sent_at + shift
        day = datetime.fromtimestamp(at / 1_000_000, VIETNAM).date()
        event = self._next_event(day.year)
        number = event * MOST_CONCERNED
        self._sent[sender, day.year] += 1
        ordinal = self._sent[sender, day.year]
        notation, folded = NOTATIONS[ordinal * 31 % len(NOTATIONS)]
        names = (sender, *self._recipients(sender, len(case.deliveries)))
        spelt = f"{sender},{day:%Y/%m/%d},{ordinal}/{notation}"
        message = message_id(at, event)
        d = case.document
        days = timedelta(microseconds=shift)
        tells = ordinal % 2 == 0  # half of them are of the docket's version 2
        stamped.documents.append((
            number, sender, spelt, f"{sender.lower()},{day:%Y/%m/%d},{ordinal}/{folded}", True, sender, sender, message,
            d["business"], str(ordinal) if tells else None, notation if tells else None, f"{ordinal}/{folded}",
            day.isoformat() if tells else None, at, d["priority"], moved_day(d["due_on"], days), None, 0, d["size"],
            None, None,
        ))  # fmt: skip
        stamped.deliveries += [_delivery(each, number, event, names, message, shift) for each in case.deliveries]
        stamped.obligations += [tuple(_moved(each, number, names, shift)) for each in case.obligations]
        for each in case.counts:
            stamped.counters[each.day + days.days, names[each.agency], each.measure, each.detail] += each.amount
        if ordinal % self._with_events == 0 or is_last:
            _events(stamped, case, event, DocumentNumber(number), spelt, message, names, days)

    def _next_event(self, year: int) -> int:
        self._slot[year] += 1
        return year * YEAR + self._slot[year] * SLOTS

    def _recipients(self, sender: AgencyCode, count: int) -> list[AgencyCode]:
        found = dict[AgencyCode, None]()
        while len(found) < count:
            for code in self._dice.choices(self.agencies, cum_weights=self._weights, k=count):
                if code != sender:
                    found[code] = None
        return list(found)[:count]


def message_id(at: int, event: int) -> MessageId:
    """As a UUID of version 7 looks: the time first."""
    head = f"{at // 1000:012x}"
    return MessageId(f"{head[:8]}-{head[8:]}-7{event >> 48 & 0xFFF:03x}-8000-{event & 0xFFFFFFFFFFFF:012x}")


def moved_day(day: str | None, by: timedelta) -> str | None:
    return None if day is None else (date.fromisoformat(day) + by).isoformat()


def _moved(of: Stencil, number: int, names: Sequence[str], shift: int) -> list[Any]:
    row = list(of.row)
    row[0] = number
    for place in of.times:
        row[place] += shift
    for place, agency in of.agencies:
        row[place] = names[agency]
    return row


_MAILBOX, _MESSAGE, _CARRIED, _STATUSES = (
    [column.name for column in now.delivery.columns].index(name)
    for name in ("mailbox", "message", "carried", "statuses")
)


def _delivery(of: Stencil, number: int, event: int, names: Sequence[str], message: str, shift: int) -> tuple[Any, ...]:
    row = _moved(of, number, names, shift)
    row[_MAILBOX], row[_MESSAGE] = row[1], message
    row[_CARRIED] = moved_day(row[_CARRIED], timedelta(microseconds=shift))
    if of.statuses:
        told = ",".join(f'["{code}",{at + shift},{event + place - 1}]' for code, at, place in of.statuses)
        row[_STATUSES] = f"[{told}]"
    return tuple(row)


def _events(
    stamped: Stamped,
    case: Case,
    first: int,
    document: DocumentNumber,
    spelt: str,
    message: MessageId,
    names: Sequence[AgencyCode],
    shift: timedelta,
) -> None:
    """What of them a ledger would have read; their signatures are none."""
    key = DocumentKey(issuer=names[0], id=spelt)
    ids = dict[str, tuple[MessageId, str, str]]()
    for each in case.events:
        number = EventNumber(first + (each.number - 1) % SLOTS)
        old = each.docket
        docket = old.model_copy(update={
            "id": message if old.kind is Kind.DOCUMENT else message_id(to_micros(old.created_at + shift), number),
            "sender": _address(names[place_of(old.sender.agency)]),
            "recipients": tuple(_address(names[place_of(each.agency)]) for each in old.recipients),
            "created_at": old.created_at + shift,
            "due_on": None if old.due_on is None else old.due_on + shift,
            "document": key,
        })  # fmt: skip
        made = _event(number, docket)
        ids[old.id] = (docket.id, docket.sender.mailbox, made.docket_sha256)
        stamped.events.append(made)
        stamped.about[number] = document
    for line in case.lines:
        found = ids[line.message]
        stamped.lines.append(
            LedgerReceiptLine(
                message=found[0],
                mailbox=names[place_of(line.mailbox.removeprefix("box-").upper())],
                sender=found[1],
                docket_sha256=found[2],
                outcome=line.outcome,
                code=line.code,
                at=line.at + shift,
                event=EventNumber(first + SLOTS - 1),
            )
        )


def _address(agency: AgencyCode) -> Address:
    return Address(agency=agency, mailbox=agency)


def _event(number: EventNumber, docket: Docket) -> Event:
    data = docket.to_json()
    return Event(
        number=number,
        position=Position("audit", 0, number % YEAR),
        received_at=docket.created_at + timedelta(seconds=1),
        publisher=docket.sender.mailbox,
        standing=GENUINE,
        docket=docket,
        docket_bytes=data,
        docket_sha256=sha256(data).hexdigest(),
        signature=Signature("ed25519", KeyId("00" * 16), bytes(64)),
        size=len(data) + 2000,
    )


# -- into a ledger -----------------------------------------------------------------------------------------------------


def fill(ledger: Ledger, trail: PaperTrail, documents: int, *, said: Callable[[int], None] = lambda count: None) -> int:
    """Into an empty ledger; indexes are made at the end. Returns how many there are; `said` hears of it."""
    count = 0
    with without_indexes(ledger):
        for stamped in trail.weekly(documents):
            with ledger.writing() as connection:
                for table, values in (
                    (now.document, stamped.documents),
                    (now.delivery, stamped.deliveries),
                    (now.obligation, stamped.obligations),
                    (now.daily, daily_rows(stamped)),
                ):
                    insert_tuples(connection, table, values)
                for year in sorted({year_of(event.number) for event in stamped.events}):
                    next_number(connection, now=datetime(year, 6, 1, tzinfo=VIETNAM))
                keep.insert_events(connection, stamped.events, stamped.about)
                keep.keep_receipt_lines(connection, stamped.lines)
            count += len(stamped.documents)
            said(count)
    return count


def daily_rows(stamped: Stamped) -> list[tuple[str, str, str, str, int]]:
    """No day is in two weeks."""
    return [
        (date.fromordinal(day).isoformat(), agency, measure, detail, amount)
        for (day, agency, measure, detail), amount in sorted(stamped.counters.items())
    ]


@contextmanager
def without_indexes(ledger: Ledger) -> Iterator[None]:
    """Millions of rows first, then an index in one go."""
    indexes = [index for table in now.tables for index in sorted(table.indexes, key=lambda each: str(each.name))]
    with ledger.writing() as connection:
        for index in indexes:
            index.drop(connection)
    yield
    for index in indexes:
        with ledger.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
            index.create(connection)


def insert_tuples(connection: Connection, table: Table, values: Sequence[tuple[Any, ...]]) -> None:
    """In the order of the table's columns; a boolean is a bool."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for each in values:
                copy.write_row(each)
    else:
        marks = ", ".join("?" * len(table.columns))
        driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)


@click.command()
@click.argument("url")
@click.option("--documents", default=1_000_000, show_default=True)
@click.option("--agencies", "agency_count", default=1000, show_default=True)
@click.option("--years", default=3, show_default=True)
@click.option("--with-events", default=20, show_default=True, help="One of so many documents has its events.")
def main(url: str, documents: int, agency_count: int, years: int, with_events: int) -> None:
    """Fills an empty ledger with documents of so many years, up to now."""
    began = time.monotonic()
    ledger = open_ledger(url)
    trail = PaperTrail(until=datetime.now(UTC), agency_count=agency_count, weeks=years * 52, with_events=with_events)

    def said(count: int) -> None:
        click.echo(f"{count} documents, {time.monotonic() - began:.0f} s")

    try:
        fill(ledger, trail, documents, said=said)
    finally:
        ledger.close()
    click.echo(f"\nindexes after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
