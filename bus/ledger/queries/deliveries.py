"""Lists of deliveries (a document at a recipient) by sender, recipient, period, type, standing and what is overdue; and
counters that follow the same filter.

What is asked of either end is asked branch by branch (wanted.py), each by an index in the order of the list; the
branches are merged.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Row, func, select

from bus.handling.statuses import PENDING
from bus.ledger.queries.loading import DeliveryKey, deliveries_of, documents_of, owed_of
from bus.ledger.queries.paging import MOST, Amount, Cursor, Page, amount
from bus.ledger.queries.statements import Keys, counting, late_counting, late_listing, listing, newest
from bus.ledger.queries.wanted import Branch, Counters, Filter, Listed, Standing, branches_of, stands
from bus.ledger.records import DocumentNumber
from bus.store.sql.times import from_micros
from schemas.codes import Outcome, StatusCode

NEWEST: Final = 20_000
"""Deliveries that are counted where no agency is named."""


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
    """Counters that follow the filter; its `standing` and `overdue` are passed over: they are what is counted. Where it
    names no agency, the newest NEWEST deliveries are counted, and what is overdue of all."""
    plain = replace(wanted, standing=None, overdue=False)
    branches = branches_of(plain)
    late = _amount(connection, [late_counting(plain, branch, now=now) for branch in branches])
    if any(branch.sender is None and branch.recipient is None for branch in branches):
        return Counters(_among_newest(connection, plain, branches[0]), late)
    return Counters(
        {
            standing: _amount(connection, [counting(plain, branch, standing) for branch in branches])
            for standing in Standing
        },
        late,
    )


def _among_newest(connection: Connection, wanted: Filter, branch: Branch) -> Mapping[Standing, Amount]:
    """Of all agencies' deliveries there may be millions, and no index counts them: the newest of them are counted."""
    counts, looked = Counter[Standing](), 0
    for withdrawn, state, outcome, change, count in connection.execute(newest(wanted, branch, most=NEWEST)):
        standing = stands(withdrawn, state and StatusCode(state), outcome and Outcome(outcome))
        counts[standing] += count
        looked += count
        if change in PENDING and not withdrawn:
            counts[Standing.CHANGE_ASKED] += count
    return {standing: Amount(counts[standing], more=looked == NEWEST) for standing in Standing}


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
