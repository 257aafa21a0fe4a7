"""Errors about the document system behind an adapter."""

from bus.errors.base import Refused, TryLater, Who


class RefusedByDms(Refused):
    code, who = "refused-by-dms", Who.RECIPIENT
    means_vi = "Phần mềm quản lý văn bản của nơi nhận từ chối, và không đổi ý khi gửi lại."
    means_en = "The recipient's document system refuses it, and would refuse it again."
    vi = "Phần mềm quản lý văn bản từ chối {document}: {why}."
    en = "The document system refuses {document}: {why}."
    do_vi = "Người vận hành nơi nhận sửa theo lý do phần mềm nêu, rồi lienthong inbox release; nơi gửi hỏi họ."
    do_en = (
        "The recipient's operator mends what that system gave as its reason, then lienthong inbox release; "
        "the sender asks them."
    )


class Orphan(Refused):
    code, who = "orphan", Who.RECIPIENT
    means_vi = "Trạng thái nói về một văn bản mà nơi nhận trạng thái không biết."
    means_en = "A status is about a document that is not known where the status came."
    vi = "Trạng thái {status} về văn bản {document} mà nơi này không biết."
    en = "Status {status} is about document {document}, which is not known here."
    do_vi = (
        "Nơi gửi trạng thái kiểm tra DocumentId, số ký hiệu của văn bản rồi gửi lại; nơi nhận xem văn bản đó có ở kho "
        "khác không."
    )
    do_en = (
        "Who sent the status checks DocumentId and the document's number, and sends it again; the recipient looks "
        "whether another store has the document."
    )


class DmsAway(TryLater):
    code, who = "dms-away", Who.OPERATOR
    means_vi = "Phần mềm quản lý văn bản không trả lời; thư đến được giữ, và chờ."
    means_en = "The document system does not answer; what has come is kept, and waits."
    vi, en = "Phần mềm quản lý văn bản không trả lời: {why}.", "The document system does not answer: {why}."
    do_vi = "Tự thử lại; nếu kéo dài, người vận hành kiểm tra phần mềm đó, ổ đĩa và quyền của thư mục."
    do_en = "It is tried again; look at that system, its disk and its folders' modes if this lasts."


class NotKept(TryLater):
    code, who = "not-kept", Who.RECIPIENT
    means_vi = "Phần mềm quản lý văn bản báo đã nhận, nhưng không đưa ra được."
    means_en = "The document system said that it took a message, and cannot show it."
    vi = "Phần mềm quản lý văn bản báo đã nhận {message} nhưng không đưa ra được."
    en = "The document system took message {message}, and cannot show it."
    do_vi = "Bản tin còn giữ, tự đưa lại; kiểm tra đĩa, nhật ký của phần mềm, rồi lienthong inbox retry nếu đã dừng."
    do_en = (
        "The message is kept and handed over again; look at that system's disk and log, then lienthong inbox retry "
        "where it is parked."
    )


class NotTaken(TryLater):
    code, who = "not-taken", Who.SENDER
    means_vi = "Một tệp nằm chờ trong thư mục gửi đi mà không bao giờ được lấy: sai tên, hay không phải tệp thường."
    means_en = "Something waits in an outgoing folder and is never taken: a wrong name, or no regular file."
    vi, en = "{path} nằm chờ và không được lấy đi: {why}.", "{path} waits and is not taken: {why}."
    do_vi = "Đổi tên gói tin cho có đuôi .edxml; tệp khác thì lấy ra khỏi đó."
    do_en = "Give a package a name that ends in .edxml; take anything else out of there."


class NotReadable(TryLater):
    code, who = "not-readable", Who.SENDER
    means_vi = "Một gói tin nằm chờ mà dịch vụ kết nối không có quyền đọc."
    means_en = "A package waits that the adapter may not read."
    vi = "{path} nằm chờ, người dùng {user} không đọc được: {why}."
    en = "{path} waits, and user {user} cannot read it: {why}."
    do_vi = "Cho người dùng đó đọc và ghi (cùng nhóm, tệp 0660, thư mục 0770); sau đó gói tự được gửi."
    do_en = "Let that user read and write it (a shared group, files 0660, folders 0770); then it is sent by itself."


class SentNotMoved(TryLater):
    code, who = "sent-not-moved", Who.SENDER
    means_vi = "Một gói tin đã gửi nhưng không chuyển ra khỏi thư mục được."
    means_en = "A package was sent and cannot be moved out of its folder."
    vi = "{path} đã gửi (bản tin {message}) nhưng không chuyển đi được: {why}."
    en = "{path} was sent (message {message}) and cannot be moved away: {why}."
    do_vi = "Không gửi lại. Sửa chỗ vướng thì tệp tự chuyển; lienthong adapter check nói thư mục nào sai."
    do_en = "Do not send it again. Once that is mended it moves by itself; lienthong adapter check says what is wrong."


class RefusedNotMoved(TryLater):
    code, who = "refused-not-moved", Who.SENDER
    means_vi = "Một gói tin bị từ chối nhưng không chuyển ra khỏi thư mục được."
    means_en = "A package was refused and cannot be moved out of its folder."
    vi = "{path} không gửi được và cũng không chuyển đi được: {why}. Vì sao không gửi được: {refusal}."
    en = "{path} cannot be sent, and cannot be moved away either: {why}. Why it cannot be sent: {refusal}."
    do_vi = "Lấy tệp ra để sửa gói tin; sửa chỗ vướng thì những tệp sau tự chuyển."
    do_en = "Take the file out and correct the package; once that is mended, others move by themselves."
