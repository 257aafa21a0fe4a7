"""bus/handling/calendar.py"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509

from bus.directory.charter import Charter, Terms, signer_id
from bus.errors import BadCalendar
from bus.handling.calendar import (
    CalendarEdition,
    calendar_of,
    changed,
    check_follows,
    read_all,
    read_calendar,
    read_toml,
    sign_calendar,
    to_toml,
    unconfirmed,
)
from bus.handling.working_days import Calendar, by_library
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Purpose
from bus.trust.keys import SigningKey
from bus.trust.trust_store import TrustStore
from schemas.framing import frame, unframe
from tests.identities import Papers, papers

NOW = datetime(2025, 12, 25, 9, tzinfo=UTC)
OFFICE = papers()
SIGNER, CHAIN = OFFICE.directory_signer()
TRUST = TrustStore(OFFICE.roots)
SWAPPED, SATURDAY = date(2026, 1, 2), date(2026, 1, 10)


def edition(number: int = 1, **other: object) -> CalendarEdition:
    known = changed(by_library(2026), off=[SWAPPED], worked=[SATURDAY])
    fields: dict[str, object] = {
        "year": 2026,
        "edition": number,
        "confirmed": True,
        "decision": "12345/VPCP-KGVX",
        "decided_on": date(2025, 12, 25),
        "decided_by": "Thủ tướng Chính phủ",
        "signed_at": NOW,
        "off": tuple(sorted(known.off)),
        "worked": tuple(sorted(known.worked)),
    }
    return CalendarEdition.model_validate({**fields, **other})


def signed(made: CalendarEdition | None = None, *, office: Papers = OFFICE, purpose: Purpose | None = None) -> bytes:
    signer, chain = (SIGNER, CHAIN) if office is OFFICE else office.directory_signer()
    if purpose is not None:
        signer = SigningKey.generate()
        chain = (office.certificate("G22", signer, purpose=purpose), office.issuer.certificate)
    return sign_calendar(made or edition(), signer=signer, chain=chain)


def test_it_is_read_as_it_was_signed() -> None:
    """As bytes, and in a text with others and words around them."""
    read = read_calendar(signed(), trust_store=TRUST, now=NOW)
    assert read.edition == edition()
    assert read.signer == CHAIN[0]
    text = b"# 2026\n" + read.to_pem() + b"\n" + read.to_pem()
    assert read_all(text) == (read.encoded, read.encoded)
    assert read_all(b"") == ()
    with pytest.raises(BadCalendar, match="base64"):
        read_all(read.to_pem().replace(b"\n", b"\n?", 1))


def test_a_swapped_saturday() -> None:
    """Announced a week ahead: eleven months later the library still does not know of it, the edition does."""
    bare, calendar = Calendar(), calendar_of([edition()])
    assert (bare.is_working(SWAPPED), bare.is_working(SATURDAY)) == (True, False)
    assert (calendar.is_working(SWAPPED), calendar.is_working(SATURDAY)) == (False, True)
    assert calendar.is_working(date(2026, 8, 22)), "what the library knows of the year is in the edition"
    assert not calendar.is_provisional(SWAPPED)


def forged() -> bytes:
    body, signature, chain = map(bytes, unframe(signed(), at_most=3))
    return frame((body.replace(b"2026-01-10", b"2026-01-17"), signature, chain))


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        pytest.param(lambda: b"", "broken", id="nothing"),
        pytest.param(lambda: frame((b"{}", b"", frame(()))), "broken", id="no edition"),
        pytest.param(lambda: signed()[:-1], "broken", id="a byte short"),
        (forged, "not that of its signer"),
        (lambda: signed(office=Papers()), "not the authority"),
        (lambda: signed(purpose=Purpose.MAILBOX), "not issued for this purpose"),
        (lambda: signed(edition(signed_at=NOW + timedelta(minutes=6))), "yet to come"),
        (lambda: signed(edition(signed_at=datetime(2015, 1, 1, tzinfo=UTC))), "valid only from"),
    ],
)
def test_what_is_not_taken(encoded: Callable[[], bytes], why: str) -> None:
    """Broken, forged, another authority's, a mailbox's own, from the future, from before its signer's certificate."""
    with pytest.raises(BadCalendar, match=why):
        read_calendar(encoded(), trust_store=TRUST, now=NOW)


