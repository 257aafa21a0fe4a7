"""Lists of deliveries (a document at a recipient) by sender, recipient, period, type, standing and what is overdue; and
counters that follow the same filter.

What is asked of either end is asked branch by branch (wanted.py), each by an index in the order of the list; the
branches are merged.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Row, func, select

from bus.ledger.queries.loading import DeliveryKey, deliveries_of, documents_of, owed_of
from bus.ledger.queries.paging import MOST, Amount, Cursor, Page, amount
from bus.ledger.queries.statements import Keys, counting, late_counting, late_listing, listing
from bus.ledger.queries.wanted import Counters, Filter, Listed, Standing, branches_of
from bus.ledger.records import DocumentNumber
from bus.store.sql.times import from_micros


def list_deliveries(
    connection: Connection, wanted: Filter, *, now: datetime, after: Cursor | None = None, limit: int = 50
) -> Page[Listed]:
    """The newest first; of what is overdue, the longest overdue first. `after`: of a page of the same filter."""
    found = list(islice(_keys(connection, wanted, now=now, after=after, limit=limit + 1), limit + 1))
    keys = [DeliveryKey(DocumentNumber(document), agency) for _, document, agency in found[:limit]]
    documents = documents_of(connection, (key.document for key in keys))
    deliveries, owed = deliveries_of(connection, keys), owed_of(connection, keys)
    rows = [
        Listed(document=documents[key.document], delivery=deliveries[key], open=owed.get(key, ()))
        for key in keys
        if key in deliveries and key.document in documents
    ]
    if len(found) <= limit:
        return Page(rows, None)
    at, document, agency = found[limit - 1]
    return Page(rows, Cursor(from_micros(at), DocumentNumber(document), agency))


def count_deliveries(connection: Connection, wanted: Filter, *, now: datetime) -> Counters:
    """Counters that follow the filter; its `standing` and `overdue` are passed over: they are what is counted."""
    plain = replace(wanted, standing=None, overdue=False)
    branches = branches_of(plain)
    return Counters(
        {
            standing: _amount(connection, [counting(plain, branch, standing) for branch in branches])
            for standing in Standing
        },
        _amount(connection, [late_counting(plain, branch, now=now) for branch in branches]),
    )


def _amount(connection: Connection, statements: Iterable[Keys]) -> Amount:
    count = 0
    for statement in statements:
        some = statement.limit(MOST + 1 - count).subquery()
        count += connection.scalar(select(func.count()).select_from(some)) or 0
        if count > MOST:
            break
    return amount(count)


def _keys(
    connection: Connection, wanted: Filter, *, now: datetime, after: Cursor | None, limit: int
) -> Iterator[Row[int, int, str]]:
    """Of all branches, in the order of the list."""
    found = list[list[Row[int, int, str]]]()
    for branch in branches_of(wanted):
        if wanted.overdue:
            statement = late_listing(wanted, branch, now=now, after=after)
        else:
            statement = listing(wanted, branch, after=after)
        found.append(list(connection.execute(statement.limit(limit))))
    return heapq.merge(*found, key=tuple, reverse=not wanted.overdue)
