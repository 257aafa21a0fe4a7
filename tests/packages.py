"""Packages as bytes, for tests of the reader: two plain ones, a way to spoil them, and both ways to read them."""

import base64
import io
import re
import tempfile
import zipfile

import pytest

from schemas.document import Attachment, Document
from schemas.edxml import Limits, Package, PackageRefused, read, read_file

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"

DOCUMENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NAMESPACE}">
  <edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>H49.06</edXML:OrganId><edXML:OrganName>Sở A</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>G22</edXML:OrganId><edXML:OrganName>Văn phòng B</edXML:OrganName></edXML:To>
        <edXML:DocumentId>H49.06,2026/01/05,12/SA-VP</edXML:DocumentId>
        <edXML:Code><edXML:CodeNumber>12</edXML:CodeNumber><edXML:CodeNotation>SA-VP</edXML:CodeNotation></edXML:Code>
        <edXML:PromulgationInfo><edXML:Place>Hạ Long</edXML:Place><edXML:PromulgationDate>2026/01/05</edXML:PromulgationDate></edXML:PromulgationInfo>
        <edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeDetail>18</edXML:TypeDetail><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>
        <edXML:Subject>V/v kiểm tra</edXML:Subject>
        <edXML:Content>Nội dung</edXML:Content>
        <edXML:SignerInfo><edXML:Competence>KT. GIÁM ĐỐC</edXML:Competence><edXML:FullName>Nguyễn Văn A</edXML:FullName></edXML:SignerInfo>
        <edXML:DueDate>2026/01/20</edXML:DueDate>
        <edXML:OtherInfo>
          <edXML:Priority>1</edXML:Priority>
          <edXML:PromulgationAmount>3</edXML:PromulgationAmount>
          <edXML:PageAmount>2</edXML:PageAmount>
          <edXML:Direction>false</edXML:Direction>
          <edXML:Appendixes><edXML:Appendix>Phụ lục 1</edXML:Appendix></edXML:Appendixes>
        </edXML:OtherInfo>
        <edXML:ResponseFor><edXML:OrganId>G22</edXML:OrganId><edXML:Code>7/VPCP-KSTT</edXML:Code></edXML:ResponseFor>
        <edXML:SteeringType>0</edXML:SteeringType>
        <edXML:ToPlaces><edXML:Place>Như trên</edXML:Place><edXML:Place>Lưu: VT</edXML:Place></edXML:ToPlaces>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>
        <edXML:TraceHeader><edXML:OrganId>H49.06</edXML:OrganId><edXML:Timestamp>2026/01/05 09:30:00</edXML:Timestamp></edXML:TraceHeader>
        <edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType><edXML:Paper>0</edXML:Paper></edXML:Bussiness>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference><edXML:ContentId>cid:one</edXML:ContentId><edXML:ContentType>application/pdf</edXML:ContentType><edXML:Description>Bản chính</edXML:Description><edXML:AttachmentName>12-SA.pdf</edXML:AttachmentName></edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment><ContentId>cid:one</ContentId><AttachmentName>12-SA.pdf</AttachmentName><ContentType>application/pdf</ContentType><edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">{base64.b64encode(PDF).decode()}</edXML:ContentTransferEncoded></Attachment>
  </AttachmentEncoded>
</edXML>
"""  # noqa: E501 - one element a line is how a person finds it

STATUS = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NAMESPACE}">
  <edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>G22</edXML:OrganId><edXML:OrganName>Văn phòng B</edXML:OrganName></edXML:From>
        <edXML:ResponseFor><edXML:OrganId>H49.06</edXML:OrganId><edXML:Code>12/SA-VP</edXML:Code><edXML:DocumentId>H49.06,2026/01/05,12/SA-VP</edXML:DocumentId><edXML:PromulgationDate>2026/01/05</edXML:PromulgationDate></edXML:ResponseFor>
        <edXML:StaffInfo><edXML:Department>Văn thư</edXML:Department><edXML:Staff>Trần B</edXML:Staff></edXML:StaffInfo>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Description>Đã vào sổ</edXML:Description>
        <edXML:Timestamp>2026/01/05 10:00:00</edXML:Timestamp>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
"""

ATTACHMENT = DOCUMENT[DOCUMENT.index("    <Attachment>") : DOCUMENT.index("  </AttachmentEncoded>")]
REFERENCE = DOCUMENT[DOCUMENT.index("        <edXML:Reference>") : DOCUMENT.index("      </edXML:edXMLManifest>")]
MANIFEST = DOCUMENT[DOCUMENT.index("      <edXML:edXMLManifest") : DOCUMENT.index("    </edXML:edXMLBody>")]
BUSINESS = DOCUMENT[DOCUMENT.index("        <edXML:Bussiness>") : DOCUMENT.index("      </edXML:TraceHeaderList>")]


def spoiled(package: str, *changes: tuple[str, str]) -> bytes:
    """Returns the package with each first text replaced by the second; a text that is not there is a mistake of the
    test."""
    for old, new in changes:
        assert old in package, old
        package = package.replace(old, new)
    return package.encode()


def with_file(name: str, content: bytes, said: str = "application/pdf") -> bytes:
    """Returns the document package with this one attachment, in base64 of exactly these bytes."""
    return spoiled(
        DOCUMENT,
        ("12-SA.pdf", name),
        (base64.b64encode(PDF).decode(), base64.b64encode(content).decode()),
        ("application/pdf", said),
    )


def zip_of(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return target.getvalue()


def read_both(data: bytes, limits: Limits = Limits()) -> Package:  # noqa: B008 - frozen
    """Reads as `read`, and compares: `read_file` must give the same item, or refuse in the same words, though it holds
    no file in memory."""
    try:
        package = read(data, limits=limits)
    except PackageRefused as refused:
        with pytest.raises(PackageRefused, match=re.escape(str(refused))):
            read_cut(data, limits)
        raise
    cut = read_cut(data, limits)
    assert (in_memory(cut.item), cut.report) == (package.item, package.report)
    assert (cut.original_sha256, cut.original) == (package.original_sha256, None)
    return package


def read_cut(data: bytes, limits: Limits) -> Package:
    return read_file(io.BytesIO(data), spool=tempfile.TemporaryFile, held=0, limits=limits)


def in_memory(item: object) -> object:
    """Returns the item with the bytes of its files in memory, and without their sources."""
    if not isinstance(item, Document):
        return item
    attachments = tuple(map(_in_memory, item.attachments))
    return item.model_copy(update={"attachments": attachments})


def _in_memory(each: Attachment) -> Attachment:
    assert not (each.source and each.content)
    content = b"".join(each.pieces(1000))
    assert b"".join(each.pieces()) == content
    assert len(content) == each.size
    return each.model_copy(update={"content": content, "source": None})
