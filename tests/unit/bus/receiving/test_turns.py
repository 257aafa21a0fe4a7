"""Whose large attachments are fetched next, and how much looks in vain may take."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.receiving.turns import FAIR, LEAST, SPAN, STEPS, Turns

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def turns() -> Turns:
    return Turns(steady=lambda: 0.0, seconds=10, size=100)


def test_one_after_the_other() -> None:
    """So many steps each; then the one that has waited longest, and who is new before it."""
    all_ = turns()
    assert [all_.next(["B", "A"], at=NOW) for _ in range(2 * STEPS + 1)] == [*["A"] * STEPS, *["B"] * STEPS, "A"]
    all_.end()
    assert [all_.next(["A", "B", "C"], at=NOW) for _ in range(STEPS + 1)] == [*["C"] * STEPS, "B"]


def test_a_turn_ends_where_nothing_is_found_or_nothing_waits() -> None:
    """The rest of it is lost."""
    all_ = turns()
    assert all_.next(["A", "B"], at=NOW) == "A"
    all_.looked("A", seconds=0, found=0, useless=0, at=NOW)
    assert all_.next(["A", "B"], at=NOW) == "B"
    assert all_.next(["A"], at=NOW) == "A"
    assert all_.next(["A", "B"], at=NOW) == "A"
    assert all_.next([], at=NOW) is None


@pytest.mark.parametrize(
    ("seconds", "found", "useless", "times"),
    [
        (0, 0, 0, 10 / LEAST),
        (5, 0, 0, 2),
        (5, 1, 1, 2),
        (0, 50, 50, 2),
        (FAIR + 5, 50, 0, 2),
        (FAIR + 1, 51, 50, 2),
        (FAIR, 51, 50, None),
    ],
    ids=["at least", "time", "of no use", "bytes", "slow", "slow, and mostly of no use", "of use"],
)
def test_what_is_in_vain(seconds: float, found: int, useless: int, times: float | None) -> None:
    """By time or by bytes; nobody else waits for it."""
    all_ = turns()
    waited = list[bool]()
    while len(waited) < 20 and not any(waited):
        all_.looked("A", seconds=seconds, found=found, useless=useless, at=NOW)
        waited.append(all_.waits("A", at=NOW))
    assert len(waited) == (times or 20)
    assert any(waited) is (times is not None)
    assert all_.next(["A", "B"], at=NOW) == ("B" if times else "A")


def test_until_the_hour_is_over() -> None:
    """Then one begins anew, with the next look in vain."""
    all_ = turns()
    for at in (NOW, NOW + SPAN):
        assert not all_.waits("A", at=at)
        all_.in_vain("A", seconds=6, at=at)
        all_.in_vain("A", seconds=6, size=7, at=at)
        assert all_.waits("A", at=at + SPAN - SECOND)
        assert all_.next(["A"], at=at + SPAN - SECOND) is None
        assert all_.looks("A") == 2
        assert all_.told("A").startswith("A: 2 looks for large attachments in vain, 12 seconds, 7 bytes in an hour;")
