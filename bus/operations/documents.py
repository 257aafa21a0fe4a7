"""Where each document stands at each recipient, of what was sent and of what was received. Reads only."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from bus.dossiers.update import CHANGES
from bus.errors import Expired, NotInTime
from bus.handling.deadlines import past
from bus.handling.statuses import Change, Handling, is_awaited
from bus.handling.transport import InboxState, OutboxState, State
from bus.ports.records import Box, Dossier, HandlingKey, ReceiptLine, Row, Which
from bus.ports.store import Store, Transaction
from bus.wire.batch import portions
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.docket import Address, DocumentKey
from schemas.values import AgencyCode, DocumentId, MailboxCode, MessageId

PAGE: Final = 500
"""Entries read at once."""
NAMED: Final = 1000
"""Documents that one part of an id or number may stand for."""
_ONE: Final = 100
"""Messages of one document that are looked at, on average."""


class Stage(StrEnum):
    """Where a document stands before its recipient has reported a status (01 … 16), or instead of that."""

    WAITING = "waiting"
    AT_BROKER = "at-broker"
    RECEIPTED = "receipted"
    REFUSED = "refused"
    NOT_IN_TIME = "not-in-time"
    PARKED = "parked"
    """Given up for now, at either side: an operator decides."""
    WITHDRAWN = "withdrawn"
    FETCHING = "fetching"
    TO_FILE = "to-file"
    FILED = "filed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One document at one recipient: a row of the list."""

    document: DocumentKey
    number: str | None
    """Number and notation; None where the document system has not been told of it yet."""
    business: BusinessType
    sender: AgencyCode
    recipient: Address
    message: MessageId
    """The newest that carries it there."""
    at: datetime
    """When it was accepted, or taken in."""
    stage: Stage | StatusCode
    since: datetime
    """When it came to that stage, as far as that is known."""
    due_on: date | None
    is_overdue: bool
    """Its day is over, and nobody at the recipient has said yes or no."""
    why: str | None
    """The code of a refusal, or what an entry that waits has met."""
    ref: str | None
    """What the document system here calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. None: any."""

    part: str | None = None
    """Of an id, or of a number and notation."""
    number: str | None = None
    """Number and notation, or the number alone."""
    since: datetime | None = None
    until: datetime | None = None
    """Before then."""
    sender: AgencyCode | None = None
    recipient: AgencyCode | None = None
    stage: Stage | StatusCode | None = None
    overdue: bool = False
    limit: int = 50


def list_documents(
    store: Store, wanted: Wanted, *, box: Box, mailbox: MailboxCode, now: datetime
) -> Sequence[Standing]:
    """The newest first. `mailbox`: whose store this is; of what it received, only its own recipients are shown."""
    with store.read() as tx:
        found = (
            each
            for rows in _pages(tx, wanted, box=box, now=now)
            for each in _standings(tx, rows, box=box, mailbox=mailbox, now=now)
        )
        return list(islice((each for each in _newest(found) if _is_wanted(each, wanted)), wanted.limit))


def _newest(found: Iterable[Standing]) -> Iterator[Standing]:
    """One of each document and recipient: what was sent again stands where the last message stands."""
    seen = set[tuple[str, str, int, str]]()
    for each in found:
        place = (each.document.issuer, each.document.id, int(each.business), each.recipient.agency)
        if place not in seen:
            seen.add(place)
            yield each


def _is_wanted(each: Standing, wanted: Wanted) -> bool:
    return (
        wanted.sender in {None, each.sender}
        and wanted.recipient in {None, each.recipient.agency}
        and wanted.stage in {None, each.stage}
        and (each.is_overdue or not wanted.overdue)
    )


# -- what is read ------------------------------------------------------------------------------------------------------


def _pages(tx: Transaction, wanted: Wanted, *, box: Box, now: datetime) -> Iterator[Sequence[Row[State]]]:
    """Entries that may be wanted, the newest first, by the narrowest way there is."""
    if wanted.part is not None or wanted.number is not None:
        yield from _about(tx, _named(tx, wanted), wanted, box=box)
        return
    # Of these the dossiers know more than the entries; but they are in no order of time.
    handled = isinstance(wanted.stage, StatusCode) and wanted.stage not in _OF_CHANGES
    if wanted.since is None and wanted.until is None and (handled or (wanted.overdue and box is Box.OUT)):
        dossiers = tx.dossiers.among(
            box,
            issuer=wanted.sender,
            handler=wanted.recipient,
            state=wanted.stage if isinstance(wanted.stage, StatusCode) else None,
            due_before=past(now) + timedelta(days=1) if wanted.overdue and box is Box.OUT else None,
            limit=2 * wanted.limit,  # some may stand elsewhere by now
        )
        yield from _about(tx, dict.fromkeys(each.key.document for each in dossiers), wanted, box=box)
        return
    below: int | None = None
    while True:
        rows = tx.of(box).documents(_which(wanted, box=box, below=below))
        if wanted.stage is None:
            yield rows
        else:  # a newer message may stand elsewhere: all of these documents
            yield from _about(tx, dict.fromkeys(_id(row) for row in rows), wanted, box=box)
        if len(rows) < PAGE:
            return
        below = rows[-1].number


def _named(tx: Transaction, wanted: Wanted) -> Sequence[DocumentId]:
    by_part = None if wanted.part is None else tx.dossiers.named(wanted.part, limit=NAMED)
    if wanted.number is None:
        return by_part or ()
    by_number = tx.dossiers.numbered(wanted.number, limit=NAMED)
    return by_number if by_part is None else [each for each in by_number if each in set(by_part)]


