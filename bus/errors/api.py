"""Errors about who asks the ledger, and what of it; and of the log of who asked."""

from bus.errors.base import Refused, Who


class NotSignedIn(Refused):
    code, who = "not-signed-in", Who.OPERATOR
    means_vi = "Yêu cầu không mang khóa hoặc chứng thư mà API nhận."
    means_en = "A request brought no key and no certificate that the API knows."
    vi, en = "Không biết ai đang hỏi: {why}.", "It is not known who asks: {why}."
    do_vi = "Gửi khóa trong Authorization: Bearer, hoặc dùng chứng thư đã khai trong [api] của sổ cái."
    do_en = "Send the key as Authorization: Bearer, or use a certificate that [api] of the ledger names."


class NotAllowed(Refused):
    code, who = "not-allowed", Who.OPERATOR
    means_vi = "Vai trò của người hỏi không được xem thứ đó."
    means_en = "The role of whoever asks does not include this."
    vi, en = "Vai trò {role} không được xem {what}.", "The role {role} may not see {what}."
    do_vi = "Hỏi người vận hành sổ cái nếu cần vai trò khác."
    do_en = "Ask the operator of the ledger for another role where it is needed."


class BadQuery(Refused):
    code, who = "bad-query", Who.OPERATOR
    means_vi = "Câu hỏi gửi tới API không đúng dạng."
    means_en = "What the API was asked has not the form that it reads."
    vi, en = "Không hiểu câu hỏi: {why}.", "The question is not understood: {why}."
    do_vi = "Sửa theo /api/v1/openapi.json rồi hỏi lại."
    do_en = "Mend it by /api/v1/openapi.json and ask again."


class NoSuchResource(Refused):
    code, who = "no-such-resource", Who.OPERATOR
    means_vi = "Không có thứ được hỏi, hoặc nơi hỏi không được biết là có."
    means_en = "There is nothing of that name, or nothing that whoever asks may know of."
    vi, en = "Không có {what}.", "There is no {what}."
    do_vi = "Xem lại đường dẫn hoặc mã; danh sách ở /api/v1/documents."
    do_en = "Look at the path or the id again; /api/v1/documents lists them."


class LogBroken(Refused):
    code, who = "log-broken", Who.OPERATOR
    means_vi = "Nhật ký truy cập của sổ cái đã bị sửa, hoặc mất dòng."
    means_en = "The log of access to the ledger was altered, or has lost rows."
    vi, en = (
        "Nhật ký truy cập không còn nguyên từ dòng {number}: {why}.",
        ("The log of access is not whole from row {number} on: {why}."),
    )
    do_vi = "Giữ nguyên cơ sở dữ liệu làm bằng chứng, so với bản sao lưu, tìm ai đã ghi vào đó."
    do_en = "Keep the database as it is for evidence, compare it with a backup, find out who wrote to it."
