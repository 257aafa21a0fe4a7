"""The outbox of alerts is emptied: one message a channel and cause, again while a channel takes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from bus.errors import Words
from bus.ledger.alerts.causes import Cause
from bus.ledger.alerts.keep import ENDS_AFTER, AlertNumber
from bus.ledger.alerts.message import Message
from bus.ledger.alerts.notices import note, sendings, waiting
from bus.ledger.alerts.send import AGAIN, Channel, send_due
from bus.ledger.tables import notice
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables, overdue, unread

MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """A channel that keeps what it takes."""

    name: str = "mail"
    away: Words | None = None
    taken: list[Message] = field(default_factory=list)

    def wants(self, cause: Cause) -> bool:
        return True

    def send(self, message: Message) -> Words | None:
        if self.away is None:
            self.taken.append(message)
        return self.away


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def step(tables: Tables, *channels: Channel, at: datetime = NOW) -> tuple[int, int]:
    with tables.writing() as connection:
        note(connection, channels, now=at)
    return send_due(tables, channels, now=at, dice=lambda: 0.0)


def test_a_hundred_alerts_of_one_cause_are_one_message(tables: Tables) -> None:
    """A broker that went down is not a hundred mails."""
    tables.look(*(overdue(f"H{number}") for number in range(100)))
    post = Post()
    assert step(tables, post) == (100, 0)
    assert [len(each.facts["alerts"]) for each in post.taken] == [100]
    assert step(tables, post) == (0, 0)


def test_two_causes_are_two_messages(tables: Tables) -> None:
    """Each has its own next step."""
    tables.look(overdue(), unread())
    tables.look(overdue(), unread(), at=NOW + 5 * MINUTE)
    post = Post()
    step(tables, post, at=NOW + 5 * MINUTE)
    assert sorted(each.facts["cause"] for each in post.taken) == ["overdue", "queue.nobody-reads"]


def test_the_end_is_a_message_of_its_own(tables: Tables) -> None:
    """Behind the beginnings."""
    tables.look(overdue("H29"))
    post = Post()
    step(tables, post)
    tables.look(overdue("H30"), at=NOW + ENDS_AFTER)
    step(tables, post, at=NOW + ENDS_AFTER)
    assert [(each.facts["what"], each.facts["alerts"][0]["subject"]) for each in post.taken] == [
        ("raised", "H29"),
        ("raised", "H30"),
        ("ended", "H29"),
    ]


def test_a_channel_that_is_away_is_asked_again(tables: Tables) -> None:
    """Later and later; the other channel has its message at once, and only once."""
    tables.look(overdue())
    away, post = Post("mail", away=Words("không trả lời", "no answer")), Post("hook")
    assert step(tables, away, post) == (1, 1)
    assert step(tables, away, post) == (0, 0)
    away.away = None
    assert step(tables, away, post, at=NOW + MINUTE) == (1, 0)
    assert (len(away.taken), len(post.taken)) == (1, 1)


def test_why_it_was_not_taken_is_kept(tables: Tables) -> None:
    """In both languages, for who asks why nothing came."""
    tables.look(overdue())
    step(tables, Post(away=Words("không trả lời", "no answer")))
    with tables.reading() as connection:
        assert [each.error for each in sendings(connection, AlertNumber(1))] == ["không trả lời / no answer"]


def test_a_channel_is_given_up_in_the_end(tables: Tables) -> None:
    """After some three days."""
    tables.look(overdue())
    away, at, tries = Post(away=Words("x", "x")), NOW, 0
    with tables.writing() as connection:
        note(connection, [away], now=at)
        connection.execute(update(notice).values(attempts=AGAIN.tries - 1))
    while send_due(tables, [away], now=at, dice=lambda: 0.0) == (0, 1):
        at += AGAIN.ceiling
        tries += 1
    assert tries == 2
    with tables.reading() as connection:
        assert waiting(connection) == 0
    assert AGAIN.tries * AGAIN.ceiling >= timedelta(days=3)


def test_a_channel_that_is_configured_no_more_is_given_up(tables: Tables) -> None:
    """Nobody could ever send it."""
    tables.look(overdue())
    with tables.writing() as connection:
        note(connection, [Post("old")], now=NOW)
    assert send_due(tables, [Post("new")], now=NOW, dice=lambda: 0.0) == (0, 1)
    with tables.reading() as connection:
        assert waiting(connection) == 0


class Died(Exception):
    pass


class Dying:
    """A ledger whose process dies before its first commit."""

    def __init__(self, tables: Tables) -> None:
        self.reading = tables.reading
        self._writing = tables.writing

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._writing() as connection:
            yield connection
            raise Died


def test_who_dies_before_the_commit_sends_again(tables: Tables) -> None:
    """A word twice is better than none."""
    tables.look(overdue())
    post = Post()
    with tables.writing() as connection:
        note(connection, [post], now=NOW)
    with pytest.raises(Died):
        send_due(Dying(tables), [post], now=NOW, dice=lambda: 0.0)
    assert send_due(tables, [post], now=NOW, dice=lambda: 0.0) == (1, 0)
    assert len(post.taken) == 2
