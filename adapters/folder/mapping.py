"""The texts of the folders: packages' errors as the bus's errors, and the texts that lie beside a package. Pure."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.folder.names import in_vietnam, shown
from bus.errors import WHO_VI, BadPackage, BusError, HeldAfterAll, NotInTime, StateSecret, Withdrawn
from bus.ports import Answer, Bounce, Filing, Report, Trouble
from schemas.codes import Label, StatusCode
from schemas.document import Document
from schemas.edxml import Departure, PackageRefused
from schemas.printable import cell, printable
from schemas.status import Status
from schemas.values import MessageId

_TAG = rb"</(?:[\w.-]+:)?edXML\s*>"
_END = re.compile(_TAG + rb"\s*\Z", re.IGNORECASE)
_ENDED = re.compile(_TAG, re.IGNORECASE)
TAIL = 4096
"""Bytes at the end of a file in which `</edXML>` must stand; some software leaves bytes behind it."""


def unfinished(data: bytes) -> bool:
    """Returns whether a package stops before its end: its writer may still be at work."""
    return not _END.search(data[-128:].replace(b"\0", b""))  # UTF-16 has an end, a run of zeros has none


def ended(tail: bytes) -> bool:
    """Returns whether `</edXML>` is in the last bytes of a package, whatever follows it."""
    return _ENDED.search(tail.replace(b"\0", b"")) is not None


_UNREMARKABLE = frozenset({"signature-absent"})
"""Departures of almost every package in use: reporting them beside each package would hide the others."""


def remarkable(departures: Sequence[Departure]) -> tuple[Departure, ...]:
    return tuple(departure for departure in departures if departure.rule not in _UNREMARKABLE)


def refusal(name: str, refused: PackageRefused) -> BusError:
    if refused.rule == "state-secret":
        return StateSecret(document=shown(name), marking=refused.found)
    return BadPackage(
        path=refused.path,
        why=refused.why,
        why_vi=refused.why_vi,
        remedy=refused.remedy,
        remedy_vi=refused.remedy_vi,
    )


def reason(name: str, error: BusError, departures: Sequence[Departure], at: datetime) -> bytes:
    """Returns the text of the `.reason` beside a package that was never sent."""
    vi = [
        f"Gói tin: {shown(name)}",
        f"Không gửi đi, lúc: {_moment(at)}",
        f"Nơi phải xử lý: {WHO_VI[error.who]}",
        error.in_vietnamese(),
        "Chưa gửi đến nơi nào, kể cả các nơi nhận khác trong gói.",
        "Khi không còn vướng thì đặt gói tin vào outgoing/ để gửi lại; gấp thì gửi bằng đường khác.",
        *_forgiven_vi(departures),
    ]
    en = [
        f"Package: {shown(name)}",
        f"Not sent, at: {_moment(at)}",
        f"Who must act: {error.who}",
        error.in_english(),
        "It was sent to nobody, not to the other recipients in it either.",
        "Once that is mended, put the package into outgoing/ to send it again; if it is urgent, send it another way.",
        *_forgiven_en(departures),
    ]
    return _text(vi, en)


def bounce_reason(name: str, bounce: Bounce) -> bytes:
    """Returns the text of the `.reason` for a package that was sent and that one recipient's adapter refused, or did
    not confirm in time."""
    document = bounce.document.id if bounce.document else "?"
    refused = not isinstance(bounce.error, NotInTime | HeldAfterAll | Withdrawn)
    which_vi = f"Bị hộp thư {bounce.mailbox} từ chối" if refused else f"Hộp thư nhận {bounce.mailbox}"
    which = f"Refused by mailbox {bounce.mailbox}" if refused else f"Recipient mailbox {bounce.mailbox}"
    vi = [
        f"Gói tin: {shown(name)} (đã chuyển vào sent/)",
        f"Văn bản: {document}",
        f"Bản tin: {bounce.message}",
        f"{which_vi}, lúc: {_moment(bounce.at)}",
        f"Nơi phải xử lý: {WHO_VI[bounce.error.who]}",
        bounce.error.in_vietnamese(),
        "Các nơi nhận khác không bị ảnh hưởng.",
    ]
    en = [
        f"Package: {shown(name)} (it lies in sent/)",
        f"Document: {document}",
        f"Message: {bounce.message}",
        f"{which}, at: {_moment(bounce.at)}",
        f"Who must act: {bounce.error.who}",
        bounce.error.in_english(),
        "The other recipients are not concerned.",
    ]
    return _text(vi, en)


def withdrawn(name: str, bounces: Sequence[Bounce]) -> bytes:
    """Returns the text of the `.withdrawn` beside a package in `sent/`: `bounces` of its one message, one for each
    mailbox."""
    first = bounces[0]
    document = first.document.id if first.document else "?"
    mailboxes = ", ".join(sorted({bounce.mailbox for bounce in bounces}))
    error = Withdrawn(document=document, mailbox=mailboxes)
    vi = [
        f"Gói tin: {shown(name)}",
        f"Bản tin: {first.message}",
        f"Đã rút lúc: {_moment(first.at)}",
        f"Nơi phải xử lý: {WHO_VI[error.who]}",
        error.in_vietnamese(),
        "Cần gửi thì đặt lại gói tin vào outgoing/.",
    ]
    en = [
        f"Package: {shown(name)}",
        f"Message: {first.message}",
        f"Withdrawn at: {_moment(first.at)}",
        f"Who must act: {error.who}",
        error.in_english(),
        "To send it, put the package into outgoing/ again.",
    ]
    return _text(vi, en)


def held_after_all(bounce: Bounce) -> bytes:
    """Returns what stands at the head of a `.withdrawn` once it is known that a recipient has the package."""
    at = _moment(bounce.at)
    vi = [f"CẬP NHẬT, lúc: {at}", bounce.error.in_vietnamese()]
    return _text(vi, [f"CORRECTED, at: {at}", bounce.error.in_english(), "", "-" * 60])


def again(name: str, answer: Answer, at: datetime) -> bytes:
    """Returns the text of the `.again` beside a package that had been sent before and goes once more, to those who do
    not have it."""
    to, held, under_way = map(", ".join, (answer.again_to, answer.held_by, answer.under_way_to))
    vi = [
        f"Gói tin: {shown(name)}",
        f"Bản tin: {answer.message}",
        f"Gói tin này đã gửi trước đây. Gửi lại lúc {_moment(at)}, chỉ đến nơi chưa có: {to}",
        *([f"Đã có, không gửi lại: {held}"] if held else []),
        *([f"Đang trên đường gửi đến: {under_way}"] if under_way else []),
    ]
    en = [
        f"Package: {shown(name)}",
        f"Message: {answer.message}",
        f"This package was sent before. Sent again at {_moment(at)}, only to who does not have it: {to}",
        *([f"Has it, not sent again: {held}"] if held else []),
        *([f"On its way already to: {under_way}"] if under_way else []),
    ]
    return _text(vi, en)


def not_again(name: str, answer: Answer, at: datetime) -> bytes:
    """Returns the text of the `.again` beside a package that had been sent before and is not sent once more."""
    held, under_way = map(", ".join, (answer.held_by, answer.under_way_to))
    vi = [
        f"Gói tin: {shown(name)}",
        f"Gói tin này đã gửi trước đây (bản tin {answer.message}). Lúc {_moment(at)} KHÔNG gửi lần nữa.",
        *([f"Đã có: {held}"] if held else []),
        *([f"Đang trên đường gửi đến, trục tự gửi cho đến khi được: {under_way}"] if under_way else []),
        "Vẫn cần gửi lần nữa thì sửa một chỗ trong gói (ví dụ trích yếu), hoặc gửi bản thay thế.",
    ]
    en = [
        f"Package: {shown(name)}",
        f"This package was sent before (message {answer.message}). At {_moment(at)} it was NOT sent once more.",
        *([f"Has it: {held}"] if held else []),
        *([f"On its way, and tried until it is there: {under_way}"] if under_way else []),
        "To send it once more all the same, change something in it, such as its subject, or send a replacement.",
    ]
    return _text(vi, en)


REGISTER = "messages.tsv"
"""The register of one month of `sent/`: the message of each package. One file a month: a file for each package would
double the work of sending."""
REGISTER_HEAD = "accepted_at\tpackage\tmessage\tduplicate\n"


class Line(NamedTuple):
    """One package in the register. `text` is the whole line."""

    package: str
    message: str
    is_duplicate: bool
    text: str


def registered(name: str, answer: Answer, at: datetime) -> Line:
    """Returns a package's line in the register."""
    moment, package = in_vietnam(at).isoformat(timespec="seconds"), cell(shown(name))
    again = "duplicate" if answer.duplicate else ""
    if answer.again_to:
        again = f"again to {' '.join(answer.again_to)}"
    elif answer.duplicate and answer.under_way_to:
        again = f"duplicate, under way to {' '.join(answer.under_way_to)}"
    text = f"{moment}\t{package}\t{answer.message}\t{cell(again)}\n"
    return Line(package, str(answer.message), answer.duplicate, text)


