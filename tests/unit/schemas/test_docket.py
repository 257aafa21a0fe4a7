"""schemas/docket.py"""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.codes import BusinessType, Kind, StatusCode
from schemas.docket import Address, Docket, DocumentKey, SealedContent
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
        ("version", "2"),
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
    assert not {"subject", "summary", "signer", "number"} & set(Docket.model_fields)
