"""Errors about a message on its way: its bytes, its signature, its times, its seal, its blobs, its receipt."""

from bus.errors.base import Refused, Who


class BadMessage(Refused):
    code, who = "bad-message", Who.SENDER
    means_vi = "Dữ liệu trên trục không phải bản tin đúng phiên bản 1."
    means_en = "Bytes on the bus that are no message of version 1."
    vi, en = "Dữ liệu không phải bản tin hợp lệ: {why}.", "These bytes are not a message: {why}."
    do_vi = "Người vận hành nơi gửi cập nhật phần mềm kết nối."
    do_en = "The sender's operator updates its adapter."


class BadSignature(Refused):
    code, who = "bad-signature", Who.SENDER
    means_vi = "Bản tin không do cơ quan mà nó ghi tên ký."
    means_en = "A message is not signed by the agency that it names."
    vi = "Chữ ký bản tin {message} không phải của {mailbox}: {why}."
    en = "The signature of message {message} is not {mailbox}'s: {why}."
    do_vi = "Kiểm tra khóa ký của nơi gửi trong danh mục; báo sự cố an toàn thông tin nếu không rõ nguồn."
    do_en = "Check the sender's signing key in the directory; report a security incident if the origin is unknown."


class UnknownKey(BadSignature):
    """Told from a forgery only here: it travels as `bad-signature`."""

    vi = "Bản tin {message} ký bằng khóa {key}, không có trong danh mục cho {mailbox}."
    en = "Message {message} is signed with key {key}, which is not in the directory for {mailbox}."


class NotItsUser(Refused):
    code, who = "not-its-user", Who.SENDER
    means_vi = "Bản tin ký tên một hộp thư, nhưng do người dùng khác phát lên RabbitMQ."
    means_en = "A message is signed by one mailbox, and another user published it."
    vi = "Bản tin {message} ký tên {mailbox} nhưng do người dùng {user} phát lên RabbitMQ."
    en = "Message {message} is signed by {mailbox}, but user {user} published it."
    do_vi = "Nơi gửi phát bản tin bằng chứng thư của chính hộp thư đó, có user_id."
    do_en = "The sender publishes it with that mailbox's own certificate, with user_id set."


class ClockAhead(Refused):
    code, who = "clock-ahead", Who.SENDER
    means_vi = "Bản tin đề giờ đi trước đồng hồ nơi nhận quá 5 phút."
    means_en = "A message says a time more than 5 minutes ahead of the recipient's clock."
    vi = "Bản tin {message} đề {created_at}, đi trước đồng hồ nơi nhận {minutes} phút; cho phép 5 phút."
    en = "Message {message} says {created_at}, {minutes} minutes ahead of the recipient's clock; 5 are allowed."
    do_vi = "Người vận hành nơi gửi chỉnh giờ máy (NTP), rồi gửi lại văn bản."
    do_en = "Set the sender's clock (NTP), then send again."


class TooOld(Refused):
    code, who = "too-old", Who.SENDER
    means_vi = "Bản tin lập đã quá lâu: nơi nhận không nhớ được là đã có nó hay chưa."
    means_en = "A message was made longer ago than duplicates are remembered."
    vi = "Bản tin {message} lập lúc {created_at}, quá {days} ngày."
    en = "Message {message} was made at {created_at}, more than {days} days ago."
    do_vi, do_en = "Gửi lại văn bản bằng bản tin mới.", "Send the document again, as a new message."


class Expired(Refused):
    code, who = "expired", Who.SENDER
    means_vi = "Bản tin đến khi nơi gửi đã thôi muốn chuyển nó; nơi nhận không vào sổ."
    means_en = "A message came when its sender had ceased to want it delivered; it was not filed."
    vi = "Bản tin {message} đến {mailbox} khi đã quá hạn {expires_at}; nơi nhận không vào sổ."
    en = "Message {message} reached {mailbox} past its time, {expires_at}; it was not filed there."
    do_vi, do_en = "Gửi lại nếu còn cần.", "Send it again if it is still wanted."


