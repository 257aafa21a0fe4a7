"""What the folders say, in the bus's words and in people's: refusals, and the texts that lie beside a package. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime

from adapters.folder.names import in_vietnam, shown
from bus.errors import WHO_VI, BadPackage, BusError, HeldAfterAll, NotInTime, StateSecret
from bus.ports import Answer, Bounce, Filing, Report
from schemas.codes import Label, StatusCode
from schemas.edxml import Departure, PackageRefused

_TAG = rb"</(?:[\w.-]+:)?edXML\s*>"
_END = re.compile(_TAG + rb"\s*\Z", re.IGNORECASE)
_ENDED = re.compile(_TAG, re.IGNORECASE)
TAIL = 4096
"""Bytes in which the end of a package stands, with what some software leaves behind it."""
_CONTROL = re.compile(r"[\x00-\x1f]")


def unfinished(data: bytes) -> bool:
    """Whether a package stops before its end: its writer may still be at work."""
    return not _END.search(data[-128:].replace(b"\0", b""))  # UTF-16 is finished, a run of zeros is not


def ended(tail: bytes) -> bool:
    """Whether the end of a package stands in its last bytes, whatever follows."""
    return _ENDED.search(tail.replace(b"\0", b"")) is not None


_UNREMARKABLE = frozenset({"signature-absent"})
"""True of almost every package in use: a text beside each would say nothing, and hide those that do."""


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
    """The `.reason` beside a package that was never sent."""
    vi = [
        f"Gói tin: {shown(name)}",
        f"Không gửi đi, lúc: {_moment(at)}",
        f"Nơi phải xử lý: {WHO_VI[error.who]}",
        error.in_vietnamese(),
        "Sửa xong thì đặt gói tin vào outgoing/ để gửi lại.",
        *_forgiven_vi(departures),
    ]
    en = [
        f"Package: {shown(name)}",
        f"Not sent, at: {_moment(at)}",
        f"Who must act: {error.who}",
        error.in_english(),
        "Once mended, put the package into outgoing/ to send it again.",
        *_forgiven_en(departures),
    ]
    return _text(vi, en)


def bounce_reason(name: str, bounce: Bounce) -> bytes:
    """The `.reason` of a package that was sent, and that one recipient's adapter refused or did not confirm in time."""
    document = bounce.document.id if bounce.document else "?"
    refused = not isinstance(bounce.error, NotInTime | HeldAfterAll)
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


REGISTER = "messages.tsv"
"""In each month of `sent/`: which package went as which message. One file a month, for one a package would double the
work of sending."""
REGISTER_HEAD = "accepted_at\tpackage\tmessage\tduplicate\n"


def registered(name: str, answer: Answer, at: datetime) -> str:
    """A package's line in the register."""
    moment = in_vietnam(at).isoformat(timespec="seconds")
    duplicate = "duplicate" if answer.duplicate else ""
    return f"{moment}\t{_CONTROL.sub(' ', shown(name))}\t{answer.message}\t{duplicate}\n"


def report(name: str, departures: Sequence[Departure]) -> bytes:
    """The `.report` beside a package that was sent although it leaves the standard."""
    return _text(
        [f"Gói tin: {shown(name)}", *_forgiven_vi(departures)], [f"Package: {shown(name)}", *_forgiven_en(departures)]
    )


# -- what came for a document that was filed before --------------------------------------------------------------------


def change_by_document(filing: Filing, package: str, at: datetime) -> str:
    """The line of `.changes` for a revocation, update or replacement."""
    business = filing.document.business
    return _line(business.type.label, package, business.reason, filing.message, at)


def change_by_status(report: Report, package: str, at: datetime) -> str | None:
    """The line of `.changes` for a take-back; None for any other status: those are not about what was filed here."""
    if report.status.code is not StatusCode.TAKE_BACK:
        return None
    return _line(report.status.code.label, package, report.status.description, report.message, at)


def _line(what: Label, package: str, why: str | None, message: str, at: datetime) -> str:
    cells = (_moment(at), f"{what.vi} / {what.en}", package, why or "-", message)
    return "\t".join(" ".join(cell.split()) for cell in cells) + "\n"


# -- pieces ------------------------------------------------------------------------------------------------------------


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
    return "\n".join([*vi, "", *en, ""]).encode("utf-8", "backslashreplace")


def _moment(at: datetime) -> str:
    local = in_vietnam(at)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.isoformat()[-6:]}"
