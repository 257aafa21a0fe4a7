"""That looking for what is due stays cheap on PostgreSQL, however much there is, and before it has counted anything."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from bus.store import boxes, dossiers, inbox, open_store, outbox
from bus.store.many import _with_arrays
from bus.store.sql import SqlStore
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
        (boxes.OUTBOX.due, {"limit": 100, "now": 0}),
        (boxes.INBOX.due, {"limit": 100, "now": 0}),
        (boxes.OUTBOX.submitted, {"texts": HUNDREDS}),
        (boxes.OUTBOX.entries, {"sequences": list(range(300))}),
        (outbox._standing, {"messages": HUNDREDS}),
        (inbox._standing, {"messages": HUNDREDS}),
        (outbox._outstanding, {"sequences": list(range(300))}),
        (outbox._expired, {"now": 0, "limit": 9}),
        (boxes.OUTBOX.oldest, {"state": "waiting", "limit": 1}),
        (boxes.OUTBOX.counts, {}),
        (dossiers._by_document, {"the_issuer": "a", "the_document": "b"}),
        (dossiers._by_form, {"the_issuer": "a", "the_form": "b"}),
        (dossiers._by_code, {"the_issuer": "a", "the_code": "b", "the_date": "c"}),
        (dossiers._statuses, {"the_issuer": "a", "the_form": "b"}),
    ],
)
def test_no_table_is_read_whole(store: SqlStore, statement: Select[object], values: dict[str, object]) -> None:
    """Each look-up of the road goes by its index. (An operator's look at a document's events does not.)"""
    compiled = _with_arrays(statement).params(**values)
    words = str(compiled.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})).replace(":", "\\:")
    with store._engine.connect() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {words}"))]
    assert not [step for step in steps if re.search(r"Seq Scan on (outbox|inbox|dossier|status|event)\b", step)], steps
