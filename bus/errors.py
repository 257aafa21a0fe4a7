"""Every error of the bus, as one tree. Each says who must act, what happened, and what to do, in two languages.

BusError
├── Refused                      trying again will not help; somebody must change something
│   ├── BadPackage               sender      the package cannot be read, or breaks a rule of the format
│   ├── NotServed                sender      From is no agency of this mailbox
│   ├── WrongDirection           sender      this status goes the other way round
│   ├── UnknownAgency            sender      no such identifier code
│   ├── AgencyClosed             sender      the code is closed; its successor is named
│   ├── NoMailbox                sender      the agency exists, nobody serves it on the bus
│   ├── StateSecret              sender      marked as a state secret: no place on this bus
│   ├── TooLarge                 sender      over the limit, with both figures
│   ├── BadMessage               sender      bytes on the bus that are no message of version 1
│   ├── BadSignature             sender      not signed by the agency that it names
│   ├── NotItsUser               sender      published under another name than the one it is signed with
│   ├── BadCertificate           sender      expired, revoked, of a foreign authority, for another purpose
│   ├── ClockAhead               sender      made in the future, by more than clocks may differ
│   ├── TooOld                   sender      made longer ago than duplicates are remembered
│   ├── Expired                  sender      it came when its sender had ceased to want it delivered
│   ├── NotInTime                sender      its time ran out before a recipient confirmed it
│   ├── HeldAfterAll             sender      told as not in time, and yet it had arrived
│   ├── NotForUs                 sender      its docket does not name this mailbox
│   ├── NotUnderstood            sender      of a business type or version that the recipient does not take
│   ├── KeyWithdrawn             sender      sealed to a key that is no longer in use: it is sealed again by itself
│   ├── BlobMissing              sender      segments of an attachment are gone: they are sent again by itself
│   ├── BadBlob                  sender      segments of an attachment that are not what its message says
│   ├── CannotOpen               recipient   sealed to a key that this mailbox does not hold, or altered
│   ├── NoKey                    authority   the directory has no key for a mailbox
│   ├── RefusedByDms             recipient   the document system says no, for good
│   ├── Orphan                   recipient   a status about a document nobody here knows
│   ├── ReceiptMissing           operator    sent again and again, and no receipt came
│   ├── BadConfig                operator    a file of the daemon is wrong
│   ├── BadDirectory             authority   the directory contradicts itself
│   ├── BadEdition               authority   an edition of the directory that is forged, broken, old or expired
│   ├── AlreadyRunning           operator    another daemon holds this store
│   ├── NoSuchMessage            operator    no message or document of that name in this store
│   ├── NotPossible              operator    the message's state does not allow what was asked
│   ├── StoreDamaged             operator    the store's file is no longer sound
│   └── StoreLost                operator    recovery finds too little in it: a backup must take its place
└── TryLater                     the same thing may work in a while
    ├── DirectoryExpired         authority   the edition held is past its date, and no newer one came
    ├── OwnClockWrong            operator    this machine's clock stands before the directory it holds
    ├── BrokerAway               operator    no connection, or the broker blocks
    ├── BrokerRefused            operator    the broker nacked: an inbox is full
    ├── BlobsAway                operator    where segments wait cannot be reached, is full, or does not let us
    ├── DmsAway                  recipient   the document system does not answer
    ├── NotKept                  recipient   the document system said yes, and cannot show it
    ├── InboxShared              operator    another process consumes the inbox with this mailbox's keys
    ├── StoreFull                operator    the store cannot write
    ├── StoreAway                operator    the store's server does not answer, or lets nobody in
    └── StoreTaken               operator    another daemon of this mailbox has the store by now
"""

from enum import StrEnum
from typing import ClassVar


