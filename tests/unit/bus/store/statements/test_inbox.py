"""bus/store/statements/inbox.py: each look-up goes by its index, and both forms of a change say the same."""

from pathlib import Path

import pytest
from sqlalchemy import Select

from bus.store.sql.batches import Lookup
from bus.store.statements import inbox
from tests.unit.bus.store.plans import HUNDREDS, parameters, plan, reads_whole


@pytest.mark.parametrize("statement", [inbox.STATES, inbox.DOCKETS])
def test_a_look_up_goes_by_its_index(tmp_path: Path, statement: Lookup[*tuple[object, ...]]) -> None:
    """Also when hundreds are asked for at once."""
    steps = plan(tmp_path, statement, messages=HUNDREDS)
    assert any("sqlite_autoindex_inbox_1" in step for step in steps), steps
    assert reads_whole(steps) == []


@pytest.mark.parametrize(
    ("statement", "values"), [(inbox.HELD_FROM, {"senders": HUNDREDS}), (inbox.HELD_FROM_ALL, {})], ids=["some", "all"]
)
def test_what_is_held_is_read_from_an_index_alone(
    tmp_path: Path, statement: Lookup[*tuple[object, ...]], values: dict[str, object]
) -> None:
    """Of the entries that are kept, however many were filed."""
    assert any("COVERING INDEX inbox_held" in step for step in plan(tmp_path, statement, **values))


@pytest.mark.parametrize("statement", [inbox.SENDERS_TO_FETCH, inbox.NEXT_TO_FETCH], ids=["senders", "next"])
def test_what_is_to_be_fetched_goes_by_the_states(tmp_path: Path, statement: Select[*tuple[object, ...]]) -> None:
    """Few of what was ever received is in that one."""
    values = {"state": "fetching", "now": 0} | ({"of_sender": "G22"} if statement is inbox.NEXT_TO_FETCH else {})
    steps = plan(tmp_path, statement, **values)
    assert any("INDEX inbox_state (state=?)" in step for step in steps), steps


def test_both_forms_take_the_same() -> None:
    """What one database is given for a row, the other is given for all of them."""
    each, arrays = parameters(inbox.CHANGE)
    assert each == arrays
    assert {*inbox.CHANGE.key} <= each
