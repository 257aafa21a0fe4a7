"""What a ledger makes of events that come late, twice, early, forged, or about what it never saw."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bus.handling.statuses import Handling
from bus.ledger.records import DocumentNumber, EventNumber, Lifeline
from bus.ports.records import HandlingKey
from bus.rabbit.streams.audit_reader import AuditMessage
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.document import Business, Document, Replaced
from tests.fakes.audit import FakeStream
from tests.scenarios.country import Land, document, status
from tests.scenarios.witness import audited, witness

S = StatusCode


def busy(land: Land) -> list[Document]:
    """Some days of documents and statuses, with a refusal, a revocation, a take-back and a replacement."""
    sent = []
    for number in range(1, 6):
        item = document("G22", *(["H49"] if number % 2 else ["H49", "H53"]), number=number, due_on=date(2016, 7, 4))
        sent.append(item)
        land["G22"].dms.write(item)
        land.settle(3)
        land["H49"].dms.write(status(S.REFUSED if number == 3 else S.ACCEPTED, item, "H49", "G22", at=land.now))
        land.wait(timedelta(hours=7))
        land.settle(3)
        land["H49"].dms.write(status(S.DONE, item, "H49", "G22", at=land.now))
        if number == 1:
            revoked = Business(type=BusinessType.REVOKE, document_id=item.id)
            land["G22"].dms.write(item.model_copy(update={"business": revoked}))
        if number == 2:
            land["G22"].dms.write(status(S.TAKE_BACK, item, "G22", "H53", at=land.now))
            land.settle(3)
            land["H53"].dms.write(status(S.CHANGE_AGREED, item, "H53", "G22", at=land.now))
        land.wait(timedelta(hours=9))
        land.settle(3)
    return sent


def told_by(stream: FakeStream, messages: Sequence[AuditMessage]) -> FakeStream:
    """Another stream, with these messages in this order."""
    other = FakeStream()
    for each in messages:
        other.append(each.publisher, each.key, each.body)
    return other


def unnumbered(line: Lifeline | None) -> Lifeline:
    """But for what the order of reading numbered."""
    assert line is not None
    none, nothing = DocumentNumber(0), EventNumber(0)
    rows = {
        agency: replace(row, document=none, statuses=tuple(each._replace(event=nothing) for each in row.statuses))
        for agency, row in line.deliveries.items()
    }
    owed = tuple(replace(row, document=none) for row in line.obligations)
    return Lifeline(document=replace(line.document, number=none), deliveries=rows, obligations=owed)


@pytest.mark.parametrize("seed", range(3))
def test_out_of_order_and_twice(tmp_path: Path, seed: int) -> None:
    """However the stream tells it, every lifeline and every counter is the same."""
    land, stream = audited()
    sent = busy(land)
    chance = random.Random(seed)
    messages = stream.messages + chance.sample(stream.messages, 9)
    chance.shuffle(messages)
    (tmp_path / "other").mkdir()
    with (
        witness(tmp_path, of=(land, stream)) as one,
        witness(tmp_path / "other", of=(land, told_by(stream, messages)), batch=4) as other,
    ):
        one.reads()
        other.reads()
        assert len(stream.messages) > 40
        for item in sent:
            assert unnumbered(other.lifeline(item)) == unnumbered(one.lifeline(item))
        assert other.counted() == one.counted()
        assert sorted(other.standings()) == sorted(one.standings())


def test_what_the_country_did_stands_in_the_lifelines(tmp_path: Path) -> None:
    """Refused, revoked without an answer, taken back, done: as each office's own dossiers say."""
    land, stream = audited()
    sent = busy(land)
    with witness(tmp_path, of=(land, stream)) as ledger:
        ledger.reads()
        lines = [ledger.lifeline(item) for item in sent]
        stands = [{a: (row.state, row.change) for a, row in line.deliveries.items()} for line in lines if line]
    assert stands == [
        {"H49": (S.DONE, "revocation")},
        {"H49": (S.DONE, "none"), "H53": (S.ARRIVED, "agreed")},
        {"H49": (S.REFUSED, "none")},
        {"H49": (S.DONE, "none"), "H53": (S.ARRIVED, "none")},
        {"H49": (S.DONE, "none")},
    ]
    assert all(row.outcome is Outcome.HELD for line in lines if line for row in line.deliveries.values())


