"""What a country's ledger says of it, beside what lies in its folders: an independent witness. The ledger knows the
stream `audit` and nothing else; the people know their folders and nothing else. Both tell it in the same facts."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from bus.errors import BusError
from bus.ledger.counters import Measure
from bus.ledger.open import open_ledger
from bus.ledger.queries.deliveries import list_deliveries
from bus.ledger.queries.wanted import Filter
from bus.ledger.records import DeliveryRow, DocumentRow
from bus.ledger.reports.read import COUNTED
from bus.ledger.store import Ledger
from deploy.country import Country
from deploy.people import Expected
from schemas.codes import Outcome, StatusCode

PAGE: Final = 1000
PATIENCE: Final = 30.0
"""Seconds for a ledger to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a ledger tells of a country's traffic."""

    facts: frozenset[Expected]
    """Documents that their recipients' mailboxes hold, and statuses that were sent."""
    to_receipt: tuple[float, ...]
    """Seconds from a document's making to its receipt."""
    to_arrival: tuple[float, ...]
    """Seconds from the receipt to the status 01, as its sender says."""
    late: int
    """Deliveries of which something is overdue."""

    @property
    def documents(self) -> Counter[str]:
        """By business type."""
        return Counter(fact.what for fact in self.facts if len(fact.what) == 1)

    @property
    def statuses(self) -> Counter[str]:
        return Counter(fact.what for fact in self.facts if len(fact.what) == 2)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the ledger and the folders disagree."""

    ledger_only: frozenset[Expected]
    systems_only: frozenset[Expected]

    def __bool__(self) -> bool:
        return bool(self.ledger_only or self.systems_only)


def difference(account: Account, seen: Collection[Expected]) -> Difference:
    found = frozenset(seen)
    return Difference(account.facts - found, found - account.facts)


@contextmanager
def witness(country: Country, *, still_running: Callable[[], None]) -> Iterator[Ledger]:
    """The ledger of a country, to be read, once its process has made it. `still_running` raises where that has
    ended."""
    deadline = time.monotonic() + PATIENCE
    while not (ledger := _opened(country)):
        still_running()
        if time.monotonic() > deadline:
            raise TimeoutError(f"no ledger yet; see {country.ledger_log}")
        time.sleep(0.1)
    try:
        yield ledger
    finally:
        ledger.close()


def _opened(country: Country) -> Ledger | None:
    if not country.ledger_file.exists():
        return None
    try:
        return open_ledger(f"sqlite:///{country.ledger_file}", exclusive=False)
    except BusError:  # being made
        return None


def account(ledger: Ledger, *, now: datetime) -> Account:
    """All of it."""
    facts, to_receipt, to_arrival, late = set[Expected](), list[float](), list[float](), 0
    for document, delivery, is_late in _deliveries(ledger, now):
        facts.update(_facts(document, delivery))
        late += is_late
        if delivery.outcome is Outcome.HELD and delivery.receipted_at:
            to_receipt.append((delivery.receipted_at - delivery.sent_at).total_seconds())
            if arrived := delivery.first(StatusCode.ARRIVED):
                to_arrival.append((arrived - delivery.receipted_at).total_seconds())
    return Account(facts=frozenset(facts), to_receipt=tuple(to_receipt), to_arrival=tuple(to_arrival), late=late)


def _deliveries(ledger: Ledger, now: datetime) -> Iterator[tuple[DocumentRow, DeliveryRow, bool]]:
    after = None
    while True:
        with ledger.reading() as connection:
            page = list_deliveries(connection, Filter(), now=now, after=after, limit=PAGE)
        yield from ((listed.document, listed.delivery, listed.is_late(now)) for listed in page.rows)
        if (after := page.next) is None:
            return


def _facts(document: DocumentRow, delivery: DeliveryRow) -> Iterator[Expected]:
    id_, issuer, handler = document.key.id, document.key.issuer, delivery.agency
    for carried in delivery.carried:
        if carried.outcome is Outcome.HELD:
            yield Expected(id_, str(int(carried.business)), issuer, handler)
    for heard in delivery.statuses:
        ends = (issuer, handler) if heard.code is StatusCode.TAKE_BACK else (handler, issuer)
        yield Expected(id_, heard.code, *ends)


class Line(NamedTuple):
    """What a ledger has counted of one agency."""

    code: str
    sent: int
    """Documents and changes of them, each once however many recipients."""
    received: int
    """Documents that its mailbox holds."""
    accepted: int
    done: int


COLUMNS: Final = (Measure.SENT, Measure.RECEIPTED, Measure.ACCEPTED, Measure.DONE)
"""What is counted of a line, in its order."""


def lines(ledger: Ledger, codes: Collection[str], *, since: date, until: date) -> list[Line]:
    """A line for each of these agencies, in their order, from the ledger's counters of these days."""
    total = Counter[tuple[str, str]]()
    with ledger.reading() as connection:
        days = {"first": since.isoformat(), "last": until.isoformat()}
        for agency, measure, _, amount in connection.execute(COUNTED, days):
            total[agency, measure] += int(amount)
    return [Line(code, *(total[code, measure] for measure in COLUMNS)) for code in codes]
