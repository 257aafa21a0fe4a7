"""From the inbox into the document system: the corners that no story of tests/scenarios goes through."""

import hashlib
from dataclasses import replace

import pytest

from bus.handling.transport import OutboxState
from bus.ports.records import Row
from bus.receiving.verified import Verified
from bus.sending.receipts import receipt
from bus.wire.message import publication
from schemas.codes import BusinessType, Outcome
from schemas.docket import Acknowledged, Address
from schemas.document import Business, Replaced
from schemas.values import MessageId
from tests.scenarios.country import Land, document


@pytest.fixture
def land() -> Land:
    return Land()


def answered(land: Land, *lines: tuple[MessageId | None, Outcome, str | None]) -> None:
    """H49 answers messages of G22 in one receipt, as its adapter may."""
    acknowledged = []
    with land["G22"].store.read() as tx:
        for message, outcome, code in lines:
            (row,) = tx.outbox.rows(message=message)
            digest = hashlib.sha256(row.docket.to_json()).hexdigest()
            acknowledged.append(Acknowledged(message=row.docket.id, docket_sha256=digest, outcome=outcome, code=code))
    entry = receipt(land["H49"].member, Address(agency="G22", mailbox="G22"), acknowledged, now=land.now)
    land["H49"].broker.publish([publication(entry)])


def test_only_what_was_refused_bounces(land: Land) -> None:
    """One receipt can say of one message that it is held and of another that it is refused."""
    for number in (1, 2):
        land["G22"].dms.write(document(number=number))
    land.collect("G22")
    lines = [acknowledged_by_hand(row, refused="not-for-us" if row.ref == "ref-2" else None) for row in sent_rows(land)]
    entry = receipt(land["H49"].member, Address(agency="G22", mailbox="G22"), lines, now=land.now)
    land["H49"].broker.publish([publication(entry)])
    land.take_in("G22")
    land.deliver("G22")
    (bounce,) = land["G22"].dms.bounces
    assert (bounce.ref, bounce.error.code) == ("ref-2", "not-for-us")


def test_a_refusal_for_a_reason_of_tomorrow_bounces_too(land: Land) -> None:
    """A newer adapter may refuse with a code that this one has no words for: the code itself is passed on."""
    land["G22"].dms.write(document())
    land.collect("G22")
    (row,) = sent_rows(land)
    line = acknowledged_by_hand(row, refused="quota-of-tomorrow")
    entry = receipt(land["H49"].member, Address(agency="G22", mailbox="G22"), [line], now=land.now)
    land["H49"].broker.publish([publication(entry)])
    land.settle(2)
    (bounce,) = land["G22"].dms.bounces
    assert (bounce.ref, bounce.mailbox) == ("ref-1", "H49")
    assert "quota-of-tomorrow" in str(bounce.error)


def sent_rows(land: Land) -> list[Row[OutboxState]]:
    with land["G22"].store.read() as tx:
        return list(tx.outbox.rows())


def acknowledged_by_hand(row: Row[OutboxState], *, refused: str | None) -> Acknowledged:
    return Acknowledged(
        message=row.docket.id,
        docket_sha256=hashlib.sha256(row.docket.to_json()).hexdigest(),
        outcome=Outcome.REFUSED if refused else Outcome.HELD,
        code=refused,
    )


def test_a_system_that_reports_arrivals_itself_is_left_to_do_so(land: Land) -> None:
    """No status 01 of ours beside its own."""
    land["H49"].dms.reports_arrival = True
    land["G22"].dms.write(document())
    land.settle()
    assert land["H49"].dms.filings == 1
    assert land["G22"].dms.heard == []


def test_a_replacement_finds_what_came_with_it(land: Land) -> None:
    """A recipient that was away gets a document, its replacement, and an update of that in one batch: each names the
    one that was filed just before it."""
    first = document()
    second = document(number=2).model_copy(
        update={"business": Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id=first.id),))}
    )
    third = second.model_copy(update={"business": Business(type=BusinessType.UPDATE, document_id=second.id)})
    for each in (first, second, third):
        land["G22"].dms.write(each)
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    assert land.deliver("H49").filed == 3
    targets = [filing.target for filing in land["H49"].dms.filed.values()]
    assert targets == [(), (f"dms:{first.id}:NEW",), (f"dms:{second.id}:REPLACE",)]


def test_an_entry_that_the_disk_has_spoilt_stops_no_other(land: Land) -> None:
    """It cannot be taken apart any more: it is refused, its sender is told, and the others are filed."""
    for number in (1, 2):
        land["G22"].dms.write(document(number=number))
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    inbox = land["H49"].store.memory.inbox
    spoilt = next(iter(inbox))
    inbox[spoilt] = replace(inbox[spoilt], entry=replace(inbox[spoilt].entry, body=b"spoilt"))
    land["H49"].verified = Verified()
    done = land.deliver("H49")
    assert (done.filed, done.refused) == (1, 1)
    land.settle(2)
    (bounce,) = land["G22"].dms.bounces
    assert (bounce.ref, bounce.error.code) == ("ref-1", "bad-message")
