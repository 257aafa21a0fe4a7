"""schemas/docket.py"""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.codes import BusinessType, Kind, StatusCode
from schemas.docket import SEGMENT, Address, Blob, Docket, DocumentKey, NumberInClear, SealedContent
from schemas.document import DocumentNumber
from schemas.values import MessageId
from tests.vectors.make import AT, CITY, MINISTRY, RECEIPT, SENDER

_ANY: dict[str, Any] = {"id": MessageId("019ab000-0000-7000-8000-000000000001"), "sender": SENDER, "created_at": AT}
_ABOUT: dict[str, Any] = {
    "document": DocumentKey(issuer="H49", id="1/CV"),
    "content": SealedContent(size=1, sha256="0" * 64),
}
_OWN: dict[Kind, dict[str, Any]] = {
    Kind.DOCUMENT: {**_ABOUT, "business_type": BusinessType.NEW},
    Kind.STATUS: {**_ABOUT, "status": StatusCode.DONE},
    Kind.RECEIPT: {"acknowledges": RECEIPT.acknowledges},
}


def _docket(kind: Kind, **changes: Any) -> Docket:
    return Docket(**{**_ANY, "kind": kind, "recipients": (MINISTRY,), **_OWN[kind], **changes})


@pytest.mark.parametrize("kind", Kind)
def test_round_trip(kind: Kind) -> None:
    """A docket of any kind comes back from its JSON equal, and to the same bytes."""
    docket = _docket(kind)
    again = Docket.from_json(docket.to_json())
    assert again == docket
    assert again.to_json() == docket.to_json()


_MISSING = [(kind, name, None) for kind in Kind for name in _OWN[kind] if name != "acknowledges"]
_FOREIGN = [
    (kind, name, value)
    for kind in Kind
    for other in Kind
    for name, value in _OWN[other].items()
    if name not in _OWN[kind]
]


@pytest.mark.parametrize(("kind", "name", "value"), [*_MISSING, *_FOREIGN, (Kind.RECEIPT, "acknowledges", ())])
def test_fields_of_kind(kind: Kind, name: str, value: object) -> None:
    """A kind has all of its own fields and none of another's (schemas §3.3)."""
    with pytest.raises(ValidationError, match=rf"wrong: \['{name}'\]"):
        _docket(kind, **{name: value})


def test_mailboxes() -> None:
    """Several agencies of one mailbox make one delivery."""
    other = Address(agency="H29.13", mailbox="H29")
    docket = _docket(Kind.DOCUMENT, recipients=(CITY, MINISTRY, other))
    assert docket.mailboxes == ("H29", "G22")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", '""'),
        ("id", '"-1"'),
        ("id", '"a\\nb"'),
        ("id", f'"{"a" * 65}"'),
        ("id", "1"),
        ("recipients", "[]"),
        ("version", "3"),
        ("kind", '"notice"'),
        ("created_at", '"2026-11-22T07:00:00"'),
        ("created_at", '"0001-01-01T00:00:00+07:00"'),
        ("created_at", '"9999-12-31T23:59:59-07:00"'),
        ("priority", "5"),
        ("attachments", "-1"),
        ("subject", '"V/v"'),
    ],
)
def test_refused(name: str, text: str) -> None:
    """A value that is out of its range is refused, whoever signed it."""
    fields = _docket(Kind.DOCUMENT).to_json().decode()[1:-1].split(",", 3)
    with pytest.raises(ValidationError):
        Docket.from_json(f'{{{",".join(fields)},"{name}":{text}}}'.encode())


def test_content_of_the_docket_is_no_secret() -> None:
    """A docket has no field in which a subject, a summary or a file name could travel."""
    assert not {"subject", "summary", "signer", "type", "place"} & set(Docket.model_fields)


_NUMBER = NumberInClear(number="7816", notation="VPCP-TTĐT")
_TOLD: dict[str, Any] = {"version": 2, "number": _NUMBER, "issued_on": date(2026, 11, 22)}
_REVOKES: dict[str, Any] = {"business_type": BusinessType.REVOKE, "changes": ("1/CV", "2/CV")}


@pytest.mark.parametrize("changes", [_TOLD, _TOLD | {"number": None}, _TOLD | _REVOKES])
def test_version_2_tells_more(changes: dict[str, Any]) -> None:
    """Number and date of issue, and which documents it changes: by the keys that its sender's documents have."""
    docket = _docket(Kind.DOCUMENT, **changes)
    assert Docket.from_json(docket.to_json()) == docket
    assert [str(key) for key in docket.changed] == [
        str(DocumentKey(issuer="H49", id=each)) for each in changes.get("changes", ())
    ]


