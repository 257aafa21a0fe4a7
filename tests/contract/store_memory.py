"""What every `bus.ports.Store` remembers: dossiers, history, what operators see, and how it forgets. And how its
transactions begin and end."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.deadlines import Stage
from bus.handling import Change, Handling, Verdict
from bus.ports import Store
from bus.records import Box, Dossier, Event, HandlingKey, InboxChange, State, StatusRecord
from schemas.codes import Priority, StatusCode
from schemas.docket import DocumentKey
from tests.contract.store import LATER, NOW, arrived, change, due, hear, line, mid, put, sending, settle

ID = "H49.06,2015/09/30,7816/VPCP-TTĐT"


def dossier(document: str = ID, handler: str = "G22", **other: Any) -> Dossier:
    made = Dossier(
        key=HandlingKey("H49.06", document, handler),
        handling=Handling(),
        code="7816/VPCP-TTĐT",
        issued_on="2015-09-30",
        updated_at=NOW,
    )
    return replace(made, **other)


def remember(store: Store, *dossiers: Dossier) -> None:
    with store.write() as tx:
        tx.put_dossiers(dossiers)


DAY = date(2026, 11, 24)


class DossierContract:
    @pytest.mark.parametrize(
        ("facts", "near", "past"),
        [
            ({}, True, True),
            ({"handling": Handling(StatusCode.ARRIVED)}, True, True),
            ({"told": Stage.NEAR}, False, True),
            ({"told": Stage.PASSED}, False, False),
            ({"due_on": None}, False, False),
            ({"due_on": DAY + timedelta(days=1)}, False, False),
            ({"due_on": DAY - timedelta(days=9)}, True, True),
            ({"handling": Handling(StatusCode.ACCEPTED)}, False, False),
            ({"handling": Handling(StatusCode.REFUSED)}, False, False),
            ({"handling": Handling(change=Change.REVOCATION)}, False, False),
            ({"handling": Handling(change=Change.TAKE_BACK)}, False, False),
            ({"handling": Handling(change=Change.AGREED, withdrawn=True)}, False, False),
            ({"handling": Handling(change=Change.UPDATE)}, True, True),
        ],
    )
    def test_who_is_waited_for(self, store: Store, facts: dict[str, Any], near: bool, past: bool) -> None:
        """Until somebody there says yes or no, the day is watched: once before it is over, once more after it."""
        each = dossier(**{"due_on": DAY, "priority": Priority.URGENT, **facts})
        remember(store, dossier("other", due_on=DAY), dossier("without"))
        remember(store, dossier("other"), each)
        before = DAY - timedelta(days=20)
        with store.read() as tx:
            assert tx.awaited(near=DAY, past=before, limit=10) == ([each] if near else [])
            assert tx.awaited(near=DAY, past=DAY, limit=10) == ([each] if past else [])
            assert tx.awaited(near=before, past=before, limit=10) == []

    def test_the_earliest_day_first(self, store: Store) -> None:
        """And no more than asked for."""
        days = [dossier(str(n), due_on=DAY - timedelta(days=n)) for n in range(4)]
        remember(store, *days)
        with store.read() as tx:
            assert tx.awaited(near=DAY, past=DAY, limit=3) == [days[3], days[2], days[1]]

    @pytest.mark.parametrize(
        "handling",
        [
            Handling(),
            Handling(StatusCode.IN_PROGRESS, Change.REVOCATION),
            Handling(StatusCode.DONE, Change.AGREED, withdrawn=True),
        ],
    )
    def test_a_dossier_is_kept_whole(self, store: Store, handling: Handling) -> None:
        """It comes back equal; put again under its key, it is replaced; the last of a batch stands."""
        kept = dossier(handling=handling, ref="CV-1", code=None, issued_on=None)
        remember(store, dossier(ref="before"), dossier("other"))
        remember(store, dossier(ref="first"), kept)
        remember(store)
        with store.read() as tx:
            assert tx.dossiers([kept.key, HandlingKey("H49.06", ID, "nobody")]) == {kept.key: kept}
            assert tx.dossiers([]) == {}

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"document": ID}, ["A01", "G22"]),
            ({"document": "H49.06,2015-09-30,7816/VPCP-TTĐT"}, ["A01", "G22"]),
            ({"document": " h49.06,2015-09-30,7816/vpcp-tt\u0110t\u200b"}, ["A01", "G22"]),
            ({"document": "H49.06,2015/09/30,7816/VPCP-TT\u00d0T"}, ["A01", "G22"]),
            ({"document": "H49.06,2015/09/30,7816-VPCP-TTĐT"}, []),
            ({"document": "unknown"}, []),
            ({"document": "unknown", "code": "7816/VPCP-TTĐT", "issued_on": "2015-09-30"}, ["A01", "G22", "H49"]),
            ({"code": "7816 / vpcp-ttđt", "issued_on": "2015-09-30"}, ["A01", "G22", "H49"]),
            ({"code": "7816/VPCP-TTĐT", "issued_on": "2016-09-30"}, []),
            ({"code": "7816/VPCP-TTĐT"}, []),
            ({"issued_on": "2015-09-30"}, []),
            ({}, []),
        ],
    )
    def test_found_again(self, store: Store, asked: dict[str, str], expected: list[str]) -> None:
        """By id as written, else by its form, else by number and date together; for all recipients."""
        remember(store, dossier(handler="G22"), dossier(handler="A01"), dossier("uuid", "H49"))
        with store.read() as tx:
            assert [each.key.handler for each in tx.find_dossiers(issuer="H49.06", **asked)] == expected
            assert tx.find_dossiers(issuer="Z99", **asked) == []

    def test_the_id_as_written_goes_first(self, store: Store) -> None:
        """Two ids of one form: each finds its own, and only a third spelling finds both."""
        remember(store, dossier("Ab"), dossier("aB"), dossier("other", code=None))
        with store.read() as tx:
            assert [each.key.document for each in tx.find_dossiers(issuer="H49.06", document="aB")] == ["aB"]
            assert len(tx.find_dossiers(issuer="H49.06", document="AB")) == 2


class HistoryContract:
    def test_statuses_in_the_order_they_came(self, store: Store) -> None:
        """The history of a document, of all its recipients, whichever way its id was spelt."""
        records = [
            StatusRecord(
                key=HandlingKey("H49.06", document, handler),
                code=code,
                verdict=verdict,
                at=NOW,
                recorded_at=LATER,
                message=mid(number),
                description=text,
            )
            for number, (document, handler, code, verdict, text) in enumerate(
                [
                    (ID, "G22", StatusCode.ARRIVED, Verdict.APPLIED, None),
                    (ID.replace("2015/09/30", "2015-09-30"), "A01", StatusCode.REFUSED, Verdict.LATE, "không đúng"),
                    (ID, "G22", StatusCode.ACCEPTED, Verdict.APPLIED, None),
                ]
            )
        ]
        other = replace(records[0], key=HandlingKey("H49.06", "other", "G22"))
        stranger = replace(records[0], key=HandlingKey("Z99", ID, "G22"))
        with store.write() as tx:
            tx.put_statuses([records[0], other])
            tx.put_statuses([stranger, *records[1:]])
            tx.put_statuses([])
        with store.read() as tx:
            assert tx.statuses(issuer="H49.06", document=ID) == records

    def test_events_of_a_document_and_its_messages(self, store: Store) -> None:
        """By time: those that name it, and those that name only a message that carries it, out or in."""
        about = DocumentKey(issuer="G22", id="VB-7")
        named = Event(at=LATER, name="outbox.parked", message=mid(1), document=about, detail="gave up")
        going = Event(at=NOW, name="publish.lost", message=mid(1))
        come = Event(at=NOW + timedelta(seconds=1), name="inbox.set-aside", message=mid(2), detail="x")
        with store.write() as tx:
            tx.put_outbox([sending(1, document="VB-7"), sending(3)], at=NOW)
            tx.put_inbox([replace(arrived(2), docket=sending(2, document="vb-7").docket)])
            tx.put_events([named, going, come, Event(at=NOW, name="else", message=mid(3)), Event(at=NOW, name="day")])
            tx.put_events([])
        with store.read() as tx:
            assert tx.events(document="VB-7") == [going, come, named]
            assert tx.events(document="unknown") == []
            assert [event.name for event in tx.recent_events(limit=2)] == ["day", "else"]
            assert tx.recent_events(limit=9, name="else") == [Event(at=NOW, name="else", message=mid(3))]


class OperatorContract:
    @staticmethod
    def fill(store: Store) -> None:
        put(store, sending(1, document="G22,2026/01/05,1/VP"), sending(2), sending(3))
        settle(store, change(2, State.PARKED, error="gave up"), change(3, State.PARKED))
        with store.write() as tx:
            tx.put_inbox([arrived(1), arrived(2)])

    @pytest.mark.parametrize(
        ("box", "asked", "expected"),
        [
            (Box.OUT, {}, [3, 2, 1]),
            (Box.OUT, {"limit": 2}, [3, 2]),
            (Box.OUT, {"state": State.PARKED}, [3, 2]),
            (Box.OUT, {"state": State.PARKED, "limit": 1}, [3]),
            (Box.OUT, {"state": State.SENT}, []),
            (Box.OUT, {"message": mid(2)}, [2]),
            (Box.OUT, {"message": mid(2), "state": State.WAITING}, []),
            (Box.OUT, {"document": "G22,2026/01/05,1/VP"}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp"}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp", "state": State.WAITING}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp", "state": State.PARKED}, []),
            (Box.IN, {}, [2, 1]),
            (Box.IN, {"state": State.WAITING, "message": mid(1)}, [1]),
            (Box.IN, {"document": "unknown"}, []),
        ],
    )
    def test_rows(self, store: Store, box: Box, asked: dict[str, Any], expected: list[int]) -> None:
        """Newest first; filters narrow together; a document is found under any spelling."""
        self.fill(store)
        with store.read() as tx:
            assert [each.docket.id for each in tx.rows(box, **asked)] == [mid(number) for number in expected]

    def test_counts_and_ages(self, store: Store) -> None:
        """How many stand in each state that occurs, and since when the oldest does."""
        self.fill(store)
        with store.write() as tx:
            tx.put_outbox([sending(4)], at=NOW - timedelta(days=1))
        with store.read() as tx:
            assert tx.counts(Box.OUT) == {State.WAITING: 2, State.PARKED: 2}
            assert tx.counts(Box.IN) == {State.WAITING: 2}
            assert tx.oldest(Box.OUT, State.PARKED) == NOW
            assert tx.oldest(Box.OUT, State.WAITING) == NOW, "the first that was put, whatever its clock said"
            assert tx.oldest(Box.IN, State.REFUSED) is None


class ForgettingContract:
    def test_what_was_finished_long_ago_is_dropped(self, store: Store) -> None:
        """Done, cancelled and filed ones from before; never what waits, is parked, or was refused. Dossiers stay."""
        put(store, *(sending(number) for number in range(1, 7)))
        with store.write() as tx:
            tx.put_inbox([arrived(number) for number in range(1, 6)])
            tx.change_inbox(
                [
                    InboxChange(message=mid(5), state=State.CANCELLED, attempts=0, at=NOW),
                    InboxChange(message=mid(1), state=State.DONE, attempts=0, at=NOW),
                    InboxChange(message=mid(2), state=State.DONE, attempts=0, at=LATER),
                    InboxChange(message=mid(3), state=State.REFUSED, attempts=0, at=NOW),
                ]
            )
            tx.put_dossiers([dossier()])
            tx.put_events([Event(at=NOW, name="a", message=mid(6)), Event(at=LATER, name="b", message=mid(6))])
            key = HandlingKey("H49.06", ID, "G22")
            old = StatusRecord(
                key=key, code=StatusCode.ARRIVED, verdict=Verdict.APPLIED, at=NOW, recorded_at=NOW, message=mid(1)
            )
            tx.put_statuses([old, replace(old, recorded_at=LATER)])
        settle(store, change(1, State.DONE), change(2, State.CANCELLED), change(3, State.PARKED))
        settle(store, change(4, State.DONE, at=LATER))
        hear(store, line(5, at=NOW))
        assert store.forget(LATER) == 5
        assert store.forget(LATER) == 0
        with store.read() as tx:
            assert [each.docket.id for each in tx.rows(Box.OUT)] == [mid(6), mid(4), mid(3)]
            assert [each.docket.id for each in tx.rows(Box.IN)] == [mid(4), mid(3), mid(2)]
            assert [event.name for event in tx.events(document="G22,2026/11/22,6/VPCP-TTĐT")] == ["b"]
            assert len(tx.statuses(issuer="H49.06", document=ID)) == 1
            assert tx.dossiers([key])


class Stumbled(Exception):
    """Raised within a write."""


class TransactionContract:
    def test_all_or_nothing(self, store: Store) -> None:
        """An exception within the block leaves nothing of it, whatever was done there, and the next write is well."""
        put(store, sending(1))

        def stumble() -> None:
            with store.write() as tx:
                tx.put_outbox([sending(2)], at=NOW)
                tx.put_inbox([arrived(1)])
                tx.change_outbox([change(1, State.DONE)])
                tx.put_dossiers([dossier()])
                tx.put_events([Event(at=NOW, name="x", message=mid(1))])
                raise Stumbled

        with pytest.raises(Stumbled):
            stumble()
        with store.read() as tx:
            assert tx.counts(Box.OUT) == {State.WAITING: 1}
            assert tx.counts(Box.IN) == {}
            assert tx.dossiers([dossier().key]) == {}
        put(store, sending(2))
        assert len(due(store)) == 2

    def test_a_write_sees_what_it_wrote(self, store: Store) -> None:
        """Within one transaction, what was put is there."""
        with store.write() as tx:
            tx.put_outbox([sending(1)], at=NOW)
            assert len(tx.due_outbox(now=NOW, limit=9, max_bytes=9)) == 1
            tx.change_outbox([change(1, next_at=LATER)])
            assert tx.put_receipts([line(1)])
            assert tx.counts(Box.OUT) == {State.DONE: 1}

    def test_a_read_beside_a_write_sees_the_state_before(self, store: Store) -> None:
        """Until it is committed, nobody else sees it; and a read sees one moment, whatever is committed meanwhile."""
        put(store, sending(1))
        with store.write() as writing:
            writing.put_outbox([sending(2)], at=NOW)
            assert len(due(store)) == 1
        with store.read() as reading:
            assert reading.counts(Box.OUT) == {State.WAITING: 2}
            put(store, sending(3))
            assert reading.counts(Box.OUT) == {State.WAITING: 2}
        assert len(due(store)) == 3

    def test_a_read_cannot_write(self, store: Store) -> None:
        """It is a defect of the program to try, and says so."""
        with store.read() as tx, pytest.raises(RuntimeError, match=r"write\(\)"):
            tx.put_outbox([sending(1)], at=NOW)

    def test_a_write_within_a_write_is_refused(self, store: Store) -> None:
        """Rather than wait for itself for ever."""
        with store.write(), pytest.raises(RuntimeError, match="wait for itself"), store.write():
            pass
        put(store, sending(1))

    def test_threads_take_turns(self, store: Store) -> None:
        """Four threads that write and read at once neither fail nor lose anything."""
        failures: list[BaseException] = []

        def work(first: int) -> None:
            try:
                for number in range(first, first + 25):
                    put(store, sending(number))
                    settle(store, change(number, next_at=LATER))
                    due(store)
                    hear(store, line(number))
            except BaseException as exc:  # noqa: BLE001 — a thread's failure is the test's
                failures.append(exc)

        threads = [threading.Thread(target=work, args=(first,)) for first in (100, 200, 300, 400)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        with store.read() as tx:
            assert tx.counts(Box.OUT) == {State.DONE: 100}
