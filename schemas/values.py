"""The small values every model is made of: frozen models, texts, ids, times. No document, no agency."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, NewType, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

# Text that XML 1.0 cannot carry (§2.2 of that recommendation): a document that holds it could never be written.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Việt Nam keeps one offset all year (QĐ 28/2018 Đ.14); packages carry local time without a zone."""


class Value(BaseModel):
    """A frozen model: strict types, no unknown fields, compared by value."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    def to_json(self) -> bytes:
        """The one JSON form of this value: UTF-8, fields in the order of the model, absent ones left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raises pydantic.ValidationError for anything but one JSON object of exactly this shape."""
        return cls.model_validate_json(data)


def _xml_text(value: str) -> str:
    if found := _NOT_XML.search(value):
        raise ValueError(f"character U+{ord(found.group()):04X} cannot stand in an XML document")
    return value


def _utc(value: datetime) -> datetime:
    # A day's room at both ends: every later change of zone must succeed wherever this time is read.
    if not 1 < value.year < 9999:
        raise ValueError("a moment outside the years 2 to 9998")
    return value.astimezone(UTC)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_xml_text)]
"""Text with something in it, of characters that XML can carry. An absent text is None, never ""."""

Time = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment, in UTC. A time without an offset is refused."""

MessageId = NewType("MessageId", str)
"""UUID version 7 in its 36-character form: unique, and sorts by time of making."""

DocumentId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_xml_text)
]
"""Opaque, unique per issuer; may hold commas, slashes and any letter. Never parsed for routing."""

AgencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}$")]
"""Identifier code of an agency, loosely checked (charset, length); the directory is strict. Old or new form."""

MailboxCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}$")]
"""Code of the agency whose adapter is the delivery point."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, lower-case hexadecimal."""

BlobId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""128 random bits, hexadecimal: names one blob among all of its sender's."""

_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_LOOKALIKE = {ord("\u00d0"): "\u0110", ord("\u00f0"): "\u0111"}  # Ð ð typed for Đ đ


def matching(text: str) -> str:
    """The form of a text that is compared: NFC, Đ for Ð, no zero-width characters, single spaces, case folded.

    For comparison only; what people read stays as it was written (domain pain 26).
    """
    plain = unicodedata.normalize("NFC", text).translate(_ZERO_WIDTH).translate(_LOOKALIKE)
    return " ".join(plain.split()).casefold()
