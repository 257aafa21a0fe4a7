"""That looking for what is due stays cheap on PostgreSQL, however much there is, and before it has counted anything."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from bus.store.open import open_store
from bus.store.sql.batches import Lookup
from bus.store.statements import dossiers, inbox, outbox
from bus.store.statements.entries import INBOX, OUTBOX
from bus.store.store import SqlStore
from tests.contract.store import LATER, mid, put, sending
from tests.postgres.server import Server

ONE = replace(sending(1, body=b""), key=None)
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
HUNDREDS = [f"text {number}" for number in range(300)]


@pytest.fixture(scope="module")
def store(postgres: Server) -> Iterator[SqlStore]:
    """Ten thousand wait for a time that has not come, and no statistics were gathered yet."""
    postgres.ask("CREATE DATABASE plans")
    store = open_store(postgres.url("plans"), owner="G22")
    dockets = [ONE.docket.model_copy(update={"id": mid(number)}) for number in range(10_000)]
    put(store, *(replace(ONE, docket=docket, next_at=LATER) for docket in dockets))
    yield store
    store.close()


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (OUTBOX.due, {"limit": 100, "now": 0}),
        (INBOX.due, {"limit": 100, "now": 0}),
        (OUTBOX.submitted, {"texts": HUNDREDS}),
        (outbox.ANSWERS, {"sequences": list(range(300))}),
        (OUTBOX.entries, {"sequences": list(range(300))}),
        (outbox.STATES, {"messages": HUNDREDS}),
        (inbox.STATES, {"messages": HUNDREDS}),
        (outbox.OUTSTANDING, {"sequences": list(range(300))}),
        (outbox.EXPIRED, {"now": 0, "limit": 9}),
        (OUTBOX.oldest, {"state": "waiting"}),
        (OUTBOX.counts, {}),
        (dossiers.BY_DOCUMENT, {"the_issuer": "a", "the_document": "b"}),
        (dossiers.BY_FORM, {"the_issuer": "a", "the_form": "b"}),
        (dossiers.BY_CODE, {"the_issuer": "a", "the_code": "b", "the_date": "c"}),
        (dossiers.STATUSES, {"the_issuer": "a", "the_form": "b"}),
    ],
)
def test_no_table_is_read_whole(
    store: SqlStore, statement: Lookup[*tuple[object, ...]] | Select[object], values: dict[str, object]
) -> None:
    """Each look-up of the road goes by its index. (An operator's look at a document's events does not.)"""
    plain = statement.arrays if isinstance(statement, Lookup) else statement
    compiled = plain.params(**values)
    words = str(compiled.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})).replace(":", "\\:")
    with store.engine.connect() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {words}"))]
    assert not [step for step in steps if re.search(r"Seq Scan on (outbox|inbox|dossier|status|event)\b", step)], steps
