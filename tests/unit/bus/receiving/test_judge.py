"""bus/receiving/judge.py: one row for each check, in their order; who is believed at large is in
tests/scenarios/test_strangers.py and test_identity.py."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bus.directory.agencies import Directory
from bus.directory.edition import MAX_SKEW
from bus.directory.keys import MailboxKeys
from bus.errors import (
    BadMessage,
    BadSignature,
    ClockAhead,
    Expired,
    NotForUs,
    NotItsUser,
    Refused,
    TooOld,
    UnknownKey,
)
from bus.ports.records import Arrival, Undecodable
from bus.receiving.judge import MAX_AGE, TOLD_SKEW, judge
from bus.receiving.verified import Verified
from bus.sending.address import address
from bus.sending.seal import seal
from bus.trust.keys import new_identity
from tests.scenarios.country import Land, document
from tests.unit.bus.receiving.mail import arrival, sealed

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Stumbling:
    """A directory that fails in a way of its own over one mailbox."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def keys(self, mailbox: str) -> MailboxKeys:
        if mailbox == "G22":
            raise RuntimeError("out of its mind")
        return self._directory.keys(mailbox)


def honest(land: Land) -> Arrival:
    return arrival(sealed(land))


def altered(land: Land) -> Arrival:
    entry = sealed(land)
    return arrival(replace(entry, body=entry.body[:-1] + bytes([entry.body[-1] ^ 1])))


def signed_by_nobody(land: Land) -> Arrival:
    """With a key that the directory has not got."""
    identity = new_identity()
    land["G22"].member = replace(land["G22"].member, identity=identity)
    return arrival(sealed(land))


def to_others(land: Land) -> Arrival:
    return arrival(sealed(land, document("G22", "H53")))


def worth_an_hour(land: Land) -> Arrival:
    return arrival(sealed(land, lasts=HOUR))


def of_user(user: str | None) -> Callable[[Land], Arrival]:
    return lambda land: arrival(sealed(land), user=user)


def no_message(_: Land) -> Arrival:
    return Arrival(tag=(1, 1), body=b"<html>", user="G22")


def undecodable(land: Land) -> Arrival:
    return replace(honest(land), undecodable=Undecodable(why="a text that is not UTF-8", size=9, sha256="0a" * 32))


CASES = {
    "all is well": (honest, 0 * SECOND, None, "G22"),
    "an operator put it back": (of_user("operator"), 0 * SECOND, None, "G22"),
    "no message at all": (no_message, 0 * SECOND, BadMessage, None),
    "with properties that cannot be decoded": (undecodable, 0 * SECOND, BadMessage, None),
    "published by nobody known": (of_user(None), 0 * SECOND, NotItsUser, None),
    "published by another mailbox": (of_user("H53"), 0 * SECOND, NotItsUser, "H53"),
    "altered since it was signed": (altered, 0 * SECOND, BadSignature, "G22"),
    "signed with an unknown key": (signed_by_nobody, 0 * SECOND, UnknownKey, "G22"),
    "made as far ahead as is forgiven": (honest, -MAX_SKEW, None, "G22"),
    "made in the future": (honest, -MAX_SKEW - SECOND, ClockAhead, "G22"),
    "as old as is remembered": (honest, MAX_AGE, None, "G22"),
    "older than is remembered": (honest, MAX_AGE + SECOND, TooOld, "G22"),
    "for somebody else": (to_others, 0 * SECOND, NotForUs, "G22"),
    "in time by either clock": (worth_an_hour, HOUR + MAX_SKEW, None, "G22"),
    "too late by either clock": (worth_an_hour, HOUR + MAX_SKEW + SECOND, Expired, "G22"),
}


@pytest.mark.parametrize(("make", "later", "error", "told"), CASES.values(), ids=CASES.keys())
def test_a_message_is_judged(
    make: Callable[[Land], Arrival], later: timedelta, error: type[Refused] | None, told: str | None
) -> None:
    """What stands against it, and which mailbox is told: only one that is known to have sent it."""
    land = Land()
    verified = Verified()
    (found,) = judge(land["H49"].member, [make(land)], land.now + later, verified=verified)
    assert type(found.error) is (error or type(None))
    assert (found.answer.mailbox if found.answer else None) == told
    if found.envelope is not None:
        remembered = verified.take(found.envelope.docket, found.envelope.body)
        assert (remembered is not None) == (error is None), "only what is good need not be verified again"


@pytest.mark.parametrize(
    ("ahead", "said"), [(TOLD_SKEW, False), (TOLD_SKEW + SECOND, True), (MAX_SKEW, True), (MAX_SKEW + SECOND, False)]
)
def test_a_clock_ahead_is_spoken_of(ahead: timedelta, said: bool) -> None:
    """Where it is worth a word, and the message is not refused for it anyway."""
    land = Land()
    (found,) = judge(land["H49"].member, [honest(land)], land.now - ahead, verified=Verified())
    assert found.ahead == (ahead if said else None)


def test_a_key_that_the_directory_names_is_our_own_fault() -> None:
    """Sealed to a key that is not held here, and that the directory still names: taken in, and kept."""
    land = Land()
    made = honest(land)
    member = land["H49"].member
    member = replace(member, identity=replace(member.identity, sealing=new_identity().sealing))
    (found,) = judge(member, [made], land.now, verified=Verified())
    assert found.error is None


def test_our_own_failure_over_one_message_stops_no_other() -> None:
    """Nothing that was read of it is believed, and it is said what failed; before it and after it all is well."""
    land = Land()
    bodies = [
        (code, seal(land[code].member, address(land[code].member, document(code, "H49")), now=land.now).body)
        for code in ("H53", "G22", "H53")
    ]
    arrivals = [Arrival(tag=(1, n), body=body, user=code) for n, (code, body) in enumerate(bodies, start=1)]
    member = land["H49"].member
    member = replace(member, directory=cast(Directory, Stumbling(member.directory)))
    before, failed, after = judge(member, arrivals, land.now, verified=Verified())
    assert (before.error, after.error) == (None, None)
    assert isinstance(failed.error, BadMessage)
    assert "RuntimeError" in str(failed.error)
    assert failed.envelope is None
