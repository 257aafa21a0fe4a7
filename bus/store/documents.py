"""What operators ask about the documents of either box: pages of entries by time, agency and state, and ids by their
beginning. Numbers go up with time, so that two look-ups by bisection bound what is read."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, or_, select

from bus.dossiers.update import CHANGES
from bus.ports.records import Which
from bus.store.normal_forms import document_form
from bus.store.sql.texts import contains
from bus.store.sql.times import to_micros
from bus.store.statements.entries import EntryStatements
from bus.store.tables import dossier, recipient
from schemas.codes import Kind, Outcome
from schemas.values import MessageId

_ALWAYS: Final = 2**62
"""After every time, and behind every number."""
_BEHIND: Final = chr(0x10FFFF)
"""After every letter."""
_SLACK: Final = 1000
"""How far from its place, counted in entries, a clock that was set right may have put one."""


def document_rows(connection: Connection, statements: EntryStatements, which: Which) -> Sequence[Row[Any]]:
    """As `Entries.documents`."""
    c = statements.table.c
    statement = statements.documents
    if which.documents is not None:
        statement = statement.where(c.document.in_(sorted(set(map(document_form, which.documents)))))
    if which.states is not None:
        statement = statement.where(c.state.in_(sorted(map(str, which.states))))
    if which.agency is not None:
        statement = statement.where(contains(c.docket, _written("agency", which.agency)))
    if which.refused:
        statement = statement.where(
            exists().where(recipient.c.sequence == c.sequence, recipient.c.outcome == str(Outcome.REFUSED))
        )
    if which.unheard:
        silent = c.document.in_(select(dossier.c.document_form).where(dossier.c.state.is_(None)))
        changes = [contains(c.docket, f'"business_type":{int(business)}'.encode()) for business in CHANGES]
        statement = statement.where(or_(silent, *changes))
    first = 0 if which.since is None else _number_at(connection, statements, which.since) - _SLACK
    behind = _ALWAYS if which.until is None else _number_at(connection, statements, which.until) + _SLACK
    values = {
        "first": first,
        "below": behind if which.below is None else min(behind, which.below),
        "since": 0 if which.since is None else to_micros(which.since),
        "until": _ALWAYS if which.until is None else to_micros(which.until),
        "kind": _written("kind", Kind.DOCUMENT),
        "limit": which.limit,
    }
    return connection.execute(statement, values).all()


def ids_of(connection: Connection, statements: EntryStatements, beginning: str, *, limit: int) -> list[MessageId]:
    """As `Entries.ids`."""
    values = {"first": beginning, "behind": beginning + _BEHIND, "limit": limit}
    return list(connection.execute(statements.ids, values).scalars())


def _number_at(connection: Connection, statements: EntryStatements, at: datetime) -> int:
    """The number from which on entries were put at that time or later."""
    wanted = to_micros(at)
    low, high = 0, (connection.scalar(statements.last) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(statements.at_or_behind, {"from": middle}).first()
        if found is None or found.entered_at >= wanted:
            high = middle
        else:
            low = found.sequence + 1
    return low


def _written(name: str, value: str) -> bytes:
    """A member of a docket, as it stands in the bytes that are kept."""
    return f'"{name}":{json.dumps(value)}'.encode()
