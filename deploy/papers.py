"""The papers of a made-up country: documents with real PDF attachments, and what agencies write about them later.
Deterministic for a seed; nothing here looks at a clock or a disk but the command, which prints one such package of now.

    python -m deploy.papers H49 G22 > trial.edxml       a new document
    python -m deploy.papers 03 trial.edxml              what its recipient reports: 01 … 06, 15, 16
    python -m deploy.papers revoke trial.edxml          what its sender does later: revoke, update, replace, take-back
    python -m deploy.papers --samples deploy/samples    one of each, always the same bytes
"""

import argparse
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import font_roboto
from fpdf import FPDF

from bus.directory.agencies import Directory
from bus.files.directory import default_folder, load
from schemas.agency import Party
from schemas.codes import DOCUMENT_TYPES, BusinessType, DocumentGroup, Priority, StatusCode, SteeringType
from schemas.document import (
    Attachment,
    Business,
    BusinessUpdate,
    Document,
    DocumentNumber,
    DocumentType,
    Replaced,
    Signer,
    Staff,
)
from schemas.edxml import PackageRefused, read, write
from schemas.status import Concerned, Status
from schemas.values import VIETNAM, AgencyCode

SUBJECTS = (
    "V/v triển khai kết nối, liên thông phần mềm quản lý văn bản",
    "V/v báo cáo kết quả thực hiện nhiệm vụ quý",
    "Mời họp trực tuyến về cải cách hành chính",
    "V/v phối hợp cung cấp số liệu thống kê",
    "Kế hoạch kiểm tra công tác văn thư, lưu trữ",
    "V/v góp ý dự thảo nghị định về công tác văn thư",
    "Thông báo kết luận của lãnh đạo tại cuộc họp giao ban",
)
KINDS = ((18, "CV"), (7, "TB"), (10, "KH"), (14, "BC"), (25, "GM"), (16, "TTr"))
"""Numbers of administrative types, with their notation."""
REASONS: Mapping[BusinessType, str] = {
    BusinessType.NEW: "Văn bản điện tử mới",
    BusinessType.REVOKE: "Thu hồi do ban hành nhầm thẩm quyền",
    BusinessType.UPDATE: "Cập nhật tệp đính kèm",
    BusinessType.REPLACE: "Thay thế văn bản đã ban hành",
}
DESCRIPTIONS: Mapping[StatusCode, str] = {
    StatusCode.REFUSED: "Văn bản không thuộc thẩm quyền giải quyết",
    StatusCode.TAKE_BACK: "Đề nghị lấy lại do gửi nhầm nơi nhận",
    StatusCode.CHANGE_REFUSED: "Văn bản đã xử lý xong",
}
"""Those that must give a reason (QĐ 28/2018 Đ.9), and one that should."""