ABOUT_SENT = """\
Gói tin nằm trong sent/ là trục đã nhận chuyển và giữ chắc; nơi nhận chưa chắc đã nhận được.
- Nơi nhận đã nhận: có trạng thái 01 trong statuses/received/.
- Trục không giao được (nơi nhận không nhận được, hay không kịp giờ): có tệp .reason trong rejected/.
- Văn thư nơi nhận từ chối: có trạng thái 02 trong statuses/received/; không có tệp .reason.
- messages.tsv của từng tháng ghi mã bản tin của từng gói. Xem một văn bản đang ở đâu, người vận hành gõ:
  lienthong trace -c TỆP.toml MÃ-VĂN-BẢN
Đừng gửi lại một gói chỉ vì chưa thấy trả lời: trục tự gửi cho đến khi được.

A package in sent/ was taken over by the bus and is kept safely; its recipient may not have it yet.
- The recipient has it: there is a status 01 in statuses/received/.
- The bus could not deliver it (not taken, or not in time): there is a .reason in rejected/.
- The clerks there refuse it: there is a status 02 in statuses/received/; there is no .reason.
- messages.tsv of each month has the message id of each package. To see where a document is, the operator types:
  lienthong trace -c FILE.toml DOCUMENT-ID
Do not send a package again only because there is no answer yet: the bus goes on trying.
""".encode()

