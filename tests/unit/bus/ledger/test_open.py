"""bus/ledger/open.py: which database is a ledger's, and whose turn it is."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bus.errors import AlreadyRunning, BadConfig
from bus.ledger.open import in_schema, open_ledger
from bus.store.open import open_store


def test_one_process_has_it(tmp_path: Path) -> None:
    """A second one that wants it for itself is told of the first; commands beside it may read and write."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    first = open_ledger(url)
    with pytest.raises(AlreadyRunning):
        open_ledger(url)
    beside = open_ledger(url, exclusive=False)
    with beside.writing() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event").scalar() == 0
    beside.close()
    assert first.is_ours
    first.close()
    open_ledger(url).close()


def test_a_mailbox_has_another_store(tmp_path: Path) -> None:
    """Neither is opened as the other."""
    open_store(f"sqlite:///{tmp_path}/store.db", owner="G22").close()
    with pytest.raises(BadConfig):
        open_ledger(f"sqlite:///{tmp_path}/store.db")
    open_ledger(f"sqlite:///{tmp_path}/ledger.db").close()
    with pytest.raises(BadConfig):
        open_store(f"sqlite:///{tmp_path}/ledger.db", owner="G22")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("postgresql://db/x", "-csearch_path=ledger"),
        ("postgresql://db/x?options=-cwork_mem=1MB", "-cwork_mem=1MB -csearch_path=ledger"),
        ("postgresql://db/x?options=-csearch_path=ministry", "-csearch_path=ministry"),
    ],
)
def test_a_schema_of_its_own(url: str, options: str) -> None:
    """`ledger`, unless the URL names another."""
    assert in_schema(make_url(url)).query["options"] == options
