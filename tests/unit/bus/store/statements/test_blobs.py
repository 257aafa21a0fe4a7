"""bus/store/statements/blobs.py: each look-up goes by its index."""

from pathlib import Path

import pytest

from bus.ports.records import Box
from bus.store.statements.blobs import BLOBS, TRANSFER_FACTS
from bus.store.tables import outbox_transfer
from tests.unit.bus.store.plans import HUNDREDS, NUMBERS, plan, reads_whole


@pytest.mark.parametrize("box", [Box.OUT, Box.IN])
def test_each_goes_by_its_index(tmp_path: Path, box: Box) -> None:
    """Among many blobs, and many segments of each."""
    statements = BLOBS[box]
    name = statements.blob.name
    steps = {
        f"sqlite_autoindex_{name}_1": plan(tmp_path, statements.number, the_message="a", the_sender="b", the_blob="c"),
        f"{name}_sequence": plan(tmp_path, statements.orphans, before=0),
        "PRIMARY KEY": [
            *plan(tmp_path, statements.transfers, sequences=NUMBERS),
        ],
        f"sqlite_autoindex_{'outbox' if box is Box.OUT else 'inbox'}_1": plan(
            tmp_path, statements.entries, messages=HUNDREDS
        ),
        f"sqlite_autoindex_{statements.segment.name}_1": plan(tmp_path, statements.read, the_blob=1, first=1, limit=4),
    }
    for index, found in steps.items():
        assert any(index in step for step in found), found
        assert reads_whole(found) == []


def test_a_transfer_s_facts() -> None:
    """Every column but the entry's number."""
    assert {"sequence", *TRANSFER_FACTS} == {column.name for column in outbox_transfer.columns}
