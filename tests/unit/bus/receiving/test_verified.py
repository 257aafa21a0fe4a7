from collections.abc import Sequence

import pytest

from bus.receiving import verified
from bus.receiving.verified import Verified
from bus.wire.envelope import Envelope, encrypt, parse, seal
from schemas.values import MessageId
from tests.vectors.make import DOCUMENT, P256, RECIPIENTS, docket_of


def letters(count: int) -> list[Envelope]:
    """Of one sender; about 4 KiB each."""
    found = []
    for number in range(count):
        encrypted = encrypt(bytes(1000))
        docket = docket_of(DOCUMENT, encrypted.content).model_copy(update={"id": MessageId(f"m-{number}")})
        found.append(parse(seal(docket, encrypted, signer=P256, recipients=RECIPIENTS)))
    return found


def taken(known: Verified, some: Sequence[Envelope]) -> list[bool]:
    return [known.take(each.docket, bytes(bytearray(each.body))) is not None for each in some]


def test_what_was_judged_is_known_once() -> None:
    """The same object comes back, for the very same bytes in whichever copy, and never twice."""
    (one,) = letters(1)
    known = Verified()
    known.add(one)
    assert known.take(one.docket, bytes(bytearray(one.body))) is one
    assert known.take(one.docket, one.body) is None


def test_other_bytes_under_a_known_name_are_not_known() -> None:
    """Whoever put them there."""
    one, other = letters(2)
    known = Verified()
    known.add(one)
    assert known.take(one.docket, other.body) is None
    assert known.take(one.docket, one.body[:-1] + b"?") is None


def test_of_older_ones_the_digest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken apart again, and need not be verified; the oldest digests go first."""
    some = letters(8)
    monkeypatch.setattr(verified.Verified, "BYTES", 2 * len(some[0].body) + 100)
    monkeypatch.setattr(verified.Verified, "MOST", 4)
    known = Verified()
    for each in some:
        known.add(each)
    whole = [known.take(each.docket, each.body) is each for each in some[6:]]
    assert whole == [True, True]
    assert taken(known, some) == [False, False, True, True, True, True, False, False]


def test_judged_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that came again takes no more room than the first."""
    (one,) = letters(1)
    monkeypatch.setattr(verified.Verified, "BYTES", len(one.body))
    known = Verified()
    for _ in range(3):
        known.add(one)
    assert taken(known, [one, one]) == [True, False]


def test_a_large_one_is_kept_by_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its size, and the bytes are let go."""
    (one,) = letters(1)
    monkeypatch.setattr(verified.Verified, "BYTES", 10)
    known = Verified()
    known.add(one)
    found = known.take(one.docket, one.body)
    assert found == one
    assert found is not one
