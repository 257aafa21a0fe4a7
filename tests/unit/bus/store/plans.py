"""What SQLite means to do for a statement, and whether the two forms of a batch say the same."""

import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from bus.store.open import open_store
from bus.store.sql.batches import Batch, Lookup

HUNDREDS = [f"text {number}" for number in range(300)]
NUMBERS = list(range(300))


def plan(folder: Path, statement: Lookup[*tuple[Any, ...]] | Select[*tuple[Any, ...]], **values: object) -> list[str]:
    """The steps, on an empty store."""
    open_store(f"sqlite:///{folder}/x.db", owner="G22").close()
    plain = statement.lists if isinstance(statement, Lookup) else statement
    compiled = plain.params(**values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    connection = sqlite3.connect(folder / "x.db")
    try:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {compiled}")]
    finally:
        connection.close()


def reads_whole(steps: list[str]) -> list[str]:
    """The steps that read a table from end to end."""
    return [step for step in steps if re.match(r"SCAN (outbox|inbox|dossier|status|event)\w*\b(?!.*INDEX)", step)]


def parameters(batch: Batch) -> tuple[set[str], set[str]]:
    """Those of each form."""
    return set(batch.each.compile().params), set(batch.arrays.compile().params)
