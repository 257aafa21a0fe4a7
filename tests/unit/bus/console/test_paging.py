import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.console.paging import pack, unpack
from bus.errors import BadQuery


@given(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_characters="\0")),
        st.none() | st.integers(0, 10),
    )
)
def test_a_cursor_comes_back_as_it_was(place: tuple[int, str, int | None]) -> None:
    """Whatever text is in it but NUL and half a surrogate pair; it fits into a query as it is."""
    try:
        cursor = pack(place)
    except UnicodeEncodeError:
        return
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")
    assert unpack(cursor, int, str, None) == place


def test_no_cursor_is_the_first_page() -> None:
    """None in, None out."""
    assert unpack(None, int) is None


def _coded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NO_CURSORS = [
    ("nothing", ""),
    ("no base64", "?"),
    ("half a byte", "a"),
    ("letters of another script", "ế"),
    ("no JSON", _coded("[")),
    ("no list", _coded("12")),
    ("too short", _coded("[1]")),
    ("too long", _coded('[1, "a", null, 3]')),
    ("a text for a number", _coded('["1", "a", null]')),
    ("a number for a text", _coded("[1, 2, null]")),
    ("true for a number", _coded('[true, "a", null]')),
    ("null where there is always a number", _coded('[null, "a", null]')),
    ("a text where there may be a number", _coded('[1, "a", "b"]')),
    ("a number too wide", _coded('[9223372036854775808, "a", null]')),
    ("a text that no database keeps", _coded('[1, "a\\u0000", null]')),
    ("a fraction", _coded('[1.5, "a", null]')),
    ("infinity", _coded('[Infinity, "a", null]')),
]


@pytest.mark.parametrize(("what", "cursor"), NO_CURSORS, ids=[what for what, _ in NO_CURSORS])
def test_what_is_no_cursor_is_refused(what: str, cursor: str) -> None:
    """The one who asks is told so."""
    with pytest.raises(BadQuery, match="no `next` of this list"):
        unpack(cursor, int, str, None)
