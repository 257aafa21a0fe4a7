"""bus/store/candidate.py: what is known before a server has answered. How a lease is taken is in tests/postgres."""

import pytest

from bus.errors import StoreAway
from bus.store.candidate import Candidate

pytest.importorskip("psycopg", reason="PostgreSQL's driver is an extra")


def test_nobody_answers() -> None:
    """It may come back: the candidate has nothing, knows of no holder, and may ask again or give up."""
    candidate = Candidate("postgresql+psycopg://nobody@127.0.0.1:1/x", owner="G22")
    for _ in range(2):
        with pytest.raises(StoreAway):
            candidate.take()
        assert not candidate.is_held
        assert candidate.holder is None
    candidate.close()