def _about(
    tx: Transaction, documents: Iterable[DocumentId], wanted: Wanted, *, box: Box
) -> Iterator[Sequence[Row[State]]]:
    for some in portions(documents, weigh=lambda _: 1, most=PAGE):
        which = Which(documents=some, since=wanted.since, until=wanted.until, limit=len(some) * _ONE)
        yield tx.of(box).documents(which)


def _which(wanted: Wanted, *, box: Box, below: int | None) -> Which:
    return Which(
        since=wanted.since,
        until=wanted.until,
        states=_STATES[box].get(wanted.stage) if isinstance(wanted.stage, Stage) else None,
        agency=wanted.recipient or wanted.sender,
        refused=box is Box.OUT and wanted.stage in {Stage.REFUSED, Stage.NOT_IN_TIME},
        unheard=wanted.stage in {Stage.RECEIPTED, Stage.FILED},
        below=below,
        limit=PAGE,
    )


_STATES: Final[Mapping[Box, Mapping[Stage, Collection[State]]]] = {
    Box.OUT: {
        Stage.WAITING: {OutboxState.WAITING, OutboxState.UPLOADING},
        Stage.AT_BROKER: {OutboxState.SENT},
        Stage.PARKED: {OutboxState.PARKED},
        Stage.WITHDRAWN: {OutboxState.CANCELLED},
    },
    Box.IN: {
        Stage.FETCHING: {InboxState.FETCHING},
        Stage.TO_FILE: {InboxState.WAITING, InboxState.FETCHED},
        Stage.PARKED: {InboxState.PARKED},
        Stage.REFUSED: {InboxState.REFUSED},
        Stage.DISCARDED: {InboxState.CANCELLED},
        Stage.FILED: {InboxState.DONE},
    },
}
"""Stages that an entry's own state says."""

_OF_CHANGES: Final = frozenset({StatusCode.TAKE_BACK, StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED})
"""Statuses of the second track: no state of a handling."""

# -- what is made of it ------------------------------------------------------------------------------------------------


def _standings(
    tx: Transaction, rows: Sequence[Row[State]], *, box: Box, mailbox: MailboxCode, now: datetime
) -> Iterator[Standing]:
    """Of what was received: at this mailbox's own agencies, and not what had been filed before."""
    pairs = [
        (row, address)
        for row in rows
        if row.state is not InboxState.DONE or row.error is None
        for address in row.docket.recipients
        if box is Box.OUT or address.mailbox == mailbox
    ]
    dossiers = tx.dossiers.by_keys({_key(row, address) for row, address in pairs})
    for row, address in pairs:
        yield _standing(row, address, dossiers.get(_key(row, address)), box=box, now=now)


def _id(row: Row[State]) -> DocumentId:
    assert row.docket.document is not None
    return row.docket.document.id


def _key(row: Row[State], address: Address) -> HandlingKey:
    assert row.docket.document is not None
    return HandlingKey(row.docket.document.issuer, row.docket.document.id, address.agency)


def _standing(row: Row[State], address: Address, dossier: Dossier | None, *, box: Box, now: datetime) -> Standing:
    docket = row.docket
    assert docket.document is not None
    assert docket.business_type is not None
    handling = dossier.handling if dossier else Handling()
    line = next((each for each in row.recipients if each.mailbox == address.mailbox), None)
    stage = _stage(row, line, handling, box=box)
    is_change = docket.business_type in CHANGES  # whose document has a row of its own, and the day with it
    due_on = docket.due_on if is_change else (dossier.due_on if dossier else None) or docket.due_on
    is_late = due_on is not None and due_on <= past(now) and is_awaited(handling) and not is_change
    return Standing(
        document=docket.document,
        number=dossier.code if dossier else None,
        business=docket.business_type,
        sender=docket.sender.agency,
        recipient=address,
        message=docket.id,
        at=row.entered_at,
        stage=stage,
        since=_since(row, line, dossier, stage),
        due_on=due_on,
        is_overdue=is_late and stage not in _ENDED,
        why=None if isinstance(stage, StatusCode) else _why(row, line),
        ref=row.ref,
    )


def _why(row: Row[State], line: ReceiptLine | None) -> str | None:
    return line.code if line is not None and line.outcome is Outcome.REFUSED else row.error


_ENDED: Final = frozenset({Stage.WITHDRAWN, Stage.DISCARDED})
"""Nobody waits for an answer any more."""


def _stage(row: Row[State], line: ReceiptLine | None, handling: Handling, *, box: Box) -> Stage | StatusCode:
    is_change = row.docket.business_type in CHANGES
    if handling.state is not None and not is_change:
        return handling.state  # whoever reports has it, by this message or by an earlier one
    if line is not None and line.outcome is Outcome.REFUSED:
        return Stage.NOT_IN_TIME if line.code in {NotInTime.code, Expired.code} else Stage.REFUSED
    stage = Stage.RECEIPTED if line else _OF_STATE[box].get(row.state, Stage.RECEIPTED)
    if is_change and stage in {Stage.RECEIPTED, Stage.FILED}:
        return _ANSWERS.get(handling.change, stage)
    return stage


_OF_STATE: Final[Mapping[Box, Mapping[State, Stage]]] = {
    box: {state: stage for stage, states in _STATES[box].items() for state in states} for box in Box
}

_ANSWERS: Final = {Change.AGREED: StatusCode.CHANGE_AGREED, Change.REFUSED: StatusCode.CHANGE_REFUSED}
"""How a revocation or update was answered."""


def _since(row: Row[State], line: ReceiptLine | None, dossier: Dossier | None, stage: Stage | StatusCode) -> datetime:
    if isinstance(stage, StatusCode) and dossier is not None:
        return dossier.updated_at
    if line is not None:
        return line.at
    return row.finished_at or row.sent_at or row.entered_at