WAITING_HEAD = "Tệp này nằm chờ, chưa đi · This file waits and does not go on"
"""The first line of the text beside a file that waits: by it the text is known, and taken away in the end."""


def waiting(name: str, trouble: Trouble) -> bytes:
    """Returns the text of the `.reason` beside a file that waits in `outgoing/` and does not go on by itself."""
    error, since = trouble.error, _moment(trouble.since)
    vi = [f"Tệp: {shown(name)}", f"Nằm chờ từ: {since}", f"Nơi phải xử lý: {WHO_VI[error.who]}"]
    en = [f"File: {shown(name)}", f"It has waited since: {since}", f"Who must act: {error.who}"]
    return _text([WAITING_HEAD, "", *vi, error.in_vietnamese()], [*en, error.in_english()])


def report(name: str, departures: Sequence[Departure]) -> bytes:
    """Returns the text of the `.report` beside a package that was sent although it departs from the standard."""
    return _text(
        [f"Gói tin: {shown(name)}", *_forgiven_vi(departures)], [f"Package: {shown(name)}", *_forgiven_en(departures)]
    )


def content(item: Document | Status, message: MessageId) -> str:
    """Returns a digest of what one mailbox says in a message: the same for the same content in another message of
    that mailbox. Attachments count by their digests."""
    _, _, mailbox = message.rpartition(".")
    said = f"{type(item).__name__}\n{mailbox}\n{item.model_dump_json()}"
    return hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=16).hexdigest()


# -- changes of a document that was filed before -----------------------------------------------------------------------


def change_by_document(filing: Filing, package: str, at: datetime) -> str:
    """Returns the line of `.changes` for a revocation, update or replacement."""
    business = filing.document.business
    return _line(business.type.label, package, business.reason, filing.message, at)


def change_by_status(report: Report, package: str, at: datetime) -> str | None:
    """Returns the line of `.changes` for a take-back; None for any other status: those do not concern a document filed
    here."""
    if report.status.code is not StatusCode.TAKE_BACK:
        return None
    return _line(report.status.code.label, package, report.status.description, report.message, at)


def _line(what: Label, package: str, why: str | None, message: str, at: datetime) -> str:
    said = cell(" ".join(why.split())) if why else "-"
    return "\t".join((_moment(at), f"{what.vi} / {what.en}", cell(package), said, message)) + "\n"


# -- texts -------------------------------------------------------------------------------------------------------------


def _forgiven_vi(departures: Sequence[Departure]) -> list[str]:
    if not departures:
        return []
    return [
        "Chỗ chưa đúng chuẩn nhưng vẫn đọc được:",
        *(f"- {departure.path}: {departure.vi}" for departure in departures),
    ]


def _forgiven_en(departures: Sequence[Departure]) -> list[str]:
    if not departures:
        return []
    return [
        "Not to the standard, yet understood:",
        *(f"- {departure.path}: {departure.en}" for departure in departures),
    ]


def _text(vi: Sequence[str], en: Sequence[str]) -> bytes:
    return "\n".join(map(printable, [*vi, "", *en, ""])).encode("utf-8")


def _moment(at: datetime) -> str:
    local = in_vietnam(at)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.isoformat()[-6:]}"
