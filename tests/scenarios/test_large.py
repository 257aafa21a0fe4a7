"""Large attachments from one document system to others: the straight road, what goes on beside it, what waits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.errors import BlobsAway, TooLarge
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import withdraw_message
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box
from bus.wire.message import publication
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Attachment, Business, Replaced
from tests.scenarios.country import document, status
from tests.scenarios.large import MIB, LargeLand, large_document, takes_large


def test_a_large_file_arrives() -> None:
    """Sealed once, put once for all recipients, fetched by each, filed as it was; then nobody keeps any of it."""
    land = LargeLand()
    sent = land.send("G22", "H49", "H53", mib=20)
    land.settle(30)
    assert land.filed("H49", sent)
    assert land.filed("H53", sent)
    assert land.depot.puts == 21
    assert ("01", "H49") in land["G22"].dms.heard
    for code in ("G22", "H49", "H53"):
        land.sweep_all(code)
        assert land.kept(code, Box.OUT) == land.kept(code, Box.IN) == 0


def test_two_large_files_and_a_small_one() -> None:
    """Each in a blob of its own, the small one in the message; all in their places."""
    land = LargeLand()
    one, other = large_document("G22", "H49", mib=3), large_document("G22", "H49", mib=9, seed=7)
    files = (*one.attachments[::-1], other.attachments[-1].model_copy(update={"content_id": "cid:3"}))
    sent = one.model_copy(update={"attachments": files})
    land["G22"].dms.write(sent)
    land.settle(20)
    assert land.filed("H49", sent)
    assert land.depot.puts == 4 + 10


def test_a_middling_file_of_an_adapter_that_holds_it() -> None:
    """Its bytes come in memory, travel apart, and are handed over in memory where the other end wants them so."""
    land = LargeLand()
    land["H49"].dms.takes_large = False
    content = bytes(range(256)) * 8192
    sent = document("G22", "H49", content=content)
    land["G22"].dms.write(sent)
    land.settle()
    (filing,) = land["H49"].dms.filed.values()
    assert filing.document.attachments[0].content == content
    assert land.depot.puts == 2


def test_what_an_adapter_cannot_hold_is_refused() -> None:
    """Up to 64 MiB in memory, and not a byte more; its sender is told why."""
    land = LargeLand()
    land["H49"].dms.takes_large = False
    land.send("G22", "H49", mib=64)
    land.settle(50)
    assert land["H49"].dms.filed == {}
    (bounce,) = land["G22"].dms.bounces
    assert isinstance(bounce.error, TooLarge)


def test_a_recipient_of_before() -> None:
    """It lists no limit: a file that a message can carry goes within it, a larger one is refused at once."""
    land = LargeLand(largest={"H53": 2**32})
    sent = large_document("G22", "H49", "H53", mib=5)
    land["G22"].dms.write(sent)
    (answer,) = land.collect_large("G22")
    assert answer.error is None
    land.settle()
    assert land.filed("H49", sent)
    assert land.depot.puts == 0
    land.send("G22", "H49", "H53", mib=13, number=2)
    (answer,) = land.collect_large("G22")
    assert isinstance(answer.error, TooLarge)
    assert "→ H49" in str(answer.error)
    assert land.kept("G22", Box.OUT) == 0


def test_more_than_a_mailbox_takes_is_not_taken_in() -> None:
    """Whatever a sender believes of it: its disk is not filled by strangers. Its sender is told the figure."""
    land = LargeLand()
    land["H49"].member = takes_large(land["H49"].member, H49=5 * MIB)
    land.sent("G22", "H49", mib=6)
    land.settle()
    assert land["H49"].dms.filed == {}
    assert land.depot.gets == 0
    (bounce,) = land["G22"].dms.bounces
    assert bounce.error.code == "too-large"


def test_an_urgent_document_is_not_behind_it() -> None:
    """While a large one is under way at both ends, an urgent small one goes past."""
    land = LargeLand()
    _, message = land.sent("G22", "H49", mib=60)
    later = land.send("G22", "H53", mib=60, number=2)
    land.collect_large("G22")
    land.fetch("H49")
    land.upload("G22")
    urgent = document("G22", "H49", number=3, priority=Priority.IMMEDIATE)
    land["G22"].dms.write(urgent)
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    land.deliver("H49")
    assert land["H49"].dms.documents == [urgent.id]
    assert land.transfer("H49", Box.IN, message).done == SEGMENTS_AT_ONCE
    land.settle(60)
    assert land.filed("H53", later)


def test_an_urgent_large_one_goes_before_a_large_one() -> None:
    """In the next step of both ends, not behind it."""
    land = LargeLand()
    land.sent("G22", "H49", mib=20)
    land.fetch("H49")
    _, urgent = land.sent("G22", "H49", mib=10, number=2, priority=Priority.URGENT)
    assert land.fetch("H49").message == urgent


def test_what_changes_it_waits_for_it() -> None:
    """A revocation that is accepted while segments are on their way leaves once they are there; one that comes while
    they are being fetched is filed after the document, however long that takes. A status too."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=40)
    land.collect_large("G22")
    land.upload("G22")
    revoked = document(
        "G22", "H49", number=1, id_="G22,thu hồi", business=Business(type=BusinessType.REVOKE, document_id=sent.id)
    )
    land["G22"].dms.write(revoked)
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, sent, "G22", "H49"))
    land.collect("G22")
    assert land.publish("G22").confirmed == 0
    land.depot.away = "no route"
    with pytest.raises(BlobsAway):
        land.upload("G22")
    land.upload("G22")  # a look of the revocation, and it goes on waiting
    land.depot.away = None
    land.wait(timedelta(seconds=31))
    land.upload_all("G22")
    land.publish("G22")
    land.take_in("H49")
    for _ in range(50):
        land.wait(timedelta(minutes=1))
        land.deliver("H49")
    assert land["H49"].dms.filed == {}
    assert "inbox.parked" not in land.events("H49")
    assert land.events("H49").count("target.awaited") == 2
    land.fetch_all("H49")
    land.deliver_with_blobs("H49")
    land.wait(timedelta(minutes=1))
    land.settle()
    assert land["H49"].dms.documents == [sent.id, revoked.id]
    assert [report.status.code for report in land["H49"].dms.reports.values()] == [StatusCode.TAKE_BACK]
    (*_, filing) = land["H49"].dms.filed.values()
    assert filing.target


