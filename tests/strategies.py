"""Hypothesis strategies for the documents and statuses of the bus, in normal form.

Normal form is what a package can carry (edxml §9.7): texts in NFC, none of them the word null; whole seconds; a type as
the list of QCVN 102 has it; no block that says nothing; file names without a path; attachments with a content id.
"""

import io
import unicodedata
import zipfile
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from schemas.agency import Party
from schemas.codes import (
    DOCUMENT_TYPES,
    BusinessType,
    Priority,
    ReceiverChange,
    StatusCode,
    SteeringType,
    document_type_by_name,
)
from schemas.document import (
    Attachment,
    Business,
    BusinessUpdate,
    Document,
    DocumentNumber,
    DocumentType,
    ReceiverUpdate,
    Reference,
    Replaced,
    Signer,
    Staff,
    Trace,
)
from schemas.edxml.attachments import plain_name
from schemas.status import Concerned, Status
from schemas.values import VIETNAM, is_calendar_day, steering_character


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


_LETTERS = st.one_of(
    st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyAĐƠƯ ếộựỹẫ0123456789/,.-&<>\"']]>\t\n\r%{}$#Ð\u200b"),
    st.characters(exclude_categories=("Cs", "Cc", "Cn")),
)


def texts(most: int = 40) -> st.SearchStrategy[str]:
    return st.text(_LETTERS, min_size=1, max_size=most).map(_normal).filter(lambda text: text not in {"", "null"})


codes = st.from_regex(r"[A-Z][0-9]{2}(\.[0-9]{2}){0,2}", fullmatch=True) | st.from_regex(
    r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[GH][0-9]{2}", fullmatch=True
)
_BREAKS = dict.fromkeys(map(ord, "\t\n\r\x85\u2028\u2029"), "/")


def lines(most: int = 40) -> st.SearchStrategy[str]:
    """Numbers and notations: edxml §4.5."""
    return texts(most).map(lambda text: text.translate(_BREAKS))


ids = texts(60).map(lambda text: "".join("/" if steering_character(letter) else letter for letter in text))
days = st.dates(date(1945, 9, 2), date(2199, 12, 31)).filter(is_calendar_day)
moments = (
    st.integers(-767_000_000, 7_250_000_000)
    .map(lambda second: datetime.fromtimestamp(second, UTC))
    .filter(lambda at: is_calendar_day(at.astimezone(VIETNAM).date()))
)
_maybe = st.none() | texts()


def parties(code: st.SearchStrategy[str] = codes) -> st.SearchStrategy[Party]:
    return st.builds(
        Party,
        code=code,
        name=_maybe,
        in_charge=_maybe,
        address=_maybe,
        email=_maybe,
        telephone=_maybe,
        fax=_maybe,
        website=_maybe,
    )


staffs = st.builds(
    Staff, department=_maybe, department_id=_maybe, name=_maybe, staff_id=_maybe, email=_maybe, mobile=_maybe
).filter(lambda staff: staff != Staff())
signers = st.builds(Signer, competence=_maybe, position=_maybe, full_name=_maybe).filter(
    lambda signer: signer != Signer()
)
references = st.builds(
    Reference,
    agency=st.none() | codes,
    code=st.none() | lines(),
    document_id=st.none() | ids,
    issued_on=st.none() | days,
).filter(lambda reference: reference != Reference())
traces = st.builds(Trace, agency=_maybe, at=st.none() | moments).filter(lambda trace: trace != Trace())
types = st.sampled_from(sorted(DOCUMENT_TYPES)).map(
    lambda key: DocumentType(name=DOCUMENT_TYPES[key].vi, group=key[0], number=key[1])
) | texts().filter(lambda name: document_type_by_name(name) is None).map(lambda name: DocumentType(name=name))
businesses = st.builds(
    Business,
    type=st.sampled_from(BusinessType),
    reason=_maybe,
    document_id=st.none() | ids,
    paper=st.none() | st.booleans(),
    updates=st.lists(
        st.builds(
            BusinessUpdate,
            document_changed=st.booleans(),
            receivers_changed=st.booleans(),
            receivers=st.lists(
                st.builds(ReceiverUpdate, agency=codes, change=st.sampled_from(ReceiverChange)), max_size=2
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    replaced=st.lists(
        st.builds(Replaced, document_id=ids, agencies=st.lists(codes, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    staff=st.none() | staffs,
)


def _zip_of(names: list[str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x" * 40)
    return target.getvalue()


contents = st.one_of(
    st.binary(max_size=200),
    st.just(b"%PDF-1.7\n%%EOF\n"),
    st.sampled_from([["a.pdf"], ["a", "b"], ["[Content_Types].xml", "word/document.xml"], ["../x"], []]).map(_zip_of),
    st.binary(max_size=50).map(lambda rest: b"PK\x03\x04" + rest),
)
file_names = st.one_of(
    texts(30), st.tuples(texts(20), st.sampled_from(["pdf", "PDF", "docx", "doc", "zip", "xlsx", "tệp"])).map(".".join)
).filter(lambda name: plain_name(name) == name)
attachments = st.builds(
    Attachment.of,
    file_names,
    contents,
    content_id=st.uuids().map(str) | texts(20).filter(lambda text: not text.lower().startswith("cid:")),
    description=_maybe,
)


def documents() -> st.SearchStrategy[Document]:
    return st.builds(
        Document,
        id=ids,
        sender=parties(),
        recipients=st.lists(parties(), min_size=1, max_size=3, unique_by=lambda party: party.code).map(tuple),
        number=st.builds(DocumentNumber, number=lines(12), notation=lines(20)),
        place=_maybe,
        issued_on=days,
        type=types,
        subject=texts(80),
        summary=_maybe,
        signer=st.none() | signers,
        due_on=st.none() | days,
        priority=st.sampled_from(Priority),
        sphere=_maybe,
        typist=_maybe,
        copies=st.none() | st.integers(0, 999),
        pages=st.none() | st.integers(0, 999),
        reply_for=_maybe,
        is_steering=st.booleans(),
        reference_codes=_maybe,
        appendices=st.lists(texts(), max_size=2).map(tuple),
        responses=st.lists(references, max_size=2).map(tuple),
        steering=st.none() | st.sampled_from(SteeringType),
        task_codes=st.lists(texts(), max_size=2).map(tuple),
        application_type=_maybe,
        to_places=st.lists(texts(), max_size=3).map(tuple),
        traces=st.lists(traces, max_size=2).map(tuple),
        business=businesses,
        attachments=st.lists(attachments, max_size=3).map(tuple),
    ).map(_due_after_issue)


def _due_after_issue(document: Document) -> Document:
    if document.due_on is None or document.issued_on <= document.due_on:
        return document
    return document.model_copy(update={"due_on": document.issued_on})


def statuses() -> st.SearchStrategy[Status]:
    return st.builds(
        Status,
        code=st.sampled_from(StatusCode),
        sender=parties(),
        concerns=st.builds(
            Concerned, agency=codes, document_id=ids, code=st.none() | lines(), issued_on=st.none() | days
        ),
        at=moments,
        description=_maybe,
        staff=st.none() | staffs,
    )
