from typing import Any

import pytest

from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/deliveries"
ALL = "5 H53, 5 H49, 5 G22, 4 H53, 3 H49, 2 H49, 1 H53, 1 G22"

ASKED = [
    ("supervisor", "", ALL),
    ("operator", "", ALL),
    ("auditor", "", ALL),
    ("supervisor", "sender=H49&recipient=H53", "5 H53, 4 H53, 1 H53"),
    ("supervisor", "agency=G22", "5 G22, 2 H49, 1 G22"),
    ("supervisor", "standing=not-taken", "5 H53"),
    ("supervisor", "standing=01", "5 H49, 2 H49"),
    ("supervisor", "business=revoke", "4 H53"),
    ("supervisor", "overdue=true", "1 G22, 1 H53"),
    ("supervisor", "since=2026-11-27&until=2026-11-29T09:00:00%2B07:00", "3 H49, 2 H49"),
    ("supervisor", "since=2026-11-30T02:00:00Z", "5 H53, 5 H49, 5 G22"),
    ("H53", "", "5 H53, 4 H53, 3 H49, 1 H53"),
    ("H53", "sender=H49", "5 H53, 4 H53, 1 H53"),
    ("H53", "recipient=G22", ""),
    ("H53", "agency=G22", ""),
    ("H53", "overdue=true", "1 H53"),
    ("stranger", "", ""),
    ("nobody", "", ""),
]


def places(answer: dict[str, Any]) -> str:
    return ", ".join(f"{row['document']['number']} {row['delivery']['agency']}" for row in answer["rows"])


@pytest.mark.parametrize(("who", "query", "expected"), ASKED)
def test_a_list_follows_its_filter(reader: Visitor, who: str, query: str, expected: str) -> None:
    """And shows an agency its own alone. Who asked is recorded with the filter and how much was shown."""
    answer = reader.get(f"{URL}?{query}", who)
    assert answer.status_code == 200
    assert places(answer.json()) == expected
    (row,) = reader.log()
    assert (row.what, row.found) == ("deliveries.list", len(expected.split(", ")) if expected else 0)
    assert all(name in row.subject for name in query.replace("=", "&").split("&")[::2])


@pytest.mark.parametrize(
    ("query", "expected"), [("limit=1", ALL), ("limit=3", ALL), ("limit=1&overdue=true", "1 G22, 1 H53")]
)
def test_page_by_page_it_is_whole(reader: Visitor, query: str, expected: str) -> None:
    """`next` of one page is `after` of the next; none is told twice or left out."""
    found, after = [], ""
    for _ in range(10):
        answer = reader.get(f"{URL}?{query}{after}").json()
        found.append(places(answer))
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert ", ".join(found) == expected


def test_a_row_tells_where_it_stands(reader: Visitor) -> None:
    """The document, its statuses at this recipient, what is owed and whether it is late."""
    (row,) = reader.get(f"{URL}?sender=H49&recipient=G22&until=2026-11-29").json()["rows"]
    assert row["document"]["code_notation"] == "QĐ-UBND"
    assert row["document"]["business"] == "new"
    assert row["delivery"]["standing"] == "unreceipted"
    assert row["late"] is True
    turn = row["delivery"]["turn"]
    assert (turn["missing"], turn["who"], turn["due_at"], turn["late"]) == (
        "receipt",
        "G22",
        "2026-11-21T02:00:00Z",
        True,
    )
    assert row["owed"][0]["article"].startswith("NĐ 30/2020")
    assert [(owed["clock"], owed["debtor"], owed["late"]) for owed in row["owed"]] == [
        ("acknowledge", "G22", True),
        ("finish", "G22", True),
    ]


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        (
            "supervisor",
            "",
            {"unreceipted": 1, "receipted": 1, "not-taken": 1, "01": 2, "03": 1, "06": 1, "withdrawn": 1},
        ),
        ("supervisor", "recipient=H49", {"01": 2, "06": 1}),
        ("H53", "", {"receipted": 1, "not-taken": 1, "03": 1, "06": 1}),
        ("stranger", "", {}),
    ],
)
def test_counters_follow_the_filter(reader: Visitor, who: str, query: str, expected: dict[str, int]) -> None:
    """Those of an agency count its own."""
    answer = reader.get(f"{URL}/counts?{query}", who).json()
    counted = {standing: amount["count"] for standing, amount in answer["standing"].items() if amount["count"]}
    counted.pop("change-asked", None)
    assert counted == expected
    assert not any(amount["more"] for amount in answer["standing"].values())


REFUSED = [
    ("standing=07", "standing: "),
    ("business=0", "business: must be one of 'new', 'revoke', 'update', 'replace'"),
    ("overdue=1", "overdue: must be true or false"),
    ("since=2026-11-31", "since: "),
    ("since=2026-11-30T08:00:00", "with its offset"),
    ("since=1764464400", "with its offset"),
    ("since=0001-01-01T00:00:00Z", "outside the years"),
    ("sender=H49 X", "sender: "),
    ("limit=501", "limit: must be at most 500"),
    ("sendr=H49", "sendr: there is no such"),
    ("after=WzEsMiwzLDRd", "no `next`"),
    ("after=WzkyMjMzNzIwMzY4NTQ3NzU4MDcsMSwiSDQ5IiwiIl0", "beyond the calendar"),
]


@pytest.mark.parametrize(("query", "why"), REFUSED)
def test_what_is_not_understood_is_refused(reader: Visitor, query: str, why: str) -> None:
    """And never passed over: a list without the filter that was meant would mislead."""
    answer = reader.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert why in answer.json()["detail"]
    assert reader.log() == []
