"""Documents by what people know of them: number and notation, id, the beginning of either or of a message's id."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, union

from bus.ledger.folded import fold
from bus.ledger.keep import numbers_of
from bus.ledger.queries.statements import IS_RECIPIENT
from bus.ledger.queries.wanted import Standing, stands
from bus.ledger.records import DocumentNumber, DocumentRow
from bus.ledger.rows import document_of
from bus.ledger.tables import now as tables
from bus.ledger.tables import seen
from bus.store.sql.batches import Lookup, look_up
from bus.store.sql.times import to_micros
from schemas.codes import Outcome, StatusCode
from schemas.docket import DocumentKey
from schemas.values import AgencyCode

_d, _v = tables.document.c, tables.delivery.c

CANDIDATES: Final = 20_000
"""Documents that one text may stand for: more of them are not looked at, and the answer says that there are more."""

LOOKED_THROUGH: Final = 500_000
"""Documents of all agencies that are looked through for those of one: a number that each agency gives every year."""

_SENDER: Final[Any] = _d.sender + ""
"""Not the plain column: by the index of the text, and not through all that somebody sent."""

_BEHIND: Final = chr(0x10FFFF)
"""After every letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is known of a document. None: nothing."""

    text: str
    """Number and notation (`12/QĐ-UBND`, marks or none), the number, an id; or the beginning of one of these."""
    sender: AgencyCode | None = None
    recipient: AgencyCode | None = None
    agency: AgencyCode | None = None
    """At either end."""
    issued_on: date | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before then; both are of the time of sending."""
    of: Collection[AgencyCode] | None = None
    """Only what one of these sent or received: all that the one who asks may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    document: DocumentRow
    standing: Mapping[Standing, int]
    """How many of its recipients stand where; all of them, or those among `Sought.of` where that did not send it."""

    @property
    def recipients(self) -> int:
        return sum(self.standing.values())


@dataclass(frozen=True, slots=True)
class Finding:
    documents: Sequence[Found]
    more: bool
    """There are others: more must be said of the one that is meant."""


def find(connection: Connection, sought: Sought, *, limit: int = 50) -> Finding:
    """Those that are exactly so first, then those that begin so; the newest first."""
    wanted = fold(sought.text)
    if not wanted:
        return Finding((), more=False)
    looks = looks_for(sought)
    among = union(*(each.candidates for each in looks))
    exact = or_(_d.code_form == wanted, _d.form == wanted)
    statement = (
        select(tables.document)
        .where(_d.number.in_(select(among.subquery().c.number)), *_facts(sought))
        .order_by(exact.desc(), _d.sent_at.desc(), _d.number.desc())
        .limit(limit + 1)
    )
    rows = list(map(document_of, connection.execute(statement)))
    shown = rows[:limit]
    counts = _standing(connection, shown, of=sought.of)
    found = [Found(document=document, standing=counts.get(document.number, {})) for document in shown]
    return Finding(found, more=len(rows) > limit or any(_is_cut(connection, each) for each in looks))


class Look(NamedTuple):
    """By one meaning of a text."""

    candidates: Select[int]
    """At most CANDIDATES."""
    among: Select[int] | None
    """All agencies' that one's are sought among: at most LOOKED_THROUGH. None: all agencies' are sought."""


def looks_for(sought: Sought) -> Sequence[Look]:
    return [_look(each, sought) for each in _spelt(fold(sought.text), sought.text)]


def by_number(connection: Connection, number: DocumentNumber) -> DocumentRow | None:
    row = connection.execute(select(tables.document).where(_d.number == number)).one_or_none()
    return None if row is None else document_of(row)


def by_key(connection: Connection, key: DocumentKey) -> DocumentRow | None:
    """However its id is spelt: as a mailbox's store finds its own."""
    number = numbers_of(connection, [key]).get(key)
    return None if number is None else by_number(connection, number)


def _spelt(wanted: str, typed: str) -> Iterable[ColumnElement[bool]]:
    """A number alone is that number, and no longer one that begins so: 12 is not 120/CV."""
    beginning = f"{wanted}/" if wanted.isdigit() else wanted
    yield _begins(_d.code_form, beginning)
    if wanted.isdigit():
        yield _d.code_form == wanted
    yield _begins(_d.form, wanted)
    message = typed.strip()
    if message.isascii() and len(message) >= _OF_A_MESSAGE:
        yield _d.number.in_(select(seen.c.document).where(_begins(seen.c.message, message)).limit(CANDIDATES))