class Who(StrEnum):
    """Who must act."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    OPERATOR = "operator"
    AUTHORITY = "authority"


WHO_VI = {
    Who.SENDER: "nơi gửi",
    Who.RECIPIENT: "nơi nhận",
    Who.OPERATOR: "người vận hành",
    Who.AUTHORITY: "cơ quan quản lý danh mục",
}


class BusError(Exception):
    """Made with the facts its sentences name: `AgencyClosed(agency="H08", successor="H21")`.

    `code` is stable and travels in receipts; sentences are the reader's own.
    """

    code: ClassVar[str]
    who: ClassVar[Who]
    vi: ClassVar[str]
    en: ClassVar[str]
    do_vi: ClassVar[str]
    do_en: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.in_english())

    def in_english(self) -> str:
        return f"{self._fill(self.en)} {self._fill(self.do_en)} [{self.code}; {self.who} acts]"

    def in_vietnamese(self) -> str:
        return f"{self._fill(self.vi)} {self._fill(self.do_vi)} [{self.code}; {WHO_VI[self.who]} xử lý]"

    def __str__(self) -> str:
        return self.in_english()

    def _fill(self, sentence: str) -> str:
        return sentence.format_map(_Facts(self.facts))


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"  # an error looked up by its code has no facts; the sentence still reads


class Refused(BusError):
    """Trying again will not help."""


class TryLater(BusError):
    """The same thing may work in a while."""


class BadPackage(Refused):
    code, who = "bad-package", Who.SENDER
    vi, en = "Gói tin không đọc được: {why_vi}.", "The package cannot be read: {why}."
    do_vi, do_en = "Sửa tại {path}: {remedy_vi}.", "Mend it at {path}: {remedy}."


class NotServed(Refused):
    code, who = "not-served", Who.SENDER
    vi = "Nơi gửi {agency} không thuộc hộp thư {mailbox}."
    en = "The sender {agency} is not served by mailbox {mailbox}."
    do_vi = "Ghi đúng mã định danh vào From, hoặc đăng ký đơn vị vào hộp thư."
    do_en = "Write the right code in From, or have the unit registered with the mailbox."


class WrongDirection(Refused):
    code, who = "wrong-direction", Who.SENDER
    vi = "Trạng thái {status} của văn bản {document} phải do {expected} gửi, không phải {agency}."
    en = "Status {status} of document {document} is for {expected} to send, not for {agency}."
    do_vi = "Trạng thái 13 do nơi gửi văn bản phát; các trạng thái khác do nơi nhận văn bản phát."
    do_en = "13 is sent by the document's sender; all others by its recipient."


class UnknownAgency(Refused):
    code, who = "unknown-agency", Who.SENDER
    vi, en = "Không có mã định danh {agency} trong danh mục.", "There is no agency {agency} in the directory."
    do_vi, do_en = "Kiểm tra lại mã nơi nhận.", "Check the recipient's code."


class AgencyClosed(Refused):
    code, who = "agency-closed", Who.SENDER
    vi = "Mã {agency} đã đóng từ {closed}; đơn vị kế thừa là {successor}."
    en = "Code {agency} is closed since {closed}; its successor is {successor}."
    do_vi, do_en = "Gửi lại cho {successor}.", "Send it again to {successor}."


class NoMailbox(Refused):
    code, who = "no-mailbox", Who.SENDER
    vi, en = "{agency} chưa có hộp thư trên trục.", "{agency} has no mailbox on the bus."
    do_vi, do_en = "Gửi bằng đường khác, hoặc đề nghị đơn vị kết nối.", "Send it another way, or ask the unit to join."


class StateSecret(Refused):
    code, who = "state-secret", Who.SENDER
    vi = "Văn bản {document} ghi độ mật {marking}; trục không nhận văn bản chứa bí mật nhà nước (QĐ 28/2018, Điều 1)."
    en = "Document {document} is marked {marking}; state secrets have no place on this bus (QĐ 28/2018, art. 1)."
    do_vi, do_en = "Gửi theo đường văn bản mật.", "Send it by the channel for secret documents."


class TooLarge(Refused):
    code, who = "too-large", Who.SENDER
    vi, en = "{what} dài {size} byte, giới hạn là {limit} byte.", "{what} has {size} bytes; the limit is {limit} bytes."
    do_vi, do_en = "Giảm dung lượng tệp đính kèm.", "Make the attachments smaller."


class BadMessage(Refused):
    code, who = "bad-message", Who.SENDER
    vi, en = "Dữ liệu không phải bản tin hợp lệ: {why}.", "These bytes are not a message: {why}."
    do_vi, do_en = "Cập nhật phần mềm kết nối của nơi gửi.", "Update the sender's adapter."


class BadSignature(Refused):
    code, who = "bad-signature", Who.SENDER
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
    vi = "Bản tin {message} ký tên {mailbox} nhưng do người dùng {user} phát lên RabbitMQ."
    en = "Message {message} is signed by {mailbox}, but user {user} published it."
    do_vi = "Phát bằng chứng thư của chính hộp thư đó, có user_id."
    do_en = "Publish it with that mailbox's own certificate, with user_id set."


class BadCertificate(Refused):
    code, who = "bad-certificate", Who.SENDER
    vi, en = "Chứng thư của {name} không dùng được: {why}.", "The certificate of {name} is of no use: {why}."
    do_vi = "Xin cấp chứng thư mới (lienthong keys rotate)."
    do_en = "Have a new one issued (lienthong keys rotate)."


class ClockAhead(Refused):
    code, who = "clock-ahead", Who.SENDER
    vi = "Bản tin {message} đề {created_at}, đi trước đồng hồ nơi nhận {minutes} phút; cho phép 5 phút."
    en = "Message {message} says {created_at}, {minutes} minutes ahead of the recipient's clock; 5 are allowed."
    do_vi = "Chỉnh giờ máy nơi gửi (NTP) rồi gửi lại."
    do_en = "Set the sender's clock (NTP), then send again."


class TooOld(Refused):
    code, who = "too-old", Who.SENDER
    vi = "Bản tin {message} lập lúc {created_at}, quá {days} ngày."
    en = "Message {message} was made at {created_at}, more than {days} days ago."
    do_vi, do_en = "Gửi lại văn bản bằng bản tin mới.", "Send the document again, as a new message."


class Expired(Refused):
    code, who = "expired", Who.SENDER
    vi = "Bản tin {message} đến {mailbox} khi đã quá hạn {expires_at}; nơi nhận không vào sổ."
    en = "Message {message} reached {mailbox} past its time, {expires_at}; it was not filed there."
    do_vi, do_en = "Gửi lại nếu còn cần.", "Send it again if it is still wanted."


class NotInTime(Refused):
    """Judged by the sender's own clock, before anybody has answered."""

    code, who = "not-in-time", Who.SENDER
    vi = "Đến hạn {expires_at}, {mailbox} vẫn chưa xác nhận văn bản {document}."
    en = "By its time, {expires_at}, {mailbox} had not confirmed document {document}."
    do_vi = "Báo nơi nhận bằng đường khác; gửi lại nếu còn cần."
    do_en = "Tell the recipient another way; send it again if it is still wanted."


