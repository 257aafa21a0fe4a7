"""What every `bus.ports.Store` does. A test file gives it a `store` fixture and subclasses the contracts.

Here: the outbox. Receipts, the inbox, and what is remembered have files of their own: store_receipts.py,
store_inbox.py, store_dossiers.py.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from bus.handling.transport import OutboxState, State
from bus.ports.records import Box, InboxEntry, OutboxChange, OutboxEntry, ReceiptLine, Row, SubmissionKey
from bus.ports.store import Store
from bus.ports.submitted import Reach, Submitted
from schemas.codes import BusinessType, Kind, Outcome, Priority
from schemas.docket import Acknowledged, Address, Docket, DocumentKey, SealedContent
from schemas.values import DocumentId, MailboxCode, MessageId

NOW = datetime(2026, 11, 22, 7, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PLENTY = 1 << 30


def mid(number: int) -> MessageId:
    return MessageId(f"0190b6f4-7c3e-7abc-8def-{number:012x}")


def docket(
    number: int = 1,
    *,
    document: DocumentId | None = None,
    priority: Priority = Priority.NORMAL,
    sender: MailboxCode = "G22",
    to: tuple[MailboxCode, ...] = ("H49",),
    expires_at: datetime | None = None,
) -> Docket:
    return Docket(
        id=mid(number),
        kind=Kind.DOCUMENT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=tuple(Address(agency=mailbox, mailbox=mailbox) for mailbox in to),
        created_at=NOW,
        expires_at=expires_at,
        document=DocumentKey(issuer=sender, id=document or f"{sender},2026/11/22,{number}/VPCP-TTĐT"),
        business_type=BusinessType.NEW,
        priority=priority,
        content=SealedContent(size=4, sha256="0" * 64),
    )


def key_of(each: Docket, content: bytes = b"content") -> SubmissionKey:
    assert each.document
    return SubmissionKey(each.kind, each.document.issuer, each.document.id, "0", sha256(content).hexdigest())


def sending(
    number: int = 1,
    *,
    body: bytes = b"body",
    state: OutboxState = OutboxState.WAITING,
    next_at: datetime | None = None,
    priority: Priority = Priority.NORMAL,
    to: tuple[MailboxCode, ...] = ("H49",),
    document: DocumentId | None = None,
    expires_at: datetime | None = None,
) -> OutboxEntry:
    made = docket(number, priority=priority, to=to, document=document, expires_at=expires_at)
    return OutboxEntry(
        docket=made,
        body=body,
        key=key_of(made),
        outstanding=tuple(f"document.{mailbox}" for mailbox in to),
        state=state,
        next_at=next_at,
        source=f"file {number}",
    )


def arrived(number: int = 1, *, body: bytes = b"body", sender: MailboxCode = "G22") -> InboxEntry:
    return InboxEntry(docket=docket(number, sender=sender), body=body, taken_at=NOW)


def change(
    number: int = 1,
    state: OutboxState = OutboxState.SENT,
    *,
    confirmed: tuple[str, ...] = (),
    next_at: datetime | None = None,
    attempts: int = 0,
    error: str | None = None,
    tried: bool = False,
    at: datetime = NOW,
) -> OutboxChange:
    return OutboxChange(
        message=mid(number),
        state=state,
        attempts=attempts,
        next_at=next_at,
        confirmed=confirmed,
        error=error,
        tried=tried,
        at=at,
    )


def line(
    number: int = 1,
    mailbox: MailboxCode = "H49",
    outcome: Outcome = Outcome.HELD,
    *,
    code: str | None = None,
    at: datetime = NOW,
    sha256: str | None = None,
) -> ReceiptLine:
    return ReceiptLine(message=mid(number), mailbox=mailbox, outcome=outcome, code=code, at=at, docket_sha256=sha256)


def put(store: Store, *entries: OutboxEntry) -> None:
    with store.write() as tx:
        tx.outbox.put(entries, at=NOW)


def settle(store: Store, *changes: OutboxChange) -> None:
    with store.write() as tx:
        tx.outbox.change(changes)


def hear(store: Store, *lines: ReceiptLine) -> set[MessageId]:
    with store.write() as tx:
        return set(tx.outbox.put_receipts(lines))


def due(store: Store, *, now: datetime = NOW, limit: int = 100, max_bytes: int = PLENTY) -> list[OutboxEntry]:
    with store.read() as tx:
        return list(tx.outbox.due(now=now, limit=limit, max_bytes=max_bytes))


def row(store: Store, number: int = 1, box: Box = Box.OUT) -> Row[State]:
    with store.read() as tx:
        (found,) = tx.of(box).rows(message=mid(number))
    return found


class RecoveryContract:
    def test_a_store_that_was_never_recovered_lacks_nothing(self, store: Store) -> None:
        """Only `store recover` leaves a report."""
        assert store.incomplete() is None


class OutboxContract:
    def test_what_was_put_is_due_as_it_was(self, store: Store) -> None:
        """An entry comes back equal in every part, bytes and microseconds included."""
        entry = OutboxEntry(
            docket=docket(to=("H49", "G22.98")),
            body=bytes(range(256)),
            key=SubmissionKey(Kind.DOCUMENT, "G22", "two  spaces, and Đ/ð", "0", "a" * 64),
            outstanding=("document.G22.98", "document.H49"),
            attempts=3,
            next_at=NOW,
            source="gói tin 1",
            headers={"x-lý-do": "bad-message"},
        )
        put(store, entry)
        assert due(store) == [entry]

    def test_what_is_no_submission_has_no_key(self, store: Store) -> None:
        """Receipts and what is set aside are put without a key and without a document."""
        made = Docket(
            id=mid(7),
            kind=Kind.RECEIPT,
            sender=Address(agency="H49", mailbox="H49"),
            recipients=(Address(agency="G22", mailbox="G22"),),
            created_at=NOW,
            acknowledges=(Acknowledged(message=mid(1), docket_sha256="0" * 64, outcome=Outcome.HELD),),
        )
        entry = OutboxEntry(docket=made, body=b"", key=None, outstanding=("dead",), expects_receipts=False)
        put(store, entry)
        assert due(store) == [entry]
        settle(store, change(7, OutboxState.DONE, confirmed=("dead",)))
        assert due(store) == []

    def test_the_most_urgent_first_then_the_oldest(self, store: Store) -> None:
        """Urgency goes before age, and being put off changes neither."""
        put(
            store,
            sending(1),
            sending(2, next_at=NOW - timedelta(hours=9)),
            sending(3, priority=Priority.IMMEDIATE),
            sending(4, priority=Priority.URGENT, next_at=NOW),
            sending(5, priority=Priority.IMMEDIATE_TIMED),
            sending(6),
        )
        numbers = [5, 3, 4, 1, 2, 6]
        assert [entry.docket.id for entry in due(store)] == [mid(number) for number in numbers]
        assert [entry.docket.id for entry in due(store, limit=4)] == [mid(number) for number in numbers[:4]]

    @pytest.mark.parametrize(
        ("state", "next_at", "expected"),
        [
            (OutboxState.WAITING, None, True),
            (OutboxState.WAITING, NOW, True),
            (OutboxState.WAITING, NOW + timedelta(microseconds=1), False),
            (OutboxState.SENT, NOW, True),
            (OutboxState.SENT, LATER, False),
            (OutboxState.SENT, None, False),
            (OutboxState.PARKED, NOW, False),
            (OutboxState.DONE, NOW, False),
            (OutboxState.CANCELLED, None, False),
        ],
    )
    def test_due(self, store: Store, state: OutboxState, next_at: datetime | None, expected: bool) -> None:
        """Waiting entries whose time has come and sent ones whose receipts are missed, however they came there."""
        put(store, sending(1, state=state, next_at=next_at), sending(2, next_at=LATER))
        assert bool(due(store)) is expected
        settle(store, change(2, state, next_at=next_at))
        assert len(due(store)) == 2 * expected

    @pytest.mark.parametrize(("max_bytes", "count"), [(0, 1), (9, 1), (20, 2), (29, 2), (30, 3), (PLENTY, 3)])
    def test_bodies_are_bounded(self, store: Store, max_bytes: int, count: int) -> None:
        """No more bytes of bodies than asked for; but the first comes even where it alone is larger."""
        put(store, *(sending(number, body=b"0123456789") for number in (1, 2, 3)))
        assert len(due(store, max_bytes=max_bytes)) == count

    def test_a_submission_is_accepted_once(self, store: Store) -> None:
        """The same submission is known by its key, until an operator cancels it."""
        first, second = sending(1), sending(2)
        assert first.key
        assert second.key
        other = first.key._replace(type="1")
        put(store, first, second)
        settle(store, change(2, OutboxState.CANCELLED))
        with store.read() as tx:
            assert tx.outbox.submitted([first.key, second.key, other]) == {
                first.key: Submitted(message=mid(1), reached={"H49": Reach.UNDER_WAY}),
                second.key: Submitted(message=mid(2), reached={"H49": Reach.MISSING}),
            }
            assert tx.outbox.submitted([]) == {}

    def test_the_first_of_two_stands_for_a_submission(self, store: Store) -> None:
        """Cancelled, submitted again, submitted once more: the one that is not cancelled is named."""
        first, second, third = (sending(number, document="one") for number in (1, 2, 3))
        assert first.key
        put(store, first)
        settle(store, change(1, OutboxState.CANCELLED))
        put(store, second, third)
        with store.read() as tx:
            assert {key: each.message for key, each in tx.outbox.submitted([first.key]).items()} == {first.key: mid(2)}

    @pytest.mark.parametrize(
        ("answers", "reached"),
        [
            ({"H49": Outcome.REFUSED, "G22.98": Outcome.REFUSED}, (Reach.MISSING, Reach.MISSING)),
            ({"H49": Outcome.REFUSED, "G22.98": Outcome.HELD}, (Reach.MISSING, Reach.HELD)),
            ({"H49": Outcome.REFUSED}, (Reach.MISSING, Reach.UNDER_WAY)),
            ({}, (Reach.UNDER_WAY, Reach.UNDER_WAY)),
        ],
    )
    def test_how_far_it_has_come_at_each_recipient(
        self, store: Store, answers: dict[MailboxCode, Outcome], reached: tuple[Reach, Reach]
    ) -> None:
        """It has it, may get it, or will not; an entry that lost its recipients with a damaged store lacks none."""
        first, nobody = sending(1, to=("H49", "G22.98")), replace(sending(2, state=OutboxState.DONE), outstanding=())
        assert first.key
        assert nobody.key
        put(store, first, nobody)
        hear(store, *(line(1, mailbox, outcome) for mailbox, outcome in answers.items()))
        with store.read() as tx:
            found = tx.outbox.submitted([first.key, nobody.key])
        assert found[first.key] == Submitted(message=mid(1), reached=dict(zip(("H49", "G22.98"), reached, strict=True)))
        assert found[nobody.key] == Submitted(message=mid(2), reached={})

    def test_what_was_given_up_and_sent_again(self, store: Store) -> None:
        """Of several messages of one submission the best counts at each recipient; the parked ones are named."""
        first = sending(1, document="one", to=("H49", "H53", "H08"))
        others = [sending(number, document="one", to=to) for number, to in ((2, ("H53", "H08")), (3, ("H08",)))]
        put(store, first, *others)
        settle(store, change(1, OutboxState.PARKED), change(3, OutboxState.PARKED))
        hear(store, line(1, "H49"), line(1, "H53", Outcome.REFUSED, code="too-large"), line(2, "H53"))
        hear(store, line(2, "H08", Outcome.REFUSED, code="too-large"))
        assert first.key
        with store.read() as tx:
            (found,) = tx.outbox.submitted([first.key]).values()
        assert found == Submitted(
            message=mid(1),
            reached={"H49": Reach.HELD, "H53": Reach.HELD, "H08": Reach.PARKED},
            parked=(mid(1), mid(3)),
        )

    def test_more_keys_than_a_database_takes_at_once(self, store: Store) -> None:
        """A thousand keys, messages or changes are one call."""
        entries = [sending(number) for number in range(1, 1202)]
        put(store, *entries)
        with store.read() as tx:
            assert len(tx.outbox.submitted([entry.key for entry in entries if entry.key])) == 1201
        settle(store, *(change(number, confirmed=("document.H49",)) for number in range(1, 1202)))
        assert len(hear(store, *(line(number) for number in range(1, 1202)))) == 1201
        with store.read() as tx:
            assert tx.outbox.counts() == {OutboxState.DONE: 1201}

    def test_nothing_to_do(self, store: Store) -> None:
        """Empty batches are no trouble, nor an entry with nobody to go to."""
        put(store)
        settle(store)
        put(store, replace(sending(1), outstanding=()))
        assert hear(store, line(1)) == set()
        assert [entry.outstanding for entry in due(store)] == [()]

    def test_a_message_is_put_once(self, store: Store) -> None:
        """The same message id twice is a defect, and changes nothing."""
        put(store, sending(1, body=b"first"))
        with pytest.raises(Exception, match=r"UNIQUE|unique|already"):
            put(store, sending(2), sending(1, body=b"second"))
        assert [entry.body for entry in due(store)] == [b"first"]


class ExpiringContract:
    def test_what_has_expired(self, store: Store) -> None:
        """Waiting, sent or parked, the earliest first, from the very moment on; never what is finished."""
        times = {1: LATER, 2: NOW, 3: NOW - timedelta(seconds=1), 4: None, 5: NOW, 6: NOW, 7: NOW}
        put(store, *(sending(number, expires_at=at) for number, at in times.items()))
        put(store, sending(8, state=OutboxState.CANCELLED, expires_at=NOW))
        hear(store, line(5))
        settle(
            store,
            change(6, OutboxState.CANCELLED),
            change(7, OutboxState.PARKED),
            change(3, OutboxState.SENT, next_at=LATER),
        )
        with store.read() as tx:
            assert [row.docket.id for row in tx.outbox.expired(now=NOW, limit=10)][:1] == [mid(3)]
            assert {row.docket.id for row in tx.outbox.expired(now=NOW, limit=10)} == {mid(2), mid(3), mid(7)}
            assert len(tx.outbox.expired(now=NOW, limit=1)) == 1
            assert not tx.outbox.expired(now=NOW - timedelta(hours=1), limit=10)

    def test_who_has_not_answered(self, store: Store) -> None:
        """The row names those who have."""
        put(store, sending(1, to=("H49", "G22.98"), expires_at=NOW))
        hear(store, line(1))
        with store.read() as tx:
            (found,) = tx.outbox.expired(now=NOW, limit=10)
        assert found.recipients == (line(1),)
        assert found.docket.expires_at == NOW


class SettlingContract:
    TWO = ("G22.98", "H49")

    def test_only_what_is_not_confirmed_goes_again(self, store: Store) -> None:
        """Confirmed routing keys add up, try after try."""
        put(store, sending(1, to=("A01", "B02", "H49")))
        settle(store, change(1, OutboxState.WAITING, attempts=1, confirmed=("document.A01",)))
        assert [entry.outstanding for entry in due(store)] == [("document.B02", "document.H49")]
        settle(store, change(1, OutboxState.WAITING, attempts=2, confirmed=("document.H49",)))
        assert [(entry.outstanding, entry.attempts) for entry in due(store)] == [(("document.B02",), 2)]

    def test_a_sent_one_awaits_receipts(self, store: Store) -> None:
        """Once sent, outstanding are those who have not receipted, whoever confirmed."""
        put(store, sending(1, to=self.TWO))
        settle(store, change(1, confirmed=("document.G22.98", "document.H49"), next_at=LATER))
        hear(store, line(1, "H49"))
        (entry,) = due(store, now=LATER)
        assert (entry.state, entry.outstanding, entry.body) == (OutboxState.SENT, ("document.G22.98",), b"body")

    def test_put_back_it_goes_to_all_who_have_not_receipted(self, store: Store) -> None:
        """An operator's retry begins anew; who holds it already is left in peace."""
        put(store, sending(1, to=("A01", "B02", "H49")))
        settle(store, change(1, OutboxState.WAITING, attempts=1, confirmed=("document.A01",)))
        hear(store, line(1, "B02"))
        settle(store, change(1, OutboxState.PARKED, attempts=2, error="gave up"))
        settle(store, change(1, OutboxState.WAITING))
        assert [entry.outstanding for entry in due(store)] == [("document.A01", "document.H49")]

    def test_a_waiting_entry_always_has_somewhere_to_go(self, store: Store) -> None:
        """The confirm of one is there, of the other only the receipt: the first is sent to again, not nobody."""
        put(store, sending(1, to=self.TWO))
        settle(store, change(1, OutboxState.WAITING, confirmed=("document.G22.98",)))
        hear(store, line(1, "H49"))
        assert [entry.outstanding for entry in due(store)] == [("document.G22.98",)]

    def test_the_row_shows_how_it_stands(self, store: Store) -> None:
        """Attempts, error and times are those of the last change; the time of the last confirm stays."""
        put(store, sending(1, body=b"12345"))
        settle(store, change(1, next_at=LATER, confirmed=("document.H49",), at=NOW))
        settle(store, change(1, OutboxState.PARKED, attempts=4, error="no receipt", at=LATER))
        found = row(store)
        assert found == Row(
            docket=docket(1),
            state=OutboxState.PARKED,
            attempts=4,
            size=5,
            entered_at=NOW,
            sent_at=NOW,
            ref="file 1",
            error="no receipt",
            key=sending(1).key,
        )

    def test_what_was_tried_stays_so(self, store: Store) -> None:
        """A recipient may have it: no later change takes that back."""
        put(store, sending(1), sending(2))
        assert not row(store).tried
        settle(store, change(1, OutboxState.WAITING, tried=True), change(2, OutboxState.WAITING))
        settle(store, change(1, OutboxState.PARKED), change(2, OutboxState.PARKED))
        assert [row(store, number).tried for number in (1, 2)] == [True, False]

    @pytest.mark.parametrize("state", [OutboxState.DONE, OutboxState.CANCELLED])
    def test_the_body_goes_when_nothing_is_left_to_send(self, store: Store, state: OutboxState) -> None:
        """A finished entry keeps its row, not its body, and no later change revives it."""
        put(store, sending(1), sending(2))
        settle(store, change(1, state, at=LATER), change(1, OutboxState.WAITING))
        settle(store, change(1, OutboxState.SENT, next_at=NOW))
        found = row(store)
        assert (found.state, found.size, found.finished_at, found.next_at) == (state, 0, LATER, None)
        assert [entry.docket.id for entry in due(store)] == [mid(2)]

    def test_a_finished_entry_is_put_without_its_body(self, store: Store) -> None:
        """What is put as done is history at once."""
        put(store, sending(1, state=OutboxState.DONE))
        assert (row(store).size, row(store).finished_at) == (0, NOW)

    def test_a_stranger_is_passed_over(self, store: Store) -> None:
        """A change to a message that is not here changes nothing, and the others of its batch are made."""
        put(store, sending(1))
        settle(store, change(9), change(1, next_at=LATER))
        assert due(store) == []

    @pytest.mark.parametrize("state", [OutboxState.WAITING, OutboxState.SENT])
    def test_what_waits_too_long_is_hastened(self, store: Store, state: OutboxState) -> None:
        """Only of the state named, and only beyond the time named: the clock was wrong when it was put off."""
        years = NOW + timedelta(days=730)
        put(store, *(sending(number) for number in (1, 2, 3)))
        settle(store, change(1, state, next_at=years), change(2, state, next_at=LATER))
        settle(
            store, change(3, OutboxState.SENT if state is OutboxState.WAITING else OutboxState.WAITING, next_at=years)
        )
        with store.write() as tx:
            tx.outbox.reschedule(state, beyond=LATER, to=NOW)
        assert [row(store, number).next_at for number in (1, 2, 3)] == [NOW, LATER, years]
