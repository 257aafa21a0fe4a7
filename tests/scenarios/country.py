"""A whole country in one process: real directory, real keys and seals, in-memory stores, broker and document systems.
Steps run when a story says so; the clock moves when a story says so."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bus.directory.agencies import Directory
from bus.directory.member import Member
from bus.directory.sources import render_keys
from bus.dossiers import remind as reminding
from bus.errors import TryLater
from bus.ports.adapter import Answer
from bus.receiving import deliver as delivering
from bus.receiving import take_in as receiving
from bus.receiving.outcome import Delivery
from bus.receiving.verified import Verified
from bus.sending import expire as expiring
from bus.sending.accept import accept
from bus.sending.publish import Published
from bus.sending.publish import publish as publish_due
from bus.trust.keys import new_identity
from schemas.agency import Party, Quota
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Attachment, Business, Document, DocumentNumber, DocumentType
from schemas.status import Concerned, Status
from schemas.values import MessageId
from tests.fakes.broker import FakeBroker, FakeExchange
from tests.fakes.dms import MemoryDms
from tests.fakes.keys import watched
from tests.fakes.store import MemoryStore

AGENCIES = """
[[agency]]
code = "G22"
aliases = ["000.00.00.G22"]
names = [{ vi = "Văn phòng Chính phủ" }]
[[agency]]
code = "H49"
aliases = ["000.00.00.H49"]
names = [{ vi = "UBND tỉnh Quảng Ninh" }]
[[agency]]
code = "H53"
names = [{ vi = "UBND tỉnh Tây Ninh" }]
[[agency]]
code = "H08"
names = [{ vi = "UBND tỉnh Bình Định" }]
closed = 2025-07-01
successor = "H49"
[[agency]]
code = "H39"
names = [{ vi = "UBND tỉnh Long An" }]
closed = 2025-07-01
successor = "H53"
forward = true
[[agency]]
code = "H07"
names = [{ vi = "UBND tỉnh Bến Tre" }]
[[mailbox]]
versions = [1, 2]
code = "G22"
[[mailbox]]
versions = [1, 2]
code = "H49"
[[mailbox]]
code = "H53"
[[mailbox]]
code = "H08"
"""
BEGIN = datetime(2016, 7, 1, 2, 0, tzinfo=UTC)


@dataclass
class Office:
    """One mailbox with everything around it."""

    member: Member
    store: MemoryStore
    broker: FakeBroker
    dms: MemoryDms
    verified: Verified = field(default_factory=Verified)


@dataclass
class Land:
    """`turn` lets every office do each of its steps once; `settle` until nothing moves."""

    now: datetime = BEGIN
    exchange: FakeExchange = field(default_factory=lambda: FakeExchange("G22", "H49", "H53", "H08"))
    offices: dict[str, Office] = field(default_factory=dict)

    def __post_init__(self) -> None:
        identities = {code: new_identity() for code in ("G22", "H49", "H53", "H08")}
        keys = [
            render_keys(
                code,
                signing=[identity.signing.public.to_bytes()],
                sealing=[key.public.to_bytes() for key in identity.sealing],
            )
            for code, identity in identities.items()
        ]
        directory = Directory.parse({"a.toml": AGENCIES, "keys.toml": "\n".join(keys)}, on=self.now.date())
        numbers = itertools.count(1)

        def new_id() -> MessageId:
            return MessageId(f"00000000-0000-7000-8000-{next(numbers):012d}")

        for code, identity in identities.items():
            store = MemoryStore()
            self.offices[code] = Office(
                Member(mailbox=code, directory=directory, identity=watched(identity, store), new_id=new_id),
                store,
                self.exchange.link(code),
                MemoryDms(),
            )

    def __getitem__(self, code: str) -> Office:
        return self.offices[code]

    def on(self, day: date) -> None:
        """The calendar, and everyone's directory with it."""
        self.now = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        for office in self.offices.values():
            directory = office.member.directory.as_of(day)
            office.member = Member(
                mailbox=office.member.mailbox,
                directory=directory,
                identity=office.member.identity,
                new_id=office.member.new_id,
            )

    def allow(self, code: str, quota: Quota) -> None:
        """What one sender may have under way to a mailbox, in everybody's directory."""
        for office in self.offices.values():
            directory = office.member.directory
            listed = directory.mailbox(code).model_copy(update={"under_way": quota})
            book = replace(directory.book, mailboxes={**directory.book.mailboxes, code: listed})
            office.member = replace(office.member, directory=Directory(book, on=directory.on))

    def wait(self, time: timedelta) -> None:
        self.now += time

    def collect(self, code: str) -> list[Answer]:
        office = self.offices[code]
        items = office.dms.collect(100)
        answers = accept(office.store, items, member=office.member, now=self.now)
        office.dms.acknowledge(answers)
        return answers

    def publish(self, code: str) -> Published:
        office = self.offices[code]
        return publish_due(office.store, office.broker, now=self.now, dice=lambda: 0.0)

    def take_in(self, code: str, *, ack: bool = True) -> receiving.TakenIn:
        office = self.offices[code]
        arrivals = office.broker.receive(limit=100, wait=0)
        taken = receiving.take_in(office.store, arrivals, member=office.member, now=self.now, verified=office.verified)
        if ack:
            office.broker.ack(arrivals)
        return taken

    def deliver(self, code: str) -> delivering.Delivered:
        office = self.offices[code]
        delivery = Delivery(member=office.member, now=self.now, dice=lambda: 0.0, verified=office.verified)
        return delivering.deliver(office.store, office.dms, delivery)

    def expire(self, code: str) -> expiring.Ended:
        return expiring.expire(self.offices[code].store, member=self.offices[code].member, now=self.now)

    def remind(self, code: str) -> list[str]:
        """What it said."""
        return [event.detail for event in reminding.remind(self.offices[code].store, now=self.now)]

    def turn(self) -> None:
        for code in self.offices:
            for step in (self.expire, self.collect, self.publish, self.take_in, self.deliver, self.remind):
                try:
                    step(code)
                except TryLater:
                    continue

    def settle(self, turns: int = 8) -> None:
        for _ in range(turns):
            self.turn()


def document(
    sender: str = "G22",
    *recipients: str,
    number: int = 1,
    id_: str | None = None,
    business: Business | None = None,
    priority: Priority = Priority.NORMAL,
    due_on: date | None = None,
    content: bytes = b"%PDF-1.7 noi dung %%EOF",
) -> Document:
    return Document(
        id=id_ or f"{sender},2016/07/01,{number}/CV-VP",
        sender=Party(code=sender, name="Nơi gửi"),
        recipients=tuple(Party(code=code, name=f"Nơi nhận {code}") for code in recipients or ("H49",)),
        number=DocumentNumber(number=str(number), notation="CV-VP"),
        issued_on=date(2016, 7, 1),
        type=DocumentType(name="Công văn"),
        subject="V/v thử đường truyền",
        priority=priority,
        due_on=due_on,
        business=business or Business(type=BusinessType.NEW),
        attachments=(Attachment.of("1.pdf", content, content_id="cid:1"),),
    )


def status(
    code: StatusCode, of: Document, sender: str, to: str, *, at: datetime = BEGIN, id_: str | None = None
) -> Status:
    return Status(
        code=code,
        sender=Party(code=sender, name="Nơi báo"),
        concerns=Concerned(agency=to, document_id=id_ or of.id, code=str(of.number), issued_on=of.issued_on),
        at=at,
        description=code.label.vi,
    )