@dataclass(slots=True)
class Papers:
    """Writes documents for agencies that a directory knows."""

    directory: Directory
    on: date
    seed: int
    before: int = 0
    """How many documents each agency has numbered already."""
    letter: Callable[[str, str, date], bytes] = field(default_factory=lambda: pdf)
    """Makes an attachment of a subject, a number and a day."""
    _dice: random.Random = field(init=False)
    _numbers: dict[AgencyCode, int] = field(default_factory=dict)
    _letters: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 — a made-up country, not a secret

    def party(self, code: AgencyCode) -> Party:
        return Party(code=code, name=self.directory.name(code), email=f"vanthu@{code.lower()}.example.vn")

    def with_large_file(self, document: Document) -> Document:
        """The same with a file of 2 to 4 MiB, which travels apart where its recipients take that."""
        content = self._dice.randbytes(self._dice.randrange(2, 5) * 1024 * 1024 + self._dice.randrange(1024))
        file = Attachment.of("Bản vẽ hoàn công.zip", content, content_id=f"cid:{len(document.attachments) + 1}-large")
        return document.model_copy(update={"attachments": (*document.attachments, file)})

    def new(self, sender: AgencyCode, recipients: Sequence[AgencyCode]) -> Document:
        dice = self._dice
        number = self._numbers[sender] = self._numbers.get(sender, self.before) + 1
        kind, notation = dice.choice(KINDS)
        subject = dice.choice(SUBJECTS)
        issued = self.on
        code = DocumentNumber(number=str(number), notation=f"{notation}-VP")
        return Document(
            id=f"{sender},{issued:%Y/%m/%d},{code}",
            sender=self.party(sender),
            recipients=tuple(map(self.party, recipients)),
            number=code,
            place="Hà Nội",
            issued_on=issued,
            type=DocumentType(
                name=DOCUMENT_TYPES[DocumentGroup.ADMINISTRATIVE, kind].vi,
                group=DocumentGroup.ADMINISTRATIVE,
                number=kind,
            ),
            subject=subject,
            summary=subject,
            signer=Signer(competence="KT. THỦ TRƯỞNG", position="Phó Thủ trưởng", full_name="Nguyễn Văn An"),
            due_on=issued + timedelta(days=dice.randrange(5, 20)),
            priority=dice.choices((Priority.NORMAL, Priority.URGENT, Priority.IMMEDIATE), (8, 2, 1))[0],
            copies=1,
            pages=1,
            steering=SteeringType.NONE,
            to_places=("Như trên", "Lưu: VT"),
            business=_business(BusinessType.NEW),
            attachments=(self._attachment(dice.randrange(len(SUBJECTS)), f"{number}-{notation}-VP.pdf"),),
        )

    def revoked(self, document: Document) -> Document:
        business = replace_business(document, BusinessType.REVOKE, document_id=document.id)
        return document.model_copy(update={"business": business})

    def updated(self, document: Document) -> Document:
        business = replace_business(document, BusinessType.UPDATE, document_id=document.id).model_copy(
            update={"updates": (BusinessUpdate(document_changed=True),)}
        )
        fresh = self._attachment(self._dice.randrange(len(SUBJECTS)), f"{document.number.number}-cap-nhat.pdf")
        return document.model_copy(update={"business": business, "attachments": (fresh,)})

    def replaced(self, document: Document) -> Document:
        successor = self.new(document.sender.code, [party.code for party in document.recipients])
        business = _business(BusinessType.REPLACE).model_copy(update={"replaced": (Replaced(document_id=document.id),)})
        return successor.model_copy(update={"business": business})

    def status(self, code: StatusCode, document: Document, *, handler: AgencyCode, at: datetime) -> Status:
        """What the agency that handles the document reports to its sender; 13 goes the other way."""
        sender, to = handler, document.sender.code
        if code is StatusCode.TAKE_BACK:
            sender, to = to, sender
        return Status(
            code=code,
            sender=self.party(sender),
            concerns=Concerned(
                agency=to, document_id=document.id, code=str(document.number), issued_on=document.issued_on
            ),
            at=at,
            description=DESCRIPTIONS.get(code, code.label.vi),
            staff=Staff(department="Văn thư", name="Lê Thị Cúc"),
        )

    def _attachment(self, which: int, name: str) -> Attachment:
        if which not in self._letters:
            self._letters[which] = self.letter(SUBJECTS[which], f"Số {which + 1}", self.on)
        return Attachment.of(name, self._letters[which], content_id=f"cid:{name}")


def _business(kind: BusinessType) -> Business:
    return Business(
        type=kind,
        reason=REASONS[kind],
        paper=False,
        staff=Staff(department="Văn thư", name="Trần Thị Bình", email="vanthu@example.vn", mobile="0900000000"),
    )


def replace_business(document: Document, kind: BusinessType, *, document_id: str) -> Business:
    """The business part of a package that changes an earlier document."""
    return _business(kind).model_copy(update={"document_id": document_id})


