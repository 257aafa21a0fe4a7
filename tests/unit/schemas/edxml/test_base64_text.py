"""Base64 as software writes it: what is read, by which repair, and what is not."""

import base64

import pytest

from schemas.edxml.base64_text import REPAIRS, Base64Decoder, NoBase64

DATA = bytes(range(256)) * 2
URL_SAFE = base64.urlsafe_b64encode(DATA).decode()
TEXT = base64.b64encode(DATA).decode()


def decoded(text: str, size: int) -> tuple[bytes, tuple[str, ...]]:
    pieces: list[bytes] = []
    decoder = Base64Decoder(pieces.append)
    for at in range(0, len(text), size):
        decoder.feed(text[at : at + size])
    decoder.finish()
    return b"".join(pieces), decoder.repairs


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (TEXT, ()),
        (TEXT.rstrip("="), ("base64-padding",)),
        (base64.urlsafe_b64encode(DATA).decode(), ("base64-alphabet",)),
        (f"data:;base64,{TEXT}", ("base64-prefix",)),
        (f" data:application/pdf;name=a.pdf;base64,\n{TEXT}", ("base64-prefix",)),
        (base64.b64encode(DATA[:100]).decode() + base64.b64encode(DATA[100:]).decode(), ("base64-chunks",)),
        (f"\ufeff{TEXT[:300]}\u200b{TEXT[300:]}\u00a0", ("base64-invisible",)),
        (
            f"data:a/b;base64,{URL_SAFE[:4]}\u200b{URL_SAFE[4:400]}"
            + base64.urlsafe_b64encode(DATA[300:301]).decode()
            + base64.urlsafe_b64encode(DATA[301:]).decode().rstrip("="),
            REPAIRS,
        ),
    ],
)
def test_what_is_read(text: str, repairs: tuple[str, ...], size: int) -> None:
    """The same bytes and the same repairs, wherever a piece ends."""
    assert decoded(text, size) == (DATA, repairs)


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize(
    "text",
    ["A", "=", "AAAAA", "AA=A", "A===", "AA==A", "AA=AAAAA", "AAAA!AAA", "AAAAếAAA", "${file}", "data:text/plain,AAAA",
     "data:a;base64,data:a;base64,AAAA", TEXT[:400] + "=" + TEXT[400:]],
)  # fmt: skip
def test_what_is_refused(text: str, size: int) -> None:
    """Whatever has no reading, or more than one."""
    with pytest.raises(NoBase64):
        decoded(text, size)
