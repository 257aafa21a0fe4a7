"""What is said of an obligation."""

from datetime import timedelta
from typing import Any

import pytest

from bus.cli.ledger_rows import ENDS, state_of
from bus.handling.clocks import End
from tests.contract.ledger_rows import DAY, NOW, delivery, document, obligation

AT = delivery(document(1, "H49", "1/X", days=5), "H53")
HOURS = timedelta(hours=2)


@pytest.mark.parametrize(
    ("due", "others", "said"),
    [
        (1.5, {}, "còn 1 ngày 12 giờ / 1 day 12 hours left"),
        (-1, {}, "trễ 1 ngày / 1 day late"),
        (None, {}, "còn chờ / waited for"),
        (1, {"met_at": NOW, "met_by": "03"}, "xong / met 2026-11-30 09:00 +07 (03)"),
        (
            -1,
            {"met_at": NOW - DAY + HOURS, "met_by": "03"},
            "xong / met 2026-11-29 11:00 +07 (03), trễ 2 giờ / 2 hours late",
        ),
        (-1, {"void_at": NOW, "void_why": "withdrawn"}, "thôi nợ: đã thu hồi / no longer owed: withdrawn"),
        (-1, {"void_at": NOW, "void_why": "new"}, "thôi nợ: new / no longer owed: new"),
    ],
)
def test_how_an_obligation_stands(due: float | None, others: dict[str, Any], said: str) -> None:
    """Met, late, both, waited for, or owed no longer."""
    assert state_of(obligation(AT, "accept", due=due, **others), now=NOW) == said


def test_each_end_has_words() -> None:
    """In both languages."""
    assert set(ENDS) == set(End)