class HeldAfterAll(Refused):
    """No refusal: it corrects a NotInTime that was told before."""

    code, who = "held-after-all", Who.SENDER
    vi = "{mailbox} đã nhận được văn bản {document}, dù trước đó đã báo quá hạn {expires_at}."
    en = "{mailbox} has document {document} after all, though it was told as not in time ({expires_at})."
    do_vi = "Không gửi lại; nếu không còn cần thì lấy lại (13)."
    do_en = "Do not send it again; take it back (13) if it is no longer wanted."


class NotUnderstood(Refused):
    code, who = "not-understood", Who.SENDER
    vi = "Hộp thư {mailbox} không nhận {what}."
    en = "Mailbox {mailbox} does not take {what}."
    do_vi, do_en = "Gửi bằng đường khác, hoặc hỏi nơi nhận.", "Send it another way, or ask the recipient."


class KeyWithdrawn(Refused):
    code, who = "key-withdrawn", Who.SENDER
    vi = "Bản tin {message} niêm phong bằng khóa {key} mà {mailbox} không còn dùng."
    en = "Message {message} is sealed to key {key}, which {mailbox} no longer uses."
    do_vi = "Nơi gửi tự niêm phong lại bằng khóa mới; không phải làm gì."
    do_en = "Its sender seals it again to the new key by itself; nothing is to be done."


