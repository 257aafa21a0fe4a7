"""What every `bus.ports.Store` remembers: dossiers, history, what operators see, and how it forgets. And how its
transactions begin and end."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.handling.deadlines import Stage
from bus.handling.statuses import Change, Handling, Verdict
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box, Dossier, Event, HandlingKey, InboxChange, StatusRecord
from bus.ports.store import Store
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
        tx.dossiers.put(dossiers)


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
            assert tx.dossiers.awaited(near=DAY, past=before, limit=10) == ([each] if near else [])
            assert tx.dossiers.awaited(near=DAY, past=DAY, limit=10) == ([each] if past else [])
            assert tx.dossiers.awaited(near=before, past=before, limit=10) == []

    def test_the_earliest_day_first(self, store: Store) -> None:
        """And no more than asked for."""
        days = [dossier(str(n), due_on=DAY - timedelta(days=n)) for n in range(4)]
        remember(store, *days)
        with store.read() as tx:
            assert tx.dossiers.awaited(near=DAY, past=DAY, limit=3) == [days[3], days[2], days[1]]

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
            assert tx.dossiers.by_keys([kept.key, HandlingKey("H49.06", ID, "nobody")]) == {kept.key: kept}
            assert tx.dossiers.by_keys([]) == {}

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
            assert [each.key.handler for each in tx.dossiers.find(issuer="H49.06", **asked)] == expected
            assert tx.dossiers.find(issuer="Z99", **asked) == []

    def test_the_id_as_written_goes_first(self, store: Store) -> None:
        """Two ids of one form: each finds its own, and only a third spelling finds both."""
        remember(store, dossier("Ab"), dossier("aB"), dossier("other", code=None))
        with store.read() as tx:
            assert [each.key.document for each in tx.dossiers.find(issuer="H49.06", document="aB")] == ["aB"]
            assert len(tx.dossiers.find(issuer="H49.06", document="AB")) == 2


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
            tx.dossiers.put_statuses([records[0], other])
            tx.dossiers.put_statuses([stranger, *records[1:]])
            tx.dossiers.put_statuses([])
        with store.read() as tx:
            assert tx.dossiers.statuses(issuer="H49.06", document=ID) == records

    def test_events_of_a_document_and_its_messages(self, store: Store) -> None:
        """By time: those that name it, and those that name only a message that carries it, out or in."""
        about = DocumentKey(issuer="G22", id="VB-7")
        named = Event(at=LATER, name="outbox.parked", message=mid(1), document=about, detail="gave up")
        going = Event(at=NOW, name="publish.lost", message=mid(1))
        come = Event(at=NOW + timedelta(seconds=1), name="inbox.set-aside", message=mid(2), detail="x")
        with store.write() as tx:
            tx.outbox.put([sending(1, document="VB-7"), sending(3)], at=NOW)
            tx.inbox.put([replace(arrived(2), docket=sending(2, document="vb-7").docket)])
            tx.dossiers.put_events(
                [named, going, come, Event(at=NOW, name="else", message=mid(3)), Event(at=NOW, name="day")]
            )
            tx.dossiers.put_events([])
        with store.read() as tx:
            assert tx.dossiers.events(document="VB-7") == [going, come, named]
            assert tx.dossiers.events(document="unknown") == []
            assert [event.name for event in tx.dossiers.recent_events(limit=2)] == ["day", "else"]
            assert tx.dossiers.recent_events(limit=9, name="else") == [Event(at=NOW, name="else", message=mid(3))]

    def test_events_of_a_time_and_of_a_kind(self, store: Store) -> None:
        """By name, or by the kind that it begins with; from a time on, until before another; and those that came after
        one that is known, in their order."""
        names = ["broker.away", "brokerage", "broker.back", "broker", "b_oker.x"]
        told = [Event(at=NOW + timedelta(seconds=at), name=name) for at, name in enumerate(names)]
        with store.write() as tx:
            tx.dossiers.put_events(told[:3])
            tx.dossiers.put_events(told[3:])

        def seen(events: Sequence[Event]) -> list[str]:
            return [event.name for event in events]

        with store.read() as tx:
            dossiers = tx.dossiers
            assert seen(dossiers.recent_events(limit=9, name="broker")) == ["broker", "broker.back", "broker.away"]
            assert seen(dossiers.recent_events(limit=9, name="b_oker")) == ["b_oker.x"]
            assert seen(dossiers.recent_events(limit=9, since=told[3].at)) == ["b_oker.x", "broker"]
            assert seen(dossiers.recent_events(limit=9, until=told[2].at)) == ["brokerage", "broker.away"]
            assert seen(dossiers.recent_events(limit=1, until=told[2].at)) == ["brokerage"]
            known = dossiers.recent_events(limit=9, name="brokerage")[0].number
            assert seen(dossiers.events_after(known, limit=2)) == ["broker.back", "broker"]
            assert seen(dossiers.events_after(known, limit=9, name="broker")) == ["broker.back", "broker"]
            assert dossiers.events_after(dossiers.recent_events(limit=1)[0].number, limit=9) == []


class OperatorContract:
    @staticmethod
    def fill(store: Store) -> None:
        put(store, sending(1, document="G22,2026/01/05,1/VP"), sending(2), sending(3))
        settle(store, change(2, OutboxState.PARKED, error="gave up"), change(3, OutboxState.PARKED))
        with store.write() as tx:
            tx.inbox.put([arrived(1), arrived(2)])

    @pytest.mark.parametrize(
        ("box", "asked", "expected"),
        [
            (Box.OUT, {}, [3, 2, 1]),
            (Box.OUT, {"limit": 2}, [3, 2]),
            (Box.OUT, {"state": OutboxState.PARKED}, [3, 2]),
            (Box.OUT, {"state": OutboxState.PARKED, "limit": 1}, [3]),
            (Box.OUT, {"state": OutboxState.SENT}, []),
            (Box.OUT, {"message": mid(2)}, [2]),
            (Box.OUT, {"message": mid(2), "state": OutboxState.WAITING}, []),
            (Box.OUT, {"document": "G22,2026/01/05,1/VP"}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp"}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp", "state": OutboxState.WAITING}, [1]),
            (Box.OUT, {"document": "g22,2026-01-05,1/vp", "state": OutboxState.PARKED}, []),
            (Box.IN, {}, [2, 1]),
            (Box.IN, {"state": InboxState.WAITING, "message": mid(1)}, [1]),
            (Box.IN, {"document": "unknown"}, []),
        ],
    )
    def test_rows(self, store: Store, box: Box, asked: dict[str, Any], expected: list[int]) -> None:
        """Newest first; filters narrow together; a document is found under any spelling."""
        self.fill(store)
        with store.read() as tx:
            assert [each.docket.id for each in tx.of(box).rows(**asked)] == [mid(number) for number in expected]

    def test_counts_and_ages(self, store: Store) -> None:
        """How many stand in each state that occurs, and since when the oldest does."""
        self.fill(store)
        with store.write() as tx:
            tx.outbox.put([sending(4)], at=NOW - timedelta(days=1))
        with store.read() as tx:
            assert tx.outbox.counts() == {OutboxState.WAITING: 2, OutboxState.PARKED: 2}
            assert tx.inbox.counts() == {InboxState.WAITING: 2}
            assert tx.outbox.oldest(OutboxState.PARKED) == NOW
            assert tx.outbox.oldest(OutboxState.WAITING) == NOW, "the first that was put, whatever its clock said"
            assert tx.inbox.oldest(InboxState.REFUSED) is None


class ForgettingContract:
    def test_what_was_finished_long_ago_is_dropped(self, store: Store) -> None:
        """Done, cancelled and filed ones from before; never what waits, is parked, or was refused. Dossiers stay."""
        put(store, *(sending(number) for number in range(1, 7)))
        with store.write() as tx:
            tx.inbox.put([arrived(number) for number in range(1, 6)])
            tx.inbox.change(
                [
                    InboxChange(message=mid(5), state=InboxState.CANCELLED, attempts=0, at=NOW),
                    InboxChange(message=mid(1), state=InboxState.DONE, attempts=0, at=NOW),
                    InboxChange(message=mid(2), state=InboxState.DONE, attempts=0, at=LATER),
                    InboxChange(message=mid(3), state=InboxState.REFUSED, attempts=0, at=NOW),
                ]
            )
            tx.dossiers.put([dossier()])
            tx.dossiers.put_events([Event(at=NOW, name="a", message=mid(6)), Event(at=LATER, name="b", message=mid(6))])
            key = HandlingKey("H49.06", ID, "G22")
            old = StatusRecord(
                key=key, code=StatusCode.ARRIVED, verdict=Verdict.APPLIED, at=NOW, recorded_at=NOW, message=mid(1)
            )
            tx.dossiers.put_statuses([old, replace(old, recorded_at=LATER)])
        settle(store, change(1, OutboxState.DONE), change(2, OutboxState.CANCELLED), change(3, OutboxState.PARKED))
        settle(store, change(4, OutboxState.DONE, at=LATER))
        hear(store, line(5, at=NOW))
        assert store.forget(LATER) == 5
        assert store.forget(LATER) == 0
        with store.read() as tx:
            assert [each.docket.id for each in tx.outbox.rows()] == [mid(6), mid(4), mid(3)]
            assert [each.docket.id for each in tx.inbox.rows()] == [mid(4), mid(3), mid(2)]
            assert [event.name for event in tx.dossiers.events(document="G22,2026/11/22,6/VPCP-TTĐT")] == ["b"]
            assert len(tx.dossiers.statuses(issuer="H49.06", document=ID)) == 1
            assert tx.dossiers.by_keys([key])


class Stumbled(Exception):
    """Raised within a write."""


class TransactionContract:
    def test_all_or_nothing(self, store: Store) -> None:
        """An exception within the block leaves nothing of it, whatever was done there, and the next write is well."""
        put(store, sending(1))

        def stumble() -> None:
            with store.write() as tx:
                tx.outbox.put([sending(2)], at=NOW)
                tx.inbox.put([arrived(1)])
                tx.outbox.change([change(1, OutboxState.DONE)])
                tx.dossiers.put([dossier()])
                tx.dossiers.put_events([Event(at=NOW, name="x", message=mid(1))])
                raise Stumbled

        with pytest.raises(Stumbled):
            stumble()
        with store.read() as tx:
            assert tx.outbox.counts() == {OutboxState.WAITING: 1}
            assert tx.inbox.counts() == {}
            assert tx.dossiers.by_keys([dossier().key]) == {}
        put(store, sending(2))
        assert len(due(store)) == 2

    def test_a_write_sees_what_it_wrote(self, store: Store) -> None:
        """Within one transaction, what was put is there."""
        with store.write() as tx:
            tx.outbox.put([sending(1)], at=NOW)
            assert len(tx.outbox.due(now=NOW, limit=9, max_bytes=9)) == 1
            tx.outbox.change([change(1, next_at=LATER)])
            assert tx.outbox.put_receipts([line(1)])
            assert tx.outbox.counts() == {OutboxState.DONE: 1}

    def test_a_read_beside_a_write_sees_the_state_before(self, store: Store) -> None:
        """Until it is committed, nobody else sees it; and a read sees one moment, whatever is committed meanwhile."""
        put(store, sending(1))
        with store.write() as writing:
            writing.outbox.put([sending(2)], at=NOW)
            assert len(due(store)) == 1
        with store.read() as reading:
            assert reading.outbox.counts() == {OutboxState.WAITING: 2}
            put(store, sending(3))
            assert reading.outbox.counts() == {OutboxState.WAITING: 2}
        assert len(due(store)) == 3

    def test_a_read_cannot_write(self, store: Store) -> None:
        """It is a defect of the program to try, and says so."""
        with store.read() as tx, pytest.raises(RuntimeError, match=r"write\(\)"):
            tx.outbox.put([sending(1)], at=NOW)

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
            assert tx.outbox.counts() == {OutboxState.DONE: 100}
