"""The table of the law's clocks, and a ministry's own."""

from datetime import timedelta
from pathlib import Path

import pytest

import deploy
from bus.errors import BadConfig
from bus.handling.clocks import ACKNOWLEDGE, ANSWER, BUILT_IN, TABLE, Clock, End, Limit, Span, Start, parse_clocks
from schemas.codes import Priority, StatusCode

OWN = """
leave_out = ["accept"]

[clock.assign]
vi = "Chuyển xử lý"
en = "Assign"
article = "NĐ 30/2020/NĐ-CP Đ.23"
starts = "03"
met_by = ["04", "05", "06"]
limit = "next-day"
urgent = "4 hours"
warn_hours = 2
"""


@pytest.mark.parametrize("clock", TABLE, ids=lambda clock: clock.code)
def test_every_clock_names_its_article_in_two_languages(clock: Clock) -> None:
    """What is owed, and by which article, in Vietnamese and in English."""
    assert clock.article.startswith(("NĐ ", "QĐ "))
    assert clock.name.vi
    assert clock.name.en


def test_only_an_answer_meets_what_was_asked() -> None:
    """And nothing else is met by one."""
    assert {clock.code for clock in TABLE if ANSWER in clock.met_by} == {
        clock.code for clock in TABLE if clock.starts is Start.ASKED
    }


def test_an_urgent_document_has_a_clock_of_its_own() -> None:
    """Khẩn and above; where the table has none for them, the ordinary one."""
    clock = BUILT_IN[ACKNOWLEDGE]
    assert clock.limit_of(Priority.NORMAL) == Limit(Span.DAY)
    assert {clock.limit_of(each).span for each in Priority if each} == {Span.AT_ONCE}
    assert BUILT_IN["finish"].limit_of(Priority.IMMEDIATE) == Limit(Span.DUE_DAY)


@pytest.mark.parametrize("text", ["day", "next-day", "at-once", "due-day", "none", "5 days", "4 hours"])
def test_a_limit_is_read_as_it_is_written(text: str) -> None:
    """Both ways."""
    assert str(Limit.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "5", "days", "hours", "2 day", "0 days", "-1 hours", "x days", "5000 days", "tomorrow"]
)
def test_no_limit(text: str) -> None:
    """A count where there must be one and nowhere else, a span that there is."""
    with pytest.raises(ValueError):  # noqa: PT011  whichever of them it is
        Limit.parse(text)


def test_a_ministry_adds_and_leaves_out() -> None:
    """Its own clocks come after the law's; what it leaves out is not counted."""
    clocks = parse_clocks(OWN.encode(), file="clocks.toml")
    assert [clock.code for clock in clocks] == ["acknowledge", "finish", "change", "assign"]
    own = clocks[-1]
    assert own.starts is StatusCode.ACCEPTED
    assert own.met_by == {"04", "05", "06"}
    assert own.limit_of(Priority.URGENT) == Limit(Span.HOURS, 4)
    assert own.warn == timedelta(hours=2)


def test_a_ministry_may_be_stricter_than_the_law() -> None:
    """A clock with a code of the law's takes that one's place."""
    stricter = OWN.replace("clock.assign", "clock.finish").replace('leave_out = ["accept"]', "")
    clocks = parse_clocks(stricter.encode(), file="clocks.toml")
    assert [clock.code for clock in clocks] == [clock.code for clock in TABLE]
    assert clocks[2].limit == Limit(Span.NEXT_DAY)


def test_nothing_of_ones_own() -> None:
    """An empty file is the law's table."""
    assert parse_clocks(b"", file="clocks.toml") == TABLE


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("leave_out", "leave"),
        ('"accept"', '"acknowledgement"'),
        ("clock.assign", "clock.Assign"),
        ('starts = "03"', 'starts = "99"'),
        ('starts = "03"', 'starts = "asked"'),
        ('"04", ', '"14", '),
        ('["04", "05", "06"]', "[]"),
        ('"next-day"', '"5"'),
        ("warn_hours = 2", "warn_hours = -1"),
        ("article =", "# article ="),
        ("no TOML", "\x00"),
    ],
)
def test_a_file_with_a_fault(was: str, became: str) -> None:
    """It is named, and the operator mends it."""
    text = OWN.replace(was, became) if was in OWN else became
    with pytest.raises(BadConfig) as caught:
        parse_clocks(text.encode(), file="clocks.toml")
    assert "clocks.toml" in str(caught.value)


EXAMPLE = Path(deploy.__file__).parent / "clocks.example.toml"


def test_the_example_is_one() -> None:
    """What we ship for a ministry to begin with is read, and names all that may be written."""
    clocks = parse_clocks(EXAMPLE.read_bytes(), file=EXAMPLE.name)
    assert [clock.code for clock in clocks] == [*BUILT_IN, "assign"]
    text = EXAMPLE.read_text()
    words = {*BUILT_IN, *(set(Start) - {Start.ASKED}), *Span, *End}
    assert {word for word in words if word not in text} == set()