def test_a_replacement_waits_too() -> None:
    """What is replaced is filed before what replaces it, small as that may be."""
    land = LargeLand()
    sent, _ = land.sent("G22", "H49", mib=10)
    business = Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id=sent.id),))
    other = document("G22", "H49", number=2, business=business)
    land["G22"].dms.write(other)
    land.settle(4)
    land.wait(timedelta(minutes=1))
    land.settle()
    assert land["H49"].dms.documents == [sent.id, other.id]


def test_what_changes_a_document_of_its_own_batch_waits_too() -> None:
    """Their document system handed over both at once, as after a night: the change is not sent before the files."""
    land = LargeLand()
    sent = document("G22", "H49")
    sent = sent.model_copy(update={"attachments": (Attachment.of("1.pdf", bytes(3 * 1024 * 1024)),)})
    land["G22"].dms.write(sent)
    revoke = Business(type=BusinessType.REVOKE, document_id=sent.id)
    revoked = document("G22", "H49", number=2, business=revoke)
    land["G22"].dms.write(revoked)
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, sent, "G22", "H49"))
    assert len(land.collect("G22")) == 3
    assert land.publish("G22").confirmed == 0
    for _ in range(3):
        land.settle(6)
        land.wait(timedelta(minutes=1))
    assert land["H49"].dms.documents == [sent.id, revoked.id]


def test_what_is_about_others_does_not_wait() -> None:
    """A status about a small document, one of another agency's under the same id, a revocation that names nothing that
    is under way: each goes at once. One that names it by its number and date waits."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=40)
    land.collect_large("G22")
    revoke = Business(type=BusinessType.REVOKE)
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, document("G22", "H49", number=7), "G22", "H49"))
    land["G22"].dms.write(status(StatusCode.DONE, sent, "G22", "H53"))
    land["G22"].dms.write(document("G22", "H49", number=8, business=revoke))
    land.collect("G22")
    assert land.publish("G22").confirmed == 3
    land["G22"].dms.write(document("G22", "H49", number=1, id_="G22,another", business=revoke))
    land.collect("G22")
    assert land.publish("G22").confirmed == 0


def test_a_repeated_message_of_what_is_whole() -> None:
    """Is receipted again, as any other."""
    land = LargeLand()
    _, message = land.sent("G22", "H49", mib=3)
    land.fetch_all("H49")
    with land["G22"].store.read() as tx:
        (entry,) = tx.outbox.unfinished([message])
    land.exchange.publish(publication(entry), "G22")
    land.take_in("H49")
    assert land.publish("H49").confirmed == 2


def test_two_large_changes_do_not_wait_for_each_other() -> None:
    """Both name one document, which is not here: the earlier is filed, then the later."""
    land = LargeLand()
    update = Business(type=BusinessType.UPDATE, document_id="G22,elsewhere")
    for seed in (1, 2):
        land.sent("G22", "H49", mib=3, seed=seed, id_="G22,update", business=update)
        land.wait(timedelta(seconds=1))
    land.fetch_all("H49")
    for _ in range(20):
        land.wait(timedelta(minutes=2))
        land.deliver_with_blobs("H49")
    assert land["H49"].dms.documents == ["G22,update", "G22,update"]


def test_what_waits_behind_a_withdrawn_one_goes() -> None:
    """There is nothing left to wait for."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=40)
    (answer,) = land.collect_large("G22")
    assert answer.message is not None
    land["G22"].dms.write(
        document("G22", "H49", number=2, business=Business(type=BusinessType.REVOKE, document_id=sent.id))
    )
    land["G22"].dms.write(document("G22", "H49", number=3))
    land.collect("G22")
    land.upload("G22")
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    land.wait(timedelta(minutes=1))
    land.settle()
    for _ in range(4):
        land.wait(timedelta(minutes=5))
        land.settle(2)
    assert len(land["H49"].dms.documents) == 2
    land.sweep_all("G22")
    assert land.kept("G22", Box.OUT) == 0


