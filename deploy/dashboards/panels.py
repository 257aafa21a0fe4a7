"""What the dashboards show, as a table: each panel with its queries. Grafana's library is in build.py."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.codes import Label


class Kind(StrEnum):
    LINES = "lines"
    NUMBER = "number"
    TABLE = "table"


class Unit(StrEnum):
    """Grafana's names."""

    COUNT = "short"
    SECONDS = "s"
    BYTES = "bytes"
    RATE = "ops"
    BYTES_RATE = "Bps"
    SHARE = "percentunit"
    YES_NO = "bool_yes_no"


@dataclass(frozen=True, slots=True)
class Query:
    expression: str
    legend: str = ""
    """`{{mailbox}}`; empty: all labels."""


@dataclass(frozen=True, slots=True)
class Panel:
    title: Label
    help: Label
    """What a figure that is out of order means."""
    queries: tuple[Query, ...]
    unit: Unit = Unit.COUNT
    kind: Kind = Kind.LINES
    bad_from: float | None = None
    """Red from this value on."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    uid: str
    title: Label
    rows: tuple[tuple[Label, tuple[Panel, ...]], ...]
    variable: tuple[str, str] | None = None
    """Name, and the query of its values."""


_MAILBOX: Final = '{mailbox=~"$mailbox"}'

_ALERTS: Final = (
    Panel(
        Label("Cảnh báo đang có", "Open alerts"),
        Label("Chi tiết: lienthong alerts list.", "In full: lienthong alerts list."),
        (Query("sum by (cause, who) (lienthong_ledger_alerts)", "{{cause}} ({{who}})"),),
        kind=Kind.TABLE,
    ),
    Panel(
        Label("Tin cảnh báo chưa gửi được", "Alerts not sent yet"),
        Label("Lâu hơn nửa giờ: xem máy chủ thư.", "For more than half an hour: look at the mail server."),
        (Query("lienthong_ledger_notices_waiting"),),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
    Panel(
        Label("Lần tìm cảnh báo gần nhất", "Last look for alerts"),
        Label("Quá 15 phút: sổ cái không tìm nữa.", "Over 15 minutes: the ledger looks no more."),
        (Query("lienthong_ledger_looked_seconds"),),
        unit=Unit.SECONDS,
        kind=Kind.NUMBER,
        bad_from=900,
    ),
)
_READING: Final = (
    Panel(
        Label("Sổ cái chậm", "The ledger is behind"),
        Label("Tuổi của bản tin chưa đọc cũ nhất.", "Age of the oldest message that is not read."),
        (Query("lienthong_ledger_behind_seconds", "{{stream}}"),),
        unit=Unit.SECONDS,
        bad_from=300,
    ),
    Panel(
        Label("Bản tin mỗi giây", "Messages a second"),
        Label(
            "genuine là chữ ký đứng vững; mã khác là lý do không.",
            "genuine: the signature stands; any other code says why not.",
        ),
        (Query("lienthong:ledger_events:rate5m", "{{standing}}"),),
        unit=Unit.RATE,
    ),
    Panel(
        Label("Sổ vết bị tạo lại, bị cắt", "Streams made anew, cut"),
        Label("Tăng là có phần chưa đọc đã mất.", "Growing: something that was not read is lost."),
        (
            Query("sum(lienthong_ledger_recreated_total)", "recreated"),
            Query("sum(lienthong_ledger_cut_total)", "cut"),
        ),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
)
_OWED: Final = (
    Panel(
        Label("Việc đang nợ", "What is owed"),
        Label("overdue là quá hạn, provisional là hạn tạm tính.", "overdue; provisional: of an unconfirmed calendar."),
        (Query("lienthong_ledger_obligations", "{{state}}"),),
    ),
    Panel(
        Label("Tỷ lệ quá hạn", "Overdue share"),
        Label("Trên số việc đang nợ.", "Of what is owed."),
        (Query("lienthong:ledger_overdue:ratio"),),
        unit=Unit.SHARE,
        kind=Kind.NUMBER,
        bad_from=0.2,
    ),
    Panel(
        Label("Văn bản chưa có biên nhận cũ nhất", "Oldest document without a receipt"),
        Label("Quá một ngày: hộp thư nơi nhận có chuyện.", "Over a day: something is wrong at a recipient's mailbox."),
        (Query("lienthong_ledger_oldest_unreceipted_seconds"),),
        unit=Unit.SECONDS,
        kind=Kind.NUMBER,
        bad_from=86400,
    ),
    Panel(
        Label("Còn bao lâu thì hết hạn", "Time until it ends"),
        Label(
            "Danh mục, danh sách thu hồi, khóa hết hạn sớm nhất.",
            "The directory, revocation lists, the key that ends first.",
        ),
        (Query("lienthong_ledger_ends_in_seconds", "{{what}}"),),
        unit=Unit.SECONDS,
        kind=Kind.TABLE,
    ),
)

CENTRE: Final = Dashboard(
    uid="lienthong-centre",
    title=Label("Liên thông: trung tâm", "Liên thông: the centre"),
    rows=(
        (Label("Cần người xử lý", "What needs a person"), _ALERTS),
        (Label("Sổ cái", "The ledger"), _READING),
        (Label("Nợ và hạn", "Owed and due"), _OWED),
    ),
)

_ROAD: Final = (
    Panel(
        Label("Trên đường", "On the road"),
        Label("Bản tin mỗi giây, theo việc đã xong.", "Messages a second, by what happened to them."),
        (Query(f"sum by (step) (rate(lienthong_road_total{_MAILBOX}[5m]))", "{{step}}"),),
        unit=Unit.RATE,
    ),
    Panel(
        Label("Đang chờ", "Waiting"),
        Label("Chờ gửi, chờ phát vào phần mềm văn bản.", "To be sent, to be filed in the document system."),
        (Query(f"lienthong:waiting:sum{_MAILBOX}", "{{mailbox}} {{box}}"),),
    ),
    Panel(
        Label("Bản tin chờ lâu nhất", "Longest wait"),
        Label("Quá một giờ: lienthong outbox list, inbox list.", "Over an hour: lienthong outbox list, inbox list."),
        (Query(f"lienthong_oldest_waiting_seconds{_MAILBOX}", "{{mailbox}} {{box}}"),),
        unit=Unit.SECONDS,
        bad_from=3600,
    ),
    Panel(
        Label("Tệp lớn", "Large attachments"),
        Label("Byte mỗi giây, gửi đi và lấy về.", "Bytes a second, sent and fetched."),
        (Query(f"sum by (direction) (rate(lienthong_blob_bytes_total{_MAILBOX}[5m]))", "{{direction}}"),),
        unit=Unit.BYTES_RATE,
    ),
)
_TROUBLE: Final = (
    Panel(
        Label("Mất kết nối với RabbitMQ", "Without RabbitMQ"),
        Label("Những hộp thư đang mất kết nối.", "Mailboxes that have lost it."),
        (Query(f"count(lienthong_link_up{_MAILBOX} == 0) or vector(0)"),),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
    Panel(
        Label("Chờ người xử lý", "Parked"),
        Label("lienthong outbox list --state parked.", "lienthong outbox list --state parked."),
        (Query(f"sum(lienthong:parked:sum{_MAILBOX}) or vector(0)"),),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
    Panel(
        Label("Việc không chạy được", "Loops that fail"),
        Label("/healthz nói vì sao.", "/healthz says why."),
        (Query(f"count(lienthong_loop_failing{_MAILBOX} == 1) or vector(0)"),),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
    Panel(
        Label("Không tự đi tiếp trong phần mềm văn bản", "Stuck in the document system"),
        Label("/healthz nêu từng việc.", "/healthz names each."),
        (Query(f"sum(lienthong_troubles{_MAILBOX})"),),
        kind=Kind.NUMBER,
        bad_from=1,
    ),
    Panel(
        Label("Hạn mức đã dùng", "Quota in use"),
        Label("Phần lớn nhất, gửi đi và đang giữ.", "The largest share, sent and held."),
        (Query(f"max by (mailbox, side) (lienthong_quota_used_ratio{_MAILBOX})", "{{mailbox}} {{side}}"),),
        unit=Unit.SHARE,
        bad_from=0.8,
    ),
    Panel(
        Label("Ấn bản danh mục", "Edition of the directory"),
        Label("Khác nhau lâu: có nơi không nhận ấn bản mới.", "Different for long: somebody does not take the newest."),
        (Query(f"lienthong_directory_version{_MAILBOX}", "{{mailbox}}"),),
    ),
)
_PROCESS: Final = (
    Panel(
        Label("Bộ nhớ", "Memory"),
        Label("Của từng tiến trình.", "Of each process."),
        (Query('process_resident_memory_bytes{job=~"lienthong.*"}', "{{instance}}"),),
        unit=Unit.BYTES,
    ),
    Panel(
        Label("Bộ xử lý", "Processor"),
        Label("1 là trọn một lõi.", "1 is a whole core."),
        (Query('rate(process_cpu_seconds_total{job=~"lienthong.*"}[5m])', "{{instance}}"),),
    ),
    Panel(
        Label("Tệp đang mở, trên số được mở", "Open files, of what it may"),
        Label("Gần 1: nâng LimitNOFILE.", "Near 1: raise LimitNOFILE."),
        (Query('process_open_fds{job=~"lienthong.*"} / process_max_fds', "{{instance}}"),),
        unit=Unit.SHARE,
        bad_from=0.8,
    ),
    Panel(
        Label("Luồng đã dừng", "Threads that ended"),
        Label("Khác 0: khởi động lại, gửi nhật ký.", "Not 0: restart it, and send its log."),
        (Query("lienthong_threads_expected - lienthong_threads_alive", "{{instance}}"),),
        bad_from=1,
    ),
)

MAILBOXES: Final = Dashboard(
    uid="lienthong-mailboxes",
    title=Label("Liên thông: hộp thư", "Liên thông: mailboxes"),
    rows=(
        (Label("Trên đường", "The road"), _ROAD),
        (Label("Trục trặc", "Trouble"), _TROUBLE),
        (Label("Tiến trình", "Processes"), _PROCESS),
    ),
    variable=("mailbox", "label_values(lienthong_link_up, mailbox)"),
)

_NODES: Final = (
    Panel(
        Label("Bộ nhớ, trên mức báo động", "Memory, of the alarm's level"),
        Label("Từ 1 không ai gửi được.", "From 1 on nobody can publish."),
        (Query("rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes", "{{instance}}"),),
        unit=Unit.SHARE,
        bad_from=0.85,
    ),
    Panel(
        Label("Đĩa còn lại", "Disk left"),
        Label("Dưới mức báo động không ai gửi được.", "Below the alarm's level nobody can publish."),
        (
            Query("rabbitmq_disk_space_available_bytes", "{{instance}}"),
            Query("rabbitmq_disk_space_available_limit_bytes", "báo động / alarm {{instance}}"),
        ),
        unit=Unit.BYTES,
    ),
    Panel(
        Label("Tệp đang mở, trên số được mở", "Open files, of what it may"),
        Label("Gần 1: nâng LimitNOFILE.", "Near 1: raise LimitNOFILE."),
        (Query("rabbitmq_process_open_fds / rabbitmq_process_max_fds", "{{instance}}"),),
        unit=Unit.SHARE,
        bad_from=0.8,
    ),
    Panel(
        Label("Báo động", "Alarms"),
        Label("1: nút không nhận gì nữa.", "1: the node takes nothing more."),
        (
            Query("rabbitmq_alarms_memory_used_watermark", "memory {{instance}}"),
            Query("rabbitmq_alarms_free_disk_space_watermark", "disk {{instance}}"),
            Query("rabbitmq_alarms_file_descriptor_limit", "files {{instance}}"),
        ),
        bad_from=1,
    ),
    Panel(
        Label("Kết nối", "Connections"),
        Label("Mở ra liên tục: có nơi chập chờn.", "Opened again and again: somebody comes and goes."),
        (
            Query("rabbitmq_connections", "{{instance}}"),
            Query("rate(rabbitmq_connections_opened_total[5m])", "mở mỗi giây / opened a second {{instance}}"),
        ),
    ),
)
_QUEUES: Final = (
    Panel(
        Label("Inbox đầy nhất", "Fullest inboxes"),
        Label("Dồn lại: hộp thư đó đọc chậm.", "Growing: that mailbox reads slowly."),
        (Query("topk(10, lienthong:inbox_messages:sum)", "{{mailbox}}"),),
    ),
    Panel(
        Label("Inbox không ai đọc", "Inboxes that nobody reads"),
        Label("Có thư mà không ai đọc: gọi hộp thư đó.", "With mail in it: call that mailbox."),
        (Query("count(lienthong:inbox_consumers:sum == 0) or vector(0)"),),
        kind=Kind.NUMBER,
    ),
    Panel(
        Label("Thư chết", "Dead letters"),
        Label("lienthong dead list.", "lienthong dead list."),
        (Query("lienthong:dead_messages:sum", "{{queue}}"),),
        bad_from=1,
    ),
    Panel(
        Label("Bản tin mỗi giây", "Messages a second"),
        Label("Vào, và đã có nơi nhận xác nhận.", "In, and acknowledged by their recipients."),
        (
            Query("sum(rate(rabbitmq_global_messages_received_total[5m]))", "vào / in"),
            Query("sum(rate(rabbitmq_global_messages_acknowledged_total[5m]))", "xác nhận / acknowledged"),
        ),
        unit=Unit.RATE,
    ),
    Panel(
        Label("Không nơi nhận", "Without a way"),
        Label("lienthong topology plan.", "lienthong topology plan."),
        (
            Query("sum(rate(rabbitmq_global_messages_unroutable_dropped_total[5m]))", "bỏ / dropped"),
            Query("sum(rate(rabbitmq_global_messages_unroutable_returned_total[5m]))", "trả / returned"),
        ),
        unit=Unit.RATE,
        bad_from=0.001,
    ),
)

RABBITMQ: Final = Dashboard(
    uid="lienthong-rabbitmq",
    title=Label("Liên thông: RabbitMQ", "Liên thông: RabbitMQ"),
    rows=((Label("Nút", "Nodes"), _NODES), (Label("Hàng đợi", "Queues"), _QUEUES)),
)

DASHBOARDS: Final = (CENTRE, MAILBOXES, RABBITMQ)
