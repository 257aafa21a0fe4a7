"""The statements of a ledger's lists and counters, as they are asked: none of them reads a table whole, or sorts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import Dialect, Select

from bus.ledger.queries.documents import Sought, looks_for
from bus.ledger.queries.paging import Cursor
from bus.ledger.queries.statements import counting, late_counting, late_listing, listing
from bus.ledger.queries.wanted import Branch, Filter, Standing
from bus.ledger.records import DocumentNumber
from schemas.codes import BusinessType

NOW: Final = datetime(2026, 11, 30, tzinfo=UTC)
AFTER: Final = Cursor(NOW, DocumentNumber(5), "H49")
BRANCHES: Final = {
    "all": Branch(None, None),
    "sent": Branch("H49", None),
    "received": Branch(None, "H49", frozenset({"H49"})),
    "between": Branch("H53", "H49"),
}
FILTERS: Final = {
    "plain": Filter(),
    "period": Filter(since=NOW, until=NOW, business=BusinessType.UPDATE),
    **{standing.value: Filter(standing=standing) for standing in Standing},
}

STATEMENTS: Final[Mapping[str, Select[int, int, str]]] = dict(
    chain.from_iterable(
        [
            (f"{branch}, {name}", listing(wanted, BRANCHES[branch], after=None).limit(51)),
            (f"{branch}, {name}, next page", listing(wanted, BRANCHES[branch], after=AFTER).limit(51)),
            (f"{branch}, {name}, late", late_listing(wanted, BRANCHES[branch], now=NOW, after=AFTER).limit(51)),
        ]
        for branch in BRANCHES
        for name, wanted in FILTERS.items()
    )
) | {
    f"{branch}, count {name}": statement.limit(1001)
    for branch in ("sent", "received", "between")
    for name, statement in {
        "late": late_counting(Filter(), BRANCHES[branch], now=NOW),
        **{each.value: counting(Filter(), BRANCHES[branch], each) for each in Standing},
    }.items()
}  # fmt: skip

LOOKS: Final[Mapping[str, Select[int]]] = {
    f"{text}, {number}": look.candidates
    for text in ("12", "12/QĐ-UBND", "0192f0c1-1")
    for number, look in enumerate(looks_for(Sought(text=text, of=["H49", "H49.1"])))
}
"""What an agency's search looks through for its own."""


def explained(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> str:
    """Its SQL, with its values."""
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
