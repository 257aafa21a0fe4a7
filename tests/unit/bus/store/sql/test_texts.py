"""bus/store/sql/texts.py: texts with characters that PostgreSQL has no place for."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, column, create_engine, literal, select
from sqlalchemy.dialects import postgresql

from bus.store.sql.texts import contains, with_nul, without_nul


@given(st.text(st.sampled_from("\0\x1f0aĐ"), max_size=12))
def test_what_is_read_is_what_was_written(text: str) -> None:
    """Whatever it is made of; and what is written holds no NUL."""
    assert "\0" not in without_nul(text)
    assert with_nul(without_nul(text)) == text


def test_most_texts_are_left_alone() -> None:
    """What people write lies there as they wrote it."""
    assert without_nul("Công văn 7816/VPCP-TTĐT") == "Công văn 7816/VPCP-TTĐT"


def test_bytes_within_bytes() -> None:
    """Each database has a function of its own for it; they take their arguments in another order."""
    with create_engine("sqlite://").connect() as connection:
        answers = [
            bool(connection.scalar(select(contains(literal(b"a docket", LargeBinary), literal(part, LargeBinary)))))
            for part in (b"dock", b"Dock", b"", b"a docket of another")
        ]
    assert answers == [True, False, True, False]
    asked = select(contains(column("docket"), column("part")))
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    assert "(position(part IN docket) > 0)" in str(asked.compile(dialect=dialect))
