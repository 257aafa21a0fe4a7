"""Dossiers by key, by document and by number; the history of statuses; events."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, or_

from bus.handling.deadlines import Stage
from bus.handling.statuses import Change, Handling, Verdict
from bus.ports.records import Box, Dossier, Event, HandlingKey, StatusRecord
from bus.store.entries import chunks
from bus.store.normal_forms import code_form, document_form, has_number, has_part, like
from bus.store.sql.batches import insert_rows, look_up, run
from bus.store.sql.times import from_micros, to_micros
from bus.store.statements import dossiers as statements
from bus.store.tables import dossier, event, status
from bus.store.work import Work
from schemas.codes import Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.values import AgencyCode, DocumentId


def _all(connection: Connection, statement: Select[Any], **values: str) -> Sequence[Row[Any]]:
    return connection.execute(statement, values).all()


def row_of(each: Dossier) -> dict[str, Any]:
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


def _event(row: Row[Any]) -> Event:
    return Event(
        at=from_micros(row.at),
        name=row.name,
        message=row.message,
        document=None if row.document is None else DocumentKey.model_construct(issuer=row.issuer, id=row.document),
        detail=row.detail,
        number=row.number,
    )


def _named(statement: Select[Any], name: str | None) -> Select[Any]:
    if name is None:
        return statement
    return statement.where(or_(event.c.name == name, event.c.name.startswith(f"{name}.", autoescape=True)))


class SqlDossiers:
    """`bus.ports.store.Dossiers` over the tables."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def by_keys(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]:
        connection = self._work.reads
        wanted = set(keys)
        found = (
            _dossier(row)
            for some in chunks(wanted)
            for row in look_up(
                connection,
                statements.BY_KEYS,
                {
                    "issuers": list({key.issuer for key in some}),
                    "documents": list({key.document for key in some}),
                    "handlers": list({key.handler for key in some}),
                },
            ).all()
        )
        return {each.key: each for each in found if each.key in wanted}

    def find(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> list[Dossier]:
        """By the id as it is written, else by its form, else by number and date together: a number comes back each
        year."""
        connection = self._work.reads
        found: Sequence[Row[Any]] = ()
        if document is not None:
            found = _all(connection, statements.BY_DOCUMENT, the_issuer=issuer, the_document=document) or _all(
                connection, statements.BY_FORM, the_issuer=issuer, the_form=document_form(document)
            )
        if not found and code is not None and issued_on is not None:
            found = _all(
                connection, statements.BY_CODE, the_issuer=issuer, the_code=code_form(code), the_date=issued_on
            )
        return sorted(map(_dossier, found), key=lambda each: each.key)

    def named(self, part: str, *, limit: int) -> list[str]:
        document, code = f"%{like(document_form(part))}%", f"%{like(code_form(part))}%"
        return self._forms(document, code, partial(has_part, part), limit=limit)

    def numbered(self, number: str, *, limit: int) -> list[str]:
        code = like(code_form(number))
        return self._forms(f"%{code}%", f"{code}%", partial(has_number, number), limit=limit)

    def _forms(self, document: str, code: str, is_meant: Callable[..., bool], *, limit: int) -> list[str]:
        found = self._work.reads.execute(statements.NAMED, {"document": document, "code": code})
        forms = {form: None for form, code_ in found if form and is_meant(document=form, code=code_)}
        return list(forms)[:limit]

    def among(
        self,
        box: Box,
        *,
        issuer: AgencyCode | None = None,
        handler: AgencyCode | None = None,
        state: StatusCode | None = None,
        due_before: date | None = None,
        limit: int,
    ) -> list[Dossier]:
        c, statement = dossier.c, statements.OF_BOX[box]
        for column, value in ((c.issuer, issuer), (c.handler, handler), (c.state, state)):
            if value is not None:
                statement = statement.where(column == str(value))
        if due_before is not None:
            statement = statement.where(c.due_on < due_before.isoformat(), *statements.AWAITING)
        return [_dossier(row) for row in self._work.reads.execute(statement.limit(limit))]

    def put(self, dossiers: Sequence[Dossier]) -> None:
        connection = self._work.writes
        last = {each.key: each for each in dossiers}
        if not last:
            return
        there = self.by_keys(last.keys())
        fresh = [row_of(each) for key, each in last.items() if key not in there]
        changed = [row_of(each) for key, each in last.items() if key in there]
        insert_rows(connection, dossier, fresh)
        run(connection, statements.CHANGE, changed)

    def awaited(self, *, near: date, past: date, limit: int) -> list[Dossier]:
        connection = self._work.reads
        days = {"near": near.isoformat(), "past": past.isoformat(), "limit": limit}
        return [_dossier(row) for row in connection.execute(statements.AWAITED, days).all()]

    def put_statuses(self, records: Sequence[StatusRecord]) -> None:
        connection = self._work.writes
        rows = [
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
        ]
        insert_rows(connection, status, rows)

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> list[StatusRecord]:
        """In the order they were recorded."""
        connection = self._work.reads
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
            for row in _all(connection, statements.STATUSES, the_issuer=issuer, the_form=document_form(document))
        ]

    def put_events(self, events: Sequence[Event]) -> None:
        connection = self._work.writes
        rows = [
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
        ]
        insert_rows(connection, event, rows)

    def events(self, *, document: DocumentId) -> list[Event]:
        """What names the document, and what names only a message that carries it; by time."""
        connection = self._work.reads
        return [_event(row) for row in _all(connection, statements.EVENTS, the_form=document_form(document))]

    def recent_events(
        self, *, limit: int, name: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[Event]:
        statement = _named(statements.RECENT_EVENTS, name)
        if since is not None:
            statement = statement.where(event.c.at >= to_micros(since))
        if until is not None:
            statement = statement.where(event.c.at < to_micros(until))
        return [_event(row) for row in self._work.reads.execute(statement, {"limit": limit})]

    def events_after(self, number: int, *, limit: int, name: str | None = None) -> list[Event]:
        statement = _named(statements.EVENTS_AFTER, name)
        return [_event(row) for row in self._work.reads.execute(statement, {"number": number, "limit": limit})]
