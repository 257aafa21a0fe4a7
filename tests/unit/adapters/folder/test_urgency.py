"""adapters/folder/urgency.py: how urgent a package says it is."""

import pytest

from adapters.folder.urgency import peek
from schemas.codes import Priority
from schemas.edxml import write
from tests.contract.adapter_site import a_document, a_status


@pytest.mark.parametrize("priority", Priority)
def test_reads_what_our_writer_writes(priority: Priority) -> None:
    """Each urgency, from a real package."""
    assert peek(write(a_document(priority=priority))) is priority


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"<edXML:Priority>3</edXML:Priority>", Priority.IMMEDIATE),
        (b"<Priority >\n 1 </Priority>", Priority.URGENT),
        ("<edXML:Priority>Hỏa tốc</edXML:Priority>".encode(), Priority.IMMEDIATE),
        (b"<edXML:Priority>5</edXML:Priority>", Priority.NORMAL),
        (b"<edXML:Priority></edXML:Priority>", Priority.NORMAL),
        (b"<edXML:Priority>\xff</edXML:Priority>", Priority.NORMAL),
        (b"<edXML:Priority>3", None),
        (b"<edXML:edXMLHeader>", None),
        (b"<edXML:edXMLHeader></edXML:edXMLHeader><edXML:edXMLBody>", Priority.NORMAL),
        (b"<edXML:AttachmentEncoded>", Priority.NORMAL),
        (b"", None),
    ],
)
def test_reads_it_as_others_write_it(head: bytes, found: Priority | None) -> None:
    """By number or by name; what is unclear is ordinary, what is not there yet may stand further on."""
    assert peek(head) is found


def test_a_status_has_none() -> None:
    """A status package is known by its code."""
    assert peek(write(a_status())) is Priority.NORMAL
