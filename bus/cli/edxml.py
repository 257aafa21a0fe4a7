"""`lienthong edxml`: a national package, its faults, and its forgiven departures. Shows no file's content."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from bus.cli.output import emit, emit_fields, emit_json, json_option, text
from bus.cli.package_file import opened, spool_beside, why
from bus.cli.reach import NOT_COMPARED, Finding, directory_options, findings
from bus.cli.tables import emit_table
from bus.directory.agencies import Directory
from bus.errors import BadPackage, StateSecret
from schemas.agency import Party
from schemas.codes import Label
from schemas.document import Business, Document, Reference, Staff
from schemas.edxml import Departure, Package, PackageRefused, read_file
from schemas.status import Status

SHOWN = 3
"""Places named of one rule; --json names them all."""

_YES = {None: None, True: "có / yes", False: "không / no"}
_Judged = Package | PackageRefused | OSError
"""A package, the reason for which it is refused, or for which its file cannot be read."""


@click.group()
def command() -> None:
    """National packages (.edxml): check, show. Gói tin quốc gia: kiểm tra, xem."""


@command.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path())
@directory_options
@json_option
def check(files: tuple[str, ...], directory: Directory | None, as_json: bool) -> None:
    """Say what each package is, what is odd about it, and whom it would not reach. `-` is standard input. Exit 1 if the
    bus would refuse any. Kiểm tra gói tin; `-` là đầu vào chuẩn."""
    results = []
    for file in files:
        judged = _judged(file)
        found = findings(judged.item, directory) if isinstance(judged, Package) and directory else ()
        results.append((file, judged, found))
        if not as_json:
            _say(file, judged, found)
    if as_json:
        emit_json([_verdict(*each, compared=directory is not None) for each in results])
    elif directory is None and any(isinstance(judged, Package) for _, judged, _ in results):
        emit(NOT_COMPARED.vi, NOT_COMPARED.en, err=True)
    if not all(isinstance(judged, Package) and not _stops(found) for _, judged, found in results):
        sys.exit(1)


@command.command()
@click.argument("file", type=click.Path())
@json_option
def show(file: str, as_json: bool) -> None:
    """The fields, recipients, attachments and path of one package; `-` is standard input. Xem nội dung gói tin."""
    judged = _judged(file)
    if not isinstance(judged, Package):
        _end(file, judged, as_json=as_json)
        return
    if as_json:
        emit_json({**_verdict(file, judged), "item": judged.item.model_dump(mode="json", exclude_none=True)})
        return
    match judged.item:
        case Document() as document:
            _show_document(document)
        case Status() as status:
            _show_status(status)
    emit("", f"SHA-256 gói tin / of the package: {judged.original_sha256}")
    if judged.report:
        emit()
        _say_forgiven(judged.report)


def _end(file: str, judged: PackageRefused | OSError, *, as_json: bool) -> None:
    """Ends the command with what there is to say instead."""
    if as_json:
        emit_json(_verdict(file, judged))
    elif isinstance(judged, PackageRefused):
        raise _error(file, judged)
    else:
        _say(file, judged)
    sys.exit(1)


def _judged(file: str) -> _Judged:
    try:
        with opened(file) as package:
            return read_file(package, spool=lambda: spool_beside(file))
    except (PackageRefused, OSError) as wrong:
        return wrong


def _stops(found: Iterable[Finding]) -> bool:
    return any(each.stops for each in found)


def _error(file: str, refused: PackageRefused) -> BadPackage | StateSecret:
    if refused.rule == "state-secret":
        return StateSecret(document=file.rpartition("/")[2], marking=refused.found)
    return BadPackage(
        path=refused.path,
        why=refused.why,
        why_vi=refused.why_vi,
        remedy=refused.remedy,
        remedy_vi=refused.remedy_vi,
    )


def _verdict(file: str, judged: _Judged, found: Sequence[Finding] = (), *, compared: bool = False) -> dict[str, Any]:
    match judged:
        case PackageRefused():
            said = {"rule": judged.rule, "path": judged.path, "found": judged.found}
            reasons = {"why": judged.why, "why_vi": judged.why_vi}
            remedies = {"remedy": judged.remedy, "remedy_vi": judged.remedy_vi}
            return {"file": file, "verdict": "refused", **said, **reasons, **remedies}
        case OSError():
            reason = why(judged)
            return {"file": file, "verdict": "unreadable", "why": reason.en, "why_vi": reason.vi}
        case Package():
            departures = [
                {"rule": each.rule, "path": each.path, "found": each.found, "vi": each.vi, "en": each.en}
                for each in judged.report
            ]
            return {
                "file": file,
                "verdict": "unreachable" if _stops(found) else "read",
                "kind": "document" if isinstance(judged.item, Document) else "status",
                "sha256": judged.original_sha256,
                "departures": departures,
                **({"agencies": [_agency(each) for each in found]} if compared else {}),
            }


def _agency(found: Finding) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "rule": found.rule,
        "stops": found.stops,
        "successor": found.successor,
        "vi": found.says.vi,
        "en": found.says.en,
    }


def _say(file: str, judged: _Judged, found: Sequence[Finding] = ()) -> None:
    match judged:
        case PackageRefused():
            emit(f"✗ {file}: KHÔNG NHẬN / REFUSED [{judged.rule}]")
            emit(f"    tại / at  {judged.path}")
            emit(f"    {judged.why_vi}; {judged.remedy_vi}")
            emit(f"    {judged.why}; {judged.remedy}")
        case OSError():
            reason = why(judged)
            emit(f"✗ {file}: không đọc được / cannot be read: {reason.vi} / {reason.en}")
        case Package():
            odd = f" (khác chuẩn / departures: {len(judged.report)})" if judged.report else ""
            stopped = " KHÔNG GỬI ĐƯỢC / CANNOT BE SENT" if _stops(found) else ""
            emit(f"{'✗' if stopped else '✓'} {file}: {_title(judged.item)}{odd}{stopped}")
            for each in found:
                emit(f"  {'!' if each.stops else '→'} {each.says.vi}", f"    {each.says.en}")
            _say_forgiven(judged.report)


def _title(item: Document | Status) -> str:
    match item:
        case Document():
            files = f"{len(item.attachments)} tệp / files"
            recipients = f"{len(item.recipients)} nơi nhận / recipients"
            return f"{item.business.type.label.vi} {item.number}, {item.sender.code}, {recipients}, {files}"
        case Status():
            return f"Trạng thái / Status {item.code.value} {item.code.label.vi}, {item.concerns.document_id}"


def _say_forgiven(report: Iterable[Departure]) -> None:
    """A rule a line, with the first places: forty recipients with one oddity are one oddity."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in report:
        grouped.setdefault((each.rule, each.vi, each.en), []).append(each.path.removeprefix("edXML/edXMLEnvelope/"))
    for (rule, vi, en), paths in grouped.items():
        more = f", … +{len(paths) - SHOWN}" if len(paths) > SHOWN else ""
        places = ", ".join("tệp / file" if path == "/" else path for path in paths[:SHOWN])
        emit(f"  ~ {vi} [{rule}]")
        emit(f"    {en}")
        emit(f"    tại / at  {places}{more}")