class BlobMissing(Refused):
    code, who = "blob-missing", Who.SENDER
    vi = "Tệp đính kèm {attachment} của bản tin {message} không còn ở nơi lưu của {sender}."
    en = "Attachment {attachment} of message {message} is no longer where {sender} put it."
    do_vi = "Nơi gửi tự gửi lại tệp đó; không phải làm gì."
    do_en = "Its sender puts it there again by itself; nothing is to be done."


class BadBlob(Refused):
    code, who = "bad-blob", Who.SENDER
    vi = "Tệp đính kèm {attachment} của bản tin {message} không đúng như bản tin ghi: {why}."
    en = "Attachment {attachment} of message {message} is not what the message says: {why}."
    do_vi = "Gửi lại văn bản; nếu lặp lại thì kiểm tra phần mềm kết nối của nơi gửi."
    do_en = "Send the document again; if it comes again, look at the sender's adapter."


class NotForUs(Refused):
    code, who = "not-for-us", Who.SENDER
    vi, en = "Bản tin {message} không gửi cho {mailbox}.", "Message {message} is not addressed to {mailbox}."
    do_vi, do_en = "Gửi lại đúng nơi nhận.", "Send it again to the right recipient."


class CannotOpen(Refused):
    code, who = "cannot-open", Who.RECIPIENT
    vi, en = "Không mở được bản tin {message}: {why}.", "Message {message} cannot be opened: {why}."
    do_vi, do_en = "Kiểm tra khóa giải mã của hộp thư {mailbox}.", "Check the sealing keys of mailbox {mailbox}."


class NoKey(Refused):
    code, who = "no-key", Who.AUTHORITY
    vi, en = "Danh mục chưa có khóa của {mailbox}.", "The directory has no key for {mailbox}."
    do_vi, do_en = "Bổ sung khóa công khai của hộp thư vào danh mục.", "Add the mailbox's public keys to the directory."


class RefusedByDms(Refused):
    code, who = "refused-by-dms", Who.RECIPIENT
    vi = "Phần mềm quản lý văn bản từ chối {document}: {why}."
    en = "The document system refuses {document}: {why}."
    do_vi, do_en = "Xem lý do, sửa, rồi thả lại bản tin.", "Read the reason, mend it, then release the message."


class Orphan(Refused):
    code, who = "orphan", Who.RECIPIENT
    vi = "Trạng thái {status} về văn bản {document} mà nơi này không biết."
    en = "Status {status} is about document {document}, which is not known here."
    do_vi, do_en = "Kiểm tra DocumentId và số ký hiệu.", "Check DocumentId and the document's number."


class ReceiptMissing(Refused):
    code, who = "receipt-missing", Who.OPERATOR
    vi, en = "Chưa có biên nhận của {mailbox} cho {message}.", "No receipt from {mailbox} for {message}."
    do_vi, do_en = "Kiểm tra hàng đợi inbox.{mailbox}, rồi gửi lại.", "Look at queue inbox.{mailbox}, then retry."


class BadConfig(Refused):
    code, who = "bad-config", Who.OPERATOR
    vi, en = "Cấu hình {file} sai: {why}.", "Configuration {file} is wrong: {why}."
    do_vi, do_en = "Sửa tệp rồi khởi động lại.", "Mend the file and start again."


