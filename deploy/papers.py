"""The papers of a made-up country: documents with real PDF attachments, and what agencies write about them later.
Deterministic for a seed; nothing here looks at a clock or a disk, but `python -m deploy.papers H49 G22 > trial.edxml`,
which prints one such document of today."""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import font_roboto
from fpdf import FPDF

from bus.directory import Directory
from bus.files.directory import default_folder, load
from schemas.agency import Party
from schemas.codes import DOCUMENT_TYPES, BusinessType, DocumentGroup, Priority, SteeringType
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
from schemas.edxml import write
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


@dataclass(slots=True)
class Papers:
    """Writes documents for agencies that a directory knows."""

    directory: Directory
    on: date
    seed: int
    before: int = 0
    """How many documents each agency has numbered already."""
    _dice: random.Random = field(init=False)
    _numbers: dict[AgencyCode, int] = field(default_factory=dict)
    _pdfs: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 — a made-up country, not a secret
        self._pdfs = [pdf(subject, f"Số {number}") for number, subject in enumerate(SUBJECTS, start=1)]

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
            attachments=(self._attachment(dice.randrange(len(self._pdfs)), f"{number}-{notation}-VP.pdf"),),
        )

    def revoked(self, document: Document) -> Document:
        business = replace_business(document, BusinessType.REVOKE, document_id=document.id)
        return document.model_copy(update={"business": business})

    def updated(self, document: Document) -> Document:
        business = replace_business(document, BusinessType.UPDATE, document_id=document.id).model_copy(
            update={"updates": (BusinessUpdate(document_changed=True),)}
        )
        fresh = self._attachment(self._dice.randrange(len(self._pdfs)), f"{document.number.number}-cap-nhat.pdf")
        return document.model_copy(update={"business": business, "attachments": (fresh,)})

    def replaced(self, document: Document) -> Document:
        successor = self.new(document.sender.code, [party.code for party in document.recipients])
        business = _business(BusinessType.REPLACE).model_copy(update={"replaced": (Replaced(document_id=document.id),)})
        return successor.model_copy(update={"business": business})

    def _attachment(self, which: int, name: str) -> Attachment:
        return Attachment.of(name, self._pdfs[which], content_id=f"cid:{name}")


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


def pdf(subject: str, number: str) -> bytes:
    """A page that looks like a letter of a Vietnamese agency."""
    page = FPDF()
    page.add_page()
    page.add_font("Roboto", fname=font_roboto.Roboto)
    page.set_font("Roboto", size=13)
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"):
        page.cell(0, 8, line, align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(10)
    page.multi_cell(0, 8, f"{number}\n\n{subject}\n\nKính gửi: các cơ quan có tên tại nơi nhận.\n\n(Văn bản mẫu.)")
    return bytes(page.output())


def main() -> None:
    """Prints the package of one made-up document, to try the road with."""
    parser = argparse.ArgumentParser(prog="python -m deploy.papers", description=main.__doc__)
    parser.add_argument("sender", help="code of the agency that sends")
    parser.add_argument("recipients", nargs="+", help="codes of those that it is for")
    arguments = parser.parse_args()
    now = datetime.now(VIETNAM)
    known = load(default_folder(), on=now.date())
    papers = Papers(known, now.date(), seed=int(now.timestamp()), before=int(f"{now:%H%M%S}"))  # another one each time
    sys.stdout.buffer.write(write(papers.new(arguments.sender, arguments.recipients)))


if __name__ == "__main__":
    main()
