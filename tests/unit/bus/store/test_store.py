"""bus/store/store.py: housekeeping over more rows than one commit takes. How transactions behave is in
tests/contract."""

import threading
from datetime import timedelta
from pathlib import Path

from bus.handling.statuses import Verdict
from bus.handling.transport import OutboxState
from bus.ports.records import Event, HandlingKey, StatusRecord
from bus.store.open import open_store
from schemas.codes import StatusCode
from tests.contract.store import LATER, NOW, change, mid, put, sending, settle

COUNT = 1203


def test_years_are_forgotten_in_small_commits(tmp_path: Path) -> None:
    """More rows than one commit takes go, those among them that must stay do, and the file gives back their space."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    put(store, *(sending(number, body=bytes(20_000)) for number in range(1, COUNT + 1)))
    settle(
        store, *(change(number, OutboxState.DONE, at=LATER if number % 100 == 0 else NOW) for number in range(1, COUNT))
    )
    record = StatusRecord(
        key=HandlingKey("G22", "x", "H49"),
        code=StatusCode.ARRIVED,
        verdict=Verdict.APPLIED,
        at=NOW,
        recorded_at=NOW,
        message=mid(1),
    )
    with store.write() as tx:
        tx.dossiers.put_events([Event(at=NOW, name="x", message=mid(COUNT))] * COUNT)
        tx.dossiers.put_statuses([record] * COUNT)
    before = (tmp_path / "x.db").stat().st_size
    assert store.forget(NOW) == 0
    assert store.forget(LATER) == COUNT - 1 - 12
    with store.read() as tx:
        assert tx.outbox.counts() == {OutboxState.WAITING: 1, OutboxState.DONE: 12}
        assert tx.dossiers.events(document="G22,2026/11/22,1203/VPCP-TTĐT") == []
        assert tx.dossiers.statuses(issuer="G22", document="x") == []
    assert store.forget(LATER + timedelta(microseconds=1)) == 12
    store.close()
    assert (tmp_path / "x.db").stat().st_size < before / 2


def test_closing_waits_for_the_write_under_way(tmp_path: Path) -> None:
    """A daemon that ends does not pull the store from under a thread that is about to commit."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    within, go = threading.Event(), threading.Event()

    def work() -> None:
        with store.write() as tx:
            within.set()
            go.wait(10)
            tx.outbox.put([sending(1)], at=NOW)

    writer = threading.Thread(target=work)
    writer.start()
    within.wait(10)
    closer = threading.Thread(target=store.close)
    closer.start()
    closer.join(0.05)
    assert closer.is_alive()
    go.set()
    writer.join(10)
    closer.join(10)
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    with store.read() as tx:
        assert tx.outbox.counts() == {OutboxState.WAITING: 1}
    store.close()
