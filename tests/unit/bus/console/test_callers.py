from datetime import UTC, date, datetime

import pytest

from bus.console.callers import PREFIX, Caller, Callers, Credential, digest
from bus.console.roles import Right, Role
from bus.errors import NotSignedIn

KEY, OLD_KEY = PREFIX + "k" * 43, PREFIX + "o" * 43
CERTIFICATE = b"the DER of a certificate"
NOW = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)
MORNING_AFTER = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
"""The first of December in Việt Nam."""

CALLERS = Callers(
    keys=[
        Credential(
            sha256=digest(KEY.encode()),
            caller=Caller(name="a", role=Role.AGENCY, agencies=frozenset({"H49"}), ends_on=date(2026, 11, 30)),
        ),
        Credential(
            sha256=digest(OLD_KEY.encode()), caller=Caller(name="o", role=Role.AUDITOR, ends_on=date(2026, 11, 29))
        ),
    ],
    certificates=[Credential(sha256=digest(CERTIFICATE), caller=Caller(name="c", role=Role.SUPERVISOR))],
)


def test_a_key_names_its_holder() -> None:
    """Of whom the file knows the hash only; to the end of its last day in Việt Nam."""
    assert CALLERS.who(key=KEY, certificate=None, now=NOW).name == "a"
    with pytest.raises(NotSignedIn, match="ended on 2026-11-30"):
        CALLERS.who(key=KEY, certificate=None, now=MORNING_AFTER)


def test_a_certificate_names_its_holder() -> None:
    """By its fingerprint, once TLS has proven it."""
    assert CALLERS.who(key=None, certificate=CERTIFICATE, now=NOW).name == "c"


REFUSED = [
    ("nothing", None, None, "no key and no certificate"),
    ("an unknown key", PREFIX + "x" * 43, None, "no such key"),
    ("what is no key", "hunter2", None, "no such key"),
    ("a key with letters of another script", PREFIX + "k" * 42 + "ế", None, "no such key"),
    ("half a surrogate pair", PREFIX + "\udc80" * 43, None, "no such key"),
    ("an empty key", "", None, "no such key"),
    ("the hash in place of the key", digest(KEY.encode()), None, "no such key"),
    ("an unknown certificate", None, b"another", "no such certificate"),
    ("a key that ended", OLD_KEY, None, "ended on 2026-11-29"),
    ("an unknown key beside a good certificate", PREFIX + "x" * 43, CERTIFICATE, "no such key"),
]


@pytest.mark.parametrize(("what", "key", "certificate", "why"), REFUSED, ids=[what for what, *_ in REFUSED])
def test_who_is_not_known_is_not_answered(what: str, key: str | None, certificate: bytes | None, why: str) -> None:
    """Whatever is shown in place of a key."""
    with pytest.raises(NotSignedIn, match=why):
        CALLERS.who(key=key, certificate=certificate, now=NOW)


def test_an_agency_sees_its_own() -> None:
    """Others see everybody's documents; an agency whose codes were forgotten sees none."""
    assert Caller(name="a", role=Role.AGENCY, agencies=frozenset({"H49"})).sees == frozenset({"H49"})
    assert Caller(name="a", role=Role.AGENCY).sees == frozenset()
    assert Caller(name="a", role=Role.SUPERVISOR).sees is None
    assert not Caller(name="a", role=Role.SUPERVISOR).may(Right.ACCESS)
