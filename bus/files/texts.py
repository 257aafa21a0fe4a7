"""Text files that people edit: TOML, and a password's first line. A byte order mark, which editors on Windows put
first, is no part of a text; what such editors call "Unicode" is UTF-16, and is named."""

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from bus.errors import BadConfig, Words, said

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


def text_of(data: bytes, *, file: Path | str) -> str:
    """Raises BadConfig where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        why = said("dòng {line} không phải UTF-8", "not UTF-8, in line {line}", line=line)
        if data.startswith(_UTF_16):
            why = said("tệp lưu bằng UTF-16", "not UTF-8, but UTF-16")
        do = said("Lưu lại tệp bằng UTF-8 rồi chạy lại.", "Save the file as UTF-8, and start again.")
        raise BadConfig(file=file, why=why, do=do) from exc


def toml_of(data: bytes, *, file: Path | str, is_secret: bool = False) -> dict[str, Any]:
    """Raises BadConfig with the place of the fault; of a file with secrets nothing else is told."""
    try:
        return tomllib.loads(text_of(data, file=file))
    except tomllib.TOMLDecodeError as exc:
        why = _fault(str(exc), is_secret=is_secret)
        raise BadConfig(file=file, why=why) from (None if is_secret else exc)


def _fault(told: str, *, is_secret: bool) -> Words:
    place = _PLACE.search(told)
    vi = f"dòng {place[1]}, cột {place[2]} không đúng cú pháp TOML" if place else "cuối tệp không đúng cú pháp TOML"
    if is_secret:
        return Words(vi, f"no TOML {place[0] if place else ''}".rstrip())
    return Words(vi, f"no TOML: {told}")
