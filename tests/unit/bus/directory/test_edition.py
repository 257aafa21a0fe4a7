"""Which edition of the directory is taken, and which is not."""

import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from bus.directory.container import WHOLE
from bus.directory.edition import Edition, accept, announcement, change, load, sign
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.directory.sources import read
from bus.errors import BadEdition
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SealingKey, SigningKey
from schemas.framing import frame, unframe
from tests.identities import BEGIN, Papers, papers
from tests.scenarios.country import AGENCIES

NOW = BEGIN + timedelta(days=100)
OFFICE = papers()
SIGNER, CHAIN = OFFICE.directory_signer()


def entry(
    code: str, *, certificate: Certificate | None = None, office: Papers = OFFICE
) -> tuple[MailboxKeys, SigningKey]:
    signer, sealing = SigningKey.generate(), SealingKey.generate()
    stated = office.statement(code, sealing, signer)
    made = certificate or office.certificate(code, signer)
    return MailboxKeys(certificates=(made.der,), sealing=(stated.encoded,)), signer


G22, H49 = entry("G22")[0], entry("H49")[0]


def register(text: str = AGENCIES, *withdrawals: Withdrawal, **keys: MailboxKeys) -> Register:
    book = read({"a.toml": text})
    book = replace(book, keys=keys or {"G22": G22, "H49": H49})
    listed = OFFICE.revoked(*withdrawals)
    name = OFFICE.issuer.certificate.parsed.subject.public_bytes()
    return Register.of(book, issuers=[OFFICE.issuer.certificate.der], revoked=[(name, listed.der)])


REGISTER = register()


def encoded(content: Register | None = None, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "version": 1,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "signer": SIGNER,
        "chain": CHAIN,
    }
    return sign(content or REGISTER, **{**fields, **changes})  # type: ignore[arg-type]


def taken(held: Edition | None, offered: bytes, *, now: datetime = NOW) -> Edition | None:
    return accept(held, offered, roots=OFFICE.roots, now=now)


@pytest.fixture(scope="module")
def held() -> Edition:
    edition = taken(None, encoded())
    assert edition is not None
    return edition


def test_it_is_taken_and_answers(held: Edition) -> None:
    """From the signed bytes; kept, it is read again, even when its time is over."""
    assert held.header.version == 1
    assert held.directory(NOW.date()).resolve("H49").mailbox == "H49"
    later = held.header.expires_at + timedelta(days=1)
    again = load(held.encoded, roots=OFFICE.roots, now=later)
    assert again.register.content() == held.register.content()
    assert (again.is_expired(NOW), again.is_expired(later)) == (False, True)
    assert taken(held, held.encoded) is held


def test_a_change_is_small_and_ends_in_the_same(held: Edition) -> None:
    """The same header, the same content, the same signature as the whole; on another base it is of no use."""
    after = taken(held, encoded(register(AGENCIES.replace("Tây Ninh", "Tây Ninh mới")), version=2))
    assert after is not None
    small = change(held, after)
    assert len(small) < len(after.encoded) - 500
    again = taken(held, small)
    assert again is not None
    assert again.register.content() == after.register.content()
    assert load(again.encoded, roots=OFFICE.roots, now=NOW).header == after.header
    assert taken(None, small) is None
    other = taken(None, encoded(register(AGENCIES.replace("Quảng", "Q.")), version=1))
    assert taken(other, small) is None
    assert taken(held, announcement(after)) is None
    assert taken(after, announcement(after)) is after
    with pytest.raises(BadEdition, match="no whole"):
        load(small, roots=OFFICE.roots, now=NOW)


def test_the_same_content_with_a_later_date_is_taken(held: Edition) -> None:
    """Signed again so that it does not expire."""
    longer = taken(held, encoded(expires_at=NOW + timedelta(days=60)))
    assert longer is not None
    assert longer.header.expires_at == NOW + timedelta(days=60)
    assert taken(longer, held.encoded) is longer


def by(purpose: Purpose) -> bytes:
    key = SigningKey.generate()
    return encoded(signer=key, chain=(OFFICE.certificate("directory", key, purpose=purpose), OFFICE.issuer.certificate))


def revoked_signer() -> bytes:
    withdrawal = Withdrawal(serial=CHAIN[0].serial, at=NOW - timedelta(days=1), reason=x509.ReasonFlags.key_compromise)
    return encoded(register(AGENCIES, withdrawal))


def expired_signer() -> bytes:
    key = SigningKey.generate()
    certificate = OFFICE.certificate("directory", key, purpose=Purpose.DIRECTORY, lasts=timedelta(days=1))
    return encoded(signer=key, chain=(certificate, OFFICE.issuer.certificate))


def repacked(content: bytes, parts: dict[int, bytes]) -> bytes:
    """A whole edition with some of its parts (header, signature, chain, content) replaced."""
    old = unframe(memoryview(content)[len(WHOLE) :], at_most=4)
    return frame([parts.get(number, old[number]) for number in range(4)], after=WHOLE)


