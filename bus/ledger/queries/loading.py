"""Documents, deliveries and what is owed of them, by their keys: what a page of a list shows."""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_

from bus.ledger.records import DeliveryRow, DocumentNumber, DocumentRow, ObligationRow
from bus.ledger.rows import delivery_of, document_of, obligation_of
from bus.ledger.tables import now as tables
from bus.store.sql.batches import Lookup, look_up
from schemas.values import AgencyCode

_d, _v, _o = tables.document, tables.delivery, tables.obligation

DOCUMENTS = Lookup(lambda among: select(_d).where(among(_d.c.number, "numbers")))
"""The documents of these numbers."""


class DeliveryKey(NamedTuple):
    document: DocumentNumber
    agency: AgencyCode


def documents_of(connection: Connection, numbers: Iterable[DocumentNumber]) -> dict[DocumentNumber, DocumentRow]:
    wanted = sorted(set(numbers))
    rows = look_up(connection, DOCUMENTS, {"numbers": wanted}) if wanted else ()
    return {document.number: document for document in map(document_of, rows)}


def deliveries_of(connection: Connection, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, DeliveryRow]:
    """Deliveries of these keys."""
    if not keys:
        return {}
    rows = connection.execute(select(_v).where(tuple_(_v.c.document, _v.c.agency).in_(sorted(set(keys)))))
    return {DeliveryKey(delivery.document, delivery.agency): delivery for delivery in map(delivery_of, rows)}


def owed_of(connection: Connection, keys: Collection[DeliveryKey]) -> Mapping[DeliveryKey, tuple[ObligationRow, ...]]:
    """What is still owed of deliveries, the earliest due first, then what has no limit."""
    if not keys:
        return {}
    is_of = tuple_(_o.c.document, _o.c.recipient).in_(sorted(set(keys)))
    found = sorted(map(obligation_of, connection.execute(select(_o).where(_o.c.open, is_of))), key=_order)
    return {key: tuple(some) for key, some in groupby(found, key=_key)}


def _key(obligation: ObligationRow) -> DeliveryKey:
    return DeliveryKey(obligation.document, obligation.recipient)


def _order(obligation: ObligationRow) -> tuple[DeliveryKey, bool, float, str]:
    due = obligation.due_at
    return _key(obligation), due is None, due.timestamp() if due else 0.0, obligation.clock
