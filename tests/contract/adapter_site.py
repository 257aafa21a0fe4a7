"""What the contract of adapters is tried with: the clerk's side of a document system, documents to send and file, and a
crash before every step. The contract itself is in adapter.py."""

import hashlib
import os
import resource
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from bus.handling import Verdict
from bus.ports import Adapter, Answer, Collected, Filed, Filing, Report
from schemas.agency import Party
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Attachment, Business, Document, DocumentNumber, DocumentType
from schemas.status import Concerned, Status
from schemas.values import MessageId

MIB = 1024 * 1024


class Site(ABC):
    """One document system with nothing in it, and what its clerk does and sees. A new one for every test."""

    wrong_options: Sequence[Mapping[str, object]] = ()
    """Options that cannot be meant; at least one."""
    shows_bounces = True
    """False where the document system has no place to show that a recipient refused what had been sent."""

    shows_filings = True
    """False where `holds` is left as it is: the document system cannot be asked what it keeps."""

    @abstractmethod
    def make(self, options: Mapping[str, object] | None = None) -> Adapter:
        """A fresh adapter on this system, as after a restart. Without options: with the right ones."""

    @abstractmethod
    def submit(self, item: Document | Status) -> None:
        """The clerk sends something. Later than everything submitted before."""

    @abstractmethod
    def submit_nonsense(self) -> None:
        """The clerk sends what cannot be read as a document or a status."""

    @abstractmethod
    def refusals(self) -> Sequence[str]:
        """What the clerk reads about each submission that was refused."""

    @abstractmethod
    def filed(self) -> Sequence[Document]:
        """Every document that was ever filed, as often as it was."""

    @abstractmethod
    def reported(self) -> Sequence[Status]:
        """Every status that was ever reported, as often as it was."""

    @abstractmethod
    def take_away(self) -> None:
        """The clerk deals with all that was filed: it is where filings are put no longer."""

    @abstractmethod
    def clear(self) -> None:
        """What was filed is gone, for the tests' own sake: not even `filed` has it any more."""

    @abstractmethod
    def changes(self, ref: str) -> Sequence[str]:
        """What the clerk reads about changes to the filed document of that `Filed.ref`, one text a change."""

    @abstractmethod
    def spoil(self, filing: Filing) -> None:
        """Makes this filing, and no other, fail or be refused."""

    @abstractmethod
    def away(self) -> AbstractContextManager[None]:
        """The document system does not answer meanwhile."""

    @contextmanager
    def full(self) -> Iterator[None]:
        """Its disk takes no file of more than a MiB meanwhile. By a limit of this process, which is enough where it is
        this process that writes."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def bounces(self) -> Sequence[str]:
        """What the clerk reads about recipients that refused what had been sent."""
        return ()


# -- what is sent and filed in the tests -------------------------------------------------------------------------------

_serial = count(1)


def a_message() -> MessageId:
    return MessageId(f"019a0000-0000-7000-8000-{next(_serial):012d}")


def a_document(
    *,
    business: BusinessType = BusinessType.NEW,
    attachments: Sequence[Attachment] = (),
    subject: str = "V/v thử nghiệm",
    priority: Priority = Priority.NORMAL,
) -> Document:
    number = next(_serial)
    return Document(
        id=f"H49.06,2026/01/05,{number}/SA-TTĐT",
        sender=Party(code="H49.06", name="Sở A tỉnh Quảng Ninh"),
        recipients=(Party(code="G22", name="Bộ B"), Party(code="H08.1", name="Xã Đồng Ý")),
        number=DocumentNumber(number=str(number), notation="SA-TTĐT"),
        issued_on=date(2026, 1, 5),
        type=DocumentType(name="Công văn"),
        subject=subject,
        priority=priority,
        business=Business(type=business, reason="Văn bản điện tử"),
        attachments=tuple(attachments) or (Attachment.of("12-SA.pdf", b"%PDF-1.7\n%%EOF\n", content_id="cid:1"),),
    )


def a_status(code: StatusCode = StatusCode.ACCEPTED) -> Status:
    number = next(_serial)
    return Status(
        code=code,
        sender=Party(code="G22", name="Bộ B"),
        concerns=Concerned(
            agency="H49.06",
            document_id=f"H49.06,2026/01/05,{number}/SA-TTĐT",
            code=f"{number}/SA-TTĐT",
            issued_on=date(2026, 1, 5),
        ),
        at=datetime(2026, 1, 6, 2, 30, tzinfo=UTC),
        description="Văn thư đã vào sổ",
    )


def a_filing(document: Document | None = None, target: Sequence[str] = ()) -> Filing:
    return Filing(document=document or a_document(), recipients=("G22",), message=a_message(), target=tuple(target))


def a_report(status: Status | None = None, target: str | None = None) -> Report:
    return Report(status=status or a_status(), message=a_message(), verdict=Verdict.APPLIED, target=target)


def ids(items: Sequence[Any]) -> list[str]:
    """Which documents, in order: of what was collected or filed."""
    return [item.concerns.document_id if isinstance(item, Status) else item.id for item in map(_unwrapped, items)]


def _unwrapped(item: Any) -> Any:
    return item.item if isinstance(item, Collected) else item


def essence(item: object) -> object:
    """What every document system must carry; some have no field for the rest."""
    match item:
        case Document():
            files = [(attachment.name, _digest(attachment)) for attachment in item.attachments]
            codes = [party.code for party in item.recipients]
            return item.id, item.sender.code, codes, item.number, item.subject, item.business.type, files
        case Status():
            return item.code, item.sender.code, item.concerns, item.at, item.description
        case _:
            return item


def _digest(attachment: Attachment) -> str:
    """Of the bytes themselves, wherever they lie."""
    digest = hashlib.sha256()
    for piece in attachment.pieces():
        digest.update(piece)
    return digest.hexdigest()


def collected_all(adapter: Adapter, limit: int = 10) -> list[Collected]:
    """As the bus does, which asks for the small and for the large."""
    return [*adapter.collect(limit), *adapter.collect_large(limit)]


def accepted(collected: Sequence[Collected]) -> list[Answer]:
    return [Answer(ref=item.ref, message=a_message()) for item in collected]


def raised(answers: Sequence[Filed]) -> None:
    """An answer's error as if it had been raised."""
    for answer in answers:
        if answer.error:
            raise answer.error


# -- a crash -----------------------------------------------------------------------------------------------------------

_STEPS = ("open", "os.", "socket.", "sqlite3.", "shutil.", "subprocess.")
_CRASHED, _FAILED = 9, 8


def crashes(work: Callable[[], object], *, limit: int = 500) -> Iterator[int]:
    """Does `work` in a process of its own that is killed before its first step into the outside world, then again
    before its second, and so on, until it comes to its end. Yields after each death."""
    for step in range(1, limit):
        child = os.fork()
        if child == 0:
            _die_before(step, work)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, _CRASHED), f"the work failed by itself at step {step}"
        if code == 0:
            return
        yield step
    raise AssertionError(f"no end after {limit} steps")


def _die_before(step: int, work: Callable[[], object]) -> None:
    left = step

    def hook(event: str, args: object) -> None:
        nonlocal left
        if event.startswith(_STEPS):
            left -= 1
            if left == 0:
                os._exit(_CRASHED)

    code = _FAILED
    try:
        sys.addaudithook(hook)
        work()
        code = 0
    finally:
        os._exit(code)
