"""The rules by which the reader refuses a package: each rule's id, the reason and the remedy, in two languages. A
table, no judgement.

`{found}` stands for the text that was found. An id is stable: people search for it, programs count it.
"""

from typing import NamedTuple


class Refusal(NamedTuple):
    """A reason and a remedy. Fragments without a full stop: they stand inside the sentences of
    bus.errors.BadPackage."""

    why_vi: str
    why: str
    remedy_vi: str
    remedy: str


REFUSALS: dict[str, Refusal] = {
    # The file (edxml §2).
    "empty": Refusal("tệp rỗng", "the file is empty", "gửi lại tệp đầy đủ", "send the whole file"),
    "too-large": Refusal(
        "vượt giới hạn: {found}",
        "over a limit: {found}",
        "giảm dung lượng tệp đính kèm",
        "make the attachments smaller",
    ),
    "encoding": Refusal(
        "không đọc được mã hóa ký tự: {found}",
        "the character encoding cannot be read: {found}",
        "xuất lại gói tin bằng UTF-8; phần mềm không cho chọn thì báo nhà cung cấp phần mềm",
        "export the package again in UTF-8; if the software does not offer that, tell its vendor",
    ),
    "not-utf8": Refusal(
        "chữ trong gói tin không phải Unicode (UTF-8) như đã khai báo: {found}",
        "the text is not in Unicode (UTF-8) as declared: {found}",
        "chuyển chữ sang Unicode bằng công cụ chuyển mã của bộ gõ rồi xuất lại gói tin; vẫn lỗi thì báo nhà cung cấp "
        "phần mềm: tệp phải ghi bằng UTF-8",
        "bring the text to Unicode with the converter of your keyboard program and export the package again; if that "
        "does not help, tell the software's vendor: the file must be written in UTF-8",
    ),
    "not-xml": Refusal(
        "tệp không phải gói tin XML",
        "the file is no XML package",
        "chọn đúng tệp .edxml do phần mềm xuất ra",
        "pick the .edxml file that your software exports",
    ),
    "cut-off": Refusal(
        "tệp bị cắt: thiếu phần cuối, không có </edXML>",
        "the file is cut off: its end, </edXML>, is missing",
        "gửi lại tệp đầy đủ",
        "send the whole file",
    ),
    "bad-markup": Refusal(
        "sai cú pháp XML, dòng:cột {found}",
        "broken XML, line:column {found}",
        "bỏ ký tự & và < trong chữ rồi xuất lại gói tin; báo nhà cung cấp phần mềm: cần ghi gói tin bằng thư viện XML",
        "take & and < out of the texts and export the package again; tell the software's vendor: packages are to be "
        "written with an XML library",
    ),
    "doctype": Refusal(
        "có khai báo DOCTYPE hoặc thực thể",
        "there is a DOCTYPE or an entity declaration",
        "bỏ DOCTYPE",
        "leave the DOCTYPE out",
    ),
    "too-deep": Refusal(
        "phần tử lồng quá {found} cấp",
        "elements are nested deeper than {found}",
        "ghi đúng cấu trúc của chuẩn",
        "keep to the structure of the standard",
    ),
    "too-many": Refusal(
        "quá nhiều thành phần: {found}",
        "too many parts: {found}",
        "chia thành nhiều gói tin",
        "split it into several packages",
    ),
    "too-long": Refusal(
        "nội dung quá dài: {found}",
        "too long: {found}",
        "rút ngắn; tài liệu dài để trong tệp đính kèm",
        "shorten it; long texts belong in an attachment",
    ),
    # The tree (edxml §3).
    "not-edxml": Refusal(
        "phần tử gốc là {found}, không phải edXML",
        "the root is {found}, not edXML",
        "gửi gói tin theo QCVN 102:2016/BTTTT",
        "send a package of QCVN 102:2016/BTTTT",
    ),
    "wrong-case": Refusal(
        "{found} sai chữ hoa, chữ thường",
        "{found} is written in the wrong case",
        "ghi tên phần tử đúng chữ hoa, chữ thường của chuẩn, như edXMLEnvelope",
        "write the names of elements in the letters of the standard, as in edXMLEnvelope",
    ),
    "wrong-namespace": Refusal(
        "không gian tên {found} không phải của QCVN 102",
        "namespace {found} is not QCVN 102's",
        "dùng http://www.mic.gov.vn/TBT/QCVN_102_2016",
        "use http://www.mic.gov.vn/TBT/QCVN_102_2016",
    ),
    "predecessor": Refusal(
        "gói tin theo định dạng cũ (SOAP, trước QCVN 102)",
        "a package of the predecessor format (SOAP, before QCVN 102)",
        "nâng cấp phần mềm lên QCVN 102:2016",
        "update the software to QCVN 102:2016",
    ),
    "missing-element": Refusal("thiếu {found}", "{found} is missing or empty", "bổ sung {found}", "add {found}"),
    "state-secret": Refusal(
        "ghi độ mật “{found}”; trục không nhận bí mật nhà nước (QĐ 28/2018, Điều 1)",
        "marked “{found}”; state secrets have no place on this bus (QĐ 28/2018, art. 1)",
        "gửi theo đường văn bản mật",
        "send it by the channel for secret documents",
    ),
    # Values (edxml §4–§7).
    "bad-organ-id": Refusal(
        "mã định danh không hợp lệ: “{found}”",
        "not an identifier code: “{found}”",
        "ghi mã gồm chữ cái không dấu, chữ số, dấu chấm; nhiều nhất 64 ký tự",
        "use unaccented letters, digits and dots, at most 64 of them",
    ),
    "bad-document-id": Refusal(
        "DocumentId dài {found} ký tự, nhiều nhất 255",
        "DocumentId has {found} characters, at most 255",
        "rút ngắn DocumentId",
        "shorten DocumentId",
    ),
    "document-id-character": Refusal(
        "DocumentId có ký tự điều khiển, xuống dòng hoặc đổi hướng chữ: {found}",
        "DocumentId holds a control character, a line break or a mark of writing direction: {found}",
        "ghi DocumentId trên một dòng, không có ký tự điều khiển",
        "write DocumentId on one line, without control characters",
    ),
    "bad-date": Refusal(
        "không phải ngày giờ có thật: “{found}”",
        "no date that exists: “{found}”",
        "ghi yyyy/MM/dd, hoặc yyyy/MM/dd HH:mm:ss",
        "write yyyy/MM/dd, or yyyy/MM/dd HH:mm:ss",
    ),
    "empty-date": Refusal(
        "“{found}” là ngày trống do phần mềm ghi, không phải ngày thật",
        "“{found}” is how software writes that there is no date",
        "điền ngày thật vào phần mềm rồi gửi lại",
        "fill in the real day and send it again",
    ),
    "bad-status-code": Refusal(
        "không có mã trạng thái “{found}”",
        "there is no status code “{found}”",
        "dùng 01 đến 06, 13, 15 hoặc 16",
        "use 01 to 06, 13, 15 or 16",
    ),
    "bad-business-type": Refusal(
        "không rõ nghiệp vụ: BussinessDocType “{found}”",
        "unclear what the package does: BussinessDocType “{found}”",
        "ghi 0 mới, 1 thu hồi, 2 cập nhật, 3 thay thế",
        "write 0 new, 1 revoke, 2 update, 3 replace",
    ),
    # Attachments (edxml §8).
    "bad-base64": Refusal(
        "nội dung tệp {found} không phải base64",
        "the content of {found} is not base64",
        "mã hóa base64 tệp đính kèm",
        "encode the file in base64",
    ),
    "attachment-missing": Refusal(
        "gói tin không mang nội dung của {found}",
        "the package does not carry the content of {found}",
        "đưa tệp vào AttachmentEncoded, hoặc bỏ khỏi edXMLManifest",
        "put the file into AttachmentEncoded, or take it out of the manifest",
    ),
    "zip-bomb": Refusal(
        "tệp nén bung ra quá lớn: {found}",
        "the ZIP unpacks to too much: {found}",
        "gửi tệp không nén",
        "send the file unpacked",
    ),
    "zip-entry-path": Refusal(
        "tệp nén chứa đường dẫn: {found}",
        "the ZIP entry is a path: {found}",
        "nén tệp không kèm thư mục",
        "zip the file without folders",
    ),
    "value": Refusal(
        "giá trị không hợp lệ: {found}", "a value breaks a rule: {found}", "sửa giá trị này", "mend this value"
    ),
}
