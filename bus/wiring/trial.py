"""What a test document would meet: written from this mailbox to itself, sealed, judged and opened again as its
recipient would. In memory: nothing is kept, and nothing is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bus.directory.member import Member
from bus.errors import BadMessage, BusError, Words, said
from bus.ports.records import Arrival
from bus.receiving.judge import judge
from bus.receiving.verified import Verified
from bus.sending.address import address
from bus.sending.seal import seal
from bus.wire import envelope
from schemas.agency import Party
from schemas.codes import Kind
from schemas.content import unpack_content
from schemas.document import Attachment, Document, DocumentNumber, DocumentType
from schemas.edxml import read, write
from schemas.values import VIETNAM, AgencyCode

NOT_TRIED: Final = said(
    "RabbitMQ chuyển đi, kho ghi lại, phần mềm vào sổ, cơ quan khác",
    "the broker, keeping it in the store, filing it, other agencies",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One step, and what stood in its way."""

    step: Words
    trouble: Words | None = None


def trial(member: Member, *, now: datetime) -> Iterator[Tried]:
    """The steps in their order, up to the first in whose way something stands."""
    trying = _Trial(member, now)
    for step, act in (
        (said("tìm đơn vị trong danh mục", "find our agency in the directory"), trying.find),
        (said("ghi rồi đọc lại gói edXML", "write an edXML package, read it"), trying.package),
        (said("ký, niêm phong cho chính mình", "sign it, seal it to ourselves"), trying.seal),
        (said("xét như nơi nhận xét", "judge it as its recipient would"), trying.judge),
        (said("mở ra, so với bản đầu", "open it, compare it"), trying.open),
    ):
        trouble = _trouble(act)
        yield Tried(step, trouble)
        if trouble is not None:
            return


def _trouble(act: Callable[[], None]) -> Words | None:
    try:
        act()
    except BusError as error:
        return error.in_both()
    return None


class _Trial:
    """One document on its way."""

    def __init__(self, member: Member, now: datetime) -> None:
        self._member = member
        self._now = now

    def find(self) -> None:
        """The mailbox's own code, or the first that it serves today."""
        mailbox = self._member.directory.mailbox(self._member.mailbox)
        error: BusError | None = None
        for code in (AgencyCode(mailbox.code), *mailbox.serves):
            try:
                self._member.own_address(code)
            except BusError as exc:
                error = error or exc
                continue
            self._document = _document(code, self._now)
            return
        assert error is not None, "its own code is one"
        raise error

    def package(self) -> None:
        item = read(write(self._document)).item
        assert isinstance(item, Document)
        self._document = item

    def seal(self) -> None:
        self._entry = seal(self._member, address(self._member, self._document), now=self._now)

    def judge(self) -> None:
        arrival = Arrival(tag=(0, 0), body=self._entry.body, user=self._member.mailbox)
        (judged,) = judge(self._member, [arrival], self._now, verified=Verified())
        if judged.error is not None:
            raise judged.error

    def open(self) -> None:
        parsed = envelope.parse(self._entry.body)
        keys = self._member.identity.sealing
        content = envelope.open_(parsed, mailbox=self._member.mailbox, keys=keys)
        if unpack_content(Kind.DOCUMENT, content) != self._document:
            raise BadMessage(why=said("mở ra khác với lúc niêm phong", "it is opened as another than was sealed"))


def _document(code: AgencyCode, now: datetime) -> Document:
    today = now.astimezone(VIETNAM).date()
    return Document(
        id=f"{code},{today:%Y/%m/%d},0/THU",
        sender=Party(code=code),
        recipients=(Party(code=code),),
        number=DocumentNumber(number="0", notation="THU"),
        issued_on=today,
        type=DocumentType(name="Công văn"),
        subject="V/v thử đường truyền",
        attachments=(Attachment.of("thu.pdf", b"%PDF-1.7 %%EOF", content_id="cid:1"),),
    )