class NotInTime(Refused):
    """Judged by the sender's own clock, before anybody has answered."""

    code, who = "not-in-time", Who.SENDER
    means_vi = "Hết thời hạn mà nơi nhận chưa xác nhận."
    means_en = "Its time ran out before a recipient confirmed it."
    vi = "Đến hạn {expires_at}, {mailbox} vẫn chưa xác nhận văn bản {document}."
    en = "By its time, {expires_at}, {mailbox} had not confirmed document {document}."
    do_vi = "Báo nơi nhận bằng đường khác; gửi lại nếu còn cần."
    do_en = "Tell the recipient another way; send it again if it is still wanted."


class HeldAfterAll(Refused):
    """No refusal: it corrects a NotInTime or a Withdrawn that was told before."""

    code, who = "held-after-all", Who.SENDER
    means_vi = "Nơi nhận đã có văn bản, dù trước đó báo là quá hạn hoặc đã rút."
    means_en = "The recipient has the document after all, though it was told as not in time or withdrawn."
    vi = "{mailbox} đã nhận được văn bản {document}, dù trước đó đã báo là quá hạn hoặc đã rút."
    en = "{mailbox} has document {document} after all, though it was told as not in time or withdrawn."
    do_vi = "Không gửi lại; nếu không còn cần thì lấy lại văn bản bằng trạng thái 13."
    do_en = "Do not send it again; take it back with status 13 if it is no longer wanted."


class Withdrawn(Refused):
    """No recipient refused it: it is sent no more, and its people must know that. It may have left at that very moment:
    HeldAfterAll corrects it then."""

    code, who = "withdrawn", Who.SENDER
    means_vi = "Người vận hành nơi gửi rút một văn bản trước khi trục xác nhận đã chuyển; có thể nó vừa kịp đi."
    means_en = "The sender's operator took a document back before the broker confirmed it; it may just have left."
    vi = "Văn bản {document} đã được rút, không gửi đến {mailbox} nữa; nếu nó vừa kịp đi thì sẽ được báo lại."
    en = "Document {document} was withdrawn and goes to {mailbox} no more; had it just left, that will be told."
    do_vi = "Người vận hành hộp thư đã rút; nếu vẫn cần thì gửi lại."
    do_en = "The mailbox's operator did so; send it again if it is still wanted."


class NotForUs(Refused):
    code, who = "not-for-us", Who.SENDER
    means_vi = "Bản tin đến một hộp thư mà nó không gửi cho."
    means_en = "A message came to a mailbox that its docket does not name."
    vi, en = "Bản tin {message} không gửi cho {mailbox}.", "Message {message} is not addressed to {mailbox}."
    do_vi = "Gửi lại đúng nơi nhận; nếu lặp lại, người vận hành nơi gửi cập nhật phần mềm kết nối."
    do_en = "Send it again to the right recipient; if it comes again, the sender's operator updates its adapter."


class KeyWithdrawn(Refused):
    code, who = "key-withdrawn", Who.SENDER
    means_vi = "Bản tin niêm phong bằng khóa mà nơi nhận không còn dùng."
    means_en = "A message is sealed to a key that is no longer in use."
    vi = "Bản tin {message} niêm phong bằng khóa {key} mà {mailbox} không còn dùng."
    en = "Message {message} is sealed to key {key}, which {mailbox} no longer uses."
    do_vi = "Nơi gửi tự niêm phong lại bằng khóa mới; không phải làm gì."
    do_en = "Its sender seals it again to the new key by itself; nothing is to be done."


