"""bus/store/statements/entries.py: that looking for what is due, and what was submitted, goes by indexes."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from bus.store.statements.entries import INBOX, OUTBOX, EntryStatements
from bus.store.statements.outbox import ANSWERS
from tests.unit.bus.store.plans import HUNDREDS, NUMBERS, plan, reads_whole

BOXES = pytest.mark.parametrize("box", [OUTBOX, INBOX], ids=["outbox", "inbox"])


@BOXES
def test_due_is_read_from_indexes_alone(tmp_path: Path, box: EntryStatements) -> None:
    """In order of urgency, without sorting all that waits, and without touching a row."""
    steps = plan(tmp_path, box.due, limit=100, now=0)
    name = box.table.name
    touched = [step for step in steps if re.search(rf"(SCAN|SEARCH) {name}\b", step)]
    assert touched == [
        f"SEARCH {name} USING COVERING INDEX {name}_at_once (state=?)",
        f"SEARCH {name} USING COVERING INDEX {name}_later (next_at<?)",
    ]
    first_sort = next(number for number, step in enumerate(steps) if "B-TREE" in step)
    assert first_sort > steps.index(touched[1]), "what is due at once comes from the index in order"


@BOXES
def test_each_goes_by_its_index(tmp_path: Path, box: EntryStatements) -> None:
    """Also when hundreds are asked for at once."""
    name = box.table.name
    assert box.reschedule.whereclause is not None
    late = select(box.table.c.error).where(box.reschedule.whereclause)
    steps = {
        f"{name}_submission": plan(tmp_path, box.submitted, texts=HUNDREDS),
        f"{name}_state": [
            *plan(tmp_path, box.oldest, state="waiting"),
            *plan(tmp_path, box.counts),
            *plan(tmp_path, box.due_with_blobs, state="uploading", now=0),
        ],
        f"{name}_later": plan(tmp_path, late, beyond=0, of_state="uploading"),
        "PRIMARY KEY": plan(tmp_path, box.entries, sequences=NUMBERS),
    }
    for index, found in steps.items():
        assert any(index in step for step in found), found
        assert reads_whole(found) == []


def test_who_answered_goes_by_the_key(tmp_path: Path) -> None:
    """Of recipients no more is read than those of the entries."""
    steps = plan(tmp_path, ANSWERS, sequences=NUMBERS)
    assert any("PRIMARY KEY (sequence=?)" in step for step in steps), steps


@BOXES
def test_documents_are_read_between_two_numbers(tmp_path: Path, box: EntryStatements) -> None:
    """Newest first, without sorting; ids by their beginning from an index alone."""
    bounds = {"first": 0, "below": 9, "since": 0, "until": 9, "kind": b"x", "limit": 9}
    steps = plan(tmp_path, box.documents, **bounds)
    assert steps == [f"SEARCH {box.table.name} USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]
    (step,) = plan(tmp_path, box.ids, first="0", behind="1", limit=9)
    assert f"USING COVERING INDEX sqlite_autoindex_{box.table.name}_1" in step
