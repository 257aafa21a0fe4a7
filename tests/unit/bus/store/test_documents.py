"""bus/store/documents.py: pages of entries. The contract itself is in tests/contract/store_documents.py."""

from datetime import timedelta
from pathlib import Path

import pytest

from bus.ports.records import Which
from bus.store.documents import _number_at
from bus.store.open import open_store
from bus.store.statements.entries import OUTBOX
from tests.contract.store import NOW, mid, sending

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("minutes", "number"), [(-1, 1), (0, 1), (1, 3), (2, 7), (3, 7), (500, 1009), (501, 1010)])
def test_the_number_of_a_time(tmp_path: Path, minutes: int, number: int) -> None:
    """Found by bisection, across numbers that were forgotten; behind the last where nothing is so late."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    with store.write() as tx:
        tx.outbox.put([sending(1), sending(2)], at=NOW)
    for start in range(500):
        with store.write() as tx:
            tx.outbox.put([sending(3 + 2 * start), sending(4 + 2 * start)], at=NOW + (start + 1) * MINUTE)
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM outbox WHERE sequence IN (4, 5, 6, 1001, 1002)")
    with store.writing() as connection:
        found = _number_at(connection, OUTBOX, NOW + minutes * MINUTE)
        last = connection.exec_driver_sql("SELECT max(sequence) FROM outbox").scalar_one()
        at = connection.exec_driver_sql(f"SELECT min(sequence) FROM outbox WHERE sequence >= {found}").scalar()
    assert (at or last + 1) == min(number, last + 1)
    store.close()


def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """What was put out of order is found all the same: times are bounds, and numbers lie a little wider."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    for number, minutes in enumerate((0, 60, 2, 3, 61), 1):
        with store.write() as tx:
            tx.outbox.put([sending(number)], at=NOW + minutes * MINUTE)
    with store.read() as tx:
        found = tx.outbox.documents(Which(since=NOW + MINUTE, until=NOW + 30 * MINUTE))
    assert [row.docket.id for row in found] == [mid(4), mid(3)]
    store.close()
