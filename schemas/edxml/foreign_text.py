"""Which older encoding of Vietnamese a text is probably in: TCVN3 (fonts .Vn…), VNI (fonts VNI-…), Windows-1258. For
reports only: nothing is decoded by a guess. edxml §2.6, §4.6

A guess holds if, read that way, nearly every word with letters beyond ASCII is a syllable of Vietnamese.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

TCVN3: Final = "TCVN3 (.Vn…)"
VNI: Final = "VNI"
WINDOWS_1258: Final = "Windows-1258"

_ENOUGH = 0.8  # of the words: names and abbreviations are no syllables
_WINDOW = 4096  # bytes that are looked at
_TAG = re.compile(rb"<[^>]*>?")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_SYLLABLE = re.compile(
    "(?:b|ch?|d|đ|g[hi]?|h|kh?|l|m|n(?:gh?|h)?|p|ph|qu|r|s|th?|tr|v|x)?"
    "(?:i[êe]u|yêu|o[aă][iyo]?|oe[o]?|u[âa]y?|uy[êae]?u?|u[êơ]|uô[i]?|ươ[iu]?|ư[aiu]?|i[aê]|yê|i[ue]?|"
    "a[iouy]?|â[uy]?|ă|eo?|êu?|o[io]?|ôi?|ơi?|u[aioy]?|y)"
    "(?:c|ch|m|n|ng|nh|p|t)?",
)
_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")

_TCVN3 = dict(
    zip(
        "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae"
        "\xb5\xb6\xb7\xb8\xb9\xbb\xbc\xbd\xbe\xc6\xc7\xc8\xc9\xca\xcb"
        "\xcc\xce\xcf\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xdc\xdd\xde"
        "\xdf\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb\xec\xed\xee"
        "\xef\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_VNI_ALONE = dict(zip("ñìíæóòîôö", "đìíỉĩịỵơư", strict=True))
_VNI_MARKS = {
    "ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303",
    "ä": "\u0302\u0323", "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309",
    "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip


def of_bytes(around: bytes) -> str:
    """Returns the encodings of bytes that are no UTF-8, as people call them, " / " between; "" if none fits."""
    words = [word for word in _WORD.findall(_TAG.sub(b" ", around[:_WINDOW])) if not _is_utf8(word)]
    readings = {TCVN3: _of_tcvn3, VNI: _of_vni, WINDOWS_1258: _of_windows_1258}
    return " / ".join(name for name, read in readings.items() if _fits(words, read))


def of_text(text: str) -> str:
    """Returns whose font a text was typed for, if its letters make sense in that font only; "" for any other text, and
    for a single word."""
    try:
        words = [word for word in _WORD.findall(text.encode("cp1252")) if not word.isascii()]
    except UnicodeEncodeError:  # it holds letters of Unicode that those fonts have no place for
        return ""
    if len(words) < 2 or _fits(words, lambda word: word.decode("cp1252", "replace"), least=0.5):
        return ""
    if _fits(words, _of_tcvn3):
        return TCVN3
    return VNI if _fits(words, _of_vni) else ""


def _fits(words: Iterable[bytes], read: Callable[[bytes], str], least: float = _ENOUGH) -> bool:
    judged = [_is_syllable(read(word)) for word in words]
    return bool(judged) and sum(judged) >= least * len(judged)


def _is_syllable(word: str) -> bool:
    apart = unicodedata.normalize("NFD", word.lower())
    plain, tones = _TONES.subn("", apart)
    return tones < 2 and _SYLLABLE.fullmatch(unicodedata.normalize("NFC", plain)) is not None


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of_tcvn3(word: bytes) -> str:
    return "".join(_TCVN3.get(letter, _other(letter)) for letter in word.decode("latin-1"))


def _of_vni(word: bytes) -> str:
    """A mark of VNI stands behind the vowel that carries it, capital behind capital."""
    found = ""
    for letter in word.decode("latin-1").lower():
        if letter in _VNI_MARKS and found and found[-1] in "aeouyơư":
            found += _VNI_MARKS[letter]
        else:
            found += _VNI_ALONE.get(letter, _other(letter))
    return unicodedata.normalize("NFC", found)


def _other(letter: str) -> str:
    return letter if letter.isascii() else "?"


def _of_windows_1258(word: bytes) -> str:
    return word.decode("cp1258", "replace")