class BadDirectory(Refused):
    code, who = "bad-directory", Who.AUTHORITY
    vi, en = "Danh mục đơn vị sai: {why}.", "The directory is wrong: {why}."
    do_vi, do_en = "Sửa danh mục rồi phát hành lại.", "Mend the directory and publish it again."


class BadEdition(Refused):
    code, who = "bad-edition", Who.AUTHORITY
    vi, en = "Bản danh mục không được nhận: {why}.", "This edition of the directory is not taken: {why}."
    do_vi = "Vẫn dùng bản đang có; cơ quan quản lý danh mục phát hành lại."
    do_en = "The one held stays in force; the authority publishes again."


class AlreadyRunning(Refused):
    code, who = "already-running", Who.OPERATOR
    vi = "Kho {store} đang do tiến trình {pid} dùng."
    en = "Store {store} is in use by process {pid}."
    do_vi, do_en = "Dừng tiến trình đó trước, hoặc dùng kho khác.", "Stop that process first, or use another store."


class StoreDamaged(Refused):
    code, who = "store-damaged", Who.OPERATOR
    vi, en = "Kho {store} bị hỏng: {why}.", "Store {store} is damaged: {why}."
    do_vi = "Dừng tiến trình, chạy lienthong store recover -c TỆP.toml, làm theo lời nó nói, rồi khởi động lại."
    do_en = "Stop the daemon, run lienthong store recover -c FILE.toml, do as it says, then start again."


class StoreLost(Refused):
    code, who = "store-lost", Who.OPERATOR
    vi, en = "Kho {store} không cứu được: {why}.", "Store {store} cannot be recovered: {why}."
    do_vi = "Chỉ còn cách đặt bản sao lưu vào chỗ kho: làm theo deploy/RUNBOOK.md, mục kho mất."
    do_en = "Only a backup helps: see deploy/RUNBOOK.md, a store that is lost."


class NoSuchMessage(Refused):
    code, who = "no-such-message", Who.OPERATOR
    vi, en = "Không có {message} trong {box}.", "There is no {message} in {box}."
    do_vi, do_en = "Xem danh sách để lấy đúng mã.", "List the box to find the right id."


class NotPossible(Refused):
    code, who = "not-possible", Who.OPERATOR
    vi = "Không thể {verb} bản tin {message}: đang ở trạng thái {state}."
    en = "Cannot {verb} message {message}: it is {state}."
    do_vi, do_en = "Xem trạng thái bằng lệnh show.", "Look at its state with show."


class DirectoryExpired(TryLater):
    code, who = "directory-expired", Who.AUTHORITY
    vi = "Danh mục bản {version} đã hết hạn từ {expired}."
    en = "Edition {version} of the directory expired at {expired}."
    do_vi = "Chờ bản mới trên trục; báo cơ quan quản lý danh mục nếu kéo dài. Không văn bản nào bị mất."
    do_en = "A newer one is awaited on the bus; tell the authority if this lasts. No document is lost."


class OwnClockWrong(TryLater):
    code, who = "own-clock-wrong", Who.OPERATOR
    vi = "Đồng hồ máy này là {now}, trước cả lúc phát hành danh mục đang dùng ({issued})."
    en = "This machine's clock says {now}, before the directory it holds was issued ({issued})."
    do_vi, do_en = "Chỉnh giờ máy (NTP); tự chạy tiếp.", "Set this machine's clock (NTP); it goes on by itself."


class BrokerAway(TryLater):
    code, who = "broker-away", Who.OPERATOR
    vi, en = "Không kết nối được RabbitMQ: {why}.", "RabbitMQ cannot be reached: {why}."
    do_vi, do_en = "Tự thử lại; kiểm tra máy chủ nếu kéo dài.", "It is tried again; look at the broker if this lasts."


