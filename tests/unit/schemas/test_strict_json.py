"""JSON that two readers could understand differently is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.docket import Docket, DocumentKey
from schemas.strict_json import read_json, read_object
from schemas.values import Value


class Pair(Value):
    a: int
    inner: DocumentKey | None = None


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"b":[{"a":1,"a":2}]}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"[-Infinity]",
        b"1e999",
        b"1" * 65,
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'"\xff"',
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b"[" * 100_000,
        b"",
        b"{} {}",
        b"{'a':1}",
    ],
)
def test_what_is_refused(data: bytes) -> None:
    """As a ValueError, which is what readers translate."""
    with pytest.raises(ValueError):  # noqa: PT011 — its subclasses are json's and the codec's own
        read_json(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":{"a":1},"b":[{"a":1},{"a":2}]}', {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}),
        (b'["\\ud83d\\ude00", -0.5e3, null, true]', ["😀", -500.0, None, True]),
        ('{"tên":"Sở"}'.encode(), {"tên": "Sở"}),
    ],
)
def test_what_is_read(data: bytes, value: object) -> None:
    """The same name in two objects is no repetition."""
    assert read_json(data) == value


@given(st.binary(max_size=200))
def test_other_bytes_are_a_value_or_a_value_error(data: bytes) -> None:
    """Nothing else is raised."""
    try:
        read_json(data)
    except ValueError:
        return


def test_an_object_is_an_object() -> None:
    """A list is none."""
    assert read_object(b"{}") == {}
    with pytest.raises(ValueError, match="no object"):
        read_object(b"[]")


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'{"a":0,"a":1}', b'{"a":1,"inner":{"issuer":"G22","id":"1","id":"2"}}']
)
def test_a_model_takes_no_name_twice(data: bytes) -> None:
    """Pydantic would take the last one, another reader the first. schemas §3.1"""
    with pytest.raises(ValueError, match="a name occurs twice"):
        Pair.from_json(data)


def test_a_model_reads_another_hand() -> None:
    """Other spaces and another order are the same value; other names are still refused."""
    assert Pair.from_json(b'{ "inner" : null, "a" : 1 }') == Pair(a=1)
    with pytest.raises(ValidationError):
        Pair.from_json(b'{"a":1,"b":2}')


def test_what_is_kept_stays_readable() -> None:
    """A store holds ids that were accepted before control characters were refused; a new message has none."""
    kept = b'{"issuer":"G22","id":"1\\n2\\u202e"}'
    assert DocumentKey.from_kept(kept).id == "1\n2\u202e"
    with pytest.raises(ValidationError):
        DocumentKey.from_json(kept)
    with pytest.raises(ValidationError):
        Docket.from_kept(b"{}")
