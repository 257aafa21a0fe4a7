"""The departures from the standard that the reader forgives: each rule's id and its sentence in two languages. A table,
no judgement.

`{found}` stands for the text that was found. An id is stable: people search for it, programs count it.
"""

from typing import NamedTuple


class Forgiven(NamedTuple):
    vi: str
    en: str


DEPARTURES: dict[str, Forgiven] = {
    # The file (edxml §2).
    "stray-before": Forgiven(
        "bỏ {found} byte lạ trước tài liệu XML", "{found} stray bytes before the XML were dropped"
    ),
    "stray-after": Forgiven("bỏ {found} byte lạ sau </edXML>", "{found} stray bytes after </edXML> were dropped"),
    "byte-order-mark": Forgiven("tệp mở đầu bằng dấu BOM", "the file opens with a byte order mark"),
    "declaration-repeated": Forgiven(
        "khai báo XML (<?xml …?>) ghi nhiều lần", "the XML declaration (<?xml …?>) stands more than once"
    ),
    "encoding": Forgiven("mã hóa ký tự: {found}", "character encoding: {found}"),
    "control-character": Forgiven(
        "ký tự điều khiển {found} (thường do dán từ tệp trình chiếu, bảng tính); đọc là khoảng trắng",
        "control character {found} (as pasted from slides or sheets); read as a space",
    ),
    "html-entity": Forgiven(
        "chữ viết theo HTML, không phải XML: {found}; vẫn đọc được", "written as in HTML, not XML: {found}; understood"
    ),
    "prefix-unbound": Forgiven(
        "tiền tố {found} không được khai báo ở đây; hiểu là của QCVN 102",
        "prefix {found} is not bound here; taken as QCVN 102's",
    ),
    "namespace-missing": Forgiven(
        "không khai báo không gian tên; hiểu là QCVN 102", "no namespace is declared; taken as QCVN 102's"
    ),
    # The tree (edxml §3).
    "foreign-element": Forgiven(
        "bỏ qua phần tử của chuẩn khác: {found}", "an element of another format is ignored: {found}"
    ),
    "unknown-element": Forgiven(
        "bỏ qua phần tử không có trong chuẩn: {found}", "an unknown element is ignored: {found}"
    ),
    "wrong-case-element": Forgiven(
        "bỏ qua {found}: sai chữ hoa, chữ thường", "{found} is ignored: upper and lower case are wrong"
    ),
    "repeated-element": Forgiven(
        "phần tử lặp lại {found} lần; chỉ lấy phần tử đầu", "the element stands {found} times; the first is taken"
    ),
    "embedded-element": Forgiven(
        "bỏ phần tử nằm trong nội dung chữ, kể cả chữ bên trong: {found}",
        "elements inside a text are dropped with what they hold: {found}",
    ),
    "misplaced-element": Forgiven("phần tử nằm sai chỗ", "the element stands in another place than the standard's"),
    "stray-text": Forgiven("bỏ chữ lạ giữa các phần tử: {found}", "stray text between elements is dropped: {found}"),
    "status-with-more": Forgiven(
        "gói trạng thái chỉ có MessageHeader; bỏ qua {found}", "a status has only a MessageHeader; {found} is ignored"
    ),
    # Texts (edxml §4).
    "null-literal": Forgiven("chữ “null” được hiểu là để trống", "the literal “null” is read as absent"),
    "trimmed": Forgiven("đã cắt khoảng trắng ở đầu và cuối", "white space around the text was cut off"),
    "composed": Forgiven("chữ Unicode tổ hợp được đưa về dạng dựng sẵn (NFC)", "decomposed Unicode was composed (NFC)"),
    "decomposed-id": Forgiven(
        "mã văn bản viết bằng Unicode tổ hợp; giữ nguyên", "the id is in decomposed Unicode; kept exactly as written"
    ),
    "zero-width": Forgiven("có ký tự vô hình (độ rộng 0); giữ nguyên", "there are zero-width characters; kept"),
    "eth": Forgiven("có chữ Ð (U+00D0) thay cho Đ (U+0110); giữ nguyên", "Ð (U+00D0) stands for Đ (U+0110); kept"),
    "legacy-font": Forgiven(
        "chữ gõ bằng bảng mã cũ {found}, không phải Unicode: nơi nhận sẽ thấy chữ sai; giữ nguyên",
        "typed in the old encoding {found}, not in Unicode: people will see wrong letters; kept",
    ),
    "code-cleaned": Forgiven(
        "đã bỏ ký tự vô hình trong mã định danh {found}", "invisible characters were taken out of code {found}"
    ),
    "longer-than-standard": Forgiven(
        "dài hơn chuẩn: {found} ký tự", "longer than the standard allows: {found} characters"
    ),
    # Numbers, flags, dates (edxml §5).
    "empty-integer": Forgiven(
        "phần tử số để trống; phần mềm dùng SDK Java sẽ lỗi khi đọc",
        "an integer element is empty; software on the Java SDK fails on it",
    ),
    "bad-integer": Forgiven("“{found}” không phải số hợp lệ; bỏ qua", "“{found}” is no valid number; left out"),
    "bad-flag": Forgiven(
        "“{found}” không phải 0/1, true/false; bỏ qua", "“{found}” is none of 0/1, true/false; left out"
    ),
    "date-form": Forgiven(
        "ngày giờ “{found}” không theo mẫu yyyy/MM/dd [HH:mm:ss]; vẫn đọc được",
        "“{found}” is not in the form yyyy/MM/dd [HH:mm:ss]; understood",
    ),
    "date-dropped": Forgiven(
        "“{found}” không phải ngày giờ có thật; bỏ qua", "“{found}” is no date that exists; left out"
    ),
    "date-empty": Forgiven(
        "“{found}” là ngày trống do phần mềm ghi, không phải ngày thật; bỏ qua",
        "“{found}” is how software writes that there is no date; left out",
    ),
    "due-before-issue": Forgiven(
        "hạn xử lý trước ngày ban hành ({found}); bỏ qua", "due before the day of issue ({found}); left out"
    ),
    "status-before-issue": Forgiven(
        "thời điểm báo trước ngày ban hành văn bản ({found}); giữ nguyên",
        "the time of the status is before the document's day of issue ({found}); kept",
    ),
    # Codes (edxml §6).
    "priority-5": Forgiven(
        "độ khẩn 5 (cách ghi của Bkav) đọc là 0, Thường", "priority 5 (Bkav's) is read as 0, normal"
    ),
    "priority-unknown": Forgiven(
        "độ khẩn “{found}” không có trong chuẩn; đọc là 0, Thường", "there is no priority “{found}”; read as 0, normal"
    ),
    "steering-3": Forgiven("loại chỉ đạo 3 đọc là 2, Báo cáo", "steering type 3 is read as 2, report"),
    "steering-unknown": Forgiven(
        "loại chỉ đạo “{found}” không có trong chuẩn; bỏ qua", "there is no steering type “{found}”; left out"
    ),
    "type-code": Forgiven(
        "mã loại văn bản ghi {found} không khớp tên loại; lấy theo tên",
        "the document type's numbers ({found}) do not fit its name; the name decides",
    ),
    "type-unlisted": Forgiven(
        "tên loại “{found}” không có trong danh mục của QCVN 102 SĐ1:2022",
        "type name “{found}” is not on the list of QCVN 102 SĐ1:2022",
    ),
    "type-named": Forgiven(
        "thiếu tên loại; lấy theo mã: {found}", "the type has no name; taken from its number: {found}"
    ),
    "status-zero": Forgiven("mã trạng thái “{found}” thiếu số 0", "status code “{found}” lacks its zero"),
    "reason-missing": Forgiven(
        "trạng thái {found} phải kèm lý do (QĐ 28/2018, Điều 9)",
        "status {found} must give a reason (QĐ 28/2018, art. 9)",
    ),
    "business-type-missing": Forgiven(
        "thiếu BussinessDocType; đọc là 0, văn bản mới", "BussinessDocType is missing; read as 0, new"
    ),
    "business-type-form": Forgiven("BussinessDocType ghi “{found}”", "BussinessDocType is written “{found}”"),
    # Document (edxml §7).
    "code-split": Forgiven(
        "số và ký hiệu ghi chung “{found}”; đã tách", "number and notation stand together, “{found}”; taken apart"
    ),
    "number-broken": Forgiven(
        "số hoặc ký hiệu có xuống dòng; đọc là: {found}", "the number or notation has a line break; read as: {found}"
    ),
    "document-id-derived": Forgiven(
        "thiếu DocumentId; lập theo mẫu: {found}", "DocumentId is missing; made by the usual form: {found}"
    ),
    "recipient-empty": Forgiven("bỏ qua nơi nhận để trống", "an empty recipient is ignored"),
    "recipient-repeated": Forgiven(
        "nơi nhận {found} ghi nhiều lần; chỉ tính một", "recipient {found} stands more than once; counted once"
    ),
    "reference-code-dropped": Forgiven(
        "“{found}” không phải mã định danh; bỏ qua", "“{found}” is no identifier code; left out"
    ),
    "receiver-dropped": Forgiven(
        "bỏ qua thay đổi nơi nhận không rõ: {found}", "an unclear change of a receiver is left out: {found}"
    ),
    "replaced-dropped": Forgiven(
        "bỏ qua văn bản bị thay thế không có DocumentId", "a replaced document without DocumentId is left out"
    ),
    "trace-empty": Forgiven("bỏ qua chặng đường đi để trống", "an empty station of the path is left out"),
    "paper-legacy": Forgiven(
        "Paper nằm trực tiếp trong TraceHeaderList (cách ghi cũ)", "Paper stands directly in TraceHeaderList (old form)"
    ),
    "looks-secret": Forgiven(
        "“{found}” giống dấu độ mật; hãy kiểm tra, trục không nhận bí mật nhà nước",
        "“{found}” looks like a secrecy marking; check it: state secrets have no place on this bus",
    ),
    "signature-absent": Forgiven(
        "gói tin không có chữ ký XML (không bắt buộc)", "the package has no XML signature (optional)"
    ),
    "signature-dummy": Forgiven(
        "chữ ký XML là chữ ký mẫu, không có giá trị", "the XML signature is a dummy and proves nothing"
    ),
    "signature-namespace": Forgiven(
        "chữ ký XML sai không gian tên, không thư viện nào kiểm tra được",
        "the XML signature lacks its namespace: no library can check it",
    ),
    "signature-unchecked": Forgiven("chữ ký XML không được kiểm tra", "the XML signature is not checked"),
    # Attachments (edxml §8).
    "manifest-missing": Forgiven("không có danh sách tệp (edXMLManifest)", "there is no manifest of the attachments"),
    "not-in-manifest": Forgiven("tệp {found} không có trong edXMLManifest", "{found} is not in the manifest"),
    "not-carried": Forgiven(
        "edXMLManifest nêu {found} nhưng gói thu hồi không mang theo",
        "the manifest names {found}; the revocation does not carry it",
    ),
    "joined-by-name": Forgiven(
        "ContentId không khớp; ghép tệp theo tên {found}", "ContentId does not match; joined by name {found}"
    ),
    "joined-by-position": Forgiven(
        "ContentId và tên không khớp; ghép tệp theo thứ tự: {found}",
        "neither ContentId nor name match; joined by position: {found}",
    ),
    "name-missing": Forgiven("tệp không có tên; đặt là {found}", "the file has no name; called {found}"),
    "name-path": Forgiven(
        "tên tệp chứa đường dẫn “{found}”; chỉ giữ phần tên",
        "the file name holds a path, “{found}”; only its last part is kept",
    ),
    "name-cleaned": Forgiven(
        "đã bỏ ký tự điều khiển trong tên tệp {found}", "control characters were taken out of file name {found}"
    ),
    "base64-padding": Forgiven("base64 thiếu dấu = ở cuối", "the base64 lacks its final ="),
    "base64-prefix": Forgiven(
        "base64 có tiền tố data:…;base64, ở đầu; đã bỏ", "a prefix data:…;base64, before the base64 was dropped"
    ),
    "base64-invisible": Forgiven("base64 có ký tự vô hình; đã bỏ", "invisible characters were taken out of the base64"),
    "base64-alphabet": Forgiven(
        "base64 viết bằng bảng chữ dùng cho địa chỉ mạng (- và _)", "the base64 is in the alphabet for URLs (- and _)"
    ),
    "base64-chunks": Forgiven(
        "base64 gồm nhiều đoạn mã hóa riêng; đã ghép", "the base64 was encoded in chunks, each by itself; joined"
    ),
    "content-type": Forgiven(
        "ContentType không khớp nội dung hoặc edXMLManifest: {found}",
        "ContentType does not fit the bytes or the manifest: {found}",
    ),
    "attachment-empty": Forgiven("tệp rỗng (0 byte)", "the file is empty (0 bytes)"),
    "zip-extension": Forgiven(
        "tệp nén bên trong có đuôi khác: {found}", "the file inside the ZIP has another extension: {found}"
    ),
    "zip-several": Forgiven("tệp nén có {found} mục; giữ nguyên", "the ZIP holds {found} entries; kept as it is"),
    "zip-extra": Forgiven(
        "tệp nén có thêm {found} mục không phải tệp (thư mục, tệp của hệ điều hành); đã bỏ",
        "the ZIP holds {found} more entries that are no files (folders, leavings of a desktop); dropped",
    ),
    "zip-kept": Forgiven(
        "không mở được tệp nén ({found}); giữ nguyên", "the ZIP cannot be opened ({found}); kept as it is"
    ),
    "encoded-twice": Forgiven(
        "nội dung tệp lại là chữ base64: có lẽ đã mã hóa hai lần, nơi nhận sẽ không mở được; giữ nguyên",
        "the file is base64 text again: perhaps encoded twice, nobody will be able to open it; kept as it is",
    ),
    "pdf-header": Forgiven("tên là PDF nhưng nội dung không phải PDF", "named a PDF, but the content is none"),
    "pdf-truncated": Forgiven(
        "tệp PDF không có phần kết (%%EOF): có thể bị cắt", "the PDF has no end mark (%%EOF): perhaps cut off"
    ),
    "bytes-destroyed": Forgiven(
        "nội dung tệp đã hỏng do bị chuyển thành chữ UTF-8", "the bytes were destroyed by a passage through UTF-8 text"
    ),
}