def _show_document(document: Document) -> None:
    emit_fields(_document_fields(document))
    _emit_rows(
        f"Nơi nhận / Recipients: {len(document.recipients)}",
        ("Mã / Code", "Tên / Name"),
        [(party.code, party.name) for party in document.recipients],
    )
    _emit_rows(
        f"Tệp đính kèm / Attachments: {len(document.attachments)}",
        ("Tên / Name", "Byte", "SHA-256"),
        [(each.name, f"{each.size:,}", each.sha256) for each in document.attachments],
    )
    _emit_rows(
        f"Đường đi / Path: {len(document.traces)}",
        ("Nơi / Station", "Lúc / At"),
        [(trace.agency or "?", trace.at) for trace in document.traces],
    )


def _document_fields(document: Document) -> dict[str, object]:
    kind = document.type
    listed = f" ({'AB'[kind.group - 1]}.{kind.number})" if kind.group and kind.number else ""
    return {
        "Mã văn bản / Id": document.id,
        "Số, ký hiệu / Number": document.number,
        "Loại / Type": f"{kind.name}{listed}",
        "Trích yếu / Subject": document.subject,
        **_told(
            {
                "Tóm tắt / Summary": document.summary if document.summary != document.subject else None,
                "Nơi ban hành / Place": document.place,
            }
        ),
        "Ngày ban hành / Issued on": document.issued_on,
        "Nơi gửi / Sender": _party(document.sender),
        "Độ khẩn / Priority": _label(document.priority.label),
        **_told(
            {
                "Người ký / Signer": document.signer
                and _joined(document.signer.competence, document.signer.position, document.signer.full_name),
                "Hạn xử lý / Due on": document.due_on,
                "Số bản / Copies": document.copies,
                "Số trang / Pages": document.pages,
                "Phạm vi / Sphere": document.sphere,
                "Soạn thảo / Typist": document.typist,
                "Chỉ đạo / Steering": document.steering and _label(document.steering.label),
                "Phụ lục / Appendices": "; ".join(document.appendices),
                "Trả lời / In answer to": "; ".join(map(_reference, document.responses)),
                "Nhiệm vụ / Tasks": "; ".join(document.task_codes),
                "Nơi nhận in trên văn bản / Printed list": "; ".join(document.to_places),
            }
        ),
        **_business(document.business),
    }


