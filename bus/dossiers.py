"""Which document a package or a status is about, and what it does to that document's dossiers. Reads and returns
values through one transaction; the two halves of the road (sending, receiving) judge with the same eyes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from bus.handling import Handling, Verdict, judge, request
from bus.ports import Transaction
from bus.records import Dossier, HandlingKey, StatusRecord
from schemas.codes import BusinessType, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, DocumentId, MessageId

CHANGES = frozenset({BusinessType.REVOKE, BusinessType.UPDATE})


def opened(
    document: Document,
    key: DocumentKey,
    handlers: Sequence[AgencyCode],
    *,
    at: datetime,
    ref: str | None,
    due_on: date | None = None,
) -> list[Dossier]:
    """Fresh dossiers of a document, one for each agency that will handle it; `ref` is the document system's name."""
    return [
        Dossier(
            key=HandlingKey(key.issuer, key.id, handler),
            handling=request(Handling(), document.business.type)[1],
            code=str(document.number),
            issued_on=document.issued_on.isoformat(),
            updated_at=at,
            ref=ref,
            priority=document.priority,
            due_on=due_on,
        )
        for handler in handlers
    ]


class Handed(NamedTuple):
    """A document that was accepted for sending, or filed."""

    document: Document
    key: DocumentKey
    handlers: Sequence[AgencyCode]
    ref: str | None
    """What the document system calls it."""
    due_on: date | None = None
    """The day by which we want an answer, where we sent it."""


def remember(tx: Transaction, handed: Sequence[Handed], *, at: datetime) -> None:
    """The dossiers after a batch of documents. New ones together; then those that change others, each in its turn."""
    _begin(tx, [each for each in handed if each.document.business.type not in CHANGES], at=at)
    for each in handed:
        business = each.document.business.type
        if business is BusinessType.NEW:
            continue
        found = targets(tx, each.document, each.key, each.handlers)
        tx.put_dossiers([asked(_due(dossier, business, each.due_on), business, at=at) for dossier in found])
        if business in CHANGES and not found:
            _begin(tx, [each], at=at)


def _begin(tx: Transaction, handed: Sequence[Handed], *, at: datetime) -> None:
    """A document that came before goes on where it stood, unless it was refused: then this is the corrected one."""
    fresh = {
        dossier.key: dossier
        for each in handed
        for dossier in opened(each.document, each.key, each.handlers, at=at, ref=each.ref, due_on=each.due_on)
    }
    there = tx.dossiers(fresh.keys())
    begun = [
        dossier for key, dossier in fresh.items() if key not in there or there[key].handling.state is StatusCode.REFUSED
    ]
    tx.put_dossiers(begun)


def targets(tx: Transaction, document: Document, key: DocumentKey, handlers: Sequence[AgencyCode]) -> list[Dossier]:
    """The dossiers, at these handlers, of the documents that a revocation, update or replacement is about.

    In the order of domain §1.4: the id it names, its own id, the id of a reference, its number and date.
    """
    wanted = set(handlers)
    match document.business.type:
        case BusinessType.NEW:
            return []
        case BusinessType.REPLACE:
            return [
                dossier
                for replaced in document.business.replaced
                for dossier in tx.find_dossiers(issuer=key.issuer, document=replaced.document_id)
                if dossier.key.handler in wanted and dossier.key.handler in (replaced.agencies or wanted)
            ]
        case BusinessType.REVOKE | BusinessType.UPDATE:
            for document_id in named(document):
                if found := _at(tx, key.issuer, wanted, document=document_id):
                    return found
            return _at(tx, key.issuer, wanted, code=str(document.number), issued_on=document.issued_on.isoformat())


def named(document: Document) -> list[DocumentId]:
    """The ids under which a revocation, update or replacement may speak of another document, the likeliest first."""
    if document.business.type is BusinessType.REPLACE:
        return [replaced.document_id for replaced in document.business.replaced]
    ids = [document.business.document_id, document.id, *(each.document_id for each in document.responses)]
    return [each for each in ids if each]


def _at(
    tx: Transaction,
    issuer: AgencyCode,
    handlers: set[AgencyCode],
    *,
    document: DocumentId | None = None,
    code: str | None = None,
    issued_on: str | None = None,
) -> list[Dossier]:
    found = tx.find_dossiers(issuer=issuer, document=document, code=code, issued_on=issued_on)
    return [dossier for dossier in found if dossier.key.handler in handlers]


def asked(dossier: Dossier, business: BusinessType, *, at: datetime) -> Dossier:
    """The dossier after a revocation or update package for it; a replacement changes nothing in its handling."""
    verdict, handling = request(dossier.handling, business)
    return replace(dossier, handling=handling, updated_at=at) if verdict is Verdict.APPLIED else dossier


def _due(dossier: Dossier, business: BusinessType, due_on: date | None) -> Dossier:
    """An update may set another day; after a replacement the new document's is what counts."""
    match business:
        case BusinessType.REPLACE:
            return replace(dossier, due_on=None)
        case BusinessType.UPDATE if due_on and due_on != dossier.due_on:
            return replace(dossier, due_on=due_on, told=None)
        case _:
            return dossier


def find(tx: Transaction, statuses: Sequence[tuple[Status, HandlingKey]]) -> list[Dossier | None]:
    """The dossier each status is about: by its key (one look-up for all), else by id in any form, else by number and
    date."""
    known = tx.dossiers({key for _, key in statuses})
    return [known.get(key) or _search(tx, status, key) for status, key in statuses]


def _search(tx: Transaction, status: Status, key: HandlingKey) -> Dossier | None:
    found = _at(tx, key.issuer, {key.handler}, document=key.document)
    concerned = status.concerns
    if not found and concerned.code and concerned.issued_on:
        found = _at(tx, key.issuer, {key.handler}, code=concerned.code, issued_on=concerned.issued_on.isoformat())
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a status does to its dossier; ORPHAN has neither dossier nor line of history."""

    verdict: Verdict
    dossier: Dossier | None = None
    record: StatusRecord | None = None


def judged(tx: Transaction, statuses: Sequence[tuple[Status, HandlingKey, MessageId]], *, at: datetime) -> list[Judged]:
    """Applies statuses in order, each to what the one before it left. Changes nothing in the store."""
    if not statuses:
        return []
    found = find(tx, [(status, key) for status, key, _ in statuses])
    current: dict[HandlingKey, Dossier] = {}
    results = []
    for (status, _, message), known in zip(statuses, found, strict=True):
        if known is None:
            results.append(Judged(Verdict.ORPHAN))
            continue
        dossier = current.get(known.key, known)
        verdict, handling = judge(dossier.handling, status.code)
        if verdict is Verdict.APPLIED:
            dossier = replace(dossier, handling=handling, updated_at=at)
            current[dossier.key] = dossier
        line = StatusRecord(
            key=dossier.key,
            code=status.code,
            verdict=verdict,
            at=status.at,
            recorded_at=at,
            message=message,
            description=status.description,
        )
        results.append(Judged(verdict, dossier, line))
    return results


def keep(tx: Transaction, results: Sequence[Judged]) -> None:
    """Makes what was judged durable: the last state of each dossier, every line of history."""
    last = {result.dossier.key: result.dossier for result in results if result.dossier}
    tx.put_dossiers(list(last.values()))
    tx.put_statuses([result.record for result in results if result.record])
