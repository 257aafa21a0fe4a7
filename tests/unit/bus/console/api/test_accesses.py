from sqlalchemy import update

from bus.ledger.tables import access
from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/access"


def test_auditors_see_who_asked_for_what(visitor: Visitor) -> None:
    """The newest first, page by page; what they ask is there, too."""
    visitor.get("/api/v1/documents?text=12", "supervisor")
    visitor.get("/api/v1/obligations?debtor=H49", "H49")
    first = visitor.get(f"{URL}?limit=1", "auditor").json()
    (row,) = first["rows"]
    assert (row["who"], row["role"], row["agency"], row["what"], row["subject"], row["found"]) == (
        "Quảng Ninh",
        "agency",
        "H49",
        "obligations.list",
        {"debtor": "H49"},
        0,
    )
    second = visitor.get(f"{URL}?limit=1&after={first['next']}", "auditor").json()
    assert [row["what"] for row in second["rows"]] == ["documents.find"]
    assert second["next"] is None
    assert [row.what for row in visitor.log()][:2] == ["access.list", "access.list"]
    only = visitor.get(f"{URL}?who=Quảng Ninh", "auditor").json()
    assert [row["what"] for row in only["rows"]] == ["obligations.list"]


def test_no_name_has_a_nul(visitor: Visitor) -> None:
    """PostgreSQL would not be asked for one."""
    assert visitor.get(f"{URL}?who=a%00b", "auditor").status_code == 422


def test_nobody_else_sees_it(visitor: Visitor) -> None:
    """Not even operators: they are looked at, too."""
    for who in ("operator", "supervisor", "H49"):
        assert visitor.get(URL, who).status_code == visitor.get(f"{URL}/verify", who).status_code == 403


def test_the_log_is_verified(visitor: Visitor) -> None:
    """Its head is told, to be noted elsewhere; a row that was altered is an error that names it."""
    assert visitor.get(f"{URL}/verify", "auditor").json() == {"rows": 0, "first": None, "head": None}
    head = visitor.log()[0]
    told = visitor.get(f"{URL}/verify", "auditor").json()
    assert told == {"rows": 1, "first": 1, "head": f"1:{head.hash}"}
    with visitor.ledger.writing() as connection:
        connection.execute(update(access).where(access.c.number == 1).values(who="nobody"))
    answer = visitor.get(f"{URL}/verify", "auditor")
    assert answer.status_code == 500
    assert answer.json()["code"] == "log-broken"
    assert "row 1" in answer.json()["detail"]
