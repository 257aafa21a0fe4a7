"""bus/files/texts.py"""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.texts import text_of, toml_of

FILE = Path("H49.toml")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain", b'a = "\xc4\x91"\n'),
        ("as Notepad saves it", b'\xef\xbb\xbfa = "\xc4\x91"\n'),
        ("with the line ends of Windows", b'\xef\xbb\xbfa = "\xc4\x91"\r\n'),
    ],
)
def test_a_byte_order_mark_is_no_part_of_a_text(name: str, data: bytes) -> None:
    """Whatever editor wrote it."""
    assert toml_of(data, file=FILE) == {"a": "đ"}, name


@pytest.mark.parametrize(
    ("data", "vi", "en"),
    [
        ("a = 1".encode("utf-16"), "tệp lưu bằng UTF-16", "not UTF-8, but UTF-16"),
        ("a = 1".encode("utf-16-be", "strict"), "không đúng cú pháp TOML", "no TOML"),
        (b"a = 1\nb = \xe0\n", "dòng 2 không phải UTF-8", "not UTF-8, in line 2"),
        (b"a = 1\nb = = 2", "dòng 2, cột 5 không đúng cú pháp TOML", "no TOML: Invalid value (at line 2, column 5)"),
        (b'a = """', "cuối tệp không đúng cú pháp TOML", "no TOML: "),
    ],
)
def test_what_is_no_text_or_no_toml_is_said_with_its_place(data: bytes, vi: str, en: str) -> None:
    """In both languages."""
    with pytest.raises(BadConfig) as caught:
        toml_of(data, file=FILE)
    assert vi in caught.value.in_vietnamese()
    assert en in caught.value.in_english()


def test_of_a_secret_only_the_place_is_told() -> None:
    """Neither the error nor its cause shows what stands there."""
    with pytest.raises(BadConfig) as caught:
        toml_of(b'"H49" = geheim', file=FILE, is_secret=True)
    assert "no TOML (at line 1, column 9)." in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(BadConfig, match=r"no TOML\."):
        toml_of(b'"H49" = """', file=FILE, is_secret=True)


def test_an_empty_text() -> None:
    """Is one."""
    assert text_of(b"", file=FILE) == ""
    assert toml_of(b"\xef\xbb\xbf", file=FILE) == {}
