"""The bytes of an edition taken apart: sizes, numbers, what is around it."""

from collections.abc import Callable

import pytest

from bus.directory.charter import MAX_SIGNERS
from bus.directory.container import CHANGE, COUNTERSIGNED, WHOLE, Signature, countersigned, opened
from bus.directory.header import Rule, rule_of
from bus.errors import BadEdition
from schemas.framing import frame, unframe
from tests.unit.bus.directory.offices import Centre

GOOD = Centre().edition(7)
HEADER = bytes(unframe(memoryview(GOOD)[4:], at_most=4)[0])


def headed(header: bytes) -> bytes:
    return frame([header, *unframe(memoryview(GOOD)[4:], at_most=4)[1:]], after=WHOLE)


def numbered(version: str) -> bytes:
    return headed(HEADER.replace(b'"version":7', b'"version":' + version.encode()))


def based(version: bytes) -> bytes:
    """A change from an edition of that number."""
    parts = list(unframe(memoryview(GOOD)[4:], at_most=4))
    return frame([*parts[:3], frame([version, b"0" * 64]), parts[3]], after=CHANGE)


def test_it_is_taken_apart_and_put_together() -> None:
    """Bare where there is nothing around it, so that every reader reads it."""
    assert countersigned(GOOD, charter=b"", others=()) == GOOD
    around = countersigned(GOOD, charter=b"c", others=(Signature(b"s", (b"one", b"two")),))
    parts = opened(around)
    assert (parts.inner, parts.charter, parts.others) == (GOOD, b"c", (Signature(b"s", (b"one", b"two")),))
    assert (parts.header, parts.base) == (opened(GOOD).header, None)
    assert opened(based(b"6")).base == (6, "0" * 64)


@pytest.mark.parametrize(
    ("forge", "rule"),
    [
        (lambda: numbered("1" + "0" * 18), Rule.VERSION),
        (lambda: numbered("1" + "0" * 4000), Rule.VERSION),
        (lambda: numbered("1" + "0" * 10_000), Rule.REFUSED),
        (lambda: numbered("9007199254740992"), Rule.VERSION),
        (lambda: numbered("0"), Rule.REFUSED),
        (lambda: numbered("-1"), Rule.REFUSED),
        (lambda: numbered("7.0"), Rule.REFUSED),
        (lambda: headed(HEADER.replace(b'"format":1', b'"format":2')), Rule.REFUSED),
        (lambda: based(b"1" + b"0" * 5000), Rule.REFUSED),
        (lambda: based(b"-1"), Rule.REFUSED),
        (lambda: based(b"1_0"), Rule.REFUSED),
        (lambda: based(b" 1"), Rule.REFUSED),
        (lambda: COUNTERSIGNED + GOOD, Rule.REFUSED),
        (lambda: frame((b"", b"", b"LTX\x01"), after=COUNTERSIGNED), Rule.REFUSED),
        (lambda: frame((b"", b"", frame((b"", b"", GOOD), after=COUNTERSIGNED)), after=COUNTERSIGNED), Rule.REFUSED),
        (lambda: frame((b"", frame((b"s",)), GOOD), after=COUNTERSIGNED), Rule.REFUSED),
        (lambda: frame((b"", frame([b""] * (2 * MAX_SIGNERS + 2)), GOOD), after=COUNTERSIGNED), Rule.REFUSED),
        (lambda: frame((b"", b""), after=COUNTERSIGNED), Rule.REFUSED),
    ],
    ids=map(str, range(18)),
)
def test_what_is_none_is_said(forge: Callable[[], bytes], rule: Rule) -> None:
    """Whatever the bytes, and however long its numbers: an error in words, and nothing else."""
    with pytest.raises(BadEdition) as caught:
        opened(forge())
    assert rule_of(caught.value) is rule
    assert len(str(caught.value)) < 300
