"""bus/store/__main__.py: stores are brought up by a process of their own."""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.store.__main__ import main
from bus.store.open import is_current


def test_stores_are_brought_up(tmp_path: Path) -> None:
    """Each line names an owner and a URL; a second time there is nothing to do."""
    lines = [f"{owner} sqlite:///{tmp_path}/{owner}.db\n" for owner in ("G22", "H49")]
    for _ in range(2):
        main(lines)
        assert all(is_current(f"sqlite:///{tmp_path}/{owner}.db", owner=owner) for owner in ("G22", "H49"))


def test_another_s_store_is_refused(tmp_path: Path) -> None:
    """One URL copied from another mailbox's."""
    main([f"G22 sqlite:///{tmp_path}/x.db\n"])
    with pytest.raises(BadConfig, match="of mailbox G22"):
        main([f"H49 sqlite:///{tmp_path}/x.db\n"])
