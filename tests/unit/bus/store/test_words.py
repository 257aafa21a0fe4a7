"""bus/store/words.py: texts with characters that PostgreSQL has no place for."""

from hypothesis import given
from hypothesis import strategies as st

from bus.store.words import with_nul, without_nul


@given(st.text(st.sampled_from("\0\x1f0aĐ"), max_size=12))
def test_what_is_read_is_what_was_written(text: str) -> None:
    """Whatever it is made of; and what is written holds no NUL."""
    assert "\0" not in without_nul(text)
    assert with_nul(without_nul(text)) == text


def test_most_texts_are_left_alone() -> None:
    """What people write lies there as they wrote it."""
    assert without_nul("Công văn 7816/VPCP-TTĐT") == "Công văn 7816/VPCP-TTĐT"
