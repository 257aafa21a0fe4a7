"""Documents, deliveries and what is owed of them, by their keys: what a page of a list shows."""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from bus.ledger.records import DeliveryRow, DocumentNumber, DocumentRow, ObligationRow
from bus.ledger.rows import delivery_of, document_of, obligation_of
from bus.ledger.tables import now as tables
from bus.store.sql.batches import Lookup, look_up
from schemas.values import AgencyCode

_d, _v, _o = tables.document, tables.delivery, tables.obligation

DOCUMENTS = Lookup(lambda among: select(_d).where(among(_d.c.number, "numbers")))
"""The documents of these numbers."""

# Two lists, and not one of pairs: that would make SQLite read the table whole. What they find besides is passed over.
DELIVERIES = Lookup(lambda among: select(_v).where(among(_v.c.document, "documents"), among(_v.c.agency, "agencies")))
"""The deliveries of these documents to these agencies."""

OWED = Lookup(
    lambda among: select(_o).where(_o.c.open, among(_o.c.document, "documents"), among(_o.c.recipient, "agencies"))
)
"""What is still owed of them."""


class DeliveryKey(NamedTuple):
    document: DocumentNumber
    agency: AgencyCode


def documents_of(connection: Connection, numbers: Iterable[DocumentNumber]) -> dict[DocumentNumber, DocumentRow]:
    wanted = sorted(set(numbers))
    rows = look_up(connection, DOCUMENTS, {"numbers": wanted}) if wanted else ()
    return {document.number: document for document in map(document_of, rows)}


def deliveries_of(connection: Connection, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, DeliveryRow]:
    """Deliveries of these keys."""
    wanted = set(keys)
    found = map(delivery_of, look_up(connection, DELIVERIES, _lists(wanted))) if wanted else ()
    by_key = {DeliveryKey(delivery.document, delivery.agency): delivery for delivery in found}
    return {key: delivery for key, delivery in by_key.items() if key in wanted}


def owed_of(connection: Connection, keys: Collection[DeliveryKey]) -> Mapping[DeliveryKey, tuple[ObligationRow, ...]]:
    """What is still owed of deliveries, the earliest due first, then what has no limit."""
    wanted = set(keys)
    found = map(obligation_of, look_up(connection, OWED, _lists(wanted))) if wanted else ()
    owed = sorted((each for each in found if _key(each) in wanted), key=_order)
    return {key: tuple(some) for key, some in groupby(owed, key=_key)}


def _lists(keys: Collection[DeliveryKey]) -> dict[str, list[Any]]:
    return {
        "documents": sorted({key.document for key in keys}),
        "agencies": sorted({key.agency for key in keys}),
    }


def _key(obligation: ObligationRow) -> DeliveryKey:
    return DeliveryKey(obligation.document, obligation.recipient)


def _order(obligation: ObligationRow) -> tuple[DeliveryKey, bool, float, str]:
    due = obligation.due_at
    return _key(obligation), due is None, due.timestamp() if due else 0.0, obligation.clock