def pdf(subject: str, number: str, day: date) -> bytes:
    """A page that looks like a letter of a Vietnamese agency."""
    page = _page(day)
    page.add_font("Roboto", fname=font_roboto.Roboto)
    page.set_font("Roboto", size=13)
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"):
        page.cell(0, 8, line, align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(10)
    page.multi_cell(0, 8, f"{number}\n\n{subject}\n\nKính gửi: các cơ quan có tên tại nơi nhận.\n\n(Văn bản mẫu.)")
    return bytes(page.output())


def small_pdf(_subject: str, _number: str, day: date) -> bytes:
    """A page with a line in a font that every reader has; not compressed, so the same bytes on every machine."""
    page = _page(day)
    page.set_compression(False)
    page.set_font("Helvetica", size=13)
    page.cell(0, 8, "Van ban mau / a sample")
    return bytes(page.output())


def _page(day: date) -> FPDF:
    page = FPDF()
    page.set_creation_date(datetime.combine(day, time(), UTC))  # else the clock's, and other bytes each second
    page.set_producer("lienthong")  # else the library's version, and other bytes with the next one
    page.add_page()
    return page


CHANGES = ("revoke", "update", "replace")
SAMPLE_DAY = date(2026, 11, 5)


def samples(directory: Directory) -> dict[str, bytes]:
    """One package of each kind, by file name: a document from H49 to G22, and all that can be said about it later."""
    papers = Papers(directory, SAMPLE_DAY, seed=2016, before=11, letter=small_pdf)
    document = papers.new("H49", ["G22"])
    at = datetime.combine(SAMPLE_DAY, time(9, 30), VIETNAM)
    made = {"new": write(document)}
    made |= {change: write(_changed(papers, document, change)) for change in CHANGES}
    for minutes, code in enumerate(StatusCode):
        status = papers.status(code, document, handler="G22", at=at + timedelta(minutes=minutes))
        made[f"status-{code.value}"] = write(status)
    return {f"{name}.edxml": package for name, package in made.items()}


def _changed(papers: Papers, document: Document, change: str) -> Document:
    match change:
        case "revoke":
            return papers.revoked(document)
        case "update":
            return papers.updated(document)
        case _:
            return papers.replaced(document)


def main(given: Sequence[str] | None = None) -> None:
    """Prints a made-up package, to try the road with."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.papers",
        usage="%(prog)s SENDER RECIPIENT...\n"
        "       %(prog)s 01|02|03|04|05|06|13|15|16 PACKAGE [--agency CODE]\n"
        "       %(prog)s revoke|update|replace|take-back PACKAGE\n"
        "       %(prog)s --samples FOLDER",
        description=main.__doc__,
    )
    parser.add_argument("what", nargs="?", help="code of the agency that sends; or what to make about a PACKAGE")
    parser.add_argument("whom", nargs="*", help="codes of those that it is for; or the PACKAGE (.edxml)")
    parser.add_argument("--agency", help="which recipient it is about, where there are several")
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="write one package of each kind there")
    arguments = parser.parse_args(given)
    now = datetime.now(VIETNAM)
    known = load(default_folder(), on=now.date())
    if arguments.samples:
        for name, package in samples(load(default_folder(), on=SAMPLE_DAY)).items():
            (arguments.samples / name).write_bytes(package)
        return
    if not arguments.whom:
        parser.error("SENDER RECIPIENT..., or what to make and a PACKAGE")
    papers = Papers(known, now.date(), seed=int(now.timestamp()), before=int(f"{now:%H%M%S}"))  # another one each time
    what = StatusCode.TAKE_BACK.value if arguments.what == "take-back" else arguments.what
    if what not in CHANGES and what not in tuple(StatusCode):
        sys.stdout.buffer.write(write(papers.new(what, arguments.whom)))
        return
    document = _given(parser, Path(arguments.whom[0]))
    handler = arguments.agency or document.recipients[0].code
    if handler not in [party.code for party in document.recipients]:
        parser.error(f"{handler} is no recipient of {document.id}")
    if what in CHANGES:
        sys.stdout.buffer.write(write(_changed(papers, document, what)))
    else:
        sys.stdout.buffer.write(write(papers.status(StatusCode(what), document, handler=handler, at=now)))


def _given(parser: argparse.ArgumentParser, file: Path) -> Document:
    try:
        item = read(file.read_bytes()).item
    except (OSError, PackageRefused) as error:
        parser.error(f"{file}: {error}")
    if not isinstance(item, Document):
        parser.error(f"{file}: is a status; give the document that it is about")
    return item


if __name__ == "__main__":
    main()
