"""Which old encoding a text is in: words a row."""

import pytest

from schemas.edxml.foreign_text import TCVN3, VNI, WINDOWS_1258, of_bytes, of_text


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (b"b\xb8o c\xb8o", TCVN3),
        (b"Quy\xd5t \xae\xdenh v\xd2 vi\xd6c ban h\xb5nh", TCVN3),
        ("Quyeát ñònh veà vieäc ban haønh".encode("latin-1"), VNI),
        ("ÖÙNG DUÏNG COÂNG NGHEÄ".encode("latin-1"), VNI),
        ("Quyê\u0301t đi\u0323nh".encode("cp1258"), WINDOWS_1258),
        (b"th\xfd", f"{TCVN3} / {WINDOWS_1258}"),
        (b"<a>b\xb8o</a><b>c\xb8o", TCVN3),
        ("kiểm tra".encode() + b" b\xb8o", TCVN3),
        (b"\xff\xfe\x80", ""),
        (b"x\xb8x\xb8", ""),
        (b"", ""),
    ],
)
def test_bytes(written: bytes, found: str) -> None:
    """Words that are syllables of Vietnamese only when they are read that way; all that fit are named."""
    assert of_bytes(written) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Quyết định về việc ban hành", ""),
        ("báo cáo quý", ""),
        ("báo cáo ®", ""),
        ("Nestlé, Citroën, Köln", ""),
        ("5 µm", ""),
        ("plain", ""),
        ("Qui ®Þnh ban hµnh", TCVN3),
        ("Coâng vaên", VNI),
    ],
)
def test_texts(text: str, found: str) -> None:
    """Unicode's Vietnamese and other languages are left alone."""
    assert of_text(text) == found
