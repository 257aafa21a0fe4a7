"""Dossiers by key, by document and by number; the history of statuses; events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, insert, or_, select, update

from bus.deadlines import Stage
from bus.handling import Change, Handling, Verdict
from bus.records import Dossier, Event, HandlingKey, StatusRecord
from bus.store.boxes import chunks
from bus.store.forms import code_form, document_form
from bus.store.many import about, many
from bus.store.moments import from_micros, to_micros
from bus.store.tables import dossier, event, inbox, outbox, status
from schemas.codes import Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.values import AgencyCode, DocumentId

_d, _s, _e = dossier.c, status.c, event.c
_KEY = ("issuer", "document", "handler")
_CHANGING = tuple(column.name for column in dossier.columns if column.name not in _KEY)
# For three columns IN a list of triples SQLite reads the whole table; these two lists are looked up in the primary key.
_by_key = select(dossier).where(
    _d.issuer.in_(bindparam("issuers", expanding=True)), _d.document.in_(bindparam("documents", expanding=True))
)
_insert = insert(dossier)
_change = (
    update(dossier)
    .where(
        _d.issuer == bindparam("the_issuer"),
        _d.document == bindparam("the_document"),
        _d.handler == bindparam("the_handler"),
    )
    .values({name: bindparam(f"to_{name}") for name in _CHANGING})
)
# Sorted in Python: for an ORDER BY on the key SQLite would walk all documents of the issuer.
_of_issuer = select(dossier).where(_d.issuer == bindparam("the_issuer"))
_by_document = _of_issuer.where(_d.document == bindparam("the_document"))
_by_form = _of_issuer.where(_d.document_form == bindparam("the_form"))
_by_code = _of_issuer.where(_d.code_form == bindparam("the_code"), _d.issued_on == bindparam("the_date"))
_awaited = (
    select(dossier)
    .where(_d.watched <= bindparam("near"), or_(_d.told.is_(None), _d.watched <= bindparam("past")))
    .order_by(_d.watched)
    .limit(bindparam("limit", type_=Integer))
)
_insert_status = insert(status)
_statuses = (
    select(status)
    .where(_s.document_form == bindparam("the_form"), _s.issuer == bindparam("the_issuer"))
    .order_by(_s.number)
)
_insert_event = insert(event)
_events = (
    select(event)
    .where(
        or_(
            _e.document_form == bindparam("the_form"),
            _e.message.in_(select(outbox.c.message).where(outbox.c.document == bindparam("the_form"))),
            _e.message.in_(select(inbox.c.message).where(inbox.c.document == bindparam("the_form"))),
        )
    )
    .order_by(_e.at, _e.number)
)


def by_keys(connection: Connection, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]:
    wanted = set(keys)
    found = (
        _dossier(row)
        for some in chunks(wanted)
        for row in about(
            connection,
            _by_key,
            {"issuers": list({key.issuer for key in some}), "documents": list({key.document for key in some})},
        ).all()
    )
    return {each.key: each for each in found if each.key in wanted}


def find(
    connection: Connection,
    *,
    issuer: AgencyCode,
    document: DocumentId | None,
    code: str | None,
    issued_on: str | None,
) -> list[Dossier]:
    """By the id as it is written, else by its form, else by number and date together: a number comes back each year."""
    found: Sequence[Row[Any]] = ()
    if document is not None:
        found = _all(connection, _by_document, the_issuer=issuer, the_document=document) or _all(
            connection, _by_form, the_issuer=issuer, the_form=document_form(document)
        )
    if not found and code is not None and issued_on is not None:
        found = _all(connection, _by_code, the_issuer=issuer, the_code=code_form(code), the_date=issued_on)
    return sorted(map(_dossier, found), key=lambda each: each.key)


def _all(connection: Connection, statement: Select[Any], **values: str) -> Sequence[Row[Any]]:
    return connection.execute(statement, values).all()


def awaited(connection: Connection, *, near: date, past: date, limit: int) -> list[Dossier]:
    days = {"near": near.isoformat(), "past": past.isoformat(), "limit": limit}
    return [_dossier(row) for row in connection.execute(_awaited, days).all()]


def put(connection: Connection, dossiers: Sequence[Dossier]) -> None:
    last = {each.key: each for each in dossiers}
    if not last:
        return
    there = by_keys(connection, last.keys())
    fresh = [_row_of(each) for key, each in last.items() if key not in there]
    changed = [_row_of(each) for key, each in last.items() if key in there]
    if fresh:
        many(connection, _insert, fresh)
    if changed:
        many(
            connection,
            _change,
            [{f"{'the' if name in _KEY else 'to'}_{name}": value for name, value in row.items()} for row in changed],
        )


def _row_of(each: Dossier) -> dict[str, Any]:
    return {
        "issuer": each.key.issuer,
        "document": each.key.document,
        "handler": each.key.handler,
        "state": None if each.handling.state is None else str(each.handling.state),
        "change": str(each.handling.change),
        "withdrawn": each.handling.withdrawn,
        "code": each.code,
        "issued_on": each.issued_on,
        "updated_at": to_micros(each.updated_at),
        "ref": each.ref,
        "document_form": document_form(each.key.document),
        "code_form": None if each.code is None else code_form(each.code),
        "priority": int(each.priority),
        "due_on": None if each.due_on is None else each.due_on.isoformat(),
        "told": None if each.told is None else str(each.told),
        "watched": None if each.watched is None else each.watched.isoformat(),
    }


def _dossier(row: Row[Any]) -> Dossier:
    return Dossier(
        key=HandlingKey(row.issuer, row.document, row.handler),
        handling=Handling(None if row.state is None else StatusCode(row.state), Change(row.change), row.withdrawn),
        code=row.code,
        issued_on=row.issued_on,
        updated_at=from_micros(row.updated_at),
        ref=row.ref,
        priority=Priority(row.priority),
        due_on=None if row.due_on is None else date.fromisoformat(row.due_on),
        told=None if row.told is None else Stage(row.told),
    )


# -- history -----------------------------------------------------------------------------------------------------------


def put_statuses(connection: Connection, records: Sequence[StatusRecord]) -> None:
    if records:
        many(
            connection,
            _insert_status,
            [
                {
                    "issuer": record.key.issuer,
                    "document": record.key.document,
                    "handler": record.key.handler,
                    "code": record.code.value,
                    "verdict": str(record.verdict),
                    "at": to_micros(record.at),
                    "recorded_at": to_micros(record.recorded_at),
                    "message": record.message,
                    "description": record.description,
                    "document_form": document_form(record.key.document),
                }
                for record in records
            ],
        )


def statuses(connection: Connection, *, issuer: AgencyCode, document: DocumentId) -> list[StatusRecord]:
    """In the order they were recorded."""
    return [
        StatusRecord(
            key=HandlingKey(row.issuer, row.document, row.handler),
            code=StatusCode(row.code),
            verdict=Verdict(row.verdict),
            at=from_micros(row.at),
            recorded_at=from_micros(row.recorded_at),
            message=row.message,
            description=row.description,
        )
        for row in _all(connection, _statuses, the_issuer=issuer, the_form=document_form(document))
    ]


def put_events(connection: Connection, events: Sequence[Event]) -> None:
    if events:
        many(
            connection,
            _insert_event,
            [
                {
                    "at": to_micros(each.at),
                    "name": each.name,
                    "message": each.message,
                    "issuer": each.document.issuer if each.document else None,
                    "document": each.document.id if each.document else None,
                    "document_form": document_form(each.document.id) if each.document else None,
                    "detail": each.detail,
                }
                for each in events
            ],
        )


def events(connection: Connection, *, document: DocumentId) -> list[Event]:
    """What names the document, and what names only a message that carries it; by time."""
    return [_event(row) for row in _all(connection, _events, the_form=document_form(document))]


def recent_events(connection: Connection, *, limit: int, name: str | None) -> list[Event]:
    statement = select(event).order_by(event.c.number.desc()).limit(limit)
    if name is not None:
        statement = statement.where(event.c.name == name)
    return [_event(row) for row in connection.execute(statement)]


def _event(row: Row[Any]) -> Event:
    return Event(
        at=from_micros(row.at),
        name=row.name,
        message=row.message,
        document=None if row.document is None else DocumentKey(issuer=row.issuer, id=row.document),
        detail=row.detail,
    )
