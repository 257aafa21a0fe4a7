"""The files of a package: found, named, decoded, unpacked, and checked for damage."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.document import Document
from schemas.edxml import Limits, PackageRefused
from schemas.edxml.attachments import extension, plain_name
from tests.packages import ATTACHMENT, DOCUMENT, PDF, read_both, spoiled, with_file, zip_of

ENCODED = base64.b64encode(PDF).decode()
OFFICE = zip_of(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<x/>"))
ODF = zip_of(("mimetype", b"application/vnd.oasis.opendocument.text"))
_WHOLE = zip_of(("x.txt", b"abc" * 99))
BROKEN = _WHOLE[:36] + b"\xff\xff" + _WHOLE[38:]
TEXT_PASSAGE = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n%%EOF".decode(errors="replace").encode()


def judged(package: bytes, **limits: int) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
    result = read_both(package, limits=Limits(**limits))
    assert isinstance(result.item, Document)
    return (
        [(each.name, each.content) for each in result.item.attachments],
        [(entry.rule, entry.found) for entry in result.report if entry.rule != "signature-absent"],
    )


@pytest.mark.parametrize(
    ("name", "packed", "said", "content", "departures"),
    [
        ("a.pdf", PDF, "application/pdf", PDF, []),
        ("a.pdf", zip_of(("x.pdf", PDF)), "application/zip", PDF, []),
        ("a.PDF", zip_of(("x.Pdf", PDF)), "application/zip", PDF, []),
        ("a.pdf", zip_of(("x.pdf", PDF)), "application/pdf", PDF, [("content-type", "application/pdf ≠ ZIP")]),
        ("a.pdf", PDF, "application/zip", PDF, [("content-type", "application/zip ≠ PDF")]),
        ("a.jpg", b"\xff\xd8\xff", "application/zip", b"\xff\xd8\xff", [("content-type", "application/zip ≠ ?")]),
        ("a.doc", zip_of(("x.edxml", b"1")), "application/zip", b"1", [("zip-extension", "edxml ≠ doc")]),
        ("a", zip_of(("x", b"1")), "application/zip", b"1", []),
        ("a", zip_of(("x.pdf", PDF)), "application/zip", PDF, [("zip-extension", "pdf ≠ —")]),
        ("a.zip", zip_of(("x.pdf", PDF)), "application/zip", zip_of(("x.pdf", PDF)), []),
        ("a.xlsx", OFFICE, "application/xlsx", OFFICE, []),
        ("a.xlsx", zip_of(("u.xlsx", OFFICE)), "application/zip", OFFICE, []),
        ("a.odt", ODF, "application/odt", ODF, []),
        ("a.kmz", zip_of(("doc.kml", b"1"), ("images/1.png", b"2")), "application/zip",
         zip_of(("doc.kml", b"1"), ("images/1.png", b"2")), [("zip-several", "2")]),
        ("a.pdf", zip_of(), "application/zip", zip_of(), [("content-type", "application/zip ≠ ?"), ("pdf-header", "")]),
        ("a.pdf", zip_of(("x.pdf", PDF), ("__MACOSX/._x.pdf", b"1")), "application/zip", PDF, [("zip-extra", "1")]),
        ("a.pdf", zip_of(("vb/", b""), ("x.pdf", PDF), (".DS_Store", b"1")), "application/zip", PDF,
         [("zip-extra", "2")]),
        ("a.kmz", zip_of(("doc.kml", b"1"), ("images/", b"")), "application/zip",
         zip_of(("doc.kml", b"1"), ("images/", b"")), [("zip-several", "2")]),
        ("a.txt", zip_of(("vb/", b""), ("vb/x.txt", b"1")), "application/zip",
         zip_of(("vb/", b""), ("vb/x.txt", b"1")), [("zip-several", "2")]),
        ("a.pdf", base64.b64encode(PDF), "application/pdf", base64.b64encode(PDF),
         [("content-type", "application/pdf ≠ ?"), ("encoded-twice", ""), ("pdf-header", "")]),
        ("a.txt", BROKEN, "application/zip", BROKEN, [("zip-kept", "CRC")]),
        ("a.txt", b"", "text/plain", b"", [("attachment-empty", "")]),
        ("a.pdf", b"", "text/plain", b"", [("attachment-empty", "")]),
        ("a.pdf", b"GIF89a", "image/gif", b"GIF89a", [("pdf-header", "")]),
        ("a.pdf", b"\n%PDF-1.4 %%EOF", "x", b"\n%PDF-1.4 %%EOF", []),
        ("a.pdf", PDF[:15], "application/pdf", PDF[:15], [("pdf-truncated", "")]),
        ("a.pdf", TEXT_PASSAGE, "application/pdf", TEXT_PASSAGE, [("bytes-destroyed", "")]),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(
    name: str, packed: bytes, said: str, content: bytes, departures: list[tuple[str, str]]
) -> None:
    """Neither the type that a package claims nor the extension decides: a ZIP of one file is a wrapper."""
    assert judged(with_file(name, packed, said)) == ([(name, content)], departures)


@pytest.mark.parametrize(
    ("written", "departures"),
    [
        (ENCODED, []),
        ("\r\n  ".join(ENCODED[n : n + 8] for n in range(0, len(ENCODED), 8)), []),
        (f"\n{ENCODED}\n", []),
        (ENCODED.rstrip("="), [("base64-padding", "")]),
        (f"<![CDATA[{ENCODED}]]>", []),
        ("\u200b" + ENCODED[:9] + "\u00a0\n" + ENCODED[9:], [("base64-invisible", "")]),
        (f"data:application/pdf;base64,{ENCODED}", [("base64-prefix", "")]),
        (base64.b64encode(PDF[:10]).decode() + base64.b64encode(PDF[10:]).decode(), [("base64-chunks", "")]),
    ],
)
def test_base64_is_read_as_people_write_it(written: str, departures: list[tuple[str, str]]) -> None:
    """Line breaks, white space and a missing end do no harm."""
    assert ENCODED.endswith("=")
    assert judged(spoiled(DOCUMENT, (ENCODED, written))) == ([("12-SA.pdf", PDF)], departures)


@pytest.mark.parametrize(
    "written",
    ["${tệp}", "${file}", "!" + ENCODED, ENCODED[:5] + "=" + ENCODED[5:], "A", "ế" + ENCODED, ENCODED[:-1] + "?"],
)
def test_what_is_no_base64_is_refused(written: str) -> None:
    """A placeholder or a half-encoded file is no attachment."""
    with pytest.raises(PackageRefused) as refused:
        judged(spoiled(DOCUMENT, (ENCODED, written)))
    assert refused.value.rule == "bad-base64"
    assert refused.value.path == "edXML/AttachmentEncoded/Attachment/ContentTransferEncoded"


@pytest.mark.parametrize(
    ("written", "name", "departures"),
    [
        ("Báo cáo số 1.pdf", "Báo cáo số 1.pdf", []),
        ("..\\..\\a.pdf", "a.pdf", [("name-path", "..\\..\\a.pdf")]),
        ("C:\\Users\\x\\a.pdf", "a.pdf", [("name-path", "C:\\Users\\x\\a.pdf")]),
        ("/etc/cron.d/a.pdf", "a.pdf", [("name-path", "/etc/cron.d/a.pdf")]),
        ("a.pdf/", "a.pdf", [("name-path", "a.pdf/")]),
        ("a\u202efdp.exe", "a fdp.exe", [("zero-width", ""), ("name-cleaned", "a fdp.exe")][1:]),
        ("a\u200b.pdf", "a .pdf", [("zero-width", ""), ("name-cleaned", "a .pdf")]),
        ("a&#9;&#10;b.pdf", "a b.pdf", [("name-cleaned", "a b.pdf")]),
        ("..", "tep-dinh-kem-1", [("name-missing", "tep-dinh-kem-1")]),
        ("../", "tep-dinh-kem-1", [("name-missing", "tep-dinh-kem-1")]),
        ("", "tep-dinh-kem-1", [("name-missing", "tep-dinh-kem-1")]),
        ("null", "tep-dinh-kem-1", [("null-literal", ""), ("null-literal", ""), ("name-missing", "tep-dinh-kem-1")]),
    ],
)  # fmt: skip
def test_a_name_is_for_people(written: str, name: str, departures: list[tuple[str, str]]) -> None:
    """Letters stay, paths and characters that deceive the eye go."""
    files, report = judged(spoiled(DOCUMENT, ("12-SA.pdf", written)))
    assert [file for file, _ in files] == [name]
    assert report == departures


@given(st.text())
def test_no_name_is_a_path(name: str) -> None:
    """Whatever name is written, the result can be a file's name, without a path."""
    plain = plain_name(name)
    assert not {"/", "\\", "\0", "\n"} & set(plain)
    assert plain not in {".", ".."}
    assert plain_name(plain) == plain


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("a", ""), ("a.tệp", ""), ("a.", ""), ("a.b c", ""), ("a." + "x" * 11, "")],
)
def test_an_extension(name: str, ending: str) -> None:
    """Only plain letters and digits are an extension."""
    assert extension(name) == ending


