"""What stories of large attachments share: who takes them, and files that are made up as they are read."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from bus.directory.agencies import Directory
from bus.directory.member import Member
from bus.errors import TryLater
from bus.handling.transport import State
from bus.ports.adapter import Answer
from bus.ports.records import BlobKey, Box, Row, Transfer
from bus.receiving import deliver as delivering
from bus.receiving import fetch as fetching
from bus.receiving.fetch import LOOK_AGAIN
from bus.receiving.outcome import Delivery
from bus.receiving.turns import Turns
from bus.sending import upload as uploading
from bus.sending.accept import accept
from schemas.document import Document
from schemas.values import BlobId, MessageId
from tests.fakes.blobs import FakeBlobs, FakeDepot
from tests.fakes.source import large
from tests.scenarios.country import Land, document

MIB: Final = 1024 * 1024
SECOND: Final = timedelta(seconds=1)


def takes_large(member: Member, **largest: int) -> Member:
    """The same mailbox, with a directory in which others take so many bytes apart."""
    book = member.directory.book
    boxes = {
        code: mailbox.model_copy(update={"largest": largest.get(code)}) for code, mailbox in book.mailboxes.items()
    }
    return replace(member, directory=Directory(replace(book, mailboxes=boxes), on=member.directory.on))


@dataclass
class LargeLand(Land):
    """A country whose mailboxes take large attachments, with the depot where those wait. A turn has each office do a
    large step, too, and takes a second; `bounded` segments go in one."""

    depot: FakeDepot = field(default_factory=FakeDepot)
    largest: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("G22", "H49", "H53", "H08"), 2**32))
    blobs: dict[str, FakeBlobs] = field(default_factory=dict)
    removed: dict[str, set[BlobKey]] = field(default_factory=dict)
    turns: dict[str, Turns] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for code, office in self.offices.items():
            office.member = takes_large(office.member, **self.largest)
            self.blobs[code] = self.depot.of(code)
            self.removed[code] = set()
            self.turns[code] = Turns(steady=self.steady)

    def collect_large(self, code: str) -> list[Answer]:
        office = self.offices[code]
        answers = accept(office.store, office.dms.collect_large(1), member=office.member, now=self.now)
        office.dms.acknowledge(answers)
        return answers

    def upload(self, code: str) -> uploading.Uploaded:
        return uploading.upload(self.offices[code].store, self.blobs[code], now=self.now)

    def fetch(self, code: str) -> fetching.Fetched:
        blobs = self.blobs[code]
        return fetching.fetch(self.offices[code].store, {blobs.kind: blobs}, self.delivery(code), self.turns[code])

    def steady(self) -> float:
        """The calls of a fake take no time."""
        return self.now.timestamp()

    def deliver_with_blobs(self, code: str) -> delivering.Delivered:
        office = self.offices[code]
        return delivering.deliver_with_blobs(office.store, office.dms, self.delivery(code))

    def delivery(self, code: str) -> Delivery:
        return Delivery(
            member=self.offices[code].member, now=self.now, dice=lambda: 0.0, verified=self.offices[code].verified
        )

    def sweep(self, code: str) -> bool:
        return uploading.sweep(self[code].store, self.blobs[code], self.removed[code], before=self.now)

    def sweep_all(self, code: str) -> None:
        while self.sweep(code):
            pass

    def turn(self) -> None:
        super().turn()
        for code in self.offices:
            for step in (self.collect_large, self.upload, self.fetch, self.deliver_with_blobs):
                try:
                    step(code)
                except TryLater:
                    continue
        self.wait(SECOND)

    # -- for stories

    def send(self, sender: str, *recipients: str, mib: int = 20, number: int = 1, **other: Any) -> Document:
        """A document with one large file, collected and uploaded nothing of yet."""
        made = large_document(sender, *recipients, mib=mib, number=number, **other)
        self[sender].dms.write(made)
        return made

    def upload_all(self, code: str) -> None:
        while self.upload(code).more:
            pass

    def fetch_all(self, code: str) -> None:
        """Until nothing is found, nor by the second look."""
        for wait in (timedelta(0), LOOK_AGAIN):
            self.wait(wait)
            while self.fetch(code).more:
                pass

    def sent(self, sender: str, *recipients: str, **other: Any) -> tuple[Document, MessageId]:
        """Accepted, uploaded, published and taken in: its recipients are about to fetch."""
        made = self.send(sender, *recipients, **other)
        (answer,) = self.collect_large(sender)
        assert answer.error is None
        assert answer.message is not None
        self.upload_all(sender)
        self.publish(sender)
        for code in recipients:
            self.take_in(code)
        return made, answer.message

    def blob(self, sender: str, message: MessageId) -> BlobId:
        (blob,) = self.row(sender, Box.OUT, message).docket.blobs or ()
        return blob.id

    def row(self, code: str, box: Box, message: MessageId) -> Row[State]:
        with self[code].store.read() as tx:
            (row,) = tx.of(box).rows(message=message)
        return row

    def transfer(self, code: str, box: Box, message: MessageId) -> Transfer:
        with self[code].store.read() as tx:
            (transfer,) = tx.of(box).transfers([message])
        return transfer

    def transfer_is_full(self, code: str) -> bool:
        """All segments of its one transfer are here."""
        (transfer,) = self[code].store.memory.transfers.values()
        with self[code].store.read() as tx:
            (row,) = tx.inbox.rows(message=transfer.message)
        return transfer.done == sum(blob.segments for blob in row.docket.blobs or ())

    def events(self, code: str) -> list[str]:
        with self[code].store.read() as tx:
            return [event.name for event in tx.dossiers.recent_events(limit=100)][::-1]

    def kept(self, code: str, box: Box) -> int:
        """Segments in a store."""
        return sum(len(held.segments) for (where, _), held in self[code].store.memory.blobs.items() if where is box)

    def filed(self, code: str, item: Document) -> bool:
        """Whether it was filed, once, with the very files that were sent."""
        found = [each for each in self[code].dms.filed.values() if each.document.id == item.id]
        files = [(each.name, each.size, each.sha256) for each in item.attachments]
        return [[(each.name, each.size, each.sha256) for each in one.document.attachments] for one in found] == [files]


def large_document(
    sender: str = "G22", *recipients: str, mib: int = 20, number: int = 1, seed: int = 0, **other: Any
) -> Document:
    small = document(sender, *recipients, number=number, **other)
    file = large(f"{number}.pdf", mib * MIB + 5, seed=seed, content_id="cid:large")
    return small.model_copy(update={"attachments": (*small.attachments, file)})
