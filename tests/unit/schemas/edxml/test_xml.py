"""The file itself: the bytes around the XML, its encoding, its namespaces, and the limits on its cost."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.edxml import Limits, PackageRefused, read
from tests.packages import DOCUMENT, MANIFEST, NAMESPACE, STATUS, read_both, spoiled, with_file

PLAIN = read(DOCUMENT.encode())
DECLARED = b'<?xml version="1.0" encoding="utf-8"?>\r\n'
BOMB = '<!DOCTYPE edXML [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE edXML [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def rules(data: bytes, **limits: int) -> list[tuple[str, str]]:
    package = read_both(data, limits=Limits(**limits))
    return [(entry.rule, entry.found) for entry in package.report if entry.rule != "signature-absent"]


@pytest.mark.parametrize(
    ("data", "departures"),
    [
        (DOCUMENT.encode(), []),
        (STATUS.encode(), []),
        (b"1212" + DOCUMENT.encode(), [("stray-before", "4")]),
        (b"null" + DOCUMENT.encode(), [("stray-before", "4")]),
        (b"\n  " + DOCUMENT.encode(), []),
        (b"<x" + DOCUMENT.encode(), [("stray-before", "2")]),
        (DOCUMENT.encode() + b"null", [("stray-after", "4")]),
        (DOCUMENT.encode() + b"\0\0\0", [("stray-after", "3")]),
        (STATUS.encode() + STATUS.encode(), [("stray-after", str(len(STATUS.encode())))]),
        (b"\xef\xbb\xbf" + DOCUMENT.encode(), [("byte-order-mark", "")]),
        (DOCUMENT.encode("utf-16"), [("encoding", "utf-16-le")]),
        (DOCUMENT.encode("utf-16-be"), [("encoding", "utf-16-be")]),
        (DOCUMENT.encode("utf-32"), [("encoding", "utf-32-le")]),
        (spoiled(DOCUMENT, ("UTF-8", "utf-16")), [("encoding", "utf-16, UTF-8")]),
        (
            spoiled(STATUS, ("UTF-8", "windows-1252")).decode().translate(str.maketrans("ăưởĐảãàốầ", "aaaaaaaaa"))
            .encode("cp1252", "ignore").replace(b"\x81", b""),
            [("encoding", "windows-1252")],
        ),
        (spoiled(DOCUMENT, ('<?xml version="1.0" encoding="UTF-8"?>\n', "")), []),
        (spoiled(DOCUMENT, ('version="1.0" encoding', 'version="1.1" encoding')), []),
        (spoiled(DOCUMENT, (f' xmlns:edXML="{NAMESPACE}"', "")), [("prefix-unbound", "edXML")]),
        (spoiled(DOCUMENT, (f' xmlns:edXML="{NAMESPACE}"', ""), ("edXML:", "q:")), [("prefix-unbound", "q")]),
        (spoiled(DOCUMENT, ("<Attachment>", "<edXML:Attachment>"), ("</Attachment>", "</edXML:Attachment>")),
         [("prefix-unbound", "edXML")]),
        (spoiled(DOCUMENT, ("edXML:", ""), (" xmlns:edXML=", " xmlns=")), []),
        (spoiled(STATUS, ("edXML:", ""), (f' xmlns:edXML="{NAMESPACE}"', ""), (f' xmlns="{NAMESPACE}"', "")),
         [("namespace-missing", "")]),
        (spoiled(DOCUMENT, ("<edXML xmlns=", '<edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns=')),
         []),
        (spoiled(DOCUMENT, ("<edXML:Reference>", '<edXML:Reference xlink:href="cid:one" xlink:type="simple">')), []),
        (spoiled(DOCUMENT, ("<edXML:Subject>V/v kiểm tra", "<edXML:Subject><!-- nháp --><![CDATA[V/v kiểm tra]]>")),
         []),
        (spoiled(DOCUMENT, ("<edXML xmlns", "<?xml-stylesheet href='a'?><edXML xmlns")), []),
        (spoiled(DOCUMENT, ("<edXML xmlns", "\ufeff<edXML xmlns")), [("byte-order-mark", "")]),
        (DECLARED + DOCUMENT.encode(), [("declaration-repeated", "")]),
        (b"\xef\xbb\xbf" * 2 + DOCUMENT.encode(), [("byte-order-mark", ""), ("stray-before", "3")]),
        (spoiled(DOCUMENT, ("V/v", "V/v\x0b")), [("control-character", "U+000B")]),
        (spoiled(DOCUMENT, ("V/v", "V\x01/v\x01")), [("control-character", "U+0001")]),
        (spoiled(DOCUMENT, ("V/v", "V/v&nbsp;")), [("html-entity", "&nbsp;")]),
    ],
)  # fmt: skip
def test_what_surrounds_a_package_is_forgiven(data: bytes, departures: list[tuple[str, str]]) -> None:
    """Each of these occurs in real packages, and is read with its departure."""
    assert rules(data) == departures


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (b"V/v b\xb8o c\xb8o", "TCVN3 (.Vn…)"),
        ("Coâng vaên hoûa toác".encode("latin-1"), "VNI"),
        (b"V/v th\xfd", "Windows-1258"),
        (b"V/v \x80\x81 \xff", "12:28"),
    ],
)
def test_what_the_bytes_look_like_is_said(subject: bytes, found: str) -> None:
    """Declared UTF-8, and none: the refusal says in which encoding the text makes sense, and in which element."""
    with pytest.raises(PackageRefused) as refused:
        read_both(DOCUMENT.encode().replace("V/v kiểm tra".encode(), subject))
    assert (refused.value.rule, refused.value.path.rpartition("/")[2]) == ("not-utf8", "Subject")
    assert found in refused.value.found


@pytest.mark.parametrize(
    ("subject", "font"), [("V/v b¸o c¸o", "TCVN3 (.Vn…)"), ("Coâng vaên hoûa toác", "VNI"), ("V/v báo cáo", None)]
)
def test_letters_of_an_old_font_are_noticed(subject: str, font: str | None) -> None:
    """Text typed for such a font and kept as Unicode is read, and people are told."""
    found = rules(spoiled(DOCUMENT, ("V/v kiểm tra", subject)))
    assert found == ([("legacy-font", font)] if font else [])


def test_an_encoding_changes_nothing() -> None:
    """A package in UTF-16 is the same document."""
    assert read(DOCUMENT.encode("utf-16")).item == PLAIN.item


def test_any_order_is_read() -> None:
    """The standard's order, the SDK's and any other give the same document."""
    start, end = DOCUMENT.index("        <edXML:From>"), DOCUMENT.index("      </edXML:MessageHeader>")
    lines = DOCUMENT[start:end].splitlines(keepends=True)
    other = next(n for n, line in enumerate(lines) if "<edXML:OtherInfo>" in line)
    blocks = [*lines[:other], "".join(lines[other : other + 7]), *lines[other + 7 :]]
    shuffled = DOCUMENT[:start] + "".join(reversed(blocks)) + DOCUMENT[end:]
    assert read(shuffled.encode()).item == PLAIN.item


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"null", "not-xml"),
        (b"%PDF-1.7", "not-xml"),
        (b"%PDF-1.7 <</Type /Catalog>>", "not-xml"),
        (b"<edXML", "cut-off"),
        (DOCUMENT.encode()[:2000], "cut-off"),
        (DOCUMENT.encode()[: DOCUMENT.encode().index("Sở".encode()) + 3], "cut-off"),
        (spoiled(DOCUMENT, ("V/v", "A & B")), "bad-markup"),
        (spoiled(DOCUMENT, ("V/v", "A & Bế")), "bad-markup"),  # the look ends within a letter
        (spoiled(DOCUMENT, ("V/v", "A &nbsq; B")), "bad-markup"),
        (spoiled(DOCUMENT, ("V/v", "A &#1; B")), "bad-markup"),
        (spoiled(DOCUMENT, ("</edXML:Subject>", "</edXML:Sub>")), "bad-markup"),
        (DOCUMENT.encode().replace("Sở".encode(), b"\xff\xfe"), "not-utf8"),
        (DOCUMENT.encode("utf-16")[:-1], "encoding"),
        (spoiled(DOCUMENT, ("UTF-8", "x-viet-vps")).replace("Sở".encode(), b"\xff"), "encoding"),
        (spoiled(DOCUMENT, ("<edXML xmlns", BOMB + "<edXML xmlns"), ("V/v", "&b;")), "doctype"),
        (spoiled(DOCUMENT, ("<edXML xmlns", EXTERNAL + "<edXML xmlns"), ("V/v", "&a;")), "doctype"),
        (spoiled(DOCUMENT, ("<edXML xmlns", '<!DOCTYPE edXML SYSTEM "a.dtd"><edXML xmlns')), "doctype"),
        (spoiled(DOCUMENT, ("<edXML xmlns", "<!DOCTYPE edXML><edXML xmlns")).decode().encode("utf-16"), "doctype"),
    ],
)
def test_what_is_no_safe_xml_is_refused(data: bytes, rule: str) -> None:
    """Bytes that no XML reader may accept, and everything that declares a type or an entity."""
    with pytest.raises(PackageRefused) as refused:
        read_both(data)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("changes", "rule", "path"),
    [
        ([(NAMESPACE, "http://www.go.vn/eDoc")], "wrong-namespace", "edXML"),
        ([(f'xmlns:edXML="{NAMESPACE}"', 'xmlns:edXML="http://www.go.vn/eDoc"')], "wrong-namespace", "edXMLEnvelope"),
        ([("<edXML ", "<EdXML "), ("</edXML>", "</EdXML>")], "wrong-case", "EdXML"),
        ([("edXML:edXMLEnvelope", "edXML:EdXMLEnvelope")], "wrong-case", "EdXMLEnvelope"),
        ([("edXMLHeader", "edXMLheader")], "wrong-case", "edXMLheader"),
        ([("MessageHeader", "Messageheader")], "wrong-case", "Messageheader"),
        ([("edXMLHeader", "Header")], "missing-element", "edXMLHeader"),
        ([("<edXML ", "<html "), ("</edXML>", "</html>")], "not-edxml", "html"),
        ([("<edXML xmlns", "<Envelope xmlns"), ("</edXML>", "</Envelope>")], "predecessor", "Envelope"),
        ([(NAMESPACE, "http://www.e-doc.vn/Schema/")], "predecessor", "edXML"),
    ],
)
def test_another_format_is_refused_with_the_reason(changes: list[tuple[str, str]], rule: str, path: str) -> None:
    """The containers must carry their exact names in the namespace of QCVN 102: strict readers accept nothing else."""
    with pytest.raises(PackageRefused) as refused:
        read_both(spoiled(DOCUMENT, *changes))
    assert refused.value.rule == rule
    assert refused.value.path.endswith(path)


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"package": 3000}, "too-large"),
        ({"depth": 4}, "too-deep"),
        ({"elements": 50}, "too-many"),
        ({"attributes": 1}, "too-many"),
        ({"text": 10}, "too-long"),
    ],
)
def test_every_cost_has_a_limit(limits: dict[str, int], rule: str) -> None:
    """A package over a limit is refused before it is built."""
    with pytest.raises(PackageRefused) as refused:
        read_both(spoiled(DOCUMENT, ("<edXML xmlns", '<edXML a="" b="" xmlns')), limits=Limits(**limits))
    assert refused.value.rule == rule


@pytest.mark.parametrize("token", ["<!--{}-->", '<a b="{}"/>', "<?a {}?>"])
def test_a_token_without_end_is_not_scanned_forever(token: str) -> None:
    """One tag or comment of megabytes is refused after the first."""
    with pytest.raises(PackageRefused) as refused:
        read_both(spoiled(DOCUMENT, ("<AttachmentEncoded>", token.format("x" * (4 << 20)) + "<AttachmentEncoded>")))
    assert refused.value.rule == "too-long"


def test_the_content_of_a_file_is_no_long_text() -> None:
    """Only the limits on files bound a file: its base64 may be longer than any text."""
    package = with_file("a.pdf", b"%PDF-" + b"x" * 500 + b"%%EOF")
    assert rules(package, text=100) == []


def test_the_bytes_are_kept() -> None:
    """The package as it came, and its digest, stay with what was read from it."""
    assert PLAIN.original == DOCUMENT.encode()
    assert len(PLAIN.original_sha256) == 64
    assert "original=" not in repr(PLAIN)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_done_to_a_package_it_is_read_or_refused(data: st.DataObject) -> None:
    """No bytes bring out anything but a Package or a PackageRefused."""
    package = bytearray((DOCUMENT if data.draw(st.booleans()) else STATUS).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(package)))
        upto = data.draw(st.integers(at, min(len(package), at + 30)))
        piece = data.draw(
            st.binary(max_size=12)
            | st.sampled_from([b"<", b"null", b"9999/12/31 23:59:59", b"0001/01/01", b"&#xFFFF;", MANIFEST.encode()])
        )
        package[at:upto] = piece
    with suppress(PackageRefused):
        read_both(bytes(package))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_stands_in_an_element_it_is_read_or_refused(data: st.DataObject) -> None:
    """No text in any element brings out anything but a Package or a PackageRefused."""
    package = DOCUMENT if data.draw(st.booleans()) else STATUS
    for _ in range(data.draw(st.integers(1, 4))):
        starts = [n for n in range(len(package)) if package[n] == ">"]
        at = data.draw(st.sampled_from(starts)) + 1
        upto = package.find("<", at)
        text = data.draw(
            st.text(st.characters(codec="utf-8", exclude_characters="<&"), max_size=10)
            | st.sampled_from(["0001/01/01", "9999/12/31 23:59:59", "0001/01/01 00:00:00Z", "-1", "7" * 30, "a" * 300])
        )
        package = package[:at] + text + package[max(at, upto) :]
    with suppress(PackageRefused):
        read_both(package.encode())
