"""Errors about what an agency submits: its package, its sender, its recipients."""

from typing import Final

from bus.errors.base import Refused, Who
from bus.errors.words import Words

_WHOLE: Final = frozenset({"", "html"})
"""Paths that name no place in a package: a clerk knows no root."""


class BadPackage(Refused):
    code, who = "bad-package", Who.SENDER
    means_vi = "Gói tin không đọc được, hoặc trái quy định của định dạng."
    means_en = "The package cannot be read, or breaks a rule of the format."
    vi, en = "Gói tin không đọc được: {why_vi}.", "The package cannot be read: {why}."
    do_vi, do_en = "Sửa tại {path}: {remedy_vi}.", "Mend it at {path}: {remedy}."

    def __init__(self, **facts: object) -> None:
        vi, en = (str(facts.get(name, "")) for name in ("remedy_vi", "remedy"))
        if vi and en and str(facts.get("path")).strip("/").lower() in _WHOLE:
            facts.setdefault("do", Words(f"{vi[0].upper()}{vi[1:]}.", f"{en[0].upper()}{en[1:]}."))
        super().__init__(**facts)


class NotServed(Refused):
    code, who = "not-served", Who.SENDER
    means_vi = "Nơi gửi ghi trong gói không thuộc hộp thư này."
    means_en = "The sender that the package names is no agency of this mailbox."
    vi = "Nơi gửi {agency} không thuộc hộp thư {mailbox}."
    en = "The sender {agency} is not served by mailbox {mailbox}."
    do_vi = "Văn thư ghi đúng mã định danh vào From, hoặc người vận hành đề nghị trung tâm đăng ký đơn vị vào hộp thư."
    do_en = "Write the right code in From, or have the unit registered with the mailbox."


class WrongDirection(Refused):
    code, who = "wrong-direction", Who.SENDER
    means_vi = "Trạng thái này phải do bên kia của văn bản gửi."
    means_en = "This status is for the other side of the document to send."
    vi = "Trạng thái {status} của văn bản {document} phải do {expected} gửi, không phải {agency}."
    en = "Status {status} of document {document} is for {expected} to send, not for {agency}."
    do_vi = "Trạng thái 13 do nơi gửi văn bản phát; các trạng thái khác do nơi nhận văn bản phát."
    do_en = "13 is sent by the document's sender; all others by its recipient."


class UnknownAgency(Refused):
    code, who = "unknown-agency", Who.SENDER
    means_vi = "Danh mục không có mã định danh này."
    means_en = "The directory has no such identifier code."
    vi, en = "Không có mã định danh {agency} trong danh mục.", "There is no agency {agency} in the directory."
    do_vi = "Kiểm tra lại mã nơi nhận (tra bằng lienthong agency search TÊN), rồi gửi lại."
    do_en = "Check the recipient's code (lienthong agency search NAME finds it), then send again."


class AgencyClosed(Refused):
    code, who = "agency-closed", Who.SENDER
    means_vi = "Mã định danh này đã đóng; danh mục ghi đơn vị kế thừa, nếu có."
    means_en = "This identifier code is closed; the directory says who succeeds it, if anybody does."
    vi = "Mã {agency} đã đóng từ {closed}; đơn vị kế thừa là {successor}."
    en = "Code {agency} is closed since {closed}; its successor is {successor}."
    do_vi, do_en = "Ghi {successor} làm nơi nhận rồi gửi lại.", "Make {successor} the recipient and send it again."


class SuccessorNotJoined(AgencyClosed):
    """Told from AgencyClosed only here: its next step would lead nowhere."""

    vi = "Mã {agency} đã đóng từ {closed}; đơn vị kế thừa {successor} chưa có hộp thư trên trục."
    en = "Code {agency} is closed since {closed}; its successor, {successor}, has no mailbox on the bus."
    do_vi = "Gửi cho {successor} bằng đường khác, hoặc đề nghị đơn vị ấy kết nối."
    do_en = "Send it to {successor} another way, or ask that unit to join."


class NoSuccessor(AgencyClosed):
    """Told from AgencyClosed only here: the directory's keepers act, and the sender need not guess."""

    who = Who.AUTHORITY
    vi = "Mã {agency} đã đóng từ {closed}; danh mục chưa ghi đơn vị kế thừa."
    en = "Code {agency} is closed since {closed}; the directory names no successor."
    do_vi = "Đề nghị cơ quan quản lý danh mục ghi đơn vị kế thừa; trong lúc chờ, gửi bằng đường khác."
    do_en = "Ask the directory's authority to enter the successor; until then, send it another way."


