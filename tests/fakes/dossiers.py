"""Dossiers, statuses and events in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from bus.handling.statuses import is_awaited
from bus.ports.records import Box, Dossier, Event, HandlingKey, StatusRecord
from bus.store.normal_forms import code_form, document_form, has_number, has_part
from schemas.codes import StatusCode
from schemas.values import AgencyCode, DocumentId
from tests.fakes.box import MemoryWork


class MemoryDossiers:
    """`bus.ports.store.Dossiers` in memory."""

    def __init__(self, work: MemoryWork) -> None:
        self._work = work

    def by_keys(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]:
        return {key: self._work.memory.dossiers[key] for key in keys if key in self._work.memory.dossiers}

    def find(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> Sequence[Dossier]:
        of_issuer = [each for key, each in sorted(self._work.memory.dossiers.items()) if key.issuer == issuer]
        found: list[Dossier] = []
        if document is not None:
            form = document_form(document)
            found = [each for each in of_issuer if each.key.document == document]
            found = found or [each for each in of_issuer if document_form(each.key.document) == form]
        if not found and code is not None and issued_on is not None:
            found = [
                each
                for each in of_issuer
                if each.code is not None and code_form(each.code) == code_form(code) and each.issued_on == issued_on
            ]
        return found

    def named(self, part: str, *, limit: int) -> Sequence[str]:
        return [form for form, code in self._forms() if has_part(part, document=form, code=code)][:limit]

    def numbered(self, number: str, *, limit: int) -> Sequence[str]:
        return [form for form, code in self._forms() if has_number(number, document=form, code=code)][:limit]

    def _forms(self) -> dict[tuple[str, str | None], None]:
        memory = self._work.memory
        known = [(each.key.document, each.code and code_form(each.code)) for each in memory.dossiers.values()]
        known += [(docket.document.id, None) for docket in memory.dockets() if docket.document]
        return dict.fromkeys((document_form(document), code) for document, code in known)

    def among(
        self,
        box: Box,
        *,
        issuer: AgencyCode | None = None,
        handler: AgencyCode | None = None,
        state: StatusCode | None = None,
        due_before: date | None = None,
        limit: int,
    ) -> Sequence[Dossier]:
        memory = self._work.memory
        entries = [each.entry.docket for each in (memory.outbox if box is Box.OUT else memory.inbox).values()]
        forms = {document_form(docket.document.id) for docket in entries if docket.document}
        found = [
            each
            for each in memory.dossiers.values()
            if document_form(each.key.document) in forms
            and issuer in {None, each.key.issuer}
            and handler in {None, each.key.handler}
            and state in {None, each.handling.state}
            and (due_before is None or (each.due_on and each.due_on < due_before and is_awaited(each.handling)))
        ]
        return sorted(found, key=lambda each: each.updated_at, reverse=True)[:limit]

    def put(self, dossiers: Sequence[Dossier]) -> None:
        self._work.writes.dossiers.update({each.key: each for each in dossiers})

    def awaited(self, *, near: date, past: date, limit: int) -> Sequence[Dossier]:
        found = [
            (each.watched, each)
            for each in self._work.memory.dossiers.values()
            if each.watched and each.watched <= (near if each.told is None else past)
        ]
        return [each for _, each in sorted(found, key=lambda pair: pair[0])][:limit]

    def put_statuses(self, records: Sequence[StatusRecord]) -> None:
        self._work.writes.statuses.extend(records)

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> Sequence[StatusRecord]:
        form = document_form(document)
        return [
            record
            for record in self._work.memory.statuses
            if record.key.issuer == issuer and document_form(record.key.document) == form
        ]

    def put_events(self, events: Sequence[Event]) -> None:
        kept = self._work.writes.events
        kept += [replace(event, number=at) for at, event in enumerate(events, start=len(kept) + 1)]

    def events(self, *, document: DocumentId) -> Sequence[Event]:
        form = document_form(document)
        dockets = self._work.memory.dockets()
        messages = {each.id for each in dockets if each.document and document_form(each.document.id) == form}
        found = [
            event
            for event in self._work.memory.events
            if (event.document and document_form(event.document.id) == form) or event.message in messages
        ]
        return sorted(found, key=lambda event: event.at)

    def recent_events(
        self, *, limit: int, name: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Event]:
        found = [event for event in reversed(self._work.memory.events) if _is_named(event, name)]
        return [each for each in found if (not since or each.at >= since) and (not until or each.at < until)][:limit]

    def events_after(self, number: int, *, limit: int, name: str | None = None) -> Sequence[Event]:
        found = [event for event in self._work.memory.events if _is_named(event, name)]
        return [event for event in found if event.number > number][:limit]


def _is_named(event: Event, name: str | None) -> bool:
    return name is None or event.name == name or event.name.startswith(f"{name}.")
