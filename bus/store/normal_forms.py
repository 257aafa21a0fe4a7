"""Normal forms of ids and numbers, by which documents and submissions are found. What people wrote is kept beside them,
unchanged."""

import re
import unicodedata
from functools import lru_cache

from bus.ports.records import SubmissionKey
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


def bare(form: str) -> str:
    """A form without the marks of Vietnamese letters: what people type who cannot or will not write them."""
    letters = unicodedata.normalize("NFD", form.replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_MARKED = frozenset("aeiouyd")
"""The letters that may have marks."""


def like(form: str) -> str:
    """A pattern of SQL that finds a form whatever its marks are, and a little more: judge what it finds by `bare`."""
    return "".join("_" if letter in _MARKED else f"\\{letter}" if letter in "\\%_" else letter for letter in bare(form))


def has_part(part: str, *, document: str, code: str | None) -> bool:
    """Whether a document's id or its number and notation has this part. All are forms."""
    wanted = bare(document_form(part))
    return wanted in bare(document) or (code is not None and bare(code_form(part)) in bare(code))


def has_number(number: str, *, document: str, code: str | None) -> bool:
    """Whether this is a document's number and notation, or its number. An id often ends with both (QCVN 102:2016)."""
    wanted = bare(code_form(number))
    told = bare(document.rpartition(",")[2]).replace(" ", "") if code is None else bare(code)
    return told == wanted or told.startswith(f"{wanted}/")


def submission_text(key: SubmissionKey) -> str:
    """One column instead of five. Only the document id may hold spaces, and it stands before a part that has none."""
    return " ".join((key.kind, key.issuer, key.type, key.document, key.sha256))


def submission_key(text: str) -> SubmissionKey:
    head, _, sha256 = text.rpartition(" ")
    kind, issuer, business_type, document = head.split(" ", 3)
    return SubmissionKey(Kind(kind), issuer, document, business_type, sha256)
