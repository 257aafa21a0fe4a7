import re
import string

import pytest

import bus.errors
from bus.errors import BY_CODE, AgencyClosed, BusError, Refused, TryLater, Who


def test_an_error_says_who_must_act_in_both_languages() -> None:
    """The sentence names the facts, the next step, the code and who acts."""
    error = AgencyClosed(agency="H08", closed="2025-07-01", successor="H21")
    assert str(error) == (
        "Code H08 is closed since 2025-07-01; its successor is H21. Send it again to H21. [agency-closed; sender acts]"
    )
    assert error.in_vietnamese() == (
        "Mã H08 đã đóng từ 2025-07-01; đơn vị kế thừa là H21. Gửi lại cho H21. [agency-closed; nơi gửi xử lý]"
    )


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=BY_CODE.keys())
def test_every_error_is_complete(kind: type[BusError]) -> None:
    """A code of its own, somebody who acts, two sentences in two languages; and it reads even without its facts."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert kind.who in Who
    assert issubclass(kind, Refused | TryLater)
    for text in (kind.vi, kind.en, kind.do_vi, kind.do_en):
        assert text.endswith(".")
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text))
    assert "?" in str(kind()) or "{" not in kind.en


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring of bus/errors.py names every error once, with the one who acts."""
    drawn = dict(re.findall(r"[├└]── (\w+) +(sender|recipient|operator|authority)", bus.errors.__doc__ or ""))
    assert drawn == {kind.__name__: kind.who for kind in BY_CODE.values()}