def test_withdrawn_between_two_steps() -> None:
    """What an operator takes back while its segments are being put comes to nothing, and harms nobody."""
    land = LargeLand()
    land.send("G22", "H49", mib=20)
    (answer,) = land.collect_large("G22")
    assert answer.message is not None
    message = answer.message

    class Withdrawing(type(land.blobs["G22"])):  # type: ignore[misc]
        def put(self, segments):  # type: ignore[no-untyped-def]
            super().put(segments)
            withdraw_message(land["G22"].store, message, now=land.now, new_id=land["G22"].member.new_id)

    land.blobs["G22"].__class__ = Withdrawing
    land.upload("G22")
    assert land.row("G22", Box.OUT, message).state is OutboxState.CANCELLED
    assert land.upload("G22") == type(land.upload("G22"))()


def test_the_same_document_twice_is_sent_once() -> None:
    """Sealed under other keys it is the same, at the sender; and where it comes under another message, at the
    recipient, which fetches nothing of it."""
    land = LargeLand()
    sent, _ = land.sent("G22", "H49", mib=10)
    land["G22"].dms.write(sent)
    (answer,) = land.collect_large("G22")
    assert answer.duplicate
    land.settle()
    fetched = land.depot.gets
    again = LargeLand()
    again.exchange, again.depot = land.exchange, land.depot
    land["G22"].store = again["G22"].store  # its memory lost, it sends it once more
    land["G22"].dms.write(sent)
    land.settle(10)
    assert land["H49"].dms.documents == [sent.id]
    assert land.depot.gets == fetched
    assert "inbox.duplicate" in land.events("H49")


def test_two_of_the_same_at_once() -> None:
    """Both are fetched, one is filed, and the other is known for what it is."""
    land, other = LargeLand(), LargeLand()
    other.exchange, other.depot = land.exchange, land.depot
    sent, _ = land.sent("G22", "H49", mib=10)
    land["G22"].store = other["G22"].store
    land.sent("G22", "H49", mib=10)
    land.fetch_all("H49")
    land.deliver_with_blobs("H49")
    land.deliver_with_blobs("H49")
    assert land["H49"].dms.documents == [sent.id]
    assert "inbox.duplicate" in land.events("H49")
    assert not land.deliver_with_blobs("H49").more


def test_a_slow_recipient_holds_up_nobody() -> None:
    """One of three takes its time: the others have the document, and the sender keeps it for the one."""
    land = LargeLand()
    sent, message = land.sent("G22", "H49", "H53", "G22", mib=20)
    for code in ("H49", "H53"):
        land.fetch_all(code)
        land.deliver_with_blobs(code)
        assert land.filed(code, sent)
        land.publish(code)
    land.take_in("G22")
    assert land.row("G22", Box.OUT, message).state is OutboxState.SENT
    land.sweep_all("G22")
    assert land.kept("G22", Box.OUT) == 21


def test_a_small_file_travels_as_it_always_did() -> None:
    """Nothing apart, no header, no word of it in the docket."""
    land = LargeLand()
    small = document("G22", "H49")
    small = small.model_copy(update={"attachments": (Attachment.of("1.pdf", bytes(512 * 1024)),)})
    land["G22"].dms.write(small)
    land.collect("G22")
    land.publish("G22")
    (headers,) = land.exchange.headers("inbox.H49")
    assert "x-lienthong-blobs" not in headers
    land.take_in("H49")
    with land["H49"].store.read() as tx:
        (row,) = tx.inbox.rows()
    assert row.docket.blobs is None
    assert replace(row, state=InboxState.WAITING) == row