def test_it_says_what_the_offices_dossiers_say(tmp_path: Path) -> None:
    """Of changes under an id of their own too, where their docket names what they change (version 2)."""
    land, stream = audited()
    sent = [document("G22", "H49", number=number) for number in range(1, 6)]
    for item in sent:
        land["G22"].dms.write(item)
    land.settle(3)
    for item in sent[:4]:
        land["H49"].dms.write(status(S.ACCEPTED, item, "H49", "G22", at=land.now))
    land.settle(3)
    land.wait(timedelta(hours=1))
    changes = [
        Business(type=BusinessType.REVOKE, document_id=sent[0].id),
        Business(type=BusinessType.UPDATE, document_id=sent[1].id),
        Business(type=BusinessType.REVOKE, document_id=sent[2].id),
        Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id=sent[3].id),)),
    ]
    for number, business in enumerate(changes, start=11):
        land["G22"].dms.write(document("G22", "H49", number=number, business=business))
    land.settle(3)
    for item, code in ((sent[0], S.CHANGE_AGREED), (sent[1], S.CHANGE_REFUSED), (sent[3], S.DONE)):
        land["H49"].dms.write(status(code, item, "H49", "G22", at=land.now))
    land.settle(3)
    with witness(tmp_path, of=(land, stream)) as ledger:
        ledger.reads()
        told = []
        for item in sent:
            line = ledger.lifeline(item)
            assert line is not None
            row = line.deliveries["H49"]
            told.append(Handling(state=row.state, change=row.change, withdrawn=row.withdrawn))
        owed = {
            row.clock: row.is_open for item in sent[:3] for row in ledger.owed(item).values() if row.clock == "change"
        }
        assert owed == {"change": True}  # of the third: nobody has answered
    keys = [HandlingKey("G22", item.id, "H49") for item in sent]
    for office in ("G22", "H49"):
        with land[office].store.read() as tx:
            dossiers = tx.dossiers.by_keys(keys)
        assert [dossiers[key].handling for key in keys] == told


def test_a_status_for_a_document_never_seen(tmp_path: Path) -> None:
    """The ledger began after it was sent: it is known by its status only, owes nothing and counts for nothing; when its
    message is told after all, all of it stands there."""
    land, stream = audited()
    item = document("G22", "H49")
    land["G22"].dms.write(item)
    land.settle(3)
    land["H49"].dms.write(status(S.ACCEPTED, item, "H49", "G22", at=land.now))
    land.settle(3)
    early, late = stream.messages[:1], stream.messages[1:]
    stream.messages[:] = late
    with witness(tmp_path, of=(land, stream)) as ledger:
        ledger.reads()
        line = ledger.lifeline(item)
        assert line is not None
        assert (line.document.known, line.obligations, ledger.counted()) == (False, (), {})
        assert line.deliveries["H49"].state is S.ACCEPTED
        stream.append(early[0].publisher, early[0].key, early[0].body)
        ledger.reads()
        line = ledger.lifeline(item)
        assert line is not None
        assert line.document.known
        assert line.deliveries["H49"].outcome is Outcome.HELD  # its receipt came before it
        assert {row.clock: row.met_by for row in line.obligations} == {"acknowledge": "01", "accept": "03"}


def test_from_the_future(tmp_path: Path) -> None:
    """A clock that is two hours ahead: kept and marked, and nobody owes anything by it."""
    land, stream = audited()
    item = document("G22", "H49")
    land["G22"].dms.write(item)
    land.wait(timedelta(hours=2))
    land.collect("G22")
    land.publish("G22")
    land.wait(timedelta(hours=-2))
    with witness(tmp_path, of=(land, stream)) as ledger:
        ledger.reads()
        assert ledger.standings() == [("document", "clock-ahead")]
        assert ledger.lifeline(item) is None
        assert ledger.counted() == {}


def test_a_broken_signature(tmp_path: Path) -> None:
    """One letter of the docket is another: kept and marked; the genuine message that comes after it counts."""
    land, stream = audited()
    item = document("G22", "H49")
    land["G22"].dms.write(item)
    land.collect("G22")
    land.publish("G22")
    (sent,) = stream.messages
    forged = sent.body.replace(b"1/CV-VP", b"9/CV-VP")
    with witness(tmp_path, of=(land, told_by(stream, [replace(sent, body=forged), sent]))) as ledger:
        ledger.reads()
        assert ledger.standings() == [("document", "bad-signature"), ("document", "genuine")]
        assert ledger.lifeline(item) is not None
        assert ledger.lifeline(document("G22", "H49", number=9)) is None


def test_of_a_withdrawn_agency(tmp_path: Path) -> None:
    """H08 has closed, and its daemon has not heard of it: what it says then moves no document; its last word before
    does."""
    land, stream = audited()
    land.on(date(2025, 6, 30))
    item = document("G22", "H08")
    land["G22"].dms.write(item)
    land.settle(3)
    old = land["H08"].member
    land.on(date(2025, 7, 2))
    land["H08"].member = old
    land["H08"].dms.write(status(S.ACCEPTED, item, "H08", "G22", at=land.now))
    land.collect("H08")
    land.publish("H08")
    with witness(tmp_path, of=(land, stream)) as ledger:
        ledger.reads()
        assert ledger.standings()[-1] == ("status", "bad-signature")
        line = ledger.lifeline(item)
        assert line is not None
        assert line.deliveries["H08"].state is S.ARRIVED
