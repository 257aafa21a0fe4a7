"""The closed code lists of the national interchange, each member with its Vietnamese and English name.

Sources: QCVN 102:2016/BTTTT and its amendment 1:2022, QĐ 28/2018/QĐ-TTg Đ.10, NĐ 30/2020/NĐ-CP.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple, Self

from schemas.values import matching


class Label(NamedTuple):
    vi: str
    en: str


class Kind(StrEnum):
    """The kind of a message on the bus."""

    DOCUMENT = "document"
    STATUS = "status"
    RECEIPT = "receipt"


class Outcome(StrEnum):
    """The outcome of one message, as its receipt says: held durably, or refused for good."""

    HELD = "held"
    REFUSED = "refused"


class StatusCode(StrEnum):
    """The stage that the handling of one document has reached at one recipient. 07–12 and 14 do not exist."""

    label: Label

    def __new__(cls, code: str, vi: str = "", en: str = "") -> Self:
        self = str.__new__(cls, code)
        self._value_ = code
        self.label = Label(vi, en)
        return self

    ARRIVED = "01", "Đã đến", "Arrived"
    REFUSED = "02", "Từ chối tiếp nhận", "Refused"
    ACCEPTED = "03", "Đã tiếp nhận", "Accepted"
    ASSIGNED = "04", "Phân công", "Assigned"
    IN_PROGRESS = "05", "Đang xử lý", "In progress"
    DONE = "06", "Hoàn thành", "Done"
    TAKE_BACK = "13", "Lấy lại", "Take-back requested"
    CHANGE_AGREED = "15", "Đồng ý cập nhật / lấy lại", "Change agreed"
    CHANGE_REFUSED = "16", "Từ chối cập nhật / lấy lại", "Change refused"


class _LabelledInt(IntEnum):
    label: Label

    def __new__(cls, code: int, vi: str = "", en: str = "") -> Self:
        self = int.__new__(cls, code)
        self._value_ = code
        self.label = Label(vi, en)
        return self


class BusinessType(_LabelledInt):
    """The business type of a document package (BussinessDocType)."""

    NEW = 0, "Văn bản mới", "New"
    REVOKE = 1, "Thu hồi", "Revocation"
    UPDATE = 2, "Cập nhật", "Update"
    REPLACE = 3, "Thay thế", "Replacement"


class Priority(_LabelledInt):
    """Mức độ khẩn. Bkav's 5 ("Thường") is read as 0 at the edge."""

    NORMAL = 0, "Thường", "Normal"
    URGENT = 1, "Khẩn", "Urgent"
    VERY_URGENT = 2, "Thượng khẩn", "Very urgent"
    IMMEDIATE = 3, "Hỏa tốc", "Immediate"
    IMMEDIATE_TIMED = 4, "Hỏa tốc hẹn giờ", "Immediate, timed"


class SteeringType(_LabelledInt):
    """Loại chỉ đạo. Written 0/1/2; a 3 is read as a report at the edge."""

    NONE = 0, "Không phải văn bản chỉ đạo", "Not a steering document"
    STEERING = 1, "Văn bản chỉ đạo", "Steering document"
    REPORT = 2, "Báo cáo thực hiện chỉ đạo", "Report on steering"


class ReceiverChange(_LabelledInt):
    """The change that an update makes to one receiver (ReceiverType)."""

    REMOVED = 0, "Bỏ khỏi danh sách", "Removed"
    ADDED = 1, "Bổ sung", "Added"


class DocumentGroup(_LabelledInt):
    LEGAL = 1, "Văn bản quy phạm pháp luật", "Legal documents"
    ADMINISTRATIVE = 2, "Văn bản hành chính", "Administrative documents"


DOCUMENT_TYPES: dict[tuple[DocumentGroup, int], Label] = {
    (group, number): Label(vi, en)
    for group, rows in (
        (
            DocumentGroup.LEGAL,
            (
                ("Hiến pháp", "Constitution"),
                ("Luật", "Law"),
                ("Pháp lệnh", "Ordinance"),
                ("Lệnh", "Order"),
                ("Nghị quyết", "Resolution"),
                ("Nghị quyết liên tịch", "Joint resolution"),
                ("Nghị định", "Decree"),
                ("Quyết định", "Decision"),
                ("Thông tư", "Circular"),
                ("Thông tư liên tịch", "Joint circular"),
                ("Chỉ thị", "Directive"),
                ("Bộ luật", "Code of law"),
                (
                    "Văn bản quy phạm pháp luật của chính quyền địa phương ở đơn vị hành chính - kinh tế đặc biệt",
                    "Legal document of a special administrative-economic unit",
                ),
            ),
        ),
        (
            DocumentGroup.ADMINISTRATIVE,
            (
                ("Nghị quyết (cá biệt)", "Individual resolution"),
                ("Quyết định (cá biệt)", "Individual decision"),
                ("Chỉ thị (cá biệt)", "Individual directive"),
                ("Quy chế", "Regulation"),
                ("Quy định", "Rules"),
                ("Thông cáo", "Communiqué"),
                ("Thông báo", "Notice"),
                ("Hướng dẫn", "Guideline"),
                ("Chương trình", "Programme"),
                ("Kế hoạch", "Plan"),
                ("Phương án", "Scheme"),
                ("Đề án", "Proposal"),
                ("Dự án", "Project"),
                ("Báo cáo", "Report"),
                ("Biên bản", "Minutes"),
                ("Tờ trình", "Submission"),
                ("Hợp đồng", "Contract"),
                ("Công văn", "Official letter"),
                ("Công điện", "Official telegram"),
                ("Bản ghi nhớ", "Memorandum"),
                ("Bản cam kết", "Undertaking"),
                ("Bản thỏa thuận", "Agreement"),
                ("Giấy chứng nhận", "Certificate"),
                ("Giấy ủy quyền", "Power of attorney"),
                ("Giấy mời", "Invitation"),
                ("Giấy giới thiệu", "Letter of introduction"),
                ("Giấy nghỉ phép", "Leave permit"),
                ("Giấy đi đường", "Travel permit"),
                ("Giấy biên nhận hồ sơ", "Receipt of file"),
                ("Phiếu gửi", "Dispatch slip"),
                ("Phiếu chuyển", "Transfer slip"),
                ("Thư công", "Official message"),
            ),
        ),
    )
    for number, (vi, en) in enumerate(rows, start=1)
}
"""(group, number) as QCVN 102 SĐ1:2022 lists them: A 1–13, B 1–32. Numbers start at 1."""

_BY_NAME: dict[str, tuple[DocumentGroup, int]] = {
    # "Nghị quyết" alone is the legal type (the administrative one ends in "(cá biệt)"); "Công văn" exists once.
    matching(label.vi): key
    for key, label in DOCUMENT_TYPES.items()
}


def document_type_by_name(name: str) -> tuple[DocumentGroup, int] | None:
    """Returns the list's key for a type name as people write it (any case, any Unicode form); None if it is not
    listed."""
    return _BY_NAME.get(matching(name))
