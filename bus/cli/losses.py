"""How the report of a recovery is shown: what is missing, and what an operator does about it, in the order of doing."""

from pathlib import Path
from typing import Any, Final

from bus.cli.output import emit, text
from bus.ports.records import Box
from bus.store.losses import Losses, LostMessage, Remedy
from schemas.values import VIETNAM, MailboxCode

MISSING: Final = 3
"""Exit code of commands that find something missing."""

SHOWN: Final = 20
"""Messages named to people; JSON names all."""

_TABLES: Final = {
    "outbox": ("bản tin đi", "messages to send"),
    "inbox": ("bản tin đến", "messages received"),
    "outbox_body": ("nội dung bản tin đi", "bodies of messages to send"),
    "inbox_body": ("nội dung bản tin đến", "bodies of messages received"),
    "outbox_recipient": ("nơi nhận của bản tin đi", "recipients, with what they answered"),
    "outbox_blob": ("tệp lớn gửi đi", "large attachments to send"),
    "inbox_blob": ("tệp lớn nhận về", "large attachments received"),
    "outbox_segment": ("đoạn của tệp lớn gửi đi", "segments to send"),
    "inbox_segment": ("đoạn của tệp lớn nhận về", "segments received"),
    "outbox_transfer": ("tiến độ gửi tệp lớn", "how far uploads were"),
    "inbox_transfer": ("tiến độ nhận tệp lớn", "how far downloads were"),
    "dossier": ("hồ sơ theo dõi văn bản", "dossiers of documents"),
    "status": ("dòng lịch sử trạng thái", "lines of status history"),
    "event": ("sự kiện", "events"),
}


def plain(losses: Losses) -> dict[str, Any]:
    return {**losses.model_dump(), "complete": losses.is_complete}


def emit_rows(losses: Losses) -> None:
    out, into = losses.rows[Box.OUT], losses.rows[Box.IN]
    emit(
        f"Đã cứu được {out} bản tin đi, {into} bản tin đến. /",
        f"Recovered: {out} messages to send, {into} received.",
        "Tệp hỏng được giữ lại / The damaged file is kept:",
        f"  {losses.kept}",
    )


def emit_losses(losses: Losses) -> None:
    if losses.made:
        emit("Dựng lại từ những gì còn / Made anew from what is left:", *_counted(losses.made))
    if losses.lost:
        emit("Mất / Lost:", *_counted(losses.lost))
    if losses.perhaps:
        emit("Có thể mất thêm, nhiều nhất / Perhaps lost, at most:", *_counted(losses.perhaps))
    if losses.open_ended:
        emit("Mất phần cuối, không rõ bao nhiêu / The end is lost, nobody knows how much:")
        emit(
            *(f"  {_name(table)}" for table in losses.open_ended),
            "  Bản tin nào cần chúng thì có tên, hoặc nằm trong khoảng thời gian, ở các bước",
            "  dưới đây; ngoài các bước ấy không phải làm gì. /",
            "  Messages that need them are named, or are of a stretch of time, in the steps",
            "  below; beyond those steps nothing is to be done.",
        )
    if losses.documents:
        emit(
            "Văn bản mất một phần lịch sử trạng thái /",
            "Documents that lost part of their status history:",
            *_some([f"  {each}" for each in losses.documents]),
        )


def _counted(rows: dict[str, int]) -> list[str]:
    return [f"  {count:>6} {_name(table)}" for table, count in rows.items()]


def _name(table: str) -> str:
    vi, en = _TABLES[table]
    return f"{vi} / {en}"


def emit_remedies(losses: Losses, *, mailbox: MailboxCode, config: Path) -> None:
    number = 1
    if losses.replay:
        since, until = (
            f"{each.astimezone(VIETNAM):%Y-%m-%dT%H:%M:%S}" for each in (losses.replay.since, losses.replay.until)
        )
        emit(
            f"{number}. Người quản trị trục chạy lệnh này; cái đã có không vào sổ lần hai. /",
            "   The operator of the bus runs this; what is there is not filed twice:",
            f"     lienthong audit replay {mailbox} \\",
            f"       --since {since} --until {until}",
            *_named(losses.of(Remedy.REPLAY)),
        )
        number += 1
    if losses.resend:
        emit(
            f"{number}. Đặt lại từ sent/ vào outgoing/ các gói tin đã gửi trong khoảng sau;",
            "   cái kho còn biết không gửi lần hai. /",
            "   Put the packages that were sent in this stretch from sent/ into outgoing/",
            "   again; what the store still knows is not sent twice:",
            f"     {text(losses.resend.since)} – {text(losses.resend.until)}",
            *_named(losses.of(Remedy.RESEND)),
        )
        number += 1
    if rest := losses.of(Remedy.NONE):
        emit("   Không phải làm gì với / Nothing is to be done about:", *_named(rest))
    emit(
        f"{number}. Xong thì báo, đến lúc đó /healthz còn báo hỏng. /",
        "   Say when it is done; until then /healthz fails:",
        f"     lienthong store losses -c {config} --done",
    )


def _named(messages: tuple[LostMessage, ...]) -> list[str]:
    return _some([f"       {each.message or '?'}  {' '.join(_facts(each))}" for each in messages])


def _facts(each: LostMessage) -> list[str]:
    return [fact for fact in (each.kind, each.state, each.document) if fact]


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], f"       … {more} nữa / more: --json"]
