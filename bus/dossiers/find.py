"""Finding the dossiers that a package or a status is about."""

from collections.abc import Sequence

from bus.ports.records import Dossier, HandlingKey
from bus.ports.store import Transaction
from schemas.codes import BusinessType
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, DocumentId


def find_targets(
    tx: Transaction, document: Document, key: DocumentKey, handlers: Sequence[AgencyCode]
) -> list[Dossier]:
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
                for dossier in tx.dossiers.find(issuer=key.issuer, document=replaced.document_id)
                if dossier.key.handler in wanted and dossier.key.handler in (replaced.agencies or wanted)
            ]
        case BusinessType.REVOKE | BusinessType.UPDATE:
            for document_id in named_documents(document):
                if found := _at(tx, key.issuer, wanted, document=document_id):
                    return found
            return _at(tx, key.issuer, wanted, code=str(document.number), issued_on=document.issued_on.isoformat())


def named_documents(document: Document) -> list[DocumentId]:
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
    found = tx.dossiers.find(issuer=issuer, document=document, code=code, issued_on=issued_on)
    return [dossier for dossier in found if dossier.key.handler in handlers]


def find(tx: Transaction, statuses: Sequence[tuple[Status, HandlingKey]]) -> list[Dossier | None]:
    """The dossier each status is about: by its key (one look-up for all), else by id in any form, else by number and
    date."""
    known = tx.dossiers.by_keys({key for _, key in statuses})
    return [known.get(key) or _search(tx, status, key) for status, key in statuses]


def _search(tx: Transaction, status: Status, key: HandlingKey) -> Dossier | None:
    found = _at(tx, key.issuer, {key.handler}, document=key.document)
    concerned = status.concerns
    if not found and concerned.code and concerned.issued_on:
        found = _at(tx, key.issuer, {key.handler}, code=concerned.code, issued_on=concerned.issued_on.isoformat())
    return found[0] if found else None
