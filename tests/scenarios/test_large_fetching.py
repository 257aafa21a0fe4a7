"""Large attachments when things go wrong at the recipient, or on the way: nothing half is ever filed, what was proven
is not fetched again, and both ends say where they stand."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bus import operations, resealing, uploading
from bus.errors import BlobMissing, BlobsAway, BusError, KeyWithdrawn
from bus.mailroom import Ready, address, seal_all
from bus.records import Box, ReceiptLine, State
from schemas.codes import Outcome
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
    land["G22"].store._data.outbox[message] = replace(
        (out := land["G22"].store._data.outbox[message]), entry=replace(out.entry, next_at=land.now)
    )
    land.wait(timedelta(days=2))
    land.publish("G22")
    land.publish("G22")
    land.take_in("H49")
    assert land.publish("H49").confirmed == 0
    assert land.transfer("H49", Box.IN, message).done == 8
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
    assert land.row("G22", Box.OUT, message).state is State.DONE


@pytest.mark.parametrize("fault", ["altered", "missing", "cut", "ends early", "trimmed"])
def test_where_segments_are_found_by_name_it_is_asked_for_too(fault: str) -> None:
    """What lies in an S3 store lies there the next time as well: it is not fetched again and again meanwhile."""
    land = LargeLand(depot=FakeDepot("s3"))
    sent, message = land.sent("G22", "H49")
    FAULTS[fault](land.depot, land.blob("G22", message))
    for _ in range(20):
        land.fetch("H49")
    assert land.events("H49") == ["blob.asked-for"]
    land.settle(20)
    assert land.depot.puts == 42
    assert land.filed("H49", sent)


def _steps(land: LargeLand, code: str, document: str) -> list[str]:
    return [f"{step.what} {step.detail}" for step in operations.trace(land[code].store, document)]


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
    """Nobody need be asked for that."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49")
    fault(land.depot, land.blob("G22", message))
    land.settle(20)
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
    assert [row.state for row in operations.list_rows(land["G22"].store, Box.OUT)] == [State.PARKED]
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
        tx.hasten(Box.OUT, State.SENT, beyond=land.now, to=land.now)
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
            return uploading.asked_again(tx, line, now=land.now).done  # type: ignore[arg-type]

    assert not done(_line(land, answer.message))
    assert not done(_line(land, message, docket_sha256="0" * 64))
    assert not done(_line(land, message, mailbox="H53"))
    assert done(_line(land, message, at=land.now - MINUTE))
    assert land.row("G22", Box.OUT, message).state is State.SENT
    land.settle(20)
    assert done(_line(land, message))
    assert land.row("G22", Box.OUT, message).state is State.DONE


def _lie(land: LargeLand, lie: str) -> tuple[Document, MessageId]:
    """What a sender's software might make that goes by no rule: sealed and signed well, and not true."""
    made, office = large_document("G22", "H49", mib=3), land["G22"]
    addressed = address(office.member, made)
    message = office.member.new_id()
    (sealed,) = uploading.seal_apart(office.store, addressed, message=message, now=land.now)
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
    (entry,) = seal_all(office.member, [Ready(addressed=addressed, message=message, apart=[sealed])], now=land.now)
    assert not isinstance(entry, BusError)
    with office.store.write() as tx:
        tx.put_outbox([entry], at=land.now)
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
    assert land.row("H49", Box.IN, message).state is State.REFUSED
    assert land.events("H49") == ["inbox.refused"]
    (line,) = land.row("G22", Box.OUT, message).recipients
    assert line.code == code
    operations.release(land["H49"].store, Box.IN, [message], now=land.now)
    land.settle(3)
    assert land.row("H49", Box.IN, message).state is State.REFUSED
    operations.discard(land["H49"].store, message, now=land.now)
    land.sweep_all("H49")
    assert land.kept("H49", Box.IN) == 0


def test_a_content_that_is_none() -> None:
    """A document with fewer files than its docket says, or none at all: refused as any message is."""
    land = LargeLand()
    office, made = land["G22"], large_document("G22", "H49", mib=3)
    addressed = address(office.member, made)
    message = office.member.new_id()
    sealed = uploading.seal_apart(office.store, addressed, message=message, now=land.now)
    broken = replace(addressed, item=made, apart=(), content=b"nothing")
    (entry,) = seal_all(office.member, [Ready(addressed=broken, message=message, apart=sealed)], now=land.now)
    assert not isinstance(entry, BusError)
    with office.store.write() as tx:
        tx.put_outbox([entry], at=land.now)
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
            again = uploading.asked_again(tx, _line(land, message, at=land.now + MINUTE), now=land.now)
            tx.put_events(list(again.events))
        assert again.done
        land.upload_all("G22")
        land.publish("G22")
        land.wait(MINUTE)
    assert land.events("G22").count("blob.asked-again") < 24
    land.settle(30)
    assert land.row("G22", Box.OUT, message).state is State.DONE


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
        if land.row("H49", Box.IN, message).state is State.PARKED:
            break
        land.fetch_all("H49")
        land.publish("H49")
        land.take_in("G22")
        land.upload_all("G22")
        land.publish("G22")
        land.take_in("H49")
        land.wait(timedelta(hours=7))
    row = land.row("H49", Box.IN, message)
    assert row.state is State.PARKED
    assert row.error
    assert land["H49"].dms.filed == {}
    assert land.events("H49")[-1] == "inbox.parked"
    operations.retry(land["H49"].store, Box.IN, [message], now=land.now)
    land.settle(30)
    assert land.filed("H49", sent)


def test_what_was_parked_is_fetched_when_its_message_comes_again() -> None:
    """Its sender has put it there once more, maybe for others."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", mib=9)
    land.depot.trim("G22")
    land.fetch_all("H49")
    data = land["H49"].store._data
    key = (message, "G22")
    data.inbox[key] = replace(data.inbox[key], entry=replace(data.inbox[key].entry, state=State.PARKED))
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
    with land["G22"].store.write() as tx:
        assert resealing.answer(tx, line, member=land["G22"].member, now=land.now).done
    assert land.row("G22", Box.OUT, message).state is State.UPLOADING
    land.wait(timedelta(minutes=6))
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.filed("H53", sent)
    assert land.depot.puts == 42
