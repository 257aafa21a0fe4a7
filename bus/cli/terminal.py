"""A terminal, a pipe or a log whose encoding has no Vietnamese: letters lose their marks there, signs become words, and
no command ends because of them."""

import codecs
import io
import sys
import unicodedata
from typing import Final

_NAME: Final = "lienthong.nearest"
_SIGNS: Final = {
    "✓": "OK", "✗": "X", "→": "->", "⇒": "=>", "…": "...", "“": '"', "”": '"', "’": "'", "–": "-", "—": "-", "≠": "<>",
    "·": "-", "⏎": "<U+000A>", "×": "x", "đ": "d", "Đ": "D", "§": "par. ", "≫": ">>",
}  # fmt: skip


def write_anywhere() -> None:
    """Makes standard output and error take every text, in the encoding that they have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_NAME)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_SIGNS.get(letter) or _plain(letter) for letter in letters), error.end


def _plain(letter: str) -> str:
    apart = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in apart if part.isascii()) or ("" if unicodedata.combining(letter) else "?")


codecs.register_error(_NAME, _nearest)