class BrokerRefused(TryLater):
    code, who = "broker-refused", Who.OPERATOR
    vi = "RabbitMQ không nhận bản tin {message}: hộp thư {mailbox} đầy."
    en = "RabbitMQ refuses message {message}: the inbox of {mailbox} is full."
    do_vi, do_en = "Tự thử lại; báo nơi nhận {mailbox}.", "It is tried again; tell {mailbox}."


class BlobsAway(TryLater):
    code, who = "blobs-away", Who.OPERATOR
    vi, en = "Không dùng được kho tệp lớn ({kind}): {why}.", "The store of large files ({kind}) cannot be used: {why}."
    do_vi = "Tự thử lại; xem kho đó và mục [blobs] của cấu hình nếu kéo dài."
    do_en = "It is tried again; look at that store, and at [blobs] in the configuration, if this lasts."


class DmsAway(TryLater):
    code, who = "dms-away", Who.RECIPIENT
    vi, en = "Phần mềm quản lý văn bản không trả lời: {why}.", "The document system does not answer: {why}."
    do_vi, do_en = "Tự thử lại; kiểm tra phần mềm nếu kéo dài.", "It is tried again; look at the system if this lasts."


class NotKept(TryLater):
    code, who = "not-kept", Who.RECIPIENT
    vi = "Phần mềm quản lý văn bản báo đã nhận {message} nhưng không đưa ra được."
    en = "The document system took message {message}, and cannot show it."
    do_vi = "Bản tin còn giữ, tự đưa lại; kiểm tra đĩa, nhật ký của phần mềm, rồi lienthong inbox retry nếu đã dừng."
    do_en = (
        "The message is kept and handed over again; look at that system's disk and log, then lienthong inbox retry "
        "where it is parked."
    )


class InboxShared(TryLater):
    code, who = "inbox-shared", Who.OPERATOR
    vi = "Có {count} tiến trình cùng nhận thư của hộp thư {mailbox}: mỗi tiến trình chỉ được một phần."
    en = "{count} processes consume the inbox of {mailbox}: each gets a part of its mail."
    do_vi = "Tìm và dừng tiến trình kia (máy khác, kho khác); đọc deploy/RUNBOOK.md, mục hai tiến trình."
    do_en = "Find and stop the other one (another machine, another store); see deploy/RUNBOOK.md, twins."


class StoreFull(TryLater):
    code, who = "store-full", Who.OPERATOR
    vi, en = "Không ghi được kho {store}: {why}.", "Store {store} cannot be written: {why}."
    do_vi = "Tự thử lại; xử lý nguyên nhân trên, thường là hết dung lượng đĩa."
    do_en = "It is tried again; see to the reason given, most often by freeing disk space."


class StoreAway(TryLater):
    code, who = "store-away", Who.OPERATOR
    vi, en = "Kho {store} không trả lời: {why}.", "Store {store} does not answer: {why}."
    do_vi = "Tự thử lại, chưa xác nhận gì với ai; kiểm tra máy chủ PostgreSQL nếu kéo dài."
    do_en = "It is tried again, and nothing was acknowledged; look at the PostgreSQL server if this lasts."


class StoreTaken(TryLater):
    code, who = "store-taken", Who.OPERATOR
    vi = "Kho {store} nay do tiến trình khác của hộp thư này dùng; tiến trình này không ghi được nữa."
    en = "Store {store} has another daemon of this mailbox by now; this one writes no more."
    do_vi = "Không phải làm gì: tiến trình này chuyển sang dự phòng; xem vì sao nó mất kết nối tới PostgreSQL."
    do_en = "Nothing needs doing: this one stands by; see why it lost its connection to PostgreSQL."


def _leaves(of: type[BusError]) -> dict[str, type[BusError]]:
    return {leaf.code: leaf for branch in of.__subclasses__() for leaf in branch.__subclasses__()}


BY_CODE: dict[str, type[BusError]] = _leaves(BusError)
"""Error classes by the code that travels in receipts."""
