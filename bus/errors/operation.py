"""Errors about what an operator configures or asks for."""

from typing import Final

from bus.errors.base import Refused, Who
from bus.errors.words import Words


class BadConfig(Refused):
    code, who = "bad-config", Who.OPERATOR
    means_vi = "Một tệp, một cài đặt hoặc một lựa chọn của lệnh không dùng được."
    means_en = "A file, a setting or an option of a command is of no use as it is."
    vi, en = "Không dùng được {file}: {why}.", "{file} cannot be used: {why}."
    do_vi, do_en = "Người vận hành sửa điều đó rồi chạy lại.", "Mend that and start again."


class NoSuchMessage(Refused):
    code, who = "no-such-message", Who.OPERATOR
    means_vi = "Trong kho này không có bản tin hoặc văn bản mang mã đó."
    means_en = "No message or document in this store has that id."
    vi, en = "Không có {message} trong {box}.", "There is no {message} in {box}."
    do_vi = "Xem danh sách để lấy đúng mã: lienthong inbox list, lienthong outbox list."
    do_en = "Look for the right id: lienthong inbox list, lienthong outbox list."

    def __init__(self, **facts: object) -> None:
        lists = _LISTS.get(str(facts.get("box")), "dead list")
        vi, en = f"Xem danh sách để lấy đúng mã: lienthong {lists}.", f"Look for the right id: lienthong {lists}."
        super().__init__(**{"do": Words(vi, en), **facts})


_LISTS: Final = {"outbox": "outbox list", "inbox": "inbox list", "trace": "documents", "the ledger": "ledger list"}
"""Which list has the ids of each place; the queues of what is dead have their own."""


class AmbiguousId(Refused):
    code, who = "ambiguous-id", Who.OPERATOR
    means_vi = "Phần đã gõ có thể là mã của nhiều bản tin hoặc văn bản."
    means_en = "What was typed may stand for several messages or documents."
    vi, en = "“{given}” có thể là: {candidates}.", "“{given}” may be any of these: {candidates}."
    do_vi, do_en = "Ghi dài thêm cho rõ là mã nào.", "Write more of the one that is meant."


class NotPossible(Refused):
    code, who = "not-possible", Who.OPERATOR
    means_vi = "Không làm được việc đó với một bản tin đang ở trạng thái này."
    means_en = "The message's state does not allow what was asked."
    vi = "Không thể {verb} bản tin {message}: {state}."
    en = "Cannot {verb} message {message}: it is {state}."
    do_vi = "Xem trạng thái của nó: lienthong inbox show, lienthong outbox show."
    do_en = "Look at its state: lienthong inbox show, lienthong outbox show."

    def __init__(self, **facts: object) -> None:
        for name in facts.keys() & {"verb", "state"}:
            text = str(facts[name])
            facts[name] = Words(_IN_VIETNAMESE.get(text, text), text)
        super().__init__(**facts)


_IN_VIETNAMESE: Final = {
    "retry": "thử lại",
    "release": "thả lại",
    "withdraw": "rút lại",
    "discard": "bỏ",
    "uploading": "đang tải tệp lớn lên",
    "fetching": "đang tải tệp lớn về",
    "fetched": "đã tải xong tệp lớn, chờ xử lý",
    "waiting": "đang chờ",
    "sent": "đã gửi đi",
    "parked": "đang dừng, chờ người xử lý",
    "refused": "đã bị từ chối",
    "cancelled": "đã bỏ",
    "done": "đã xong",
}
"""What was asked, and the states of entries (bus/handling/transport.py)."""