def _business(business: Business) -> dict[str, object]:
    receivers = [
        f"{receiver.agency} {receiver.change.label.vi.lower()}"
        for update in business.updates
        for receiver in update.receivers
    ]
    return {
        "Nghiệp vụ / Business": _label(business.type.label),
        **_told(
            {
                "Lý do / Reason": business.reason,
                "Văn bản liên quan / Concerns": business.document_id,
                "Bản giấy / Paper too": _YES[business.paper],
                "Đổi nội dung / Content changed": _YES[any(each.document_changed for each in business.updates) or None],
                "Thay đổi nơi nhận / Receivers changed": "; ".join(receivers),
                "Thay thế / Replaces": "; ".join(
                    f"{replaced.document_id} ({', '.join(replaced.agencies) or 'mọi nơi nhận / all'})"
                    for replaced in business.replaced
                ),
                "Người gửi / Clerk": business.staff and _staff(business.staff),
            }
        ),
    }


def _show_status(status: Status) -> None:
    about = status.concerns
    emit_fields(
        {
            "Trạng thái / Status": f"{status.code.value} {_label(status.code.label)}",
            "Nơi báo / Reported by": _party(status.sender),
            "Báo cho / To": about.agency,
            "Lúc / At": status.at,
            "Mã văn bản / Document id": about.document_id,
            **_told(
                {
                    "Số, ký hiệu / Number": about.code,
                    "Ngày ban hành / Issued on": about.issued_on,
                    "Nội dung / Description": status.description,
                    "Người xử lý / Clerk": status.staff and _staff(status.staff),
                }
            ),
        }
    )


def _emit_rows(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    emit("", title)
    if rows:
        emit_table(columns, rows)


def _told(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _label(label: Label) -> str:
    return f"{label.vi} / {label.en}"


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _party(party: Party) -> str:
    return f"{party.code} {party.name or ''}".strip()


def _staff(staff: Staff) -> str:
    return _joined(staff.name, staff.department, staff.email, staff.mobile)


def _reference(reference: Reference) -> str:
    return _joined(reference.code, reference.agency, reference.document_id, text(reference.issued_on))
