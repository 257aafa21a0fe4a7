"""Errors about what the centre signs: certificates, keys, editions of the directory and of the calendar."""

from bus.errors.base import Refused, TryLater, Who


class BadCertificate(Refused):
    code, who = "bad-certificate", Who.SENDER
    means_vi = "Chứng thư đã hết hạn, bị thu hồi, không do trung tâm cấp, hoặc cấp cho việc khác."
    means_en = "A certificate expired, was revoked, is a foreign authority's, or is for another purpose."
    vi, en = "Chứng thư của {name} không dùng được: {why}.", "The certificate of {name} is of no use: {why}."
    do_vi = "Cơ quan có chứng thư xử lý lý do trên; khi cần thì xin chứng thư mới: lienthong keys rotate."
    do_en = "Its holder sees to that reason; where a new one is needed, it is asked for with lienthong keys rotate."


class NoFingerprint(Refused):
    code, who = "no-fingerprint", Who.AUTHORITY
    means_vi = "Chưa ai nghe vân tay của một yêu cầu xin chứng thư lần đầu."
    means_en = "Nobody has compared the fingerprint of a first request for a certificate."
    vi = "Chưa ai nghe {name} đọc vân tay của yêu cầu."
    en = "Nobody was asked for the fingerprint that {name} reads out."
    do_vi = "Gọi {name} theo số đã biết, nghe họ đọc (lienthong keys fingerprint), rồi ghi --fingerprint."
    do_en = "Call {name} at a number that you know, have it read (lienthong keys fingerprint), and give --fingerprint."


class WrongFingerprint(Refused):
    code, who = "wrong-fingerprint", Who.AUTHORITY
    means_vi = "Vân tay được đọc qua điện thoại không phải của yêu cầu này."
    means_en = "The fingerprint that was read out is not this request's."
    """Says not which one would fit: it would be copied, and nobody called."""

    vi = "Vân tay “{said}” không khớp với yêu cầu mang tên {name}."
    en = "The fingerprint “{said}” does not fit the request in the name of {name}."
    do_vi = "Đừng cấp. Nghe lại; vẫn khác thì yêu cầu này không phải của {name}: hỏi xem từ đâu đến."
    do_en = (
        "Issue nothing. Have it read again; if it still differs, this request is not from {name}: ask where it "
        "came from."
    )


class UnprovenRenewal(Refused):
    code, who = "unproven-renewal", Who.AUTHORITY
    means_vi = "Yêu cầu gia hạn không do khóa có chứng thư còn hiệu lực ký."
    means_en = "A renewal is not signed by a key whose certificate counts."
    vi = "Yêu cầu gia hạn của {name} không được chứng minh: {why_vi}."
    en = "The renewal for {name} is not proven: {why}."
    do_vi = "Đừng cấp; để {name} chạy lienthong keys rotate ở nơi có khóa đang dùng; mất khóa thì ca revoke, ca issue."
    do_en = (
        "Issue nothing; have {name} run lienthong keys rotate where the key in force is; where that is lost, "
        "lienthong ca revoke, then ca issue."
    )


class NoKey(Refused):
    code, who = "no-key", Who.AUTHORITY
    means_vi = "Danh mục chưa có khóa của hộp thư đó."
    means_en = "The directory has no key for that mailbox."
    vi, en = "Danh mục chưa có khóa của {mailbox}.", "The directory has no key for {mailbox}."
    do_vi = (
        "Văn thư gọi cơ quan quản lý danh mục để bổ sung khóa của hộp thư ấy; chưa có thì gửi nơi đó bằng đường khác."
    )
    do_en = "Call the directory's authority, which adds that mailbox's keys; until then, send it there another way."


class BadDirectory(Refused):
    code, who = "bad-directory", Who.AUTHORITY
    means_vi = "Danh mục đơn vị tự mâu thuẫn, hoặc có khóa không do hộp thư khai."
    means_en = "The directory contradicts itself, or lists a key that its mailbox did not state."
    vi, en = "Danh mục đơn vị sai: {why}.", "The directory is wrong: {why}."
    do_vi = "Cơ quan quản lý danh mục sửa rồi phát hành lại."
    do_en = "Mend the directory and publish it again."


class BadEdition(Refused):
    code, who = "bad-edition", Who.AUTHORITY
    means_vi = "Một bản danh mục bị giả, bị hỏng, quá cũ hoặc đã hết hạn."
    means_en = "An edition of the directory is forged, broken, too old or expired."
    vi, en = "Bản danh mục không được nhận: {why}.", "This edition of the directory is not taken: {why}."
    do_vi = "Vẫn dùng bản đang có; cơ quan quản lý danh mục phát hành lại."
    do_en = "The one held stays in force; the authority publishes again."


class BadCalendar(Refused):
    code, who = "bad-calendar", Who.AUTHORITY
    means_vi = "Một bản lịch ngày làm việc bị giả, bị hỏng, cũ hơn bản đang có, hoặc tự mâu thuẫn."
    means_en = "An edition of the calendar is forged, broken, older than the one held, or contradicts itself."
    vi, en = "Bản lịch ngày làm việc không được nhận: {why}.", "This edition of the calendar is not taken: {why}."
    do_vi = "Vẫn dùng lịch đang có; cơ quan quản lý danh mục sửa rồi ký lại: lienthong calendar set."
    do_en = "The calendar held stays in force; the authority mends it and signs again: lienthong calendar set."


class DirectoryExpired(TryLater):
    code, who = "directory-expired", Who.AUTHORITY
    means_vi = "Bản danh mục đang dùng đã hết hạn, và chưa có bản mới."
    means_en = "The edition of the directory in use has expired, and no newer one came."
    vi = "Danh mục bản {version} đã hết hạn từ {expired}."
    en = "Edition {version} of the directory expired at {expired}."
    do_vi = "Tự chờ bản mới trên trục; nếu kéo dài, báo cơ quan quản lý danh mục. Không văn bản nào bị mất."
    do_en = "A newer one is awaited on the bus; tell the authority if this lasts. No document is lost."


class OwnClockWrong(TryLater):
    code, who = "own-clock-wrong", Who.OPERATOR
    means_vi = "Đồng hồ máy này chậm hơn lúc phát hành danh mục đang dùng."
    means_en = "This machine's clock stands before the directory that it holds was issued."
    vi = "Đồng hồ máy này là {now}, trước cả lúc phát hành danh mục đang dùng ({issued})."
    en = "This machine's clock says {now}, before the directory it holds was issued ({issued})."
    do_vi, do_en = "Chỉnh giờ máy (NTP); tự chạy tiếp.", "Set this machine's clock (NTP); it goes on by itself."
