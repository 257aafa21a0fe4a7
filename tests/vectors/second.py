"""The vectors of version 2: documents whose dockets tell number, date of issue and what they change, and what is none.
schemas/README.md §2.4, §3.2"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from bus.wire.envelope import MAGICS, Encrypted, encrypt, seal
from schemas.codes import BusinessType
from schemas.content import pack_content
from schemas.docket import Docket, NumberInClear
from schemas.document import Business, Document, DocumentNumber, Reference
from schemas.framing import frame
from tests.vectors.make import DOCUMENT, P256, RECIPIENTS, STATUS, assemble, docket_of, parts_of

REVOCATION: Final[Document] = DOCUMENT.model_copy(
    update={
        "id": "H49,2026/11/22,7817/UBND-VP",
        "number": DocumentNumber(number="7817", notation="UBND-" + "VP" * 30),
        "business": Business(type=BusinessType.REVOKE, document_id=DOCUMENT.id),
        "responses": (Reference(document_id="H49,2026/11/20,7700/UBND-VP"), Reference(document_id=DOCUMENT.id)),
    }
)
"""Its notation is one character too long for a docket."""

NUMBER: Final = NumberInClear(number="7816", notation="UBND-VP")


def docket_2(document: Document, encrypted: Encrypted, **changes: Any) -> Docket:
    told = {"version": 2, "number": NUMBER, "issued_on": document.issued_on}
    return docket_of(document, encrypted.content, **{**told, **changes})


def vectors() -> Iterator[tuple[str, str, str, bytes, dict[str, Any]]]:
    """Name, fact, what must happen, body, what lies beside it."""
    for name, fact, body in _opening():
        item = REVOCATION if "revocation" in name else DOCUMENT
        yield name, fact, "opens", body, {"content_sha256": hashlib.sha256(pack_content(item)).hexdigest()}
    for name, fact, body in _refused():
        yield name, fact, "bad-message", body, {}


def _opening() -> Iterator[tuple[str, str, bytes]]:
    encrypted = encrypt(pack_content(DOCUMENT))
    body = seal(docket_2(DOCUMENT, encrypted), encrypted, signer=P256, recipients=RECIPIENTS)
    yield "2-document", "A document of version 2: its docket tells number, notation and date of issue.", body
    encrypted = encrypt(pack_content(REVOCATION))
    named = (DOCUMENT.id, REVOCATION.id, "H49,2026/11/20,7700/UBND-VP")
    docket = docket_2(REVOCATION, encrypted, number=None, changes=named, business_type=BusinessType.REVOKE)
    body = seal(docket, encrypted, signer=P256, recipients=RECIPIENTS)
    yield "2-revocation", "A revocation of version 2: it names three documents, and its notation is too long.", body


def _refused() -> Iterator[tuple[str, str, bytes]]:
    encrypted = encrypt(pack_content(DOCUMENT))
    good = docket_2(DOCUMENT, encrypted).to_json()
    first = docket_of(DOCUMENT, encrypted.content).to_json()
    parts = parts_of(assemble(good, encrypted))
    yield "2-in-a-body-of-1", "A docket of version 2 in a body of version 1.", frame(parts, after=MAGICS[1])
    yield "2-in-a-body-of-3", "A body of a version that nobody knows.", frame(parts, after=b"LT\x03\n")
    told = json.loads(good)
    named = ["a", "b"]
    for name, fact, text in (
        ("1-number", "A docket of version 1 that tells a number.", first[:-1] + b',"number":' + _json(told["number"])),
        ("1-issued-on", "A docket of version 1 that tells a date of issue.", first[:-1] + b',"issued_on":"2026-11-22"'),
        ("1-changes", "A docket of version 1 that tells what it changes.", first[:-1] + b',"changes":["a"]'),
    ):
        yield name, fact, assemble(text + b"}", encrypted)
    for name, fact, changed in (
        ("2-no-issued-on", "A docket of version 2 without a date of issue.", {"issued_on": None}),
        ("2-no-notation", "A number without its notation.", {"number": {"number": "7816"}}),
        ("2-number-too-long", "A number of 65 characters.", {"number": told["number"] | {"number": "7" * 65}}),
        ("2-number-line-break", "A notation on two lines.", {"number": told["number"] | {"notation": "UBND\n-VP"}}),
        ("2-number-reordered", "A mark of writing direction.", {"number": told["number"] | {"notation": "\u202eVP"}}),
        ("2-new-changes", "A new document that changes another.", {"changes": named}),
        ("2-changes-twice", "One document changed twice.", {"business_type": 1, "changes": ["a", "a"]}),
        ("2-changes-too-many", "257 documents changed.", {"business_type": 1, "changes": [*map(str, range(257))]}),
        ("2-changes-anothers", "A changed document with an issuer.", {"business_type": 1, "changes": [{"id": "a"}]}),
        ("2-subject", "A docket of version 2 that tells the subject.", {"subject": "V/v"}),
    ):
        fields = {name: value for name, value in {**told, **changed}.items() if value is not None}
        yield name, fact, _second(_json(fields), encrypted)
    status = encrypt(pack_content(STATUS))
    said = json.loads(docket_of(STATUS, status.content).to_json()) | {"version": 2}
    yield "2-status", "A status of version 2.", _second(_json(said), status)
    yield "2-status-issued-on", "And one with a date.", _second(_json(said | {"issued_on": "2026-11-22"}), status)


def _second(docket: bytes, encrypted: Encrypted) -> bytes:
    return frame(parts_of(assemble(docket, encrypted)), after=MAGICS[2])


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