GOOD = encoded()
LINES = register().content()
STRANGER, STRANGERS_CHAIN = Papers().directory_signer()
FOREIGN = OFFICE.certificate("H53", SigningKey.generate())


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda: b"", "no edition"),
        (lambda: WHOLE, "broken"),
        (lambda: GOOD[:-1], "broken"),
        (lambda: GOOD[:40], "broken"),
        (lambda: repacked(GOOD, {0: b"{}"}), "broken"),
        (lambda: repacked(GOOD, {0: b"\xff"}), "broken"),
        (lambda: repacked(GOOD, {2: frame([b"x"])}), "broken"),
        (lambda: repacked(GOOD, {2: b""}), "nobody signed"),
        (lambda: repacked(GOOD, {1: b"x"}), "nobody signed"),
        (lambda: repacked(GOOD, {1: bytes(64)}), "not that of its signer"),
        (lambda: repacked(GOOD, {3: bytes(9)}), "cannot be unpacked"),
        (lambda: repacked(GOOD, {3: zlib.compress(LINES + b"agency\tZ\t{}\n")}), "not what was signed"),
        (lambda: repacked(GOOD, {3: zlib.compress(bytes(500_000_000))}), "not what was signed"),
        (lambda: encoded(signer=STRANGER, chain=STRANGERS_CHAIN), "not the authority"),
        (lambda: encoded(signer=STRANGER), "not that of its signer"),
        (lambda: by(Purpose.MAILBOX), "purpose"),
        (revoked_signer, "was revoked"),
        (expired_signer, "expired at"),
        (lambda: encoded(expires_at=NOW - timedelta(days=1)), "expired at"),
        (lambda: encoded(issued_at=NOW + timedelta(hours=1)), "yet to come"),
        (lambda: encoded(register(G22=replace(G22, sealing=H49.sealing))), "swapped"),
        (lambda: encoded(register(G22=replace(H49, sealing=G22.sealing))), "in the name of H49"),
        (lambda: encoded(register(G22=MailboxKeys(signing=(b"k",), sealing=(b"s",)))), "statement"),
        (lambda: encoded(Register.of(read({"a": AGENCIES}), issuers=[b"x"])), "a line of it is no certificate"),
        (lambda: encoded(Register.of(read({"a": AGENCIES}), revoked=[(b"name", b"x")])), "no revocation list"),
    ],
    ids=map(str, range(25)),
)
def test_what_is_forged_or_broken_is_not_taken(forge: Callable[[], bytes], said: str) -> None:
    """With the reason, whatever the bytes."""
    with pytest.raises(BadEdition, match=said):
        taken(None, forge())


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda: encoded(version=4), "older than 5"),
        (lambda: encoded(register(AGENCIES.replace("Quảng", "Q.")), version=5), "two different"),
    ],
)
def test_nobody_is_led_back(forge: Callable[[], bytes], said: str) -> None:
    """An older edition, or another under the same number."""
    held = taken(None, encoded(version=5))
    with pytest.raises(BadEdition, match=said):
        taken(held, forge())


def test_a_change_that_is_broken_is_not_taken(held: Edition) -> None:
    """A base that is none, lines that are none, content that is not what was signed."""
    after = taken(held, encoded(register(AGENCIES.replace("Tây", "T.")), version=2))
    assert after is not None
    parts = list(unframe(memoryview(change(held, after))[4:], at_most=5))
    for number, part in ((3, b"x"), (4, zlib.compress(b"x")), (4, zlib.compress(frame((b"", b""))))):
        with pytest.raises(BadEdition):
            taken(held, frame([part if number == at else parts[at] for at in range(5)], after=b"LTC\x01"))


def test_who_was_withdrawn() -> None:
    """Revoked, expired, of a foreign root, for another purpose: no certificate is left that counts."""
    keys = {"G22": G22, "H49": H49}
    signer = SigningKey.generate()
    late = OFFICE.certificate("H53", signer, lasts=timedelta(days=1))
    foreign = Papers().certificate("H08", signer)
    serial = Certificate.from_der(H49.certificates[0]).serial
    content = register(
        AGENCIES,
        Withdrawal(serial=serial, at=NOW - timedelta(days=1)),
        **keys,
        H53=replace(entry("H53")[0], certificates=(late.der,)),
        H08=replace(entry("H08")[0], certificates=(foreign.der,)),
    )
    edition = load(encoded(content), roots=OFFICE.roots, now=NOW)
    assert edition.withdrawn(NOW) == ("H08", "H49", "H53")
    assert edition.revoked() == {f"{serial:x}"}


@pytest.mark.parametrize("part", [0, 1], ids=["names", "lines"])
def test_a_change_is_unpacked_no_further_than_two_editions_can_differ(held: Edition, part: int) -> None:
    """Nobody signs its body: whoever hands it on could put anything there."""
    after = taken(held, encoded(register(AGENCIES.replace("Tây", "T.")), version=2))
    assert after is not None
    parts = list(unframe(memoryview(change(held, after))[4:], at_most=5))
    for junk in (b"\n" * (held.header.lines + after.header.lines + 1), b"\n" * 50_000_000):
        body = [b"", b""]
        body[part] = junk
        bomb = frame((*parts[:4], zlib.compress(frame(body), 9)), after=b"LTC\x01")
        tracemalloc.start()
        with pytest.raises(BadEdition):
            taken(held, bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
