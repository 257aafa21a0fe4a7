"""JSON of strangers, read strictly: what two readers could understand differently is refused. schemas §3.1

Refused: a name that occurs twice in one object, NaN and infinite numbers, a byte order mark, another encoding than
UTF-8, half of a surrogate pair, an integer of thousands of digits, nesting that exhausts the stack.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_DIGITS: Final = 64
"""The most digits of an integer: far more than any value of ours."""


def read_json(data: bytes) -> object:
    """Returns the value. Raises ValueError, and nothing else, whatever the bytes."""
    text = data.decode("utf-8")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # raises UnicodeEncodeError for half of a pair
    return value


def read_object(data: bytes) -> dict[str, Any]:
    """Returns the object. Raises ValueError where `read_json` does, and for any other value."""
    found = read_json(data)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 — a fault of the bytes, not of the caller
    return found


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError("a number beyond all bounds")
    return found


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("an integer of too many digits")
    return int(text)