@pytest.mark.parametrize(
    ("reason", "kept", "taken"),
    [
        (x509.ReasonFlags.superseded, False, False),
        (x509.ReasonFlags.superseded, True, True),
        (x509.ReasonFlags.key_compromise, True, False),
    ],
)
def test_a_revoked_signer(reason: x509.ReasonFlags, kept: bool, taken: bool) -> None:
    """Signs nothing more; what was taken before stands, unless the key was in other hands."""
    withdrawal = Withdrawal(serial=CHAIN[0].serial, at=NOW + timedelta(days=1), reason=reason)
    store = TrustStore(OFFICE.roots, (), [OFFICE.revoked(withdrawal)])
    later = NOW + timedelta(days=2)
    if taken:
        assert read_calendar(signed(), trust_store=store, now=later, kept=kept).edition == edition()
    else:
        with pytest.raises(BadCalendar, match="revoked"):
            read_calendar(signed(), trust_store=store, now=later, kept=kept)


@pytest.mark.parametrize("named", [True, False])
def test_a_charter_names_the_signers(named: bool) -> None:
    """Where there is one, whoever it does not name signs no calendar either."""
    others = OFFICE.directory_signer()[1][0]
    terms = Terms(serial=1, issued_at=NOW, signers=(signer_id(CHAIN[0] if named else others),))
    if named:
        read = read_calendar(signed(), trust_store=TRUST, charter=Charter(terms, b""), now=NOW)
        assert read.edition == edition()
    else:
        with pytest.raises(BadCalendar, match="charter"):
            read_calendar(signed(), trust_store=TRUST, charter=Charter(terms, b""), now=NOW)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"off": (date(2026, 1, 3),)}, "off anyway"),
        ({"worked": (date(2026, 1, 2),)}, "worked anyway"),
        ({"off": (date(2027, 1, 1),)}, "not of that year"),
        ({"off": (date(2026, 1, 2), date(2026, 1, 1))}, "in order"),
        ({"worked": (SATURDAY, SATURDAY)}, "in order"),
        ({"edition": 0}, "greater than or equal to 1"),
        ({"decision": " "}, "at least 1 character"),
    ],
)
def test_what_is_no_edition(fields: dict[str, object], why: str) -> None:
    """Days that say nothing, of another year, in disorder; a decision without a number."""
    with pytest.raises(ValueError, match=why):
        CalendarEdition.model_validate({**dict(edition()), **fields})


def test_what_is_changed() -> None:
    """A day off, a Saturday worked, and back again."""
    known = by_library(2026)
    swapped = changed(known, off=[SWAPPED], worked=[SATURDAY])
    assert swapped.off == known.off | {SWAPPED}
    assert swapped.worked == known.worked | {SATURDAY}
    assert changed(swapped, usual=[SWAPPED, SATURDAY]) == known
    assert changed(swapped, worked=[SWAPPED], off=[SATURDAY]) == known


def test_toml_there_and_back() -> None:
    """The text that people write and read, with its dates bare."""
    text = to_toml(edition())
    assert "decided_on = 2025-12-25\n" in text
    assert "\n  2026-01-02,\n" in text
    assert read_toml(text) == edition()
    bare = edition(off=(), worked=())
    assert read_toml(to_toml(bare)) == bare


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("year = ", "Invalid value"),
        ("year = 2026", "edition: is missing"),
        (to_toml(edition()) + "holiday = 1\n", "no such setting"),
        (to_toml(edition()).replace("  2026-01-10,", "  2026-01-09,"), "worked anyway"),
        ("year = 09:30:00", "datetime.time"),
    ],
)
def test_toml_that_is_no_edition(text: str, why: str) -> None:
    """Says which line is wrong."""
    with pytest.raises(BadCalendar, match=why):
        read_toml(text)


def test_what_is_newer() -> None:
    """Than all others of its year; the same once more changes nothing; another year does not matter."""
    first, second = edition(), edition(2)
    assert check_follows([], first)
    assert check_follows([first, edition(7, year=2025, off=(), worked=())], second)
    assert not check_follows([first, second], second)
    for offered in (first, edition(2, decision="other")):
        with pytest.raises(BadCalendar, match="not newer than 2"):
            check_follows([first, second], offered)


@pytest.mark.parametrize(
    ("now", "confirmed", "expected"),
    [
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), (2026,), ()),
        (datetime(2026, 11, 30, 17, 0, tzinfo=UTC), (2026,), (2027,)),  # 1 December in Việt Nam
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), (2026, 2027), ()),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), (2026,), (2027,)),  # the new year has begun
        (datetime(2026, 6, 1, tzinfo=UTC), (), (2026,)),
    ],
)
def test_years_to_confirm(now: datetime, confirmed: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """This year at any time, the next from 1 December on."""
    years = [replace(by_library(year), edition=1, confirmed=True) for year in confirmed]
    assert unconfirmed(Calendar.of(years), now) == expected


def test_an_edition_of_a_few_days_confirms_nothing() -> None:
    """Its days count, and the year stays provisional."""
    calendar = calendar_of([edition(confirmed=False)])
    assert calendar.is_working(SATURDAY)
    assert calendar.is_provisional(SATURDAY)