class NoMailbox(Refused):
    code, who = "no-mailbox", Who.SENDER
    means_vi = "Danh mục có đơn vị này, nhưng đơn vị chưa có hộp thư trên trục."
    means_en = "The directory has this agency, but it has no mailbox on the bus."
    vi, en = "{agency} chưa có hộp thư trên trục.", "{agency} has no mailbox on the bus."
    do_vi, do_en = "Gửi bằng đường khác, hoặc đề nghị đơn vị kết nối.", "Send it another way, or ask the unit to join."


class StateSecret(Refused):
    code, who = "state-secret", Who.SENDER
    means_vi = "Văn bản ghi độ mật; trục không nhận văn bản chứa bí mật nhà nước (QĐ 28/2018, Điều 1)."
    means_en = "The document is marked secret; state secrets have no place on this bus (QĐ 28/2018, art. 1)."
    vi = "Văn bản {document} ghi độ mật {marking}; trục không nhận văn bản chứa bí mật nhà nước (QĐ 28/2018, Điều 1)."
    en = "Document {document} is marked {marking}; state secrets have no place on this bus (QĐ 28/2018, art. 1)."
    do_vi, do_en = "Gửi theo đường văn bản mật.", "Send it by the channel for secret documents."


class TooLarge(Refused):
    code, who = "too-large", Who.SENDER
    means_vi = "Văn bản, hoặc một phần của nó, lớn hơn mức cho phép."
    means_en = "The document, or a part of it, is larger than allowed."
    vi, en = "{what} dài {size} byte, giới hạn là {limit} byte.", "{what} has {size} bytes; the limit is {limit} bytes."
    do_vi = "Giảm dung lượng tệp đính kèm, hoặc chia thành nhiều văn bản, rồi gửi lại."
    do_en = "Make the attachments smaller, or send several documents."


class TooManyRecipients(Refused):
    code, who = "too-many-recipients", Who.SENDER
    means_vi = "Văn bản gửi đến nhiều nơi hơn một bản tin gửi được."
    means_en = "The document goes to more recipients than one message can."
    vi = "{what} gửi đến {count} nơi, một bản tin gửi được đến {limit} nơi."
    en = "{what} goes to {count} recipients; one message goes to {limit} at most."
    do_vi, do_en = "Chia thành nhiều lần gửi.", "Send it in several parts."


class TooManyNamed(Refused):
    code, who = "too-many-named", Who.SENDER
    means_vi = "Văn bản nêu quá nhiều văn bản được sửa hoặc thay thế."
    means_en = "The document names too many documents that it changes or replaces."
    vi = "Văn bản {document} nêu {count} văn bản được sửa hoặc thay thế, giới hạn là {limit}."
    en = "Document {document} names {count} documents that it changes or replaces; the limit is {limit}."
    do_vi, do_en = "Chia thành nhiều văn bản.", "Send several documents, each for some of them."


class TooMuchUnderWay(Refused):
    """Judged by the sender, before it accepts a submission: schemas §11."""

    code, who = "too-much-under-way", Who.SENDER
    means_vi = "Nơi nhận chưa lấy hết những gì đã gửi cho họ; hạn mức đã đầy."
    means_en = "A recipient has not taken in what was sent to it before; its share is used up."
    vi = "{mailbox} chưa nhận hết bản tin gửi trước: thêm bản này là {used} {unit_vi}, giới hạn là {limit} {unit_vi}."
    en = "{mailbox} has not taken in what came before: with this, {used} {unit} are under way; the limit is {limit}."
    do_vi = "Gửi lại khi {mailbox} đã nhận bớt; nếu gấp, gọi cho nơi nhận hoặc gửi bằng đường khác."
    do_en = "Send it again when {mailbox} has taken in some; if it is urgent, call them, or send it another way."


class NotUnderstood(Refused):
    code, who = "not-understood", Who.SENDER
    means_vi = "Phần mềm của nơi nhận không nhận nghiệp vụ hoặc phiên bản này."
    means_en = "The recipient's software does not take this business type or version."
    vi = "Hộp thư {mailbox} không nhận {what}."
    en = "Mailbox {mailbox} does not take {what}."
    do_vi, do_en = "Gửi bằng đường khác, hoặc hỏi nơi nhận.", "Send it another way, or ask the recipient."
