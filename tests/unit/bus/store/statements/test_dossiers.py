"""bus/store/statements/dossiers.py: each look-up goes by its index, and both forms of a change say the same."""

from pathlib import Path

import pytest
from sqlalchemy import Select

from bus.store.statements import dossiers
from bus.store.tables import dossier
from tests.unit.bus.store.plans import HUNDREDS, parameters, plan, reads_whole


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (
            dossiers.BY_KEYS,
            {"issuers": HUNDREDS, "documents": HUNDREDS, "handlers": HUNDREDS},
            "(issuer=? AND document=?)",
        ),
        (dossiers.BY_DOCUMENT, {"the_issuer": "a", "the_document": "b"}, "(issuer=? AND document=?)"),
        (dossiers.BY_FORM, {"the_issuer": "a", "the_form": "b"}, "dossier_document_form"),
        (dossiers.BY_CODE, {"the_issuer": "a", "the_code": "b", "the_date": "c"}, "dossier_code_form"),
        (dossiers.AWAITED, {"near": "a", "past": "b", "limit": 9}, "dossier_watched"),
        (dossiers.STATUSES, {"the_issuer": "a", "the_form": "b"}, "status_document_form"),
        (dossiers.EVENTS, {"the_form": "b"}, "event_document_form"),
        (dossiers.EVENTS, {"the_form": "b"}, "event_message"),
    ],
)
def test_a_look_up_goes_by_its_index(
    tmp_path: Path, statement: Select[object], values: dict[str, object], index: str
) -> None:
    """Also when hundreds are asked for at once."""
    steps = plan(tmp_path, statement, **values)
    assert any(index in step for step in steps), steps
    assert reads_whole(steps) == []


def test_a_dossier_is_replaced_whole() -> None:
    """Both forms name every column."""
    every = {column.name for column in dossier.columns}
    assert parameters(dossiers.CHANGE) == (every, every)