@pytest.mark.parametrize("entry", ["../x.pdf", "a/x.pdf", "a\\x.pdf", "C:x.pdf", "..", "a/"])
def test_an_entry_with_a_path_is_refused(entry: str) -> None:
    """A ZIP with one file in a folder is no SDK's wrapper, and may be an attack."""
    with pytest.raises(PackageRefused, match="zip-entry-path"):
        judged(with_file("a.pdf", zip_of((entry, b""))))


def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked() -> None:
    """Megabytes of one letter, thousands to one."""
    bomb = zip_of(("x.pdf", b"\0" * (5 << 20)))
    with pytest.raises(PackageRefused, match="zip-bomb"):
        judged(with_file("a.pdf", bomb))
    files, _ = judged(with_file("a.pdf", bomb), ratio_from=6 << 20)
    assert len(files[0][1]) == 5 << 20


@pytest.mark.parametrize(
    ("package", "limits", "rule"),
    [
        (with_file("a.pdf", zip_of(("x.pdf", b"\0" * 2000))), {"attachment": 1000}, "zip-bomb"),
        (with_file("a.pdf", b"%PDF" * 500), {"attachment": 500}, "too-large"),
        (with_file("a.pdf", b"%PDF" * 500), {"attachment": 1999}, "too-large"),
        (with_file("a.pdf", b"%PDF" * 500), {"total": 1999}, "too-large"),
        (DOCUMENT.encode(), {"attachments": 0}, "too-many"),
    ],
)
def test_files_have_limits(package: bytes, limits: dict[str, int], rule: str) -> None:
    """Limits bound one file, all files together, their number, and their unpacked size."""
    with pytest.raises(PackageRefused) as refused:
        judged(package, **limits)
    assert refused.value.rule == rule


