"""bus/store/work.py and transaction.py: a transaction that reads cannot write, whatever of it is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bus.ports.records import Box
from bus.store.open import open_store
from tests.contract.store import NOW, sending
from tests.contract.store_blobs import key, segments


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.outbox.put([sending(1)], at=NOW),
        lambda tx: tx.inbox.put([]),
        lambda tx: tx.dossiers.put_events([]),
        lambda tx: tx.of(Box.IN).put_segments(key(), segments(1), at=NOW),
    ],
    ids=["outbox", "inbox", "dossiers", "blobs"],
)
def test_reading_cannot_write(tmp_path: Path, write: Callable[[Any], object]) -> None:
    """It says which one to open instead, before the database is asked."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    with store.read() as tx, pytest.raises(RuntimeError, match=r"open one by write\(\)"):
        write(tx)
    store.close()


@pytest.mark.parametrize("box", Box)
def test_either_box_by_its_name(tmp_path: Path, box: Box) -> None:
    """What both have in common is asked of one as of the other."""
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    with store.read() as tx:
        assert tx.of(box) is (tx.outbox if box is Box.OUT else tx.inbox)
    store.close()
