from datetime import date

import pytest
from sqlalchemy import insert

from bus.ledger.keep import keep_checkpoint
from bus.ledger.records import Checkpoint
from bus.ledger.tables import now as tables
from tests.contract.ledger_rows import NOW
from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/reports"
COUNTED = [("H49", "sent", 3), ("H49", "received", 2), ("H53", "received", 3), ("H49.06", "sent", 1)]


@pytest.fixture
def counted(reader: Visitor) -> Visitor:
    with reader.ledger.writing() as connection:
        rows = [
            {
                "day": date(2026, 11, 20).isoformat(),
                "agency": agency,
                "measure": measure,
                "detail": "",
                "amount": amount,
            }
            for agency, measure, amount in COUNTED
        ]
        connection.execute(insert(tables.daily), rows)
    return reader


ASKED = [
    ("supervisor", "period=2026-Q4", {"sent": 4, "received": 5, "overdue": 3}),
    ("supervisor", "period=2026-11&agency=H49", {"sent": 4, "received": 2, "overdue": 0}),
    ("supervisor", "period=2026-11&agency=H49&below=false", {"sent": 3, "received": 2, "overdue": 0}),
    ("supervisor", "period=2026-10", {"sent": 0, "received": 0, "overdue": 0}),
    ("H49", "period=2026", {"sent": 3, "received": 2, "overdue": 0}),
    ("H53", "period=2026-11-01..2026-11-30", {"sent": 0, "received": 3, "overdue": 1}),
]


@pytest.mark.parametrize(("who", "query", "expected"), ASKED)
def test_the_figures_of_a_period(counted: Visitor, who: str, query: str, expected: dict[str, int]) -> None:
    """Those of an agency are its own, without units that have a key of their own."""
    answer = counted.get(f"{URL}?{query}", who)
    assert answer.status_code == 200
    total = answer.json()["total"]
    assert {name: total[name] for name in expected} == expected
    assert counted.log()[0].what == "report.make"


def test_the_same_figures_are_the_same_bytes(counted: Visitor) -> None:
    """So that who asks each minute gets 304 until something changes."""
    first = counted.get(f"{URL}?period=2026-Q4")
    again = counted.get(f"{URL}?period=2026-Q4", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert first.json()["units"][0]["agency"]


@pytest.mark.parametrize(
    ("who", "query", "status"),
    [
        ("supervisor", "", 422),
        ("supervisor", "period=yesterday", 422),
        ("supervisor", "period=2026-Q5", 422),
        ("supervisor", "period=2026-12-31..2026-01-01", 422),
        ("supervisor", "period=9999", 422),
        ("H53", "period=2026&agency=H49", 403),
        ("nobody", "period=2026", 403),
    ],
)
def test_what_is_no_report(counted: Visitor, who: str, query: str, status: int) -> None:
    """Not understood, or of another agency."""
    assert counted.get(f"{URL}?{query}", who).status_code == status


def test_how_far_the_ledger_has_read(visitor: Visitor) -> None:
    """A dashboard sees whether what it shows is of today."""
    with visitor.ledger.writing() as connection:
        keep_checkpoint(connection, Checkpoint("audit", 12, 11, "0" * 64, 1, NOW))
    assert visitor.get("/api/v1/streams", "H49").json() == {
        "streams": [{"stream": "audit", "epoch": 1, "last_offset": 11, "at": "2026-11-30T02:00:00Z"}]
    }
    assert visitor.log() == []
