"""bus/store/statements/outbox.py: each look-up goes by its index, and both forms of a change say the same."""

from pathlib import Path

import pytest

from bus.errors import HeldAfterAll, NotInTime
from bus.handling.transport import OutboxState
from bus.store.sql.batches import Batch, Lookup
from bus.store.statements import outbox
from schemas.codes import Outcome
from tests.unit.bus.store.plans import HUNDREDS, NUMBERS, parameters, plan, reads_whole


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (outbox.STATES, {"messages": HUNDREDS}, "sqlite_autoindex_outbox_1"),
        (outbox.DOCKETS, {"messages": HUNDREDS}, "sqlite_autoindex_outbox_1"),
        (outbox.GIVEN_UP, {"messages": HUNDREDS}, "sqlite_autoindex_outbox_1"),
        (outbox.OUTSTANDING, {"sequences": NUMBERS}, "PRIMARY KEY (sequence=?)"),
        (outbox.RECEIPTS, {"sequences": NUMBERS}, "PRIMARY KEY (sequence=?)"),
        (outbox.RECIPIENTS, {"sequences": NUMBERS, "mailboxes": HUNDREDS}, "PRIMARY KEY (sequence=?"),
        (outbox.ANSWERS, {"sequences": NUMBERS}, "PRIMARY KEY (sequence=?"),
        (outbox.COMPLETE, {"sequences": NUMBERS}, "INTEGER PRIMARY KEY (rowid=?)"),
        (outbox.EXPIRED, {"now": 0, "limit": 9}, "outbox_expires"),
        (outbox.UNDER_WAY, {"mailboxes": HUNDREDS}, "COVERING INDEX outbox_recipient_under_way (mailbox=?"),
        (outbox.UNDER_WAY_TO_ALL, {}, "COVERING INDEX outbox_recipient_under_way"),
    ],
)
def test_a_look_up_goes_by_its_index(
    tmp_path: Path, statement: Lookup[*tuple[object, ...]], values: dict[str, object], index: str
) -> None:
    """Also when hundreds are asked for at once."""
    steps = plan(tmp_path, statement, **values)
    assert any(index in step for step in steps), steps
    assert reads_whole(steps) == []


@pytest.mark.parametrize(
    "batch",
    [
        outbox.CHANGE,
        outbox.FINISH,
        outbox.BEGIN_ANEW,
        outbox.CONFIRM,
        outbox.HOLD,
        outbox.REFUSE,
        outbox.NOT_UNDER_WAY,
        outbox.HOLD_BACK,
    ],
)
def test_both_forms_take_the_same(batch: Batch) -> None:
    """What one database is given for a row, the other is given for all of them."""
    each, arrays = parameters(batch)
    assert each == arrays
    assert {*batch.key} <= each


def test_the_words_in_them_are_the_field_s() -> None:
    """Codes, outcomes and states are written out in SQL."""
    assert f"'{NotInTime.code}'" in str(outbox.HOLD.each)
    assert f"'{HeldAfterAll.code}'" in str(outbox.HOLD.arrays)
    assert f"'{Outcome.HELD}'" in str(outbox.REFUSE.each)
    assert f"'{OutboxState.DONE}'" in str(outbox.FINISH.each)