def test_version_1_is_as_it_was() -> None:
    """Its bytes are what they were before there was a second: an older reader refuses unknown names."""
    assert _docket(Kind.DOCUMENT).to_json() == (
        b'{"version":1,"id":"019ab000-0000-7000-8000-000000000001","kind":"document",'
        b'"sender":{"agency":"H49","mailbox":"H49"},"recipients":[{"agency":"G22","mailbox":"G22"}],'
        b'"created_at":"2026-11-22T07:00:00Z","document":{"issuer":"H49","id":"1/CV"},"business_type":0,'
        b'"priority":0,"attachments":0,"content":{"size":1,"sha256":"' + b"0" * 64 + b'"},"acknowledges":[]}'
    )


@pytest.mark.parametrize(
    ("kind", "changes", "why"),
    [
        (Kind.DOCUMENT, {"number": _NUMBER}, "version 1 tells no"),
        (Kind.DOCUMENT, {"issued_on": date(2026, 11, 22)}, "version 1 tells no"),
        (Kind.DOCUMENT, _REVOKES, "version 1 tells no"),
        (Kind.DOCUMENT, {"version": 2, "number": _NUMBER}, "without its document's date"),
        (Kind.DOCUMENT, {"version": 3}, "1 or 2"),
        (Kind.STATUS, _TOLD, "only a document"),
        (Kind.STATUS, {"version": 2}, "only a document"),
        (Kind.RECEIPT, {"version": 2}, "only a document"),
        (Kind.DOCUMENT, _TOLD | {"changes": ("1/CV",)}, "a new document changes none"),
        (Kind.DOCUMENT, _TOLD | _REVOKES | {"changes": ("1/CV", "1/CV")}, "twice"),
        (Kind.DOCUMENT, _TOLD | _REVOKES | {"changes": ()}, "at least 1"),
        (Kind.DOCUMENT, _TOLD | _REVOKES | {"changes": tuple(map(str, range(257)))}, "at most 256"),
    ],
)
def test_a_docket_tells_what_its_version_does(kind: Kind, changes: dict[str, Any], why: str) -> None:
    """No more and no less (schemas §3.3)."""
    with pytest.raises(ValidationError, match=why):
        _docket(kind, **changes)


@pytest.mark.parametrize(
    ("number", "notation", "told"),
    [
        ("7816", "VPCP-TTĐT", True),
        ("7" * 64, "V" * 64, True),
        ("7" * 65, "VP", False),
        ("7816", "V" * 65, False),
        ("7816", "VP\nTTĐT", False),
        ("7816", "\u202eVP", False),
        ("7816\u200b", "VP", True),
    ],
)
def test_a_number_that_cannot_stand_in_a_docket_is_not_told(number: str, notation: str, told: bool) -> None:
    """Longer than people's numbers are, or not on one line: the document travels, and its docket leaves it out."""
    written = DocumentNumber(number=number, notation=notation)
    found = NumberInClear.of(written)
    assert (found is not None) is told
    assert found is None or str(found) == str(written)


def _blob(attachment: int, *, id_: str = "0" * 32) -> Blob:
    return Blob(attachment=attachment, id=id_, size=SEGMENT + 1, segments=2, sha256="0" * 64)


def test_blobs_travel_with_the_docket() -> None:
    """Attachments that travel apart are listed in the signed docket, and are read back from it."""
    docket = _docket(Kind.DOCUMENT, attachments=3, blobs=(_blob(1), _blob(3, id_="1" * 32)))
    assert Docket.from_json(docket.to_json()) == docket


def test_a_docket_without_blobs_is_as_it_was() -> None:
    """An older reader, which refuses unknown names, reads every docket without large attachments."""
    assert b"blobs" not in _docket(Kind.DOCUMENT).to_json()


@pytest.mark.parametrize("segments", [1, 3])
def test_segments_hold_exactly_their_file(segments: int) -> None:
    """The number of segments follows from the size (schemas §10)."""
    with pytest.raises(ValidationError, match="are not in"):
        Blob(attachment=1, id="0" * 32, size=SEGMENT + 1, segments=segments, sha256="0" * 64)


def test_no_blob_is_larger_than_can_be_counted() -> None:
    """Every reader of JSON holds the size exactly."""
    size = 2**53
    with pytest.raises(ValidationError, match="less than or equal"):
        Blob(attachment=1, id="0" * 32, size=size, segments=size // SEGMENT, sha256="0" * 64)


@pytest.mark.parametrize(
    ("kind", "blobs", "why"),
    [
        (Kind.STATUS, (_blob(1),), "no attachments"),
        (Kind.DOCUMENT, (_blob(3),), "no attachments"),
        (Kind.DOCUMENT, (_blob(2), _blob(1, id_="1" * 32)), "order"),
        (Kind.DOCUMENT, (_blob(1), _blob(1, id_="1" * 32)), "order"),
        (Kind.DOCUMENT, (_blob(1), _blob(2)), "one id"),
        (Kind.DOCUMENT, (), "at least 1"),
    ],
)
def test_blobs_are_attachments(kind: Kind, blobs: tuple[Blob, ...], why: str) -> None:
    """Each is one attachment of a document, in their order, under an id of its own."""
    with pytest.raises(ValidationError, match=why):
        _docket(kind, attachments=2 if kind is Kind.DOCUMENT else 0, blobs=blobs)
