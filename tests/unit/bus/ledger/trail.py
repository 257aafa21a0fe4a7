"""Events of one document, made by hand: what a ledger reads, without a broker or a key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from bus.handling.obligations import Rules, Succession, WorkingDays
from bus.handling.working_days import Calendar
from bus.ledger.records import Event, EventNumber, LedgerReceiptLine, Position
from bus.ledger.tables import GENUINE
from bus.trust.keys import KeyId
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.docket import Address, Docket, DocumentKey, NumberInClear, SealedContent
from schemas.values import VIETNAM, AgencyCode, MessageId

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=VIETNAM)
"""A working day, with four after it."""
SENDER = AgencyCode("G22")
KEY = DocumentKey(issuer="G22", id="G22,2026/03/02,7/VPCP-KSTT")
CONTENT = SealedContent(size=1000, sha256="0" * 64)


@dataclass(frozen=True)
class Always:
    """One calendar, as if it had been known from the beginning."""

    calendar: WorkingDays = field(default_factory=Calendar)

    def known(self, at: datetime | None) -> WorkingDays:
        return self.calendar


RULES = Rules(Always())


def rules(**closed: tuple[date, str]) -> Rules:
    """With agencies that closed: `H08=(day, successor)`."""

    def successor(agency: AgencyCode) -> Succession | None:
        return Succession(*closed[agency]) if agency in closed else None

    return Rules(Always(), successor=successor)


def at(**later: float) -> datetime:
    return MONDAY + timedelta(**later)


def address(agency: str) -> Address:
    return Address(agency=agency, mailbox=f"box-{agency.lower()}")


@dataclass
class Trail:
    """Makes events, numbered as they are made."""

    key: DocumentKey = KEY
    numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._numbers = iter(self.numbers)

    def sent(
        self,
        *recipients: str,
        at: datetime = MONDAY,
        business: BusinessType = BusinessType.NEW,
        due_on: date | None = None,
        priority: Priority = Priority.NORMAL,
        sender: str | None = None,
        message: str | None = None,
        changes: Sequence[str] = (),
        code: str | None = None,
    ) -> Event:
        """Of version 2 where it names documents that it changes, or a number and notation: `7/VPCP-KSTT`."""
        number = next(self._numbers)
        return event(
            number,
            Docket(
                id=MessageId(message or f"m{number}"),
                kind=Kind.DOCUMENT,
                sender=address(sender or self.key.issuer),
                recipients=tuple(map(address, recipients)),
                created_at=at,
                document=self.key,
                business_type=business,
                priority=priority,
                due_on=due_on,
                content=CONTENT,
                version=2 if changes or code else 1,
                number=NumberInClear(number=code.partition("/")[0], notation=code.partition("/")[2]) if code else None,
                issued_on=at.date() if changes or code else None,
                changes=tuple(changes) or None,
            ),
        )

    def said(self, agency: str, code: str, *, at: datetime, to: str | None = None) -> Event:
        """`agency` says it of its handling; a take-back is said to it by the issuer."""
        number = next(self._numbers)
        speaker, hearer = agency, to or self.key.issuer
        if code == StatusCode.TAKE_BACK:
            speaker, hearer = hearer, speaker
        docket = Docket(
            id=MessageId(f"s{number}"),
            kind=Kind.STATUS,
            sender=address(speaker),
            recipients=(address(hearer),),
            created_at=at,
            document=self.key,
            status=StatusCode(code),
            content=CONTENT,
        )
        return event(number, docket)

    def receipt(self, of: Event, agency: str, *, at: datetime, refused: str | None = None) -> LedgerReceiptLine:
        return LedgerReceiptLine(
            message=of.docket.id,
            mailbox=address(agency).mailbox,
            sender=of.docket.sender.mailbox,
            docket_sha256=of.docket_sha256,
            outcome=Outcome.REFUSED if refused else Outcome.HELD,
            code=refused,
            at=at,
            event=EventNumber(next(self._numbers)),
        )


def event(number: int, docket: Docket) -> Event:
    return Event(
        number=EventNumber(number),
        position=Position("audit", 0, number),
        received_at=docket.created_at,
        publisher=docket.sender.mailbox,
        standing=GENUINE,
        docket=docket,
        docket_bytes=b"",
        docket_sha256=f"{number:064}",
        signature=Signature("ed25519", KeyId("00" * 16), b""),
        size=1500,
    )
