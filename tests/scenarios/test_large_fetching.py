"""Large attachments when things go wrong at the recipient, or on the way: nothing half is ever filed, what was proven
is not fetched again, and both ends say where they stand."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bus.errors import BlobMissing, BlobsAway, BusError, KeyWithdrawn
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import discard_message, list_rows, release, retry
from bus.operations.trace import trace_document
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box, ReceiptLine
from bus.receiving.fetch import LOOK_AGAIN
from bus.sending import reseal as resealing
from bus.sending.address import address
from bus.sending.seal import Ready, seal_all
from bus.sending.upload import answer_missing_blob, seal_blobs
from schemas.codes import Outcome, Priority
from schemas.document import Document
from schemas.values import BlobId, MessageId
from tests.fakes.blobs import FakeDepot
from tests.scenarios.country import document
from tests.scenarios.large import LargeLand, large_document

MINUTE = timedelta(minutes=1)


def test_a_fetch_goes_on_where_it_was_cut() -> None:
    """What was proven and kept is not fetched again."""
    land = LargeLand()
    sent, _ = land.sent("G22", "H49")
    land.fetch("H49")
    land.depot.cut_get(4)
    land.fetch("H49")
    with pytest.raises(BlobsAway):
        land.fetch("H49")
    land.wait(MINUTE)
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.depot.gets == 21


def test_nothing_is_receipted_before_it_is_whole() -> None:
    """The sender keeps its segments until then, also when its message comes twice."""
    land = LargeLand()
    _, message = land.sent("G22", "H49")
    land.fetch("H49")
    land["G22"].store.memory.outbox[message] = replace(
        (out := land["G22"].store.memory.outbox[message]), entry=replace(out.entry, next_at=land.now)
    )
    land.wait(timedelta(days=2))
    land.publish("G22")
    land.publish("G22")
    land.take_in("H49")
    assert land.publish("H49").confirmed == 0
    assert land.transfer("H49", Box.IN, message).done == SEGMENTS_AT_ONCE
    land.fetch_all("H49")
    assert land.publish("H49").confirmed == 1


Fault = Callable[[FakeDepot, BlobId], object]

FAULTS: dict[str, Fault] = {
    "altered": lambda depot, blob: depot.alter("G22", blob, 10),
    "missing": lambda depot, blob: depot.lose("G22", blob, 10),
    "cut": lambda depot, blob: depot.alter("G22", blob, 21, data=b"short"),
    "ends early": lambda depot, blob: [*map(partial(depot.lose, "G22", blob), (19, 20, 21))],
    "trimmed at its beginning": lambda depot, _: depot.trim("G22", keep=15),
    "trimmed": lambda depot, _: depot.trim("G22"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_is_not_there_as_it_should_be_is_asked_for_again(fault: Fault) -> None:
    """It is looked for from the oldest on first, then its sender puts it there once more; nothing is filed meanwhile,
    and what was good is not fetched twice."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    fault(land.depot, land.blob("G22", message))
    land.fetch_all("H49")
    done = land.transfer("H49", Box.IN, message).done
    assert done < 21
    assert land.events("H49") == ["blob.asked-for"]
    assert "fetching" in str(_steps(land, "H49", sent.id))
    land.settle(20)
    assert land.events("G22") == ["blob.asked-again"]
    assert land.depot.puts == 42
    assert land.filed("H49", sent)
    assert land["G22"].dms.bounces == []
    assert land.row("G22", Box.OUT, message).state is OutboxState.DONE


@pytest.mark.parametrize("fault", ["altered", "missing", "cut", "ends early", "trimmed"])
def test_where_segments_are_found_by_name_it_is_asked_for_too(fault: str) -> None:
    """What lies in an S3 store lies there the next time as well: it is not fetched again and again meanwhile."""
    land = LargeLand(depot=FakeDepot("s3"))
    sent, message = land.sent("G22", "H49")
    FAULTS[fault](land.depot, land.blob("G22", message))
    for _ in range(20):
        land.fetch("H49")
        land.wait(LOOK_AGAIN)
    assert land.events("H49") == ["blob.asked-for"]
    land.settle(20)
    assert land.depot.puts == 42
    assert land.filed("H49", sent)


def _steps(land: LargeLand, code: str, document: str) -> list[str]:
    return [f"{step.what} {step.detail}" for step in trace_document(land[code].store, document)]


