"""What documents and statuses do to dossiers, the same when they are sent and when they are received. Reads and writes
through one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from bus.dossiers.find import find, find_targets
from bus.handling.statuses import Handling, Verdict, apply_request, apply_status
from bus.ports.records import Dossier, HandlingKey, StatusRecord
from bus.ports.store import Transaction
from schemas.codes import BusinessType, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Document, is_due_day
from schemas.status import Status
from schemas.values import AgencyCode, MessageId

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
            handling=apply_request(Handling(), document.business.type)[1],
            code=str(document.number),
            issued_on=document.issued_on.isoformat(),
            updated_at=at,
            ref=ref,
            priority=document.priority,
            due_on=_day(due_on, document),
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
        found = find_targets(tx, each.document, each.key, each.handlers)
        tx.dossiers.put(
            [asked(_due(dossier, business, _day(each.due_on, each.document)), business, at=at) for dossier in found]
        )
        if business in CHANGES and not found:
            _begin(tx, [each], at=at)


def forgotten(tx: Transaction, handed: Sequence[Handed]) -> list[Handed]:
    """Those of which a dossier is missing, as a damaged store leaves it: statuses about them would be orphans. Changes
    of other documents are passed over: they have none of their own."""
    begun = [each for each in handed if each.document.business.type not in CHANGES]
    keys = [[HandlingKey(each.key.issuer, each.key.id, handler) for handler in each.handlers] for each in begun]
    known = tx.dossiers.by_keys({key for some in keys for key in some}) if keys else {}
    return [each for each, some in zip(begun, keys, strict=True) if any(key not in known for key in some)]


def _begin(tx: Transaction, handed: Sequence[Handed], *, at: datetime) -> None:
    """A document that came before goes on where it stood, unless it was refused: then this is the corrected one."""
    fresh = {
        dossier.key: dossier
        for each in handed
        for dossier in opened(each.document, each.key, each.handlers, at=at, ref=each.ref, due_on=each.due_on)
    }
    there = tx.dossiers.by_keys(fresh.keys())
    begun = [
        dossier for key, dossier in fresh.items() if key not in there or there[key].handling.state is StatusCode.REFUSED
    ]
    tx.dossiers.put(begun)


def asked(dossier: Dossier, business: BusinessType, *, at: datetime) -> Dossier:
    """The dossier after a revocation or update package for it; a replacement changes nothing in its handling."""
    verdict, handling = apply_request(dossier.handling, business)
    return replace(dossier, handling=handling, updated_at=at) if verdict is Verdict.APPLIED else dossier


def _day(due_on: date | None, document: Document) -> date | None:
    return due_on if due_on and is_due_day(due_on, issued_on=document.issued_on) else None


def _due(dossier: Dossier, business: BusinessType, due_on: date | None) -> Dossier:
    """An update may set another day; after a replacement the new document's is what counts."""
    match business:
        case BusinessType.REPLACE:
            return replace(dossier, due_on=None)
        case BusinessType.UPDATE if due_on and due_on != dossier.due_on:
            return replace(dossier, due_on=due_on, told=None)
        case _:
            return dossier


@dataclass(frozen=True, slots=True)
class Applied:
    """What a status does to its dossier; ORPHAN has neither dossier nor line of history."""

    verdict: Verdict
    dossier: Dossier | None = None
    record: StatusRecord | None = None


def apply_statuses(
    tx: Transaction, statuses: Sequence[tuple[Status, HandlingKey, MessageId]], *, at: datetime
) -> list[Applied]:
    """Applies statuses in order, each to what the one before it left. Changes nothing in the store."""
    if not statuses:
        return []
    found = find(tx, [(status, key) for status, key, _ in statuses])
    current: dict[HandlingKey, Dossier] = {}
    results = []
    for (status, _, message), known in zip(statuses, found, strict=True):
        if known is None:
            results.append(Applied(Verdict.ORPHAN))
            continue
        dossier = current.get(known.key, known)
        verdict, handling = apply_status(dossier.handling, status.code)
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
        results.append(Applied(verdict, dossier, line))
    return results


def keep(tx: Transaction, results: Sequence[Applied]) -> None:
    """Writes what was applied: the last state of each dossier, every line of history."""
    last = {result.dossier.key: result.dossier for result in results if result.dossier}
    tx.dossiers.put(list(last.values()))
    tx.dossiers.put_statuses([result.record for result in results if result.record])
