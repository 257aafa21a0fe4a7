"""The bytes of an edition: the whole, a change, or either of them countersigned, taken apart. Nothing in them is
believed here; who signed, and whether it may be taken, is judged in bus/directory/edition.py.
schemas/README.md §9.3, §9.4, §9.8."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from bus.directory.charter import MAX_SIGNERS
from bus.directory.header import MAX_NUMBER, Header, Rule
from bus.errors import BadEdition, Words
from schemas.framing import frame, unframe

WHOLE: Final = b"LTD\x01"
CHANGE: Final = b"LTC\x01"
COUNTERSIGNED: Final = b"LTS\x01"
"""Around one of the two: with a charter, with more signatures. Readers before charters refuse it and keep what they
have."""
SIGNED: Final = b"lienthong/1 directory\n"

_NUMBER: Final = re.compile(rb"[0-9]{1,16}")
_MAX_CHAIN: Final = 8


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over a header, and the signer's certificate with those above it, in DER."""

    signature: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An edition taken apart."""

    header: Header
    signed: bytes
    """The header as it came."""
    first: Signature
    base: tuple[int, str] | None
    """Version and digest of the edition that it changes; None where it is a whole one."""
    packed: memoryview
    inner: bytes
    """The whole or the change, without what is around it."""
    charter: bytes = b""
    others: tuple[Signature, ...] = ()


def opened(encoded: bytes) -> Parts:
    """Raises BadEdition."""
    charter, inner = b"", encoded
    others: tuple[Signature, ...] = ()
    try:
        if encoded.startswith(COUNTERSIGNED):
            charter, signatures, inner = map(bytes, unframe(memoryview(encoded)[len(COUNTERSIGNED) :], at_most=3))
            others = tuple(_signatures(signatures))
        whole = inner.startswith(WHOLE)
        if not whole and not inner.startswith(CHANGE):
            raise BadEdition(why=Words("đây không phải một bản danh mục", "these bytes are no edition"))
        parts = unframe(memoryview(inner)[len(WHOLE) :], at_most=4 if whole else 5)
        signed, signature, chain = map(bytes, parts[:3])
        return Parts(
            header=_header(signed),
            signed=signed,
            first=Signature(signature, _chain(chain)),
            base=None if whole else _base(parts[3]),
            packed=parts[3 if whole else 4],
            inner=inner,
            charter=charter,
            others=others,
        )
    except (ValueError, IndexError) as exc:
        raise BadEdition(why=Words("nó bị hỏng", "it is broken")) from exc


def countersigned(inner: bytes, *, charter: bytes, others: Sequence[Signature]) -> bytes:
    """Bare where there is nothing to put around it: every reader reads that."""
    if not charter and not others:
        return inner
    signatures = (part for each in others for part in (each.signature, frame(each.chain)))
    return frame((charter, frame(signatures), inner), after=COUNTERSIGNED)


def _signatures(part: bytes) -> Iterator[Signature]:
    parts = unframe(part, at_most=2 * MAX_SIGNERS)
    for signature, chain in zip(parts[::2], parts[1::2], strict=True):
        yield Signature(bytes(signature), _chain(chain))


def _chain(part: bytes | memoryview) -> tuple[bytes, ...]:
    return tuple(map(bytes, unframe(part, at_most=_MAX_CHAIN)))


def _header(signed: bytes) -> Header:
    try:
        return Header.from_json(signed)
    except ValidationError as exc:
        # The number itself is not printed: it may have thousands of digits.
        if any(error["loc"] == ("version",) and error["type"] == "less_than_equal" for error in exc.errors()):
            raise BadEdition(
                why=Words(f"số của nó lớn hơn {MAX_NUMBER}", f"its number is above {MAX_NUMBER}"), rule=Rule.VERSION
            ) from exc
        raise BadEdition(why=Words("nó bị hỏng", "it is broken")) from exc


def _base(part: memoryview) -> tuple[int, str]:
    version, digest = map(bytes, unframe(part, at_most=2))
    if not _NUMBER.fullmatch(version):
        raise ValueError("no number")
    return int(version), digest.decode("ascii")
