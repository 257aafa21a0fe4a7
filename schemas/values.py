"""The small values that all models are made of: frozen models, texts, ids, times. No document, no agency."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Final, NewType, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationInfo

from schemas.strict_json import read_json

# Text that XML 1.0 cannot carry (§2.2 of that recommendation): a document that holds it could never be written.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_KEPT: Final = "kept"
"""The validation context of what was judged before, by the rules of then."""

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Việt Nam keeps one offset all year (QĐ 28/2018 Đ.14); packages carry local time without a zone."""

_FIRST_DAY: Final = date(1945, 9, 2)
_ZERO_DAY: Final = date(1970, 1, 1)


def is_calendar_day(day: date) -> bool:
    """Whether software means a day by it. No document of the State is older than the State; days before that
    (0001-01-01, 1753-01-01, 1899-12-30, 1900-01-01), 1970-01-01 and those of the year 9999 are how programs write that
    they know none."""
    return day >= _FIRST_DAY and day != _ZERO_DAY and day.year < 9999


class Value(BaseModel):
    """A frozen model: strict types, no unknown fields, compared by value."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    def to_json(self) -> bytes:
        """Returns the JSON form of this value: UTF-8, fields in the order of the model, absent fields left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Returns the value. Raises ValueError unless `data` is one JSON object of exactly this shape, without a name
        that occurs twice (of two, pydantic takes the last one). schemas §3.1"""
        value = cls.model_validate_json(data)
        if value.to_json() != data:  # what we write ourselves has no name twice
            read_json(data)
        return value

    @classmethod
    def from_kept(cls, data: bytes) -> Self:
        """Returns the value of JSON that this mailbox has judged and kept. Ids are read as they were accepted then:
        what a store holds stays readable when the rules for new messages become stricter."""
        return cls.model_validate_json(data, context=_KEPT)


_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})


def steering_character(text: str) -> str | None:
    """Returns the first character that ends a line, steers a terminal or changes the direction of writing; None if
    there is none. Zero-width characters count as none: people's texts hold them, and `matching` ignores them."""
    if text.isprintable():
        return None
    others = (letter for letter in text if ord(letter) not in _ZERO_WIDTH)
    return next((letter for letter in others if unicodedata.category(letter) in _STEERING), None)


def _xml_text(value: str) -> str:
    if found := _NOT_XML.search(value):
        raise ValueError(f"character U+{ord(found.group()):04X} cannot stand in an XML document")
    return value


def _id(value: str, info: ValidationInfo) -> str:
    if value.isprintable():
        return value
    if info.context != _KEPT and (found := steering_character(value)):
        raise ValueError(f"character U+{ord(found):04X} cannot stand in an id")
    return _xml_text(value)


def _utc(value: datetime) -> datetime:
    # A year's margin at both ends: a later change of zone never overflows.
    if not 1 < value.year < 9999:
        raise ValueError("a moment outside the years 2 to 9998")
    return value.astimezone(UTC)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_xml_text)]
"""Non-empty text of characters that XML can carry. An absent text is None, never ""."""

Time = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A point in time, in UTC. A time without an offset is refused."""

MessageId = NewType("MessageId", str)
"""UUID version 7 in its 36-character form: unique, and sorts by creation time."""

DocumentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_id)]
"""The document's id: opaque, unique per issuer; may hold commas, slashes and any letter, but no line break, control or
mark of writing direction. Never parsed for routing."""

SHORT: Final = 64
ShortLine = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SHORT), AfterValidator(_id)
]
"""A short text on one line, written as a document's id is."""

AgencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}$")]
"""Identifier code of an agency, old or new form. Checked loosely (characters, length); the directory is strict."""

MailboxCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}$")]
"""The code of a mailbox, which is the code of the agency whose adapter is the delivery point."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, lower-case hexadecimal."""

AlgorithmName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.\-]{0,31}$")]
"""A signature algorithm, or a way of wrapping a key; a reader may meet names that it does not know."""

BlobId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""The id of one blob, unique among its sender's: 128 random bits, hexadecimal."""

_LOOKALIKE = {ord("\u00d0"): "\u0110", ord("\u00f0"): "\u0111"}  # Ð ð typed for Đ đ


def matching(text: str) -> str:
    """Returns the normalised form of a text for comparison: NFC, Đ for Ð, no zero-width characters, single spaces, case
    folded.

    Use it for comparison only: the text that people read stays as it was written (domain pain 26).
    """
    plain = unicodedata.normalize("NFC", text).translate(_ZERO_WIDTH).translate(_LOOKALIKE)
    return " ".join(plain.split()).casefold()
