from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine, delete, update

from bus.errors import LogBroken
from bus.ledger.access import BEGINNING, Access, AccessNumber, Head, last, page, record, verify
from bus.ledger.tables import access

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)

ASKED = Access(
    at=NOW,
    who="so-noi-vu",
    role="agency",
    agency="H49.06",
    what="documents.list",
    subject={"sender": "H49", "state": "03"},
    found=7,
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    access.create(engine)
    with engine.begin() as made:
        yield made
    engine.dispose()


def asked(connection: Connection, many: int, *, who: str = ASKED.who) -> Head:
    head = record(connection, [replace(ASKED, at=NOW + timedelta(seconds=at), who=who) for at in range(many)])
    assert head is not None
    return head


def test_an_empty_log_is_whole(connection: Connection) -> None:
    """It has no head, and nothing is recorded by recording nothing."""
    assert record(connection, []) is None
    assert last(connection) is None
    assert verify(connection) == (0, None, None)


def test_rows_follow_from_each_other(connection: Connection) -> None:
    """In one write and in several; what was recorded is read back, the newest first."""
    first = asked(connection, 2)
    head = asked(connection, 1, who="thanh tra; ‮\0")
    newest, middle, oldest = page(connection)
    assert oldest.before == BEGINNING
    assert (middle.before, newest.before) == (oldest.hash, middle.hash)
    assert (newest.who, newest.number, newest.found, newest.at) == ("thanh tra; ‮\0", 3, 7, NOW)
    assert newest.subject == '{"sender": "H49", "state": "03"}'
    assert head == last(connection) == (3, newest.hash)
    assert verify(connection, noted=first) == (3, 1, head)


def test_the_hash_is_the_documented_one(connection: Connection) -> None:
    """Whoever reads the table with another program can count it again."""
    import hashlib

    asked(connection, 1)
    (row,) = page(connection)
    text = (
        '[1,1796031000000000,"so-noi-vu","agency","H49.06","documents.list",'
        f'"{{\\"sender\\": \\"H49\\", \\"state\\": \\"03\\"}}",7,"{BEGINNING}"]'
    )
    assert row.hash == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_a_page_goes_on_where_the_one_before_ended(connection: Connection) -> None:
    """By number; and one may look at what one person asked."""
    asked(connection, 5)
    asked(connection, 1, who="another")
    assert [row.number for row in page(connection, limit=2)] == [6, 5]
    assert [row.number for row in page(connection, before=AccessNumber(5), limit=2)] == [4, 3]
    assert [row.number for row in page(connection, who="another")] == [6]


ALTERED = [
    ("what was asked for", {"subject": "{}"}, "was altered"),
    ("who asked", {"who": "nobody"}, "was altered"),
    ("when", {"at": 0}, "was altered"),
    ("how much was shown", {"found": None}, "was altered"),
    ("the hash", {"hash": "0" * 64}, "was altered"),
    ("the hash before", {"before": "0" * 64}, "does not follow"),
]


@pytest.mark.parametrize(("what", "to", "why"), ALTERED, ids=[what for what, _, _ in ALTERED])
def test_a_row_that_is_altered_shows(connection: Connection, what: str, to: dict[str, object], why: str) -> None:
    """Whatever of it: the row is named."""
    asked(connection, 4)
    connection.execute(update(access).where(access.c.number == 2).values(**to))
    with pytest.raises(LogBroken, match=f"row 2 on: .*{why}"):
        verify(connection)


def test_a_row_that_is_altered_with_its_hash_shows_in_the_next(connection: Connection) -> None:
    """Who can count hashes has to rewrite all that follows."""
    asked(connection, 3)
    with_rows = page(connection)
    connection.execute(delete(access).where(access.c.number >= 2))
    record(connection, [replace(ASKED, who="nobody")])
    connection.execute(access.insert(), [_columns(with_rows[0])])
    with pytest.raises(LogBroken, match="row 3 on: it does not follow"):
        verify(connection)


def test_a_row_that_is_taken_out_shows(connection: Connection) -> None:
    """By the number that is missing."""
    asked(connection, 4)
    connection.execute(delete(access).where(access.c.number == 3))
    with pytest.raises(LogBroken, match="row 3 on: rows are missing"):
        verify(connection)


def test_the_first_row_begins_the_log(connection: Connection) -> None:
    """A row 1 that follows from another one is no first row."""
    asked(connection, 1)
    connection.execute(update(access).values(before="1" * 64))
    with pytest.raises(LogBroken, match="row 1 on: its first row"):
        verify(connection)


def test_what_retention_dropped_is_no_fault(connection: Connection) -> None:
    """The rest is whole, and says from where on."""
    head = asked(connection, 4)
    connection.execute(delete(access).where(access.c.number < 3))
    assert verify(connection) == (2, 3, head)
    assert verify(connection, noted=Head(AccessNumber(1), "noted, and dropped since")) == (2, 3, head)


def test_an_end_that_is_cut_off_shows_against_a_noted_head(connection: Connection) -> None:
    """Without one nobody could tell; the same of a log that was written anew from the beginning."""
    head = asked(connection, 4)
    connection.execute(delete(access).where(access.c.number == 4))
    assert verify(connection).rows == 3
    with pytest.raises(LogBroken, match="row 4 on: the end is cut off"):
        verify(connection, noted=head)
    asked(connection, 1, who="nobody")
    with pytest.raises(LogBroken, match="row 4 on: it is not the row whose hash was noted"):
        verify(connection, noted=head)
    connection.execute(delete(access))
    with pytest.raises(LogBroken, match="row 1 on: the end is cut off"):
        verify(connection, noted=head)


def test_a_long_log_is_read_to_its_end(connection: Connection) -> None:
    """In portions, none of them forgotten."""
    head = asked(connection, 2500)
    assert verify(connection) == (2500, 1, head)


def test_a_head_is_told_as_one_word() -> None:
    """For a paper, or another machine."""
    assert str(Head(AccessNumber(12), "9f86")) == "12:9f86"


def _columns(row: object) -> dict[str, object]:
    from bus.store.sql.times import to_micros

    values = {name: getattr(row, name) for name in access.columns.keys()}  # noqa: SIM118 — no mapping
    return {**values, "at": to_micros(values["at"])}
