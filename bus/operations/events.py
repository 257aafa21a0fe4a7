"""The events of one mailbox: read, and each name in words of both languages."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bus.errors import BY_CODE, WHO_VI
from bus.ports.records import Event
from bus.ports.store import Store
from schemas.codes import Label


def recent_events(
    store: Store, *, limit: int, name: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> Sequence[Event]:
    """What was out of the ordinary at this mailbox, newest first; as `Dossiers.recent_events`."""
    with store.read() as tx:
        return tx.dossiers.recent_events(limit=limit, name=name, since=since, until=until)


def events_after(store: Store, number: int, *, limit: int, name: str | None = None) -> Sequence[Event]:
    """What came after the event of this number, oldest first."""
    with store.read() as tx:
        return tx.dossiers.events_after(number, limit=limit, name=name)


def words_of(name: str) -> Label:
    """What an event's name says. Of a name that is not known, such as a later version's, itself."""
    return NAMES.get(name) or NAMES.get(f"{name.partition('.')[0]}.*") or Label(name, name)


def advice_of(event: Event) -> str | None:
    """Who must act, and what to do, in Vietnamese, where the detail is an error in English alone."""
    if event.name in _ADVICE:
        return _ADVICE[event.name]
    found = _ERROR.search(event.detail)
    if found is None or found[1] not in BY_CODE or "xử lý]" in event.detail:
        return None
    error = BY_CODE[found[1]]
    return f"{WHO_VI[error.who]} xử lý" if "{" in error.do_vi else f"{WHO_VI[error.who]} xử lý: {error.do_vi}"


_ADVICE: Final = {
    "status.illegal": "nơi báo trạng thái xử lý: xem lại trạng thái đã báo của văn bản này / "
    "whoever reported it acts: look again at the status that was reported of this document",
}
"""Of events whose detail is a code alone: in both languages."""
_ERROR: Final = re.compile(r"\[([a-z-]+); [a-z]+ acts\]")

NAMES: Final[Mapping[str, Label]] = {
    "submission.refused": Label("Gói của phần mềm bị từ chối", "A submission was refused"),
    "broker.away": Label("Không dùng được RabbitMQ", "RabbitMQ cannot be used"),
    "broker.changed": Label(
        "Vẫn không dùng được RabbitMQ, vì lý do khác", "RabbitMQ still cannot be used, for another cause"
    ),
    "broker.back": Label("RabbitMQ dùng lại được", "RabbitMQ can be used again"),
    "broker.interrupted": Label("RabbitMQ chập chờn", "RabbitMQ comes and goes"),
    "broker.revoked": Label("Chứng thư của RabbitMQ đã bị thu hồi", "The broker's certificate was revoked"),
    "dms.away": Label("Phần mềm văn bản không trả lời", "The document system is away"),
    "dms.changed": Label(
        "Phần mềm văn bản vẫn không trả lời, vì lý do khác", "The document system is still away, for another cause"
    ),
    "dms.back": Label("Phần mềm văn bản đã trở lại", "The document system is back"),
    "dms.interrupted": Label("Phần mềm văn bản chập chờn", "The document system comes and goes"),
    "dms.waiting": Label("Có thứ nằm lại ở phần mềm văn bản", "Something waits in the document system"),
    "dms.went-on": Label("Thứ nằm lại đã đi tiếp", "What waited there has gone on"),
    "store.away": Label("Không dùng được kho", "The store cannot be used"),
    "store.changed": Label(
        "Vẫn không dùng được kho, vì lý do khác", "The store still cannot be used, for another cause"
    ),
    "store.back": Label("Kho dùng lại được", "The store can be used again"),
    "store.interrupted": Label("Kho chập chờn", "The store comes and goes"),
    "blobs.away": Label("Không dùng được kho tệp lớn", "The place of large files is away"),
    "blobs.changed": Label(
        "Vẫn không dùng được kho tệp lớn, vì lý do khác", "The place of large files is still away, for another cause"
    ),
    "blobs.back": Label("Kho tệp lớn đã trở lại", "The place of large files is back"),
    "blobs.interrupted": Label("Kho tệp lớn chập chờn", "The place of large files comes and goes"),
    "blobs.looked-in-vain": Label("Nhiều lần không tìm thấy tệp lớn", "Large files were looked for in vain"),
    "directory.away": Label("Danh mục đã hết hạn", "The directory has expired"),
    "directory.changed": Label(
        "Danh mục vẫn hết hạn, vì lý do khác", "The directory is still out of date, for another cause"
    ),
    "directory.back": Label("Đã có danh mục còn hạn", "A directory in force is there again"),
    "directory.interrupted": Label("Danh mục lúc có lúc không", "The directory comes and goes"),
    "clock.away": Label("Đồng hồ máy này sai", "This machine's clock is wrong"),
    "clock.changed": Label(
        "Đồng hồ máy này vẫn sai, vì lý do khác", "This machine's clock is still wrong, for another cause"
    ),
    "clock.back": Label("Đồng hồ máy này đã đúng", "This machine's clock is right again"),
    "clock.interrupted": Label("Đồng hồ máy này lúc đúng lúc sai", "This machine's clock comes and goes"),
    "clock.jumped": Label("Đồng hồ máy này bị chỉnh", "This machine's clock was set"),
    "clock.doubted": Label("Đồng hồ máy này đáng ngờ", "This machine's clock is doubted"),
    "clock.skew": Label("Đồng hồ nơi gửi lệch", "A sender's clock differs"),
    "loop.away": Label("Một bước của tiến trình bị lỗi", "A step of the daemon fails"),
    "loop.changed": Label("Tiến trình vẫn lỗi, vì lý do khác", "The daemon still fails, for another cause"),
    "loop.back": Label("Bước bị lỗi đã chạy lại", "The step that failed works again"),
    "loop.interrupted": Label("Một bước lúc chạy lúc lỗi", "A step fails now and then"),
    "log.away": Label("Không ghi được nhật ký", "The log cannot be written"),
    "log.back": Label("Nhật ký ghi lại được", "The log can be written again"),
    "thread.ended": Label("Một luồng đã dừng", "A thread has ended"),
    "outbox.expired": Label("Hết giờ, chưa gửi được", "Not sent in time"),
    "outbox.told": Label("Đã báo phần mềm: không đến kịp, hoặc đã đến", "The system was told: too late, or there"),
    "outbox.refused": Label("Nơi nhận từ chối", "A recipient refused it"),
    "outbox.parked": Label("Ngừng gửi, chờ người xem", "Sending was given up; somebody must look"),
    "outbox.held-back": Label("Gửi chậm lại, nơi nhận giữ quá nhiều", "Held back: the recipient holds too much"),
    "outbox.held-after-all": Label("Đã đến, dù trước đó nói không", "It arrived after all"),
    "outbox.awaits-key": Label("Chờ khóa mới của nơi nhận", "A recipient's new key is awaited"),
    "outbox.sealed-again": Label("Niêm phong lại cho khóa mới", "Sealed again to a new key"),
    "outbox.retry": Label("Người vận hành cho gửi lại", "An operator had it tried again"),
    "outbox.release": Label("Người vận hành thả lại", "An operator released it"),
    "outbox.sent-again": Label("Gửi lại cho nơi chưa có", "Sent again to those who do not have it"),
    "outbox.withdrawn": Label("Người vận hành rút lại", "An operator withdrew it"),
    "receipt.missing": Label("Chưa có biên nhận, gửi lại", "No receipt yet; sent again"),
    "blob.asked-again": Label("Nơi nhận xin lại tệp lớn", "A recipient asks for a large file again"),
    "blob.asked-for": Label("Xin nơi gửi đưa lại tệp lớn", "The sender is asked for a large file"),
    "inbox.postponed": Label("Chưa lưu được, sẽ thử lại", "Not filed yet; tried again later"),
    "inbox.parked": Label("Ngừng lưu, chờ người xem", "Filing was given up; somebody must look"),
    "inbox.refused": Label("Từ chối bản tin đến", "A message that came was refused"),
    "inbox.duplicate": Label("Đã có, không lưu lần nữa", "Known already; not filed twice"),
    "inbox.expired": Label("Đến sau khi hết giờ", "It came after its time"),
    "inbox.not-opened": Label("Khóa đã rút, xin niêm phong lại", "Sealed to a withdrawn key"),
    "inbox.set-aside": Label("Bản tin hỏng, để riêng", "A bad message was set aside"),
    "inbox.undecodable": Label("Thuộc tính AMQP không giải mã được", "AMQP properties cannot be decoded"),
    "inbox.shared": Label("Hai tiến trình cùng nhận một hộp thư", "Two processes consume this inbox"),
    "inbox.retry": Label("Người vận hành cho lưu lại", "An operator had it tried again"),
    "inbox.release": Label("Người vận hành thả lại", "An operator released it"),
    "inbox.discard": Label("Người vận hành bỏ đi", "An operator discarded it"),
    "set-aside.dropped": Label("Quá nhiều bản tin hỏng, chỉ đếm", "Too many bad messages; only counted"),
    "status.illegal": Label("Trạng thái không hợp lệ lúc này", "A status that may not follow"),
    "status.orphan": Label("Trạng thái của văn bản chưa biết", "A status of an unknown document"),
    "arrival.unsent": Label("Không gửi được trạng thái 01", "Status 01 could not be sent"),
    "target.awaited": Label("Chờ văn bản mà nó sửa, thay, thu hồi", "The document that it changes is awaited"),
    "deadline.near": Label("Sắp đến hạn, chưa ai tiếp nhận", "Due soon, and not taken up"),
    "deadline.passed": Label("Quá hạn, chưa ai tiếp nhận", "Overdue, and not taken up"),
    "ending.soon": Label("Sắp hết hạn", "It ends soon"),
    "quota.nearly": Label("Gần hết hạn mức", "A quota is nearly used up"),
    "quota.over": Label("Quá hạn mức", "A quota is used up"),
    "quota.isolated": Label("Hộp thư bị tách riêng", "A mailbox was isolated"),
    "keys.unreadable": Label("Không đọc được khóa", "The keys cannot be read"),
    "directory.foreign-key": Label("Danh mục ghi khóa không phải của mình", "The directory lists a key not ours"),
    "directory.no-keys-of-ours": Label("Danh mục không có khóa của mình", "The directory lists no key of ours"),
    "directory.*": Label("Một bản danh mục không được nhận", "An edition of the directory was not taken"),
}
"""Each event's name in words; `x.*` of all others that begin so."""
