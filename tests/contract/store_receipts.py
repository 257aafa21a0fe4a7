"""What every `bus.ports.Store` does with receipts."""

from hashlib import sha256

import pytest

from bus.ports import Store
from bus.records import State
from schemas.codes import Outcome
from tests.contract.store import LATER, NOW, change, docket, due, hear, line, mid, put, row, sending, settle


class ReceiptContract:
    TWO = ("G22.98", "H49")

    def test_the_last_receipt_finishes(self, store: Store) -> None:
        """Done when every recipient holds or refuses it; the row shows who said what and when."""
        put(store, sending(1, to=self.TWO))
        settle(store, change(1, confirmed=("document.G22.98", "document.H49"), next_at=LATER, error="old"))
        assert hear(store, line(1, "H49", Outcome.REFUSED, code="too-large", at=LATER)) == {mid(1)}
        assert row(store).state is State.SENT
        hear(store, line(1, "G22.98"))
        found = row(store)
        assert (found.state, found.size, found.error, found.next_at) == (State.DONE, 0, None, None)
        assert found.finished_at == NOW
        assert found.recipients == (
            line(1, "G22.98"),
            line(1, "H49", Outcome.REFUSED, code="too-large", at=LATER),
        )

    def test_a_receipt_may_overtake_the_confirm(self, store: Store) -> None:
        """What is receipted before its publish was settled stays done."""
        put(store, sending(1))
        hear(store, line(1))
        settle(store, change(1, State.SENT, confirmed=("document.H49",), next_at=NOW))
        assert row(store).state is State.DONE
        assert due(store) == []

    def test_strangers(self, store: Store) -> None:
        """Messages that were never ours, and lines of mailboxes not written to, are neither named nor kept."""
        put(store, sending(1))
        assert hear(store, line(1, "Z99", Outcome.REFUSED), line(9)) == set()
        assert (row(store).state, row(store).recipients) == (State.WAITING, ())
        assert hear(store) == set()

    def test_a_receipt_speaks_of_one_docket(self, store: Store) -> None:
        """A line about another docket under our id is passed over; one about ours counts, shown without a digest."""
        put(store, sending(1), sending(2))
        ours = {number: sha256(docket(number).to_json()).hexdigest() for number in (1, 2)}
        assert hear(store, line(1, outcome=Outcome.REFUSED, sha256="0" * 64), line(2, sha256=ours[2])) == {mid(2)}
        assert (row(store, 1).state, row(store, 1).recipients) == (State.WAITING, ())
        assert (row(store, 2).state, row(store, 2).recipients) == (State.DONE, (line(2),))
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
        assert row(store, 1).state is State.DONE
        with store.read() as tx:
            assert set(tx.not_in_time([mid(1), mid(2), mid(9)])) == {(mid(1), "H49")}
            assert not tx.not_in_time([])
        for outcome, code in answers:
            assert hear(store, line(1, "H49", outcome, code=code, at=LATER)) == {mid(1)}
        (found,) = row(store, 1).recipients
        assert (found.outcome, found.code) == kept
        assert found.at == (LATER if answers else NOW)
        with store.read() as tx:
            assert bool(tx.not_in_time([mid(1)])) == (kept[1] == "not-in-time")

    @pytest.mark.parametrize(("late", "again"), [(False, True), (True, False)])
    def test_what_nobody_took_in_time_may_be_sent_again(self, store: Store, late: bool, again: bool) -> None:
        """Given up on at every recipient it counts as never submitted, unless one of them had it after all."""
        put(store, sending(1))
        hear(store, line(1, "H49", Outcome.REFUSED, code="not-in-time"))
        if late:
            hear(store, line(1))
        key = sending(1).key
        assert key
        with store.read() as tx:
            assert bool(tx.accepted([key])) is not again

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
        assert (found.state, found.finished_at) == (State.DONE, NOW)
        assert [each.outcome for each in found.recipients] == [Outcome.REFUSED]

    @pytest.mark.parametrize("state", [State.PARKED, State.CANCELLED, State.SENT])
    def test_a_receipt_is_the_truth(self, store: Store, state: State) -> None:
        """Whatever we believed, an entry that every recipient holds is done."""
        put(store, sending(1))
        settle(store, change(1, state))
        hear(store, line(1))
        assert row(store).state is State.DONE