_OF_A_MESSAGE: Final = 8
"""Characters of a message's id, at least."""


def _begins(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """By the column's index, which sorts as bytes do."""
    return (column >= text) & (column < text + _BEHIND)


def _look(spelt: ColumnElement[bool], sought: Sought) -> Look:
    facts = [spelt]
    if sought.sender is not None:  # what narrows it down without a look at another table
        facts.append(sought.sender == _SENDER)
    if sought.of is None:
        return Look(select(select(_d.number).where(*facts).limit(CANDIDATES).subquery().c.number), None)
    found = select(_d.number, _d.sender).where(*facts).limit(LOOKED_THROUGH).subquery().c
    own = or_(found.sender.in_(sorted(sought.of)), _received_by(sought.of, document=found.number))
    cut = select(found.number).where(own).limit(CANDIDATES).subquery()
    return Look(select(cut.c.number), select(found.number))


def _is_cut(connection: Connection, look: Look) -> bool:
    """Whether some were not looked at: what is sought may be among these."""
    if _count(connection, look.candidates) == CANDIDATES:
        return True
    return look.among is not None and _count(connection, look.among) == LOOKED_THROUGH


def _count(connection: Connection, some: Select[int]) -> int | None:
    return connection.scalar(select(func.count()).select_from(some.subquery()))


def _facts(sought: Sought) -> Iterable[ColumnElement[bool]]:
    if sought.sender is not None:
        yield sought.sender == _SENDER
    if sought.recipient is not None:
        yield _received(sought.recipient, sought)
    if sought.agency is not None:
        yield or_(sought.agency == _SENDER, _received(sought.agency, sought))
    if sought.issued_on is not None:
        yield _d.issued_on == sought.issued_on.isoformat()
    if sought.since is not None:
        yield _d.sent_at >= to_micros(sought.since)
    if sought.until is not None:
        yield _d.sent_at < to_micros(sought.until)
    if sought.of is not None:
        yield _seen_by(sought.of)


def _received(agency: AgencyCode, sought: Sought) -> ColumnElement[bool]:
    """That it was sent to this agency; another recipient is not told so, only the document's sender is."""
    received = _received_by([agency])
    return received if sought.of is None or agency in sought.of else and_(received, _SENDER.in_(sorted(sought.of)))


def _seen_by(agencies: Collection[AgencyCode]) -> ColumnElement[bool]:
    return or_(_d.sender.in_(sorted(agencies)), _received_by(agencies))


def _received_by(agencies: Collection[AgencyCode], *, document: ColumnElement[int] = _d.number) -> ColumnElement[bool]:
    return select(_v.document).where(_v.document == document, IS_RECIPIENT, _v.agency.in_(sorted(agencies))).exists()


_STANDING: Final = Lookup(
    lambda among: (
        select(_v.document, _v.withdrawn, _v.state, _v.outcome, func.count())
        .where(among(_v.document, "documents"), IS_RECIPIENT)
        .group_by(_v.document, _v.withdrawn, _v.state, _v.outcome)
    )
)
"""How many deliveries of each of these documents stand alike."""

_STANDING_AMONG: Final = Lookup(
    lambda among: (
        select(_v.document, _v.withdrawn, _v.state, _v.outcome, func.count())
        .where(
            among(_v.document, "documents"),
            IS_RECIPIENT,
            or_(among(_v.sender, "agencies"), among(_v.agency, "agencies")),
        )
        .group_by(_v.document, _v.withdrawn, _v.state, _v.outcome)
    )
)
"""The same of what one of these agencies sent or received."""


def _standing(
    connection: Connection, documents: Sequence[DocumentRow], *, of: Collection[AgencyCode] | None
) -> Mapping[DocumentNumber, Mapping[Standing, int]]:
    counts = dict[DocumentNumber, Counter[Standing]]()
    if not documents:
        return counts
    numbers = sorted(document.number for document in documents)
    if of is None:
        rows = look_up(connection, _STANDING, {"documents": numbers})
    else:
        rows = look_up(connection, _STANDING_AMONG, {"documents": numbers, "agencies": sorted(of)})
    for number, withdrawn, state, outcome, count in rows:
        standing = stands(withdrawn, state and StatusCode(state), outcome and Outcome(outcome))
        counts.setdefault(DocumentNumber(number), Counter())[standing] += count
    return counts