@pytest.mark.parametrize(
    "fault",
    [
        lambda depot, blob: depot.repeat("G22", blob, 3),
        lambda depot, blob: depot.swap("G22", blob, 3, 4),
        lambda depot, blob: depot.swap("G22", blob, 3, 12),
        lambda depot, blob: depot.swap("G22", blob, 1, 21),
    ],
    ids=["repeated", "next to each other", "far apart", "first and last"],
)
def test_another_order_is_put_right(fault: Fault) -> None:
    """Nobody need be asked for that; it takes some looks, each a while after the other."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    fault(land.depot, land.blob("G22", message))
    land.settle(40)
    assert land.filed("H49", sent)
    assert land.depot.puts == 21


def test_a_recipient_that_was_away_longer_than_it_is_kept() -> None:
    """For weeks: its sender gave up waiting for a receipt, and sends it all the same once it is asked."""
    land = LargeLand()
    sent = land.send("G22", "H49")
    land.collect_large("G22")
    land.upload_all("G22")
    land.publish("G22")
    for _ in range(20):
        land.wait(timedelta(days=1))
        land.publish("G22")
    assert [row.state for row in list_rows(land["G22"].store, Box.OUT)] == [OutboxState.PARKED]
    land.depot.trim("G22")
    land.settle(20)
    assert land.filed("H49", sent)


def test_two_ask_and_it_is_sent_once() -> None:
    """One upload serves all who miss it, whenever they ask; a question of before the message went out again is none."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", "H53")
    land.depot.trim("G22")
    land.fetch_all("H49")
    land.publish("H49")
    land.take_in("G22")
    land.upload("G22")
    land.fetch_all("H53")
    land.publish("H53")
    land.take_in("G22")
    land.wait(MINUTE)
    land.upload_all("G22")
    land.publish("G22")
    with land["H53"].store.write() as tx:  # its question comes once more, late
        tx.outbox.reschedule(OutboxState.SENT, beyond=land.now, to=land.now)
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.filed("H53", sent)
    assert land.depot.puts == 42
    assert land.events("G22") == ["blob.asked-again"]
    assert message


def _line(land: LargeLand, message: MessageId, **other: object):  # type: ignore[no-untyped-def]
    docket = land.row("G22", Box.OUT, message).docket
    made = ReceiptLine(
        message=message,
        mailbox="H49",
        outcome=Outcome.REFUSED,
        code=BlobMissing.code,
        at=land.now,
        docket_sha256=hashlib.sha256(docket.to_json()).hexdigest(),
    )
    return replace(made, **other)  # type: ignore[arg-type]


def test_questions_that_are_none() -> None:
    """About a message that has no segments, or another docket, from who has it, or of before it went out again."""
    land = LargeLand()
    _, message = land.sent("G22", "H49")
    land["G22"].dms.write(document("G22", "H49", number=2))
    (answer,) = land.collect("G22")
    assert answer.message is not None

    def done(line: object) -> bool:
        with land["G22"].store.write() as tx:
            return answer_missing_blob(tx, line, now=land.now)  # type: ignore[arg-type]

    assert not done(_line(land, answer.message))
    assert not done(_line(land, message, docket_sha256="0" * 64))
    assert not done(_line(land, message, mailbox="H53"))
    assert done(_line(land, message, at=land.now - MINUTE))
    assert land.row("G22", Box.OUT, message).state is OutboxState.SENT
    land.settle(20)
    assert done(_line(land, message))
    assert land.row("G22", Box.OUT, message).state is OutboxState.DONE


def _lie(land: LargeLand, lie: str) -> tuple[Document, MessageId]:
    """What a sender's software might make that goes by no rule: sealed and signed well, and not true."""
    made, office = large_document("G22", "H49", mib=3), land["G22"]
    addressed = address(office.member, made)
    message = office.member.new_id()
    (sealed,) = seal_blobs(office.store, addressed, [], message=message, now=land.now)
    file, digests = made.attachments[-1], sealed.manifest.digests
    match lie:
        case "another file":
            file = file.model_copy(update={"sha256": "0" * 64})
        case "another size":
            file = file.model_copy(update={"size": file.size + 1})
        case "another key":
            sealed = replace(sealed, manifest=replace(sealed.manifest, key=bytes(32)))
        case "another manifest":
            sealed = replace(sealed, manifest=replace(sealed.manifest, digests=digests[32:] + digests[:32]))
        case _:  # an odd manifest
            sealed = replace(sealed, manifest=replace(sealed.manifest, digests=digests[1:]))
    lying_document = made.model_copy(update={"attachments": (*made.attachments[:-1], file)})
    addressed = replace(addressed, item=lying_document)
    (entry,) = seal_all(office.member, [Ready(addressed=addressed, message=message, blobs=[sealed])], now=land.now)
    assert not isinstance(entry, BusError)
    with office.store.write() as tx:
        tx.outbox.put([entry], at=land.now)
    return made, message


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("another file", "bad-blob"),
        ("another size", "bad-message"),
        ("another key", "bad-blob"),
        ("another manifest", "bad-blob"),
        ("an odd manifest", "bad-blob"),
    ],
)
def test_a_sender_that_lies_is_found_out(lie: str, code: str) -> None:
    """All of it is refused before anything is receipted, nothing is filed, and its people are told."""
    land = LargeLand()
    _, message = _lie(land, lie)
    land.settle(9)
    assert land["H49"].dms.filed == {}
    assert land.row("H49", Box.IN, message).state is InboxState.REFUSED
    assert land.events("H49") == ["inbox.refused"]
    (line,) = land.row("G22", Box.OUT, message).recipients
    assert line.code == code
    release(land["H49"].store, Box.IN, [message], now=land.now)
    land.settle(3)
    assert land.row("H49", Box.IN, message).state is InboxState.REFUSED
    discard_message(land["H49"].store, message, now=land.now)
    land.sweep_all("H49")
    assert land.kept("H49", Box.IN) == 0