class BlobMissing(Refused):
    code, who = "blob-missing", Who.SENDER
    means_vi = "Một tệp đính kèm lớn không còn ở nơi lưu."
    means_en = "A large attachment is no longer where it was put."
    vi = "Tệp đính kèm {attachment} của bản tin {message} không còn ở nơi lưu của {sender}."
    en = "Attachment {attachment} of message {message} is no longer where {sender} put it."
    do_vi = "Nơi gửi tự gửi lại tệp đó; không phải làm gì."
    do_en = "Its sender puts it there again by itself; nothing is to be done."


class TooMuchHeld(Refused):
    """Judged by the recipient. Not final: the sender's mailbox sends the message again after a while."""

    code, who = "too-much-held", Who.RECIPIENT
    means_vi = "Nơi nhận còn giữ quá nhiều thư của nơi gửi này chưa vào sổ."
    means_en = "The recipient holds too much of this sender that is not filed yet."
    vi = "Thêm bản tin này, {mailbox} giữ {used} {unit_vi} của {sender} chưa vào sổ; giới hạn là {limit} {unit_vi}."
    en = "With this one, {mailbox} would hold {used} {unit} from {sender}, not filed yet; the limit is {limit} {unit}."
    do_vi = "Phần mềm văn bản của nơi nhận phải vào sổ bớt; hộp thư nơi gửi sẽ tự gửi lại."
    do_en = "The recipient's document system must file some of them; the sender's mailbox sends it again by itself."


class BadBlob(Refused):
    code, who = "bad-blob", Who.SENDER
    means_vi = "Một tệp đính kèm lớn không đúng như bản tin ghi."
    means_en = "A large attachment is not what its message says."
    vi = "Tệp đính kèm {attachment} của bản tin {message} không đúng như bản tin ghi: {why}."
    en = "Attachment {attachment} of message {message} is not what the message says: {why}."
    do_vi = "Gửi lại văn bản; nếu lặp lại thì kiểm tra phần mềm kết nối của nơi gửi."
    do_en = "Send the document again; if it comes again, look at the sender's adapter."


class CannotOpen(Refused):
    code, who = "cannot-open", Who.RECIPIENT
    means_vi = "Không mở được bản tin: hộp thư không có khóa đó, hoặc nội dung bị sửa."
    means_en = "A message cannot be opened: this mailbox does not hold the key, or it was altered."
    vi, en = "Không mở được bản tin {message}: {why}.", "Message {message} cannot be opened: {why}."
    do_vi = "Người vận hành {mailbox} đặt lại khóa niêm phong bị thiếu vào thư mục khóa, rồi báo nơi gửi gửi lại."
    do_en = "The operator of {mailbox} puts the missing sealing key back, then has the sender send it again."


class ReceiptMissing(Refused):
    code, who = "receipt-missing", Who.OPERATOR
    means_vi = "Đã gửi nhiều lần mà không có biên nhận."
    means_en = "Sent again and again, and no receipt came."
    vi, en = "Chưa có biên nhận của {mailbox} cho {message}.", "No receipt from {mailbox} for {message}."
    do_vi = "Người vận hành hỏi {mailbox}, nhờ trung tâm xem hàng đợi của họ (lienthong queues), rồi outbox retry."
    do_en = "Ask {mailbox}, have the centre look at its queue (lienthong queues), then lienthong outbox retry."


class NotFolded(Refused):
    code, who = "not-folded", Who.OPERATOR
    means_vi = "Sổ cái gặp lỗi của chính nó ở một bản tin hợp lệ: đã giữ lại, chưa tính vào văn bản nào."
    means_en = "The ledger failed at a genuine message by a defect of its own: kept, and counted for no document yet."
    vi = "Sổ cái không xử lý được bản tin {message}: {why}."
    en = "The ledger could not work out message {message}: {why}."
    do_vi = "Gửi nhật ký cho nơi làm phần mềm; nâng cấp xong thì chạy lienthong ledger rebuild LEDGER.toml."
    do_en = "Send the log to the makers of the software; when it is upgraded, lienthong ledger rebuild LEDGER.toml."
