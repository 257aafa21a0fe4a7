"""The causes of alerts, as a table: who must act, what it is called, what is said of one subject, what to do.

Of queues and nodes the words are those of `lienthong queues` (bus/rabbit/admin/queue_faults.py). Here is nothing that
finds: find.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from bus.errors import Who
from bus.rabbit.admin.queue_faults import NO_FIGURES, every_fault
from schemas.clock import local
from schemas.codes import Label
from schemas.printable import printable

Facts: TypeAlias = Mapping[str, Any]
"""Of one alert, as JSON has them. A fact in two languages is {"vi": …, "en": …}; one whose name ends in `_at` is a time
in ISO 8601."""


class Source(StrEnum):
    """Where a cause is looked for. What could not be asked this time neither raises nor ends an alert."""

    RECORD = "record"
    """The ledger's own tables."""
    STREAM = "stream"
    """The reading of the audit streams."""
    BROKER = "broker"
    """Queues and nodes, by the management API."""
    DIRECTORY = "directory"
    """The signed directory in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    code: str
    source: Source
    who: Who
    title: Label
    """Of all alerts of this cause together."""
    text: Label
    """Of one subject; names its facts."""
    do: Label
    grave: bool = False
    """Somebody is kept waiting, or a proof is at stake."""
    patience: timedelta = timedelta(0)
    """How long it must last before anybody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One cause at one subject, now."""

    cause: str
    subject: str = ""
    """A mailbox, an agency, a queue, a node; "" for the ledger itself."""
    facts: Facts


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


_OF_THE_STREAM: Final = (
    Cause(
        code="ledger-behind",
        source=Source.STREAM,
        who=Who.OPERATOR,
        title=Label("Sổ cái đọc chậm", "The ledger is behind"),
        text=Label("{subject}: chậm {behind}", "{subject}: {behind} behind"),
        do=Label(
            "Xem tải của máy và cơ sở dữ liệu của sổ cái; trục không bị ảnh hưởng, sổ cái tự đọc bù.",
            "Look at the load of the ledger's machine and database; the road is not concerned, the ledger catches up.",
        ),
        patience=_minutes(5),
    ),
    Cause(
        code="ledger-cannot-read",
        source=Source.STREAM,
        who=Who.OPERATOR,
        title=Label("Sổ cái không đọc được sổ vết", "The ledger cannot read the audit stream"),
        text=Label("{subject}: không đọc được, chậm {behind}", "{subject}: cannot be read, {behind} behind"),
        do=Label(
            "Xem RabbitMQ có chạy không, người dùng ledger có quyền đọc không: lienthong topology plan.",
            "See whether RabbitMQ runs, and whether the user ledger may read: lienthong topology plan.",
        ),
        grave=True,
        patience=_minutes(5),
    ),
    Cause(
        code="broker-not-asked",
        source=Source.STREAM,
        who=Who.OPERATOR,
        title=Label("Không hỏi được RabbitMQ về hàng đợi", "RabbitMQ cannot be asked about its queues"),
        text=Label("{why}", "{why}"),
        do=Label(
            "Xem [management] trong tệp cấu hình của sổ cái: địa chỉ, mật khẩu, thẻ `monitoring`. Cảnh báo về hàng đợi "
            "giữ nguyên đến khi hỏi lại được.",
            "See [management] in the ledger's configuration: address, password, the tag `monitoring`. Alerts about "
            "queues stay as they are until it can be asked again.",
        ),
        grave=True,
        patience=_minutes(5),
    ),
    Cause(
        code="stream-recreated",
        source=Source.STREAM,
        who=Who.OPERATOR,
        title=Label("Sổ vết đã bị tạo lại", "An audit stream was made anew"),
        text=Label(
            "{subject}: được tạo lại trước {found_at}; bản tin chưa kịp đọc của sổ vết cũ không còn",
            "{subject}: made anew before {found_at}; what was not read of the old one is gone",
        ),
        do=Label(
            "Hỏi ai đã xóa sổ vết; văn bản không mất. Trạng thái thiếu: nhờ nơi gửi và nơi nhận gửi lại.",
            "Ask who deleted the stream; no document is lost. Statuses that lack: ask their mailboxes to send again.",
        ),
        grave=True,
    ),
    Cause(
        code="stream-cut",
        source=Source.STREAM,
        who=Who.OPERATOR,
        title=Label("Sổ vết đã bỏ phần chưa đọc", "An audit stream dropped what was not read"),
        text=Label(
            "{subject}: thấy lúc {found_at}; những bản tin cũ nhất chưa đọc không còn",
            "{subject}: found at {found_at}; the oldest messages that were not read are gone",
        ),
        do=Label(
            "Sổ cái dừng quá lâu, hoặc sổ vết quá nhỏ: tăng hạn mức của sổ vết.",
            "The ledger stood still for too long, or the stream is too small: give it more room.",
        ),
        grave=True,
    ),
)

_OF_THE_RECORD: Final = (
    Cause(
        code="unproven",
        source=Source.RECORD,
        who=Who.SENDER,
        title=Label("Chữ ký không đứng vững", "Signatures that do not stand"),
        text=Label(
            "Hộp thư {subject}: {count} bản tin trong 24 giờ, lần cuối {last_at}: {standing}",
            "Mailbox {subject}: {count} messages in 24 hours, the last at {last_at}: {standing}",
        ),
        do=Label(
            "Hỏi hộp thư đó: chứng thư đã hết hạn hay bị thu hồi, hay có kẻ dùng tài khoản đó. lienthong explain MÃ.",
            "Ask it: its certificate ended or was revoked, or its account is misused: lienthong explain CODE.",
        ),
        grave=True,
    ),
    Cause(
        code="not-folded",
        source=Source.RECORD,
        who=Who.OPERATOR,
        title=Label("Sổ cái không xử lý được bản tin", "Messages that the ledger could not work out"),
        text=Label(
            "Hộp thư {subject}: {count} bản tin hợp lệ trong 24 giờ, lần cuối {last_at}: chưa tính vào đâu",
            "Mailbox {subject}: {count} genuine messages in 24 hours, the last at {last_at}: counted nowhere yet",
        ),
        do=Label(
            "Lỗi của sổ cái: gửi nhật ký cho nơi làm phần mềm; nâng cấp xong chạy lienthong ledger rebuild.",
            "A defect of the ledger: send its log to the makers; when upgraded, lienthong ledger rebuild.",
        ),
        grave=True,
    ),
    Cause(
        code="no-receipt",
        source=Source.RECORD,
        who=Who.RECIPIENT,
        title=Label("Chưa có biên nhận", "No receipt came"),
        text=Label(
            "Hộp thư {subject}: {count} văn bản trong 30 ngày chưa có biên nhận, cũ nhất từ {oldest_at}",
            "Mailbox {subject}: {count} documents of 30 days without a receipt, the oldest since {oldest_at}",
        ),
        do=Label(
            "Gọi hộp thư đó: dịch vụ kết nối có chạy không, lienthong queues nói gì.",
            "Call that mailbox: does its adapter run, what does lienthong queues say.",
        ),
        grave=True,
    ),
    Cause(
        code="blobs-not-fetched",
        source=Source.RECORD,
        who=Who.RECIPIENT,
        title=Label("Tệp lớn chưa được tải về", "Large attachments not fetched"),
        text=Label(
            "Hộp thư {subject}: {count} văn bản có tệp lớn trong 30 ngày chưa có biên nhận, cũ nhất từ {oldest_at}",
            "Mailbox {subject}: {count} documents of 30 days with large attachments, not receipted since {oldest_at}",
        ),
        do=Label(
            "Hộp thư đó chạy lienthong transfers; nơi gửi giữ tệp đến khi có biên nhận.",
            "That mailbox runs lienthong transfers; the sender keeps the files until they are receipted.",
        ),
    ),
    Cause(
        code="silent",
        source=Source.RECORD,
        who=Who.SENDER,
        title=Label("Im lặng khác thường", "Unusually silent"),
        text=Label(
            "Đơn vị {subject}: gửi {count} văn bản ngày {day}, ngày này trong tuần thường là {habit}",
            "Agency {subject}: sent {count} documents on {day}; on that weekday it is {habit} by habit",
        ),
        do=Label(
            "Hỏi đơn vị đó: phần mềm văn bản còn đưa văn bản cho dịch vụ kết nối không.",
            "Ask that agency: does its document system still hand documents to its adapter.",
        ),
    ),
    Cause(
        code="refuses-much",
        source=Source.RECORD,
        who=Who.RECIPIENT,
        title=Label("Từ chối nhiều", "Refuses much"),
        text=Label(
            "Đơn vị {subject}: từ chối {refused} trên {received} văn bản trong 7 ngày, nhiều nhất vì {code}",
            "Agency {subject}: refused {refused} of {received} documents in 7 days, most of them for {code}",
        ),
        do=Label(
            "Xem lý do: lienthong explain MÃ; 02 là văn thư từ chối: hỏi đơn vị đó.",
            "See why: lienthong explain CODE; 02 is a clerk's refusal: ask that agency.",
        ),
    ),
    Cause(
        code="overdue",
        source=Source.RECORD,
        who=Who.RECIPIENT,
        title=Label("Việc quá hạn", "Overdue"),
        text=Label(
            "Đơn vị {subject}: {count} việc quá hạn, lâu nhất từ {oldest_at}",
            "Agency {subject}: {count} obligations overdue, the oldest since {oldest_at}",
        ),
        do=Label(
            "Đơn vị đó xem việc mình nợ: lienthong obligations ĐƠN-VỊ.",
            "That agency looks at what it owes: lienthong obligations AGENCY.",
        ),
    ),
    Cause(
        code="calendar-unconfirmed",
        source=Source.RECORD,
        who=Who.AUTHORITY,
        title=Label("Lịch làm việc chưa xác nhận", "A calendar is not confirmed"),
        text=Label(
            "Lịch năm {subject}: chưa xác nhận, hạn của năm đó chỉ tạm tính",
            "The calendar of {subject} is not confirmed: deadlines of that year are provisional",
        ),
        do=Label(
            "Khi Chính phủ đã quyết định ngày nghỉ: lienthong calendar confirm.",
            "Once the Government has decided on the days off: lienthong calendar confirm.",
        ),
    ),
)

_OF_THE_DIRECTORY: Final = (
    Cause(
        code="directory-ends",
        source=Source.DIRECTORY,
        who=Who.AUTHORITY,
        title=Label("Danh mục sắp hết hạn", "The directory ends"),
        text=Label("{what}: hết hạn {ends_at}", "{what}: ends at {ends_at}"),
        do=Label(
            "Ký và phát hành ấn bản mới, danh sách thu hồi mới: lienthong directory sign, ca crl.",
            "Sign and publish a new edition, a new revocation list: lienthong directory sign, ca crl.",
        ),
        grave=True,
    ),
    Cause(
        code="key-ends",
        source=Source.DIRECTORY,
        who=Who.OPERATOR,
        title=Label("Khóa, chứng thư sắp hết hạn", "Keys and certificates that end"),
        text=Label("Hộp thư {subject}: {what} hết hạn {ends_at}", "Mailbox {subject}: its {what} ends at {ends_at}"),
        do=Label(
            "Người vận hành hộp thư đó chạy lienthong keys rotate, gửi yêu cầu cho nơi cấp.",
            "Who runs that mailbox does lienthong keys rotate, and sends the request to the authority.",
        ),
        grave=True,
    ),
    Cause(
        code="version-lags",
        source=Source.DIRECTORY,
        who=Who.OPERATOR,
        title=Label("Phiên bản cũ", "Versions that lag"),
        text=Label(
            "Hộp thư {subject}: đọc đến bản {reads}, nơi khác đã đọc bản {newest}",
            "Mailbox {subject}: reads up to version {reads} of the format, others read {newest}",
        ),
        do=Label(
            "Người vận hành hộp thư đó nâng cấp, rồi trung tâm ghi versions vào danh mục.",
            "Who runs that mailbox upgrades it, then the centre writes its versions into the directory.",
        ),
    ),
)

_WHO: Final[Mapping[str, Who]] = {
    **dict.fromkeys(("nobody-reads", "full", "nearly-full", "stuck", "growing", "lane-unread"), Who.RECIPIENT),
    **dict.fromkeys(("isolated", "quota"), Who.SENDER),
}
"""Who acts on a fault of a queue; on any other who runs the broker."""
_GRAVE: Final = frozenset(
    {
        *("down", "nobody-reads", "full", "stuck", "node-down", "memory", "disk", "partition", "exchange-gone"),
        *("queue-gone", "binding-gone", "dead-full"),
    }
)
_PATIENCE: Final[Mapping[str, timedelta]] = {
    "nobody-reads": _minutes(5),  # an adapter that starts again
    "lane-unread": _minutes(5),
    "growing": _minutes(15),  # a busy morning
    "stuck": _minutes(5),
    "member-missing": _minutes(5),
    "node-down": _minutes(1),
    "no-guard": _minutes(5),
}
OLD: Final = "queue-old"
FAULT: Final = "queue."
"""Before the code of a queue's or node's fault."""

_OF_THE_BROKER: Final = (
    Cause(
        code=OLD,
        source=Source.BROKER,
        who=Who.RECIPIENT,
        title=Label("Thư chờ lâu trong hàng đợi", "Mail waits long in a queue"),
        text=Label("{subject}: thư cũ nhất {age}", "{subject}: the oldest message {age}"),
        do=Label(
            "Gọi hộp thư đó: dịch vụ kết nối có đọc không, phần mềm văn bản có nhận không.",
            "Call that mailbox: does its adapter read, does its document system take what comes.",
        ),
        patience=_minutes(5),
    ),
    *(
        Cause(
            code=f"{FAULT}{fault.code}",
            source=Source.BROKER,
            who=_WHO.get(fault.code, Who.OPERATOR),
            title=Label(*(words[:1].upper() + words[1:] for words in fault.text)),
            text=Label("{what}", "{what}"),
            do=fault.remedy,
            grave=fault.code in _GRAVE,
            patience=_PATIENCE.get(fault.code, timedelta(0)),
        )
        for fault in every_fault()
        if fault.code != NO_FIGURES
    ),
)

CAUSES: Final[Mapping[str, Cause]] = {
    cause.code: cause for cause in (*_OF_THE_STREAM, *_OF_THE_RECORD, *_OF_THE_DIRECTORY, *_OF_THE_BROKER)
}
"""By code, in the order in which they are told."""


def sentence(cause: Cause, *, subject: str, facts: Facts) -> Label:
    """What is said of one subject, in both languages."""
    return _filled(cause.text, {"subject": subject, **facts})


def both(vi: str, en: str) -> dict[str, str]:
    """A fact in two languages."""
    return {"vi": vi, "en": en}


def _filled(words: Label, facts: Facts) -> Label:
    vi, en = (_Told({name: _told(name, fact, language) for name, fact in facts.items()}) for language in ("vi", "en"))
    return Label(printable(words.vi.format_map(vi)), printable(words.en.format_map(en)))


def _told(name: str, fact: Any, language: str) -> str:
    if isinstance(fact, Mapping):
        return str(fact.get(language, ""))
    if name.endswith("_at") and fact is not None:
        return local(datetime.fromisoformat(fact))
    return str(fact)


class _Told(dict[str, str]):
    def __missing__(self, key: str) -> str:
        """A fact that an alert of an earlier version does not have."""
        return "…"


def names_in(cause: Cause) -> frozenset[str]:
    """The facts that its sentences name, beside its subject."""
    return frozenset(re.findall(r"\{(\w+)", "".join(cause.text))) - {"subject"}
