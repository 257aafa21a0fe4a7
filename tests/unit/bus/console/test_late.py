from pathlib import Path

import pytest

from bus.console.late import LateLedger
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

    late = LateLedger(opened)
    with pytest.raises(StoreAway):
        late.record([ASKED])
    late.record([ASKED])
    with late.reading() as connection:
        assert [row.who for row in page(connection)] == ["a"]
    assert len(tries) == 2
    late.close()
    late.close()
