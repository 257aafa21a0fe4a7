"""bus/ledger/derived.py: a second set of derived tables beside the first."""

from sqlalchemy import MetaData, create_engine

from bus.ledger.derived import derived
from bus.ledger.tables import metadata, now


def test_two_sets_stand_side_by_side() -> None:
    """No name of a table or an index comes twice; columns, keys and conditions are the same."""
    other = derived(MetaData(), "next_")
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    other.metadata.create_all(engine)
    for mine, theirs in zip(now.tables, other.tables, strict=True):
        assert theirs.name == f"next_{mine.name}"
        assert [(str(c.name), repr(c.type), c.nullable) for c in mine.columns] == [
            (str(c.name), repr(c.type), c.nullable) for c in theirs.columns
        ]
        assert {f"next_{index.name}" for index in mine.indexes} == {str(index.name) for index in theirs.indexes}
    engine.dispose()
