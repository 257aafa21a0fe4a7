"""What the suite sends and files: made-up documents and statuses, each of its own id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final

from adapters.conform.sources import large
from adapters.conform.whole import Whole, whole
from bus.errors import StoreFull, said
from bus.ports import Adapter, Answer, Collected, Filed, Filing, Report, Verdict
from schemas.agency import Party
from schemas.codes import BusinessType, DocumentGroup, Priority, ReceiverChange, StatusCode, SteeringType
from schemas.document import (
    Attachment,
    Business,
    BusinessUpdate,
    Document,
    DocumentNumber,
    DocumentType,
    ReceiverUpdate,
    Reference,
    Replaced,
    Signer,
    Staff,
    Trace,
)
from schemas.status import Concerned, Status
from schemas.values import MessageId

MIB: Final = 1024 * 1024
LARGE: Final = 2 * MIB + 1234
"""Size of a large file: more than a piece, and no whole number of them."""

BARELY_LARGE: Final = 600 * 1024 + 1234
"""The same, for work that is done a hundred times."""

_serial = count(1)
_prefix = "019a0000-0000"


def begin(*, first: int, at: int) -> None:
    """From here on ids are counted from `first`, messages bear the time `at` (milliseconds): none of an earlier run, or
    of another case, is met again."""
    global _serial, _prefix
    _serial, _prefix = count(first), f"{at >> 16:08x}-{at & 0xFFFF:04x}"


def a_message() -> MessageId:
    return MessageId(f"{_prefix}-7000-8000-{next(_serial):012d}")


def a_document(
    *,
    business: BusinessType = BusinessType.NEW,
    attachments: Sequence[Attachment] = (),
    subject: str = "V/v thử nghiệm",
    priority: Priority = Priority.NORMAL,
) -> Document:
    """With every field that a document of this kind may have."""
    number = next(_serial)
    return Document(
        id=f"H49.06,2026/01/05,{number}/SA-TTĐT",
        sender=a_party("H49.06", "Sở A tỉnh Quảng Ninh"),
        recipients=(a_party("G22", "Bộ B"), a_party("H08.1", "Xã Đồng Ý")),
        number=DocumentNumber(number=str(number), notation="SA-TTĐT"),
        place="Hạ Long",
        issued_on=date(2026, 1, 5),
        type=DocumentType(name="Công văn", group=DocumentGroup.ADMINISTRATIVE, number=18),
        subject=subject,
        summary="Sở A gửi văn bản thử nghiệm.",
        signer=Signer(competence="KT. GIÁM ĐỐC", position="Phó Giám đốc", full_name="Nguyễn Thị Ánh"),
        due_on=date(2026, 2, 10),
        priority=priority,
        sphere="Thông tin và Truyền thông",
        typist="NTA",
        copies=12,
        pages=3,
        reply_for="123/BB-VP",
        is_steering=True,
        reference_codes="7816/VPCP-TTĐT",
        appendices=("Phụ lục I", "Phụ lục II"),
        responses=(
            Reference(
                agency="G22",
                code="267/BB-VP",
                document_id="G22,2025/12/01,267/BB-VP",
                issued_on=date(2025, 12, 1),
            ),
        ),
        steering=SteeringType.STEERING,
        task_codes=("NV-2026-001",),
        application_type="QLVB",
        to_places=("Như trên", "Lưu: VT"),
        traces=(Trace(agency="H49.06", at=datetime(2026, 1, 5, 1, 15, tzinfo=UTC)),),
        business=_business(business, number),
        attachments=tuple(attachments) or (_small(),),
    )


def a_party(code: str, name: str) -> Party:
    """As one who wrote down everything."""
    return Party(
        code=code,
        name=name,
        in_charge="Tỉnh Quảng Ninh",
        address="1 Trần Phú",
        email="van.thu@example.vn",
        telephone="0203 000 001",
        fax="0203 000 002",
        website="https://example.vn",
    )


def _staff() -> Staff:
    return Staff(
        department="Văn phòng",
        department_id="VP",
        name="Trần Văn Bình",
        staff_id="0042",
        email="binh@example.vn",
        mobile="0900 000 000",
    )


def _business(kind: BusinessType, number: int) -> Business:
    named = f"H49.06,2025/12/05,{number}/SA-TTĐT"
    receivers = (ReceiverUpdate(agency="H08.1", change=ReceiverChange.ADDED),)
    return Business(
        type=kind,
        reason="Văn bản điện tử",
        document_id=named if kind in (BusinessType.REVOKE, BusinessType.UPDATE) else None,
        paper=True,
        updates=(BusinessUpdate(document_changed=True, receivers_changed=True, receivers=receivers),)
        if kind is BusinessType.UPDATE
        else (),
        replaced=(Replaced(document_id=named, agencies=("G22",)),) if kind is BusinessType.REPLACE else (),
        staff=_staff(),
    )


def _small() -> Attachment:
    return Attachment.of("12-SA.pdf", b"%PDF-1.7\n%%EOF\n", content_id="1", description="Bản chính, có ký số")


def a_large_document(
    *, name: str = "bản đồ.bin", business: BusinessType = BusinessType.NEW, size: int = LARGE
) -> Document:
    """With a large file and a small one."""
    file = large(name, size, content_id="2").model_copy(update={"description": "Bản đồ kèm theo"})
    return a_document(attachments=[_small(), file], business=business)


def a_status(code: StatusCode = StatusCode.ACCEPTED) -> Status:
    number = next(_serial)
    return Status(
        code=code,
        sender=a_party("G22", "Bộ B"),
        concerns=Concerned(
            agency="H49.06",
            document_id=f"H49.06,2026/01/05,{number}/SA-TTĐT",
            code=f"{number}/SA-TTĐT",
            issued_on=date(2026, 1, 5),
        ),
        at=datetime(2026, 1, 6, 2, 30, tzinfo=UTC),
        description="Văn thư đã vào sổ",
        staff=_staff(),
    )


def a_filing(document: Document | None = None, target: Sequence[str] = ()) -> Filing:
    return Filing(document=document or a_document(), recipients=("G22",), message=a_message(), target=tuple(target))


def a_large_filing(*, size: int = LARGE) -> Filing:
    return a_filing(a_large_document(size=size))


def read_from(filing: Filing, source: object) -> Filing:
    """The same, whose large file has another source."""
    attachments = tuple(each.model_copy(update={"source": source}) for each in filing.document.attachments[1:])
    whole = (*filing.document.attachments[:1], *attachments)
    return replace(filing, document=filing.document.model_copy(update={"attachments": whole}))


def a_report(status: Status | None = None, target: str | None = None) -> Report:
    return Report(status=status or a_status(), message=a_message(), verdict=Verdict.APPLIED, target=target)


def accepted(collected: Sequence[Collected]) -> list[Answer]:
    return [Answer(ref=item.ref, message=a_message()) for item in collected]


def put_off(collected: Collected) -> Answer:
    return Answer(ref=collected.ref, error=StoreFull(store="h49.db", why=said("hết chỗ", "no space")))


def ids(items: Sequence[Any]) -> list[str]:
    """Which documents, in order: of what was collected or filed."""
    return [item.concerns.document_id if isinstance(item, Status) else item.id for item in map(_unwrapped, items)]


def _unwrapped(item: Any) -> Any:
    return item.item if isinstance(item, Collected) else item


def essence(item: object) -> object:
    """All of it that a document system must carry: whole.py says what it need not."""
    return whole(item)


def essences(items: Sequence[object]) -> list[object]:
    """Of several, in one order, whatever theirs is."""
    return sorted(map(whole, items), key=_order)


def _order(item: object) -> str:
    """By the document, then by all of it: what differs stands beside what was wanted."""
    return (
        f"{item.fields.get('id') or item.fields['concerns']} {item.fields}" if isinstance(item, Whole) else repr(item)
    )


def collected_all(adapter: Adapter, limit: int = 10) -> list[Collected]:
    """As the bus does, which asks for the small and for the large."""
    return [*adapter.collect(limit), *adapter.collect_large(limit)]


def raised(answers: Sequence[Filed]) -> Sequence[Filed]:
    """An answer's error as if it had been raised."""
    for answer in answers:
        if answer.error:
            raise answer.error
    return answers
