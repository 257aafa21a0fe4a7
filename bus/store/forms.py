"""The forms under which documents and submissions are found again. What people wrote is kept beside them, unchanged."""

import re
from functools import lru_cache

from bus.records import SubmissionKey
from schemas.codes import Kind
from schemas.values import DocumentId, matching

_DATE = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")


@lru_cache(maxsize=4096)  # the same id is asked for by outbox, inbox and dossier within one batch
def document_form(document: DocumentId) -> str:
    """Equal for two spellings of one id: case, Unicode form, spaces, and 2015-09-30 for 2015/09/30 (domain pain 13)."""
    return _DATE.sub(r"\1/\2/\3", matching(document))


@lru_cache(maxsize=4096)
def code_form(code: str) -> str:
    """A number and notation as compared: `7816 / vpcp-ttđt` is `7816/VPCP-TTĐT`."""
    return matching(code).replace(" ", "")


def submission_text(key: SubmissionKey) -> str:
    """One column instead of five. Only the document id may hold spaces, and it stands before a part that has none."""
    return " ".join((key.kind, key.issuer, key.type, key.document, key.sha256))


def submission_key(text: str) -> SubmissionKey:
    head, _, sha256 = text.rpartition(" ")
    kind, issuer, business_type, document = head.split(" ", 3)
    return SubmissionKey(Kind(kind), issuer, document, business_type, sha256)
