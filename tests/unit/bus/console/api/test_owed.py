from typing import Any

import pytest

from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/obligations"


def told(answer: dict[str, Any]) -> str:
    rows = (row["obligation"] for row in answer["rows"])
    return ", ".join(f"{each['document']} {each['recipient']} {each['clock']}" for each in rows)


OPEN = [
    (
        "supervisor",
        "",
        "1 G22 acknowledge, 1 G22 finish, 1 H53 finish, 2 H49 accept, 2 H49 finish, 5 H49 change",
    ),
    ("supervisor", "debtor=H49", "2 H49 accept, 2 H49 finish, 5 H49 change"),
    ("supervisor", "creditor=H49&late=true", "1 G22 acknowledge, 1 G22 finish, 1 H53 finish"),
    ("supervisor", "clock=finish&due_before=2026-12-01", "1 G22 finish, 1 H53 finish"),
    ("supervisor", "late=true&due_before=2026-11-25", "1 G22 acknowledge"),
    ("supervisor", "late=true&due_before=2027-01-01&debtor=H53", "1 H53 finish"),
    ("H53", "", "1 H53 finish"),
    ("H53", "debtor=G22", ""),
    ("stranger", "", ""),
]


@pytest.mark.parametrize(("who", "query", "expected"), OPEN)
def test_what_is_open(reader: Visitor, who: str, query: str, expected: str) -> None:
    """The earliest due first; an agency sees what it owes and is owed."""
    answer = reader.get(f"{URL}?{query}", who)
    assert told(answer.json()) == expected
    assert reader.log()[0].what == "obligations.list"


def test_page_by_page(reader: Visitor) -> None:
    """Those without a limit in law come last."""
    found, after = [], ""
    while True:
        answer = reader.get(f"{URL}?limit=2{after}").json()
        found.append(told(answer))
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert ", ".join(found) == OPEN[0][2]


def test_how_late_and_by_which_calendar(reader: Visitor) -> None:
    """And with its document, so that a list can name it."""
    (row,) = reader.get(f"{URL}?debtor=H53").json()["rows"]
    assert row["document"]["number"] == 1
    obligation = row["obligation"]
    assert (obligation["open"], obligation["late"], obligation["due_at"], obligation["calendar"]) == (
        True,
        True,
        "2026-11-29T02:00:00Z",
        "2026-3",
    )


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        ("supervisor", "", "5 H53 acknowledge, 3 H49 finish, 1 H53 acknowledge"),
        ("supervisor", "&debtor=H49", "3 H49 finish"),
        ("supervisor", "&limit=1", "5 H53 acknowledge"),
        ("H49", "&clock=finish", "3 H49 finish"),
        ("stranger", "", ""),
    ],
)
def test_what_is_settled(reader: Visitor, who: str, query: str, expected: str) -> None:
    """Of a period; with where it was met, or why it is void."""
    answer = reader.get(f"{URL}/settled?since=2026-11-01&until=2026-12-01{query}", who).json()
    assert told(answer) == expected


def test_a_period_is_wanted(reader: Visitor) -> None:
    """Nobody reads all of the past."""
    answer = reader.get(f"{URL}/settled")
    assert answer.status_code == 422
    assert "since: is missing" in answer.json()["detail"]


def test_how_much_an_agency_owes(reader: Visitor) -> None:
    """And is owed; an agency is told of itself, and refused for another."""
    assert reader.get(f"{URL}/tally?agency=H49").json() == {
        "agency": "H49",
        "owes": {"open": 3, "late": 0, "near": 1},
        "is_owed": {"open": 4, "late": 3, "near": 0},
    }
    assert reader.get(f"{URL}/tally?agency=H53", "H53").status_code == 200
    assert reader.get(f"{URL}/tally?agency=H49", "H53").status_code == 403
    assert reader.log()[0].what == "refused obligations.tally"
