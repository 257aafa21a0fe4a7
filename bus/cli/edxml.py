"""`lienthong edxml`: what a national package is, what is wrong with it, what was forgiven. Shows no file's content."""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import click

from bus.cli.output import emit_fields, emit_json, json_option, text
from bus.cli.tables import emit_table
from bus.errors import BadPackage, StateSecret
from schemas.agency import Party
from schemas.codes import Label
from schemas.document import Business, Document, Reference, Staff
from schemas.edxml import Departure, Package, PackageRefused, read_file
from schemas.status import Status

SHOWN = 3
"""Places named of one rule; --json names them all."""

_YES = {None: None, True: "có / yes", False: "không / no"}
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """National packages (.edxml): check, show. Gói tin quốc gia: kiểm tra, xem."""


@command.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=_file)
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what each package is, and what is odd about it. Exit 1 if any is refused. Kiểm tra gói tin."""
    results = [(file, _judged(file)) for file in files]
    if as_json:
        emit_json([_verdict(file, judged) for file, judged in results])
    else:
        for file, judged in results:
            _say(file, judged)
    if any(isinstance(judged, PackageRefused) for _, judged in results):
        sys.exit(1)


@command.command()
@click.argument("file", type=_file)
@json_option
def show(file: Path, as_json: bool) -> None:
    """The fields, recipients, attachments and path of one package. Xem nội dung gói tin."""
    judged = _judged(file)
    if isinstance(judged, PackageRefused):
        raise _error(file, judged)
    if as_json:
        emit_json({**_verdict(file, judged), "item": judged.item.model_dump(mode="json", exclude_none=True)})
        return
    match judged.item:
        case Document() as document:
            _show_document(document)
        case Status() as status:
            _show_status(status)
    click.echo(f"\nSHA-256 gói tin / of the package: {judged.original_sha256}")
    if judged.report:
        click.echo()
        _say_forgiven(judged.report)


def _judged(file: Path) -> Package | PackageRefused:
    try:
        with file.open("rb") as opened:
            return read_file(opened, spool=lambda: _spool(file.parent))
    except PackageRefused as refused:
        return refused


def _spool(beside: Path) -> IO[bytes]:
    """For large attachments: on the package's own disk where we may write there, since others may be in memory."""
    try:
        return tempfile.TemporaryFile(dir=beside)
    except OSError:
        return tempfile.TemporaryFile()


def _error(file: Path, refused: PackageRefused) -> BadPackage | StateSecret:
    if refused.rule == "state-secret":
        return StateSecret(document=file.name, marking=refused.found)
    return BadPackage(
        path=refused.path,
        why=refused.why,
        why_vi=refused.why_vi,
        remedy=refused.remedy,
        remedy_vi=refused.remedy_vi,
    )


def _verdict(file: Path, judged: Package | PackageRefused) -> dict[str, Any]:
    match judged:
        case PackageRefused():
            return {
                "file": str(file),
                "verdict": "refused",
                "rule": judged.rule,
                "path": judged.path,
                "found": judged.found,
                "why": judged.why,
                "why_vi": judged.why_vi,
                "remedy": judged.remedy,
                "remedy_vi": judged.remedy_vi,
            }
        case Package():
            return {
                "file": str(file),
                "verdict": "read",
                "kind": "document" if isinstance(judged.item, Document) else "status",
                "sha256": judged.original_sha256,
                "departures": [
                    {"rule": each.rule, "path": each.path, "found": each.found, "vi": each.vi, "en": each.en}
                    for each in judged.report
                ],
            }


def _say(file: Path, judged: Package | PackageRefused) -> None:
    match judged:
        case PackageRefused():
            click.echo(f"✗ {file}: KHÔNG NHẬN / REFUSED [{judged.rule}]")
            click.echo(f"    tại / at  {judged.path}")
            click.echo(_line(f"{judged.why_vi}; {judged.remedy_vi}", indent=4))
            click.echo(_line(f"{judged.why}; {judged.remedy}", indent=4))
        case Package():
            odd = f" (khác chuẩn / departures: {len(judged.report)})" if judged.report else ""
            click.echo(f"✓ {file}: {_line(_title(judged.item))}{odd}")
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
        click.echo(_line(f"~ {vi} [{rule}]", indent=2))
        click.echo(_line(en, indent=4))
        click.echo(_line(f"tại / at  {places}{more}", indent=4))


def _show_document(document: Document) -> None:
    kind = document.type
    listed = f" ({'AB'[kind.group - 1]}.{kind.number})" if kind.group and kind.number else ""
    _emit(
        {
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
    )
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
    _emit(
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


def _line(words: str, *, indent: int = 0) -> str:
    """One line that steers no terminal, whatever a package puts into a text."""
    return " " * indent + "".join(letter if letter.isprintable() else " " for letter in words)


def _emit(fields: dict[str, object]) -> None:
    emit_fields({name: _line(text(value)) for name, value in fields.items()})


def _emit_rows(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    click.echo(f"\n{title}")
    if rows:
        emit_table(columns, [[_line(text(cell)) for cell in row] for row in rows])


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
