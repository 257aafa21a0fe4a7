import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bus.console.late import AGAIN, LateLedger
from bus.errors import StoreAway
from bus.ledger.access import Access, page
from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_rows import NOW

ASKED = Access(at=NOW, who="a", role="auditor", agency=None, what="me", subject={}, found=1)


def test_a_ledger_is_opened_when_it_can_be(tmp_path: Path) -> None:
    """Until then each request is told so; afterwards it stays open, and is written to."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    tries: list[int] = []

    def opened() -> Ledger:
        tries.append(1)
        if len(tries) == 1:
            raise StoreAway(store="ledger", why="no answer")
        return open_ledger(url, exclusive=False)

    time = [0.0]
    late = LateLedger(opened, clock=lambda: time[0])
    with pytest.raises(StoreAway):
        late.record([ASKED])
    time[0] += AGAIN
    late.record([ASKED])
    with late.reading() as connection:
        assert [row.who for row in page(connection)] == ["a"]
    assert len(tries) == 2
    late.close()
    late.close()


def test_a_failure_is_told_again_for_a_moment() -> None:
    """Without another try; then one thread tries, and whoever asks meanwhile is told the last failure at once."""
    tries, time, trying, go_on = [0], [0.0], threading.Event(), threading.Event()

    def opened() -> Ledger:
        tries[0] += 1
        if tries[0] > 1:
            trying.set()
            assert go_on.wait(10)
        raise StoreAway(store="ledger", why="no answer")

    late = LateLedger(opened, clock=lambda: time[0])
    for _ in range(3):
        with pytest.raises(StoreAway):
            late.opened()
    assert tries == [1]
    time[0] += AGAIN
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(late.opened)
        assert trying.wait(10)
        with pytest.raises(StoreAway):
            late.opened()
        go_on.set()
        assert isinstance(slow.exception(10), StoreAway)
    assert tries == [2]


def test_forty_who_ask_first_wait_for_one_try() -> None:
    """And not for one after another."""
    tries, waits = list[int](), threading.Barrier(40)

    def opened() -> Ledger:
        tries.append(1)
        raise StoreAway(store="ledger", why="no answer")

    late = LateLedger(opened, clock=lambda: 0.0)

    def ask() -> None:
        waits.wait(10)
        late.opened()

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(ask) for _ in range(40)]
        assert all(isinstance(each.exception(20), StoreAway) for each in asked)
    assert tries == [1]
