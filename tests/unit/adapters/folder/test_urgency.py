"""adapters/folder/urgency.py: the priority that a package states."""

import pytest

from adapters.folder.urgency import peek
from schemas.codes import Priority
from schemas.edxml import write
from tests.contract.adapter_site import a_document, a_status


@pytest.mark.parametrize("priority", Priority)
def test_reads_what_our_writer_writes(priority: Priority) -> None:
    """Each priority is read from a package of our writer."""
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
    """The priority is read by number or by name; an unclear one is ordinary, a missing one may stand further on."""
    assert peek(head) is found


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_reads_every_encoding_that_packages_have(codec: str) -> None:
    """With a mark at the beginning or without one; also where the bytes read end within a letter."""
    text = write(a_document(priority=Priority.IMMEDIATE)).decode()
    data = ("\ufeff" if codec == "utf-32-be" else "").encode(codec) + text.encode(codec)
    assert peek(data) is Priority.IMMEDIATE
    assert peek(data[: 2 * len(data) // 3 + 1]) is Priority.IMMEDIATE
    assert peek(data[:31]) is None


def test_a_status_has_none() -> None:
    """A status package has no priority; it is recognised by its code."""
    assert peek(write(a_status())) is Priority.NORMAL
