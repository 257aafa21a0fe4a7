"""The whole way of one document: its deliveries with all statuses, what is owed, every message about it with its
receipts, and what moved a due time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, select

from bus.ledger.moves import Move
from bus.ledger.queries.documents import by_number
from bus.ledger.queries.obligations import obligations_of
from bus.ledger.records import (
    DeliveryRow,
    DocumentNumber,
    DocumentRow,
    Event,
    EventNumber,
    LedgerReceiptLine,
    ObligationRow,
)
from bus.ledger.rows import delivery_of, event_of, receipt_of
from bus.ledger.tables import event, moved, receipt_line
from bus.ledger.tables import now as tables
from bus.store.sql.times import from_micros, maybe_moment
from schemas.values import AgencyCode

MESSAGES: Final = 1000
"""Messages about one document that are shown, the earliest first. Of a circular to all communes there are thousands;
where each recipient stands is told of all of them nevertheless."""

_v, _e, _r, _m = tables.delivery.c, event.c, receipt_line.c, moved.c


@dataclass(frozen=True, slots=True)
class Hop:
    """A message about a document, with what its recipients' mailboxes answered."""

    event: Event
    receipts: Sequence[LedgerReceiptLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Of one document, as far as the one who asks may see it."""

    document: DocumentRow
    deliveries: Sequence[DeliveryRow]
    """By recipient's code."""
    strangers: Sequence[DeliveryRow]
    """Who reported statuses of it, and was never sent it as far as the ledger knows."""
    obligations: Sequence[ObligationRow]
    hops: Sequence[Hop]
    """In the order in which the ledger read them, whatever their standing."""
    more_hops: bool
    moved: Sequence[Move]

    def owed_at(self, recipient: AgencyCode) -> Sequence[ObligationRow]:
        return [each for each in self.obligations if each.recipient == recipient]


def lifeline(
    connection: Connection,
    number: DocumentNumber,
    *,
    recipients: Collection[AgencyCode] | None = None,
    of: Collection[AgencyCode] | None = None,
) -> History | None:
    """None where there is no such document, or none that one of `of` may see: its sender sees all of it, a recipient
    what concerns itself. `recipients`: only these."""
    document = by_number(connection, number)
    if document is None:
        return None
    shown = recipients
    if of is not None and document.sender not in of:
        shown = of if shown is None else set(shown).intersection(of)
    spoke = _deliveries(connection, number, among=shown)
    deliveries = [each for each in spoke if each.message is not None]
    if shown is not None and not deliveries:
        return None
    agencies = {each.agency for each in deliveries}
    mailboxes = None if shown is None else {document.mailbox, *(each.mailbox for each in deliveries)}
    events = _events(connection, number, None if shown is None else agencies)
    receipts = _receipts(connection, events[:MESSAGES], mailboxes=mailboxes)
    return History(
        document=document,
        deliveries=deliveries,
        strangers=[each for each in spoke if each.message is None],
        obligations=[each for each in obligations_of(connection, number) if each.recipient in agencies],
        hops=[Hop(each, receipts.get(each.number, ())) for each in events[:MESSAGES]],
        more_hops=len(events) > MESSAGES,
        moved=[each for each in _moved(connection, number) if each.recipient in agencies],
    )


def event_of_number(connection: Connection, number: EventNumber) -> Event | None:
    """A kept message: the one that a receipt or a status came in."""
    row = connection.execute(select(event).where(_e.number == number)).one_or_none()
    return None if row is None else event_of(row)


def _deliveries(
    connection: Connection, number: DocumentNumber, *, among: Collection[AgencyCode] | None
) -> Sequence[DeliveryRow]:
    statement = select(tables.delivery).where(_v.document == number).order_by(_v.agency)
    if among is not None:
        statement = statement.where(_v.agency.in_(sorted(among)))
    return [delivery_of(row) for row in connection.execute(statement)]


def _events(
    connection: Connection, document: DocumentNumber, agencies: Collection[AgencyCode] | None
) -> Sequence[Event]:
    """Of all agencies, or of some: one more than are shown, where there are more."""
    most = MESSAGES + 1
    if agencies is None:
        return _events_behind(connection, document, after=0, most=most)
    found, some = list[Event](), list[Event]()
    while len(found) < most:  # whom a message concerns only its docket says
        some = _events_behind(connection, document, after=some[-1].number if some else 0, most=most)
        found += (each for each in some if _concerns(each, agencies))
        if len(some) < most:
            break
    return found[:most]


def _events_behind(connection: Connection, document: DocumentNumber, *, after: int, most: int) -> list[Event]:
    """The next messages about a document: there may be a hundred thousand."""
    statement = select(event).where(_e.about == document, _e.number > after).order_by(_e.number).limit(most)
    return list(map(event_of, connection.execute(statement)))


def _concerns(message: Event, agencies: Collection[AgencyCode]) -> bool:
    """Whether one of these sent it, or it was sent to one of them."""
    docket = message.docket
    return docket.sender.agency in agencies or any(address.agency in agencies for address in docket.recipients)


def _receipts(
    connection: Connection, events: Iterable[Event], *, mailboxes: Collection[str] | None
) -> Mapping[EventNumber, Sequence[LedgerReceiptLine]]:
    """By the event that each is for: exactly its docket."""
    by_docket = {(each.docket.id, each.docket_sha256): each.number for each in events}
    if not by_docket:
        return {}
    statement = select(receipt_line).where(_r.message.in_(sorted({message for message, _ in by_docket})))
    if mailboxes is not None:
        statement = statement.where(_r.mailbox.in_(sorted(mailboxes)))
    lines = map(receipt_of, connection.execute(statement.order_by(_r.message, _r.at, _r.mailbox)))
    found = [(by_docket[key], line) for line in lines if (key := (line.message, line.docket_sha256)) in by_docket]
    found.sort(key=_first)
    return {number: [line for _, line in some] for number, some in groupby(found, key=_first)}


def _first(pair: tuple[EventNumber, LedgerReceiptLine]) -> EventNumber:
    return pair[0]


def _moved(connection: Connection, number: DocumentNumber) -> Iterable[Move]:
    statement = select(moved).where(_m.document == number).order_by(_m.number)
    for row in connection.execute(statement):
        before, after = maybe_moment(row.before), maybe_moment(row.after)
        yield Move(number, row.recipient, row.clock, from_micros(row.at), row.why, before, after)
