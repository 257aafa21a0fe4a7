from collections.abc import Sequence

import pytest

from bus.console.desk import Asker
from bus.errors import NotAllowed, StoreFull
from bus.ledger.access import Access
from tests.contract.ledger_rows import NOW
from tests.unit.bus.console.visitor import CALLERS, LedgerInFile, Visitor


def test_who_may_not_see_it_is_refused_and_recorded(visitor: Visitor) -> None:
    """With what was asked for."""
    assert visitor.get("/api/v1/access", "agency").status_code == 403
    (row,) = visitor.log()
    assert (row.who, row.role, row.agency, row.what, row.found) == (
        "sở nội vụ",
        "agency",
        "H49.06",
        "refused access.list",
        None,
    )


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic YTpi", "lienthong_x", "Bearer \xff"])
def test_who_is_not_known_is_not_recorded(visitor: Visitor, given: str) -> None:
    """Strangers would fill the log."""
    answer = visitor.get("/api/v1/access", None, headers={"Authorization": given.encode("latin-1")})
    assert answer.status_code == 401
    assert visitor.log() == []


def test_what_is_shown_is_recorded_before(visitor: Visitor) -> None:
    """Who, what, with which filters, and how many rows."""
    visitor.get("/api/v1/access", "auditor")
    answer = visitor.get("/api/v1/access?who=thanh%20tra&limit=10", "auditor")
    assert [row["what"] for row in answer.json()["rows"]] == ["access.list"]
    newest = visitor.log()[0]
    assert (newest.who, newest.what, newest.subject, newest.found) == (
        "thanh tra",
        "access.list",
        '{"who": "thanh tra"}',
        1,
    )
    assert newest.at == NOW


def test_what_cannot_be_recorded_is_not_shown() -> None:
    """A full disk answers nobody."""

    class Full(LedgerInFile):
        def record(self, accesses: Sequence[Access]) -> None:
            raise StoreFull(store="ledger.db", why="disk full")

    visitor = Visitor(Full())
    try:
        answer = visitor.get("/api/v1/access", "auditor")
        assert answer.status_code == 503
        assert answer.json()["code"] == "store-full"
    finally:
        visitor.close()


@pytest.mark.parametrize(
    ("who", "agency", "allowed"),
    [
        ("agency", None, True),
        ("agency", "H49.06", True),
        ("agency", "H49.13", False),
        ("agency", "h49.06", False),
        ("nobody", "H49.06", False),
        ("supervisor", "H49.13", True),
    ],
)
def test_an_agency_asks_for_its_own(visitor: Visitor, who: str, agency: str | None, allowed: bool) -> None:
    """By its codes as the file has them; others may ask for anybody."""
    asker = Asker(desk=visitor.desk, caller=CALLERS[who], what="documents.list", now=NOW)
    if allowed:
        assert asker.checked(agency) == agency
    else:
        with pytest.raises(NotAllowed):
            asker.checked(agency)
    assert [row.what for row in visitor.log()] == ([] if allowed else ["refused documents.list"])
