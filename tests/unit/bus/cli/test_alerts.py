"""`lienthong alerts`: what needs a person, and the silencing of what is known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.errors import Words
from bus.ledger.access import page
from bus.ledger.alerts.causes import CAUSES, Found, Source
from bus.ledger.alerts.keep import keep
from bus.ledger.alerts.notices import due, failed, note
from bus.ledger.open import open_ledger
from tests.unit.bus.cli.kept_ledger import Kept, config_of
from tests.unit.bus.ledger.alerts.alerts_world import overdue, unread
from tests.unit.bus.ledger.alerts.test_notices import Listener

EVERY = frozenset(Source)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(open_ledger(f"sqlite:///{tmp_path}/ledger.db", exclusive=False), config_of(tmp_path))
    yield made
    made.ledger.close()


def look(ledger: Kept, *found: Found, ago: int) -> datetime:
    """As the process found it so many minutes ago."""
    at = datetime.now(UTC) - ago * MINUTE
    with ledger.ledger.writing() as connection:
        keep(connection, found, asked=EVERY, now=at)
    return at


def test_peace_is_nothing(ledger: Kept) -> None:
    """And exit code 0, for a monitor."""
    said = ledger.run("alerts", "list")
    assert (said.exit_code, said.output) == (0, "Không có gì. / Nothing there.\n")


def test_what_needs_a_person_stands_in_groups(ledger: Kept) -> None:
    """The gravest first, each group with who acts and what to do. Exit code 3."""
    look(ledger, overdue("H29"), overdue("H30"), unread("H31"), ago=20)
    look(ledger, overdue("H29"), overdue("H30"), unread("H31"), ago=1)
    said = ledger.run("alerts", "list")
    assert said.exit_code == 3
    lines = [line.rstrip() for line in said.output.splitlines()]
    assert lines[0] == "Không ai đọc / Nobody reads (1)  queue.nobody-reads"
    assert lines[1] == "  3  inbox.H31: không ai đọc"
    assert "Việc quá hạn / Overdue (2)  overdue" in lines
    assert "    recipient acts: That agency looks at what it owes: lienthong obligations" in lines
    assert lines[-1] == "3 cảnh báo / alerts; 0 thôi báo / silenced"
    assert all(len(line) <= 80 for line in lines)


def test_a_blink_is_not_shown(ledger: Kept) -> None:
    """It is shown as soon as it has lasted."""
    look(ledger, unread(), ago=0)
    assert ledger.run("alerts", "list").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), ["overdue H29", "overdue H30", "refuses-much H29"]),
        (("--cause", "overdue"), ["overdue H29", "overdue H30"]),
        (("--subject", "H29"), ["overdue H29", "refuses-much H29"]),
        (("--cause", "overdue", "--subject", "H31"), []),
    ],
)
def test_what_is_asked_for(ledger: Kept, arguments: tuple[str, ...], found: list[str]) -> None:
    """By cause and by subject."""
    refuses = Found(cause="refuses-much", subject="H29", facts={"refused": 9, "received": 10, "code": "02"})
    look(ledger, overdue("H29"), overdue("H30"), refuses, ago=1)
    rows = ledger.json("alerts", "list", *arguments)
    assert [f"{row['cause']} {row['subject']}" for row in rows] == found


def test_programs_get_the_facts(ledger: Kept) -> None:
    """Both sentences, who acts, since when."""
    at = look(ledger, overdue("H29"), ago=1)
    (row,) = ledger.json("alerts", "list")
    assert (row["cause"], row["who"], row["since"], row["ended_at"]) == ("overdue", "recipient", at.isoformat(), None)
    assert row["en"].startswith("Agency H29: 3 obligations overdue")
    assert row["silenced"] is None


def test_what_has_ended_is_shown_where_asked_for(ledger: Kept) -> None:
    """The newest first, with its end; it needs nobody."""
    look(ledger, overdue("H29"), ago=30)
    look(ledger, ago=10)
    said = ledger.run("alerts", "list", "--past")
    assert said.exit_code == 0
    assert said.output.startswith("1  ")
    assert " → " in said.output
    assert ledger.run("alerts", "list").output == "Không có gì. / Nothing there.\n"


def test_one_is_shown_whole(ledger: Kept) -> None:
    """With what became of telling it."""
    at = look(ledger, overdue("H29"), ago=1)
    with ledger.ledger.writing() as connection:
        note(connection, [Listener("mail")], now=at)
        failed(connection, [(each, None) for each in due(connection, now=at)], why=Words("x", "no answer"))
    said = ledger.run("alerts", "show", "1").output
    assert "nguyên nhân / cause" in said
    assert "  mail: bắt đầu / began, ✗ 1 lần / tries, thôi / given up: no answer" in said
    answer = ledger.json("alerts", "show", "1")
    assert answer["facts"]["count"] == 3
    assert answer["sent"][0]["channel"] == "mail"
    assert ledger.run("alerts", "show", "2").exit_code == 2


def test_a_silence_hushes_and_shows(ledger: Kept) -> None:
    """Shown with its reason, and no trouble for a monitor, until it ends or is ended."""
    look(ledger, overdue("H29"), ago=1)
    how = ("--subject", "H29", "--reason", "chuyển trụ sở", "--for", "2h")
    assert ledger.run("alerts", "silence", "overdue", *how).exit_code == 0
    said = ledger.run("alerts", "list")
    assert said.exit_code == 0
    assert "chuyển trụ sở" in said.output
    assert "1  overdue @ H29" in ledger.run("alerts", "silences").output
    (row,) = ledger.json("alerts", "silences")
    assert row["reason"] == "chuyển trụ sở"
    assert ledger.run("alerts", "unsilence", "1").exit_code == 0
    assert ledger.run("alerts", "unsilence", "1").exit_code == 1
    assert ledger.run("alerts", "list").exit_code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("overdue",),
        ("overdue", "--reason", "x"),
        ("overdue", "--reason", " ", "--for", "2h"),
        ("overdue", "--reason", "x", "--for", "0h"),
        ("overdue", "--reason", "x", "--for", "400d"),
        ("overdue", "--reason", "x", "--for", "2h", "--until", "2030-01-01"),
        ("overdue", "--reason", "x", "--until", "2020-01-01"),
        ("--reason", "x", "--for", "2h"),
        ("nothing", "--reason", "x", "--for", "2h"),
    ],
)
def test_a_silence_that_says_too_little_is_none(ledger: Kept, arguments: tuple[str, ...]) -> None:
    """A cause or a place, a reason, one end within a year."""
    assert ledger.run("alerts", "silence", *arguments).exit_code == 2


def test_every_cause_is_listed(ledger: Kept) -> None:
    """For the `causes` of a channel, and for --cause."""
    assert [row["cause"] for row in ledger.json("alerts", "causes")] == list(CAUSES)
    assert "calendar-unconfirmed: " in ledger.run("alerts", "causes").output


def test_who_asked_is_recorded(ledger: Kept) -> None:
    """As whatever else is asked of a ledger; who silenced what, too."""
    look(ledger, overdue("H29"), ago=1)
    ledger.run("alerts", "list")
    ledger.run("alerts", "silence", "overdue", "--reason", "x", "--for", "2h")
    with ledger.ledger.reading() as connection:
        found = [each.what for each in page(connection)]
    assert sorted(found) == ["alerts.list", "alerts.silence"]
