"""Damaged stores recovered by the book: what the report asks for is done, and every document is filed once, wherever it
was when the pages were lost."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bus.ports.records import Box, Confirmation, Publication
from bus.store.losses import Losses, Remedy
from bus.store.maintenance import recover
from bus.store.open import open_store
from bus.topology.names import OPERATOR
from bus.wire.envelope import parse
from bus.wire.message import routing_key
from schemas.codes import Kind, StatusCode
from schemas.document import Document
from tests.fakes.broker import FakeExchange
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import rows
from tests.unit.bus.store.filled import PAGE, owned

COUNT = 24


class AuditedExchange(FakeExchange):
    """With the stream `audit`, which has a copy of everything."""

    def __init__(self, *mailboxes: str) -> None:
        super().__init__(*mailboxes)
        self.audit: list[Publication] = []

    def publish(self, publication: Publication, user: str) -> Confirmation:
        self.audit.append(publication)
        return super().publish(publication, user)

    def replay(self, mailbox: str, losses: Losses) -> int:
        """As `lienthong audit replay` does, for the stretch that the report names."""
        if losses.replay is None:
            return 0
        again = [
            each
            for each in self.audit
            if mailbox in (docket := parse(each.body).docket).mailboxes
            and losses.replay.since <= docket.created_at <= losses.replay.until
        ]
        for each in again:
            super().publish(replace(each, routing=(routing_key(each.kind, mailbox),), lanes=()), OPERATOR)
        return len(again)


@dataclass
class Country:
    """G22 and H49 with stores in files; `sent`: what lies in sent/, with the time of its acceptance."""

    folder: Path
    exchange: AuditedExchange = field(default_factory=lambda: AuditedExchange("G22", "H49", "H53", "H08"))
    sent: list[tuple[Document, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.land = Land(exchange=self.exchange)
        self.open("G22", "H49")

    def url(self, code: str) -> str:
        return f"sqlite:///{self.folder / code}.db"

    def open(self, *codes: str) -> None:
        for code in codes:
            self.land[code].store = open_store(self.url(code), owner=code)  # type: ignore[assignment] # by its protocol

    def close(self) -> None:
        for code in ("G22", "H49"):
            self.land[code].store.close()

    def write(self, first: int, last: int) -> None:
        for number in range(first, last):
            made = document(number=number)
            self.land["G22"].dms.write(made)
            self.sent.append((made, self.land.now))
        self.land.collect("G22")

    def damage(self, code: str, table: str) -> Losses:
        """Every second page of a table, from the second on, and then what an operator does first."""
        path = self.folder / f"{code}.db"
        data = bytearray(path.read_bytes())
        with closing(sqlite3.connect(path)) as connection:
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        pages = owned(bytes(data), root)
        for number in pages[1::2] or pages:
            data[(number - 1) * PAGE : number * PAGE] = bytes(range(256)) * (PAGE // 256)
        path.write_bytes(data)
        return recover(self.url(code), owner=code, now=self.land.now)

    def put_back(self, losses: Losses) -> None:
        """From sent/ into outgoing/, for the stretch that the report names."""
        for made, at in self.sent:
            if losses.resend and losses.resend.since <= at <= losses.resend.until:  # type: ignore[operator]
                self.land["G22"].dms.write(made)


@pytest.mark.parametrize(
    ("code", "table"),
    [
        ("H49", "inbox"),
        ("H49", "inbox_body"),
        ("H49", "dossier"),
        ("G22", "outbox"),
        ("G22", "outbox_body"),
        ("G22", "outbox_recipient"),
        ("G22", "dossier"),
    ],
)
def test_every_document_is_filed_once(tmp_path: Path, code: str, table: str) -> None:
    """Some were filed, some taken in, some only accepted when the page was lost. After the recovery, the replay and the
    packages put back each is filed once, its status reaches its sender, and nothing waits."""
    country = Country(tmp_path)
    land = country.land
    country.write(1, COUNT)
    land.settle()
    land.wait(timedelta(hours=1))
    country.write(COUNT, 2 * COUNT)
    land.publish("G22")
    land.take_in("H49")
    land.publish("H49")
    land.take_in("G22")
    land.wait(timedelta(hours=1))
    country.write(2 * COUNT, 3 * COUNT)
    country.close()

    losses = country.damage(code, table)
    assert losses.made or losses.messages
    assert (losses.replay is not None) == (table == "inbox_body")
    assert (losses.resend is not None) == (table == "outbox_body")
    country.open("G22", "H49")
    country.exchange.replay(code, losses)
    country.put_back(losses)
    land.settle()

    documents = [made for made, _ in country.sent]
    filed = Counter(land["H49"].dms.documents)
    assert filed == Counter(made.id for made in documents)
    for made in documents:
        land["H49"].dms.write(status(StatusCode.ACCEPTED, made, "H49", "G22", at=land.now))
    land.settle()
    heard = [each.status for each in land["G22"].dms.reports.values() if each.status.code is StatusCode.ACCEPTED]
    assert Counter(each.concerns.document_id for each in heard) == filed
    for at in ("G22", "H49"):
        with land[at].store.read() as tx:
            assert not [each for each in tx.dossiers.recent_events(limit=500) if "orphan" in each.name]
        for box in Box:
            assert {str(row.state) for row in rows(land, at, box)} <= {"done", "cancelled"}
    country.close()


def test_the_report_names_what_neither_body_nor_index_brings_back(tmp_path: Path) -> None:
    """Bodies of what waited: each message, with its remedy and a stretch of time that has it and no more."""
    country = Country(tmp_path)
    country.write(1, 3)
    country.land.wait(timedelta(hours=5))
    country.write(3, COUNT)
    country.close()
    losses = country.damage("G22", "outbox_body")
    lost = losses.of(Remedy.RESEND, Box.OUT)
    assert lost
    assert {each.kind for each in lost} == {Kind.DOCUMENT}
    assert losses.resend
    assert losses.resend.until > country.land.now
