"""What every `bus.ports.Store` does with receipts."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from bus.handling.transport import OUTBOX, OutboxEvent, OutboxState
from bus.ports.records import OutboxChange, UnderWay
from bus.ports.store import Store
from schemas.codes import Outcome
from tests.contract.store import LATER, NOW, PLENTY, change, docket, due, hear, line, mid, put, row, sending, settle

ENDS = [
    pytest.param(each.before, each.event, each.after, id=f"{each.before}-{each.event}")
    for each in OUTBOX
    if each.event in {OutboxEvent.RECEIPTED, OutboxEvent.EXPIRED}
]


class ReceiptContract:
    TWO = ("G22.98", "H49")

    def test_the_last_receipt_finishes(self, store: Store) -> None:
        """Done when every recipient holds or refuses it; the row shows who said what and when."""
        put(store, sending(1, to=self.TWO))
        settle(store, change(1, confirmed=("document.G22.98", "document.H49"), next_at=LATER, error="old"))
        assert hear(store, line(1, "H49", Outcome.REFUSED, code="too-large", at=LATER)) == {mid(1)}
        assert row(store).state is OutboxState.SENT
        hear(store, line(1, "G22.98"))
        found = row(store)
        assert (found.state, found.size, found.error, found.next_at) == (OutboxState.DONE, 0, None, None)
        assert found.finished_at == NOW
        assert found.recipients == (
            line(1, "G22.98"),
            line(1, "H49", Outcome.REFUSED, code="too-large", at=LATER),
        )

    def test_a_receipt_may_overtake_the_confirm(self, store: Store) -> None:
        """What is receipted before its publish was settled stays done."""
        put(store, sending(1))
        hear(store, line(1))
        settle(store, change(1, OutboxState.SENT, confirmed=("document.H49",), next_at=NOW))
        assert row(store).state is OutboxState.DONE
        assert due(store) == []

    def test_what_is_under_way(self, store: Store) -> None:
        """Of submissions, to each recipient: until it answers, or the entry is withdrawn. Receipts do not count."""
        first, second = sending(1, body=b"12345", to=("H49", "H53")), sending(2, body=b"123")
        with store.write() as tx:
            tx.outbox.put([first, second, replace(sending(3), key=None)], at=NOW)
        with store.read() as tx:
            assert tx.outbox.under_way() == {"H49": UnderWay(2, 8, 0), "H53": UnderWay(1, 5, 0)}
            assert tx.outbox.under_way(["H53", "H07"]) == {"H53": UnderWay(1, 5, 0)}
        with store.write() as tx:
            tx.outbox.put_receipts([line(mailbox="H49", number=1), line(outcome=Outcome.REFUSED, number=2)])
        with store.read() as tx:
            assert tx.outbox.under_way() == {"H53": UnderWay(1, 5, 0)}
        with store.write() as tx:
            tx.outbox.change([OutboxChange(message=mid(1), state=OutboxState.CANCELLED, attempts=0, at=LATER)])
        with store.read() as tx:
            assert tx.outbox.under_way() == {}

    def test_what_was_answered_before(self, store: Store) -> None:
        """By a recipient of the message, about its docket; other lines are left out."""
        with store.write() as tx:
            tx.outbox.put([sending(1, to=("H49", "H53"))], at=NOW)
            tx.outbox.put_receipts([line(mailbox="H49")])
        meant = [line(mailbox="H49", outcome=Outcome.REFUSED), line(mailbox="H53", outcome=Outcome.REFUSED)]
        others = [line(mailbox="H07"), line(number=2), replace(line(), docket_sha256="0" * 64)]
        with store.read() as tx:
            assert tx.outbox.answered([*meant, *others]) == {meant[0]: Outcome.HELD, meant[1]: None}

    def test_what_is_held_back(self, store: Store) -> None:
        """A sent entry goes again at that time, to who has not answered; what is older than `since` is left alone."""
        sent = [replace(sending(number), state=OutboxState.SENT) for number in (1, 2)]
        with store.write() as tx:
            tx.outbox.put([sent[0], sending(3)], at=NOW)
            tx.outbox.put([sent[1]], at=NOW - timedelta(days=1))
            tx.outbox.put_receipts([line(number=3)])
        lines = [line(outcome=Outcome.REFUSED, number=number) for number in (1, 2, 3, 4)]
        with store.write() as tx:
            held_back = tx.outbox.hold_back(lines, since=NOW - timedelta(hours=1), until=LATER, error="full")
        assert list(held_back) == lines[:1]
        with store.read() as tx:
            assert [entry.docket.id for entry in tx.outbox.due(now=LATER, limit=9, max_bytes=PLENTY)] == [mid(1)]
            (row,) = tx.outbox.rows(message=mid(1))
        assert (row.state, row.attempts, row.next_at, row.error) == (OutboxState.SENT, 1, LATER, "full")

    def test_strangers(self, store: Store) -> None:
        """Messages that were never ours, and lines of mailboxes not written to, are neither named nor kept."""
        put(store, sending(1))
        assert hear(store, line(1, "Z99", Outcome.REFUSED), line(9)) == set()
        assert (row(store).state, row(store).recipients) == (OutboxState.WAITING, ())
        assert hear(store) == set()

    def test_a_receipt_speaks_of_one_docket(self, store: Store) -> None:
        """A line about another docket under our id is passed over; one about ours counts, shown without a digest."""
        put(store, sending(1), sending(2))
        ours = {number: sha256(docket(number).to_json()).hexdigest() for number in (1, 2)}
        assert hear(store, line(1, outcome=Outcome.REFUSED, sha256="0" * 64), line(2, sha256=ours[2])) == {mid(2)}
        assert (row(store, 1).state, row(store, 1).recipients) == (OutboxState.WAITING, ())
        assert (row(store, 2).state, row(store, 2).recipients) == (OutboxState.DONE, (line(2),))
        assert hear(store, line(1, sha256=ours[1])) == {mid(1)}

    @pytest.mark.parametrize(
        ("answers", "kept"),
        [
            ([], (Outcome.REFUSED, "not-in-time")),
            ([(Outcome.HELD, None)], (Outcome.HELD, "held-after-all")),
            ([(Outcome.REFUSED, "expired")], (Outcome.REFUSED, "expired")),
            ([(Outcome.HELD, None), (Outcome.HELD, None)], (Outcome.HELD, "held-after-all")),
            ([(Outcome.HELD, None), (Outcome.REFUSED, "too-large")], (Outcome.REFUSED, "too-large")),
            ([(Outcome.REFUSED, "expired"), (Outcome.HELD, None)], (Outcome.REFUSED, "expired")),
            ([(Outcome.REFUSED, "not-in-time")], (Outcome.REFUSED, "not-in-time")),
        ],
    )
    def test_an_answer_wins_over_having_given_up(
        self, store: Store, answers: list[tuple[Outcome, str | None]], kept: tuple[Outcome, str]
    ) -> None:
        """Given up as not in time, the entry is finished; what its recipient says later is kept, and told apart."""
        put(store, sending(1), sending(2))
        assert hear(store, line(1, "H49", Outcome.REFUSED, code="not-in-time")) == {mid(1)}
        assert row(store, 1).state is OutboxState.DONE
        with store.read() as tx:
            assert set(tx.outbox.given_up([mid(1), mid(2), mid(9)])) == {(mid(1), "H49")}
            assert not tx.outbox.given_up([])
        for outcome, code in answers:
            assert hear(store, line(1, "H49", outcome, code=code, at=LATER)) == {mid(1)}
        (found,) = row(store, 1).recipients
        assert (found.outcome, found.code) == kept
        assert found.at == (LATER if answers else NOW)
        with store.read() as tx:
            assert bool(tx.outbox.given_up([mid(1)])) == (kept[1] == "not-in-time")

    def test_who_holds_what_was_withdrawn_is_told_apart(self, store: Store) -> None:
        """It had left at that very moment. A refusal is one like any other."""
        put(store, sending(1, to=self.TWO))
        settle(store, change(1, OutboxState.CANCELLED))
        with store.read() as tx:
            assert set(tx.outbox.given_up([mid(1)])) == {(mid(1), "H49"), (mid(1), "G22.98")}
        hear(store, line(1, "H49"), line(1, "G22.98", Outcome.REFUSED, code="too-large"))
        found = {each.mailbox: (each.outcome, each.code) for each in row(store).recipients}
        assert found == {"H49": (Outcome.HELD, "held-after-all"), "G22.98": (Outcome.REFUSED, "too-large")}
        with store.read() as tx:
            assert not tx.outbox.given_up([mid(1)])

    @pytest.mark.parametrize(("late", "again"), [(False, True), (True, False)])
    def test_what_nobody_took_in_time_may_be_sent_again(self, store: Store, late: bool, again: bool) -> None:
        """Given up on, its recipient lacks it, unless it had it after all."""
        put(store, sending(1))
        hear(store, line(1, "H49", Outcome.REFUSED, code="not-in-time"))
        if late:
            hear(store, line(1))
        key = sending(1).key
        assert key
        with store.read() as tx:
            assert tx.outbox.submitted([key])[key].is_everywhere is not again

    @pytest.mark.parametrize("one_batch", [True, False])
    @pytest.mark.parametrize(
        ("first", "second", "kept"),
        [
            (Outcome.HELD, Outcome.HELD, 0),
            (Outcome.HELD, Outcome.REFUSED, 1),
            (Outcome.REFUSED, Outcome.HELD, 0),
            (Outcome.REFUSED, Outcome.REFUSED, 0),
        ],
    )
    def test_repeated_lines(self, store: Store, first: Outcome, second: Outcome, kept: int, one_batch: bool) -> None:
        """A repeated line changes nothing; refused wins over held, before and after the entry was finished."""
        put(store, sending(1, to=self.TWO))
        lines = (line(1, "H49", first, code="a"), line(1, "H49", second, code="b", at=LATER))
        if one_batch:
            hear(store, *lines)
        else:
            for each in lines:
                assert hear(store, each) == {mid(1)}
        assert row(store).recipients == (lines[kept],)

    def test_a_refusal_after_the_end_is_seen(self, store: Store) -> None:
        """Held, finished, and then refused by the document system: the row says refused."""
        put(store, sending(1))
        hear(store, line(1))
        hear(store, line(1, "H49", Outcome.REFUSED, code="refused-by-dms", at=LATER))
        found = row(store)
        assert (found.state, found.finished_at) == (OutboxState.DONE, NOW)
        assert [each.outcome for each in found.recipients] == [Outcome.REFUSED]

    @pytest.mark.parametrize(("before", "event", "after"), ENDS)
    def test_what_all_have_answered_ends_as_the_table_says(
        self, store: Store, before: OutboxState, event: OutboxEvent, after: OutboxState
    ) -> None:
        """By the last receipt, or by having been given up: the store makes these changes by itself."""
        put(store, sending(1))
        settle(store, change(1, before))
        if event is OutboxEvent.EXPIRED:
            hear(store, line(1, outcome=Outcome.REFUSED, code="not-in-time"))
        else:
            hear(store, line(1))
        assert row(store).state is after