def test_a_content_that_is_none() -> None:
    """A document with fewer files than its docket says, or none at all: refused as any message is."""
    land = LargeLand()
    office, made = land["G22"], large_document("G22", "H49", mib=3)
    addressed = address(office.member, made)
    message = office.member.new_id()
    sealed = list(seal_blobs(office.store, addressed, [], message=message, now=land.now))
    broken = replace(addressed, item=made, as_blobs=(), content=b"nothing")
    (entry,) = seal_all(office.member, [Ready(addressed=broken, message=message, blobs=sealed)], now=land.now)
    assert not isinstance(entry, BusError)
    with office.store.write() as tx:
        tx.outbox.put([entry], at=land.now)
    land.settle(9)
    (line,) = land.row("G22", Box.OUT, message).recipients
    assert line.code == "bad-message"


def test_who_asks_without_end_has_its_sender_do_little() -> None:
    """Each question costs one side a line and the other the whole file: one that is repeated sooner than the schedule
    says is let lie, and what else is large is sent meanwhile."""
    land = LargeLand()
    _, message = land.sent("G22", "H49")
    for _ in range(24 * 60):
        with land["G22"].store.write() as tx:
            assert answer_missing_blob(tx, _line(land, message, at=land.now + MINUTE), now=land.now)
        land.upload_all("G22")
        land.publish("G22")
        land.wait(MINUTE)
    assert land.events("G22").count("blob.asked-again") < 24
    land.settle(30)
    assert land.row("G22", Box.OUT, message).state is OutboxState.DONE


def test_altered_for_good() -> None:
    """Whatever is put there, it is never what the message says: asked for on a schedule for days, then parked with the
    reason, for a person to look at; who retries it has it fetched again."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", mib=9)
    blob = land.blob("G22", message)
    for _ in range(60):
        for number in land.depot.numbers("G22", blob):
            if number == 5:
                land.depot.lose("G22", blob, 5)
                break
        if land.row("H49", Box.IN, message).state is InboxState.PARKED:
            break
        land.fetch_all("H49")
        land.publish("H49")
        land.take_in("G22")
        land.upload_all("G22")
        land.publish("G22")
        land.take_in("H49")
        land.wait(timedelta(hours=7))
    row = land.row("H49", Box.IN, message)
    assert row.state is InboxState.PARKED
    assert row.error
    assert land["H49"].dms.filed == {}
    assert land.events("H49")[-1] == "inbox.parked"
    retry(land["H49"].store, Box.IN, [message], now=land.now)
    land.settle(60)
    assert land.filed("H49", sent)


def test_what_was_parked_is_fetched_when_its_message_comes_again() -> None:
    """Its sender has put it there once more, maybe for others."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", mib=9)
    land.depot.trim("G22")
    land.fetch_all("H49")
    data = land["H49"].store.memory
    key = (message, "G22")
    data.inbox[key] = replace(data.inbox[key], entry=replace(data.inbox[key].entry, state=InboxState.PARKED))
    land.settle(30)
    assert land.filed("H49", sent)


def test_sealed_again_while_it_is_put_there_again() -> None:
    """One recipient misses segments, another no longer has the key: both are helped by one publish."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", "H53")
    land.depot.trim("G22")
    land.fetch_all("H49")
    land.publish("H49")
    land.take_in("G22")
    land.upload("G22")
    line = _line(land, message, mailbox="H53", code=KeyWithdrawn.code)
    office = land["G22"]
    assert resealing.answer_withdrawn_key(office.store, line, member=office.member, now=land.now)
    assert land.row("G22", Box.OUT, message).state is OutboxState.UPLOADING
    land.wait(timedelta(minutes=6))
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.filed("H53", sent)
    assert land.depot.puts == 42


def test_a_flood_of_what_was_never_put_there() -> None:
    """Urgent, and of one sender: another's document is fetched within a few turns, also when all of those are looked
    for again; what waits meanwhile is said, and found once it is put there."""
    land = LargeLand()
    poisoned = [land.sent("H53", "H49", mib=1, number=number, priority=Priority.URGENT)[1] for number in range(1, 201)]
    kept = [land.blob("H53", message) for message in poisoned]
    assert len(set(kept)) == 200
    land.depot.trim("H53")
    for wait in (0, 16, 60, 24 * 60):
        land.wait(wait * MINUTE)
        sent, message = land.sent("G22", "H49", mib=3, number=1000 + wait)
        assert message in [land.fetch("H49").message for _ in range(3)]
        for _ in range(4):
            land.fetch("H49")
        assert land.row("H49", Box.IN, message).state is InboxState.FETCHED
        land.deliver_with_blobs("H49")
        assert land.filed("H49", sent)
        looks = 0
        while land.fetch("H49").more:
            looks += 1
        assert looks <= 150
    assert "blobs.looked-in-vain" in land.events("H49")
    assert land.row("H49", Box.IN, poisoned[-1]).state is InboxState.FETCHING