def test_a_file_without_content_is_refused() -> None:
    """An Attachment without a content element is refused: its file is missing."""
    start, end = ATTACHMENT.index("<edXML:ContentTransferEncoded"), ATTACHMENT.index("</Attachment>")
    with pytest.raises(PackageRefused, match="attachment-missing"):
        judged(spoiled(DOCUMENT, (ATTACHMENT[start:end], "")))


def test_elements_of_other_writers_are_known() -> None:
    """FieldName, MimeType and Format occur in real packages; their values are not used."""
    more = "<FieldName>f</FieldName><MimeType>x</MimeType><Format>y</Format>"
    assert judged(spoiled(DOCUMENT, ("<Attachment>", "<Attachment>" + more)))[1] == []


def test_types_that_differ_are_noticed() -> None:
    """The SDK of 2019 told the manifest one type and the attachment another."""
    package = spoiled(DOCUMENT, ("<ContentType>application/pdf<", "<ContentType>application/x-pdf<"))
    assert judged(package)[1] == [("content-type", "application/x-pdf ≠ application/pdf")]


def test_a_package_whose_files_are_over_all_limits_is_refused_from_a_file_too() -> None:
    """From a file, bytes beyond the limits are not stored; the refusal is the same."""
    package = with_file("a.pdf", b"%PDF" * 1_000_000)
    with pytest.raises(PackageRefused, match="> 1000 byte"):
        judged(package, total=1000)


def test_a_content_within_a_content_is_none() -> None:
    """The outer element's own text is the file; the text of an element within it is ignored, whatever its name."""
    inner = f"<edXML:ContentTransferEncoded>{'QUJD' * 50}<x>Z</x></edXML:ContentTransferEncoded>"
    package = spoiled(DOCUMENT, (ENCODED, ENCODED[:8] + inner + ENCODED[8:]))
    assert judged(package) == ([("12-SA.pdf", PDF)], [])
