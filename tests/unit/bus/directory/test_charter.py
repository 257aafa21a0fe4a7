"""Charters: who signs the directory by the root's word, how many must, and the way back from a stolen signer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from bus.directory.charter import Charter, Terms, read_charter, sign_charter, signer_id
from bus.directory.container import Signature, countersigned, opened
from bus.directory.edition import MAX_SKEW, Edition, accept, announcement, change, cosign, load
from bus.directory.header import Rule, rule_of
from bus.errors import BadEdition
from bus.trust.authority import issue
from bus.trust.certificates import Purpose
from bus.trust.keys import Algorithm, SigningKey
from schemas.framing import frame
from tests.unit.bus.directory.offices import DAY, NOW, Centre, Signer, id_of, under


class Signers:
    """An authority with three signers, and the edition 57 of the first that a reader holds."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.one: Signer = self.centre.signer
        self.two, self.three = self.centre.office.directory_signer(), self.centre.office.directory_signer()
        self.held = self.centre.takes(None, self.centre.edition(57))

    def both(self, version: int = 58, *more: Signer, charter: Charter | None = None) -> bytes:
        """By the first signer, countersigned by others, with a charter."""
        encoded = self.centre.edition(version)
        for key, chain in more:
            encoded = cosign(encoded, signer=key, chain=chain)
        return encoded if charter is None else under(charter, encoded)

    def refused(self, held: Edition | None, offered: bytes) -> tuple[Rule, str]:
        with pytest.raises(BadEdition) as caught:
            self.centre.takes(held, offered)
        return rule_of(caught.value), str(caught.value.facts["why"])


@pytest.fixture(scope="module")
def it() -> Signers:
    return Signers()


# -- n of m ------------------------------------------------------------------------------------------------------------


def test_two_of_three_sign(it: Signers) -> None:
    """Once a reader holds the charter, one signature is too few, with it or without; kept and read again, all of it is
    there."""
    charter = it.centre.charter(1, it.one, it.two, it.three, threshold=2)
    taken = it.centre.takes(it.held, it.both(58, it.two, charter=charter))
    assert [signer_id(each) for each in taken.signers] == [id_of(it.one), id_of(it.two)]
    assert it.refused(taken, it.both(59))[0] is Rule.SIGNERS
    assert it.refused(taken, it.both(59, charter=charter))[0] is Rule.SIGNERS
    again = load(taken.encoded, roots=it.centre.office.roots, now=NOW + 99 * DAY)
    assert again.charter is not None
    assert (again.charter.terms, len(again.signers)) == (charter.terms, 2)
    assert it.refused(again, it.both(59))[0] is Rule.SIGNERS
    assert it.centre.takes(again, it.both(59, it.three)).header.version == 59


def _renewed(it: Signers, signer: Signer) -> Signer:
    """Another certificate of the same key."""
    key, chain = signer
    return key, (it.centre.office.certificate("directory", key, purpose=Purpose.DIRECTORY), chain[1])


def _named(it: Signers, **changes: object) -> Signer:
    key = SigningKey.generate()
    fields: dict[str, object] = {"purpose": Purpose.DIRECTORY, **changes}
    return key, (it.centre.office.certificate("x", key, **fields), it.one[1][1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "second",
    [
        lambda it: it.one,
        lambda it: _renewed(it, it.one),
        lambda it: (SigningKey.generate(), it.two[1]),
        lambda it: _named(it),
        lambda it: _named(it, purpose=Purpose.MAILBOX),
        lambda it: _named(it, lasts=DAY),
        lambda it: (it.two[0], it.two[1][1:]),
        lambda it: (it.two[0], ()),
        lambda it: Centre().signer,
    ],
    ids=[
        "the same signer", "the same key, another certificate", "another's certificate", "not named by the charter",
        "for another purpose", "expired", "no certificate of a signer", "no certificate", "of a foreign root",
    ],
)  # fmt: skip
def test_what_is_no_second_signer(it: Signers, second: Callable[[Signers], Signer]) -> None:
    """A key counts once, and only if the charter names it."""
    charter = it.centre.charter(1, it.one, it.two, it.three, threshold=2)
    rule, why = it.refused(it.held, it.both(58, second(it), charter=charter))
    assert rule is Rule.SIGNERS
    assert "2 signed, 1 count" in why


def test_a_revoked_signer_is_no_second_signer(it: Signers) -> None:
    """By a list that is held, whatever the edition brings."""
    charter = it.centre.charter(1, it.one, it.two, threshold=2)
    held = it.centre.takes(None, it.centre.edition(57, it.centre.crl(it.two[1][0].serial)))
    encoded = it.centre.edition(58, it.centre.crl(number=2, at=NOW + timedelta(seconds=1)))
    key, chain = it.two
    assert it.refused(held, under(charter, cosign(encoded, signer=key, chain=chain)))[0] is Rule.SIGNERS


def test_a_signature_of_tomorrow_is_passed_over(it: Signers) -> None:
    """Of an algorithm that this reader does not know: it counts as none, and hinders nobody."""
    parts = opened(it.both(58, it.two))
    strange = Signature(b"\x00" * 3309, (b"a certificate of tomorrow",))
    encoded = countersigned(parts.inner, charter=b"", others=(strange, *parts.others))
    assert len(it.centre.takes(it.held, encoded).signers) == 2


def test_the_first_signer_must_be_named(it: Signers) -> None:
    """However many others are."""
    charter = it.centre.charter(1, it.two, it.three)
    assert it.refused(it.held, it.both(58, it.two, charter=charter))[0] is Rule.SIGNERS


def test_a_change_carries_what_is_around_it(it: Signers) -> None:
    """Countersignatures and charter go with changes and announcements, too."""
    charter = it.centre.charter(1, it.one, it.two, threshold=2)
    first = it.centre.takes(it.held, it.both(58, it.two, charter=charter))
    second = it.centre.takes(first, it.both(59, it.two))
    small = change(first, second)
    assert it.centre.takes(first, small).header.version == 59
    assert it.centre.takes(second, small) is second
    assert accept(first, announcement(second), roots=it.centre.office.roots, now=NOW) is None


# -- which charter -----------------------------------------------------------------------------------------------------


def test_a_charter_is_not_led_back(it: Signers) -> None:
    """Older, or another under the same number. The same edition with a newer charter is worth having."""
    first, second = it.centre.charter(1, it.one), it.centre.charter(2, it.one, it.two)
    other = it.centre.charter(2, it.one)
    with_first = it.centre.takes(it.held, under(first, it.held.encoded))
    assert with_first.header == it.held.header
    assert it.centre.takes(with_first, under(first, it.held.encoded)) is with_first
    taken = it.centre.takes(with_first, it.both(58, charter=second))
    for older, said in ((first, "older than 2"), (other, "two different charters")):
        rule, why = it.refused(taken, it.both(59, charter=older))
        assert rule is Rule.CHARTER
        assert said in why
    assert it.centre.takes(taken, it.both(59)).charter is taken.charter


TERMS = Terms(serial=1, issued_at=NOW, signers=("0" * 64,))


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda it: b"", "broken"),
        (lambda it: it.centre.chartered(TERMS)[:-1], "broken"),
        (lambda it: frame((b"{}", b"", b"")), "broken"),
        (lambda it: frame((TERMS.to_json(), bytes(64), b"")), "broken"),
        (lambda it: it.centre.chartered(TERMS, by=it.centre.office.issuer), "not the root's"),
        (lambda it: it.centre.chartered(TERMS, purpose=Purpose.DIRECTORY), "purpose"),
        (lambda it: Centre().chartered(TERMS), "not the root's"),
        (lambda it: it.centre.chartered(TERMS.model_copy(update={"issued_at": NOW + DAY})), "yet to come"),
        (lambda it: _late(it), "expired at"),
        (lambda it: _swapped(it), "not that of its signer"),
    ],
    ids=map(str, range(10)),
)
def test_a_charter_that_is_not_the_roots(it: Signers, forge: Callable[[Signers], bytes], said: str) -> None:
    """Who holds an issuer makes no charters: the root itself issues the certificate that signs them."""
    encoded = countersigned(it.centre.edition(58), charter=forge(it) or b"\x00", others=())
    rule, why = it.refused(it.held, encoded)
    assert rule is Rule.CHARTER
    assert said in why


def _late(it: Signers) -> bytes:
    key = SigningKey.generate()
    root = it.centre.office.root
    certificate = issue(root, key.public, name="charter", purpose=Purpose.CHARTER, at=NOW - 30 * DAY, lasts=DAY)
    return sign_charter(TERMS, signer=key, chain=(certificate,))


def _swapped(it: Signers) -> bytes:
    key = SigningKey.generate(Algorithm.ED25519)
    certificate = issue(it.centre.office.root, key.public, name="charter", purpose=Purpose.CHARTER, at=NOW)
    return sign_charter(TERMS, signer=SigningKey.generate(), chain=(certificate,))


@pytest.mark.parametrize(
    "terms",
    [
        {"signers": ()},
        {"threshold": 2},
        {"threshold": 2, "signers": ("0" * 64, "0" * 64)},
        {"withdrawn": ("0" * 64,), "last": 3},
        {"withdrawn": ("1" * 64,)},
        {"last": 3},
        {"serial": 0},
        {"serial": 2**53},
        {"serial": 10**4000},
        {"last": -1, "withdrawn": ("1" * 64,)},
        {"allows": {"signatures": ("P 256",)}},
    ],
    ids=map(str, range(11)),
)
def test_terms_that_contradict_themselves_are_none(terms: dict[str, object]) -> None:
    """Nobody could sign any more, or the thief could."""
    with pytest.raises(ValidationError):
        Terms.model_validate({**TERMS.model_dump(), **terms})


# -- the way back ------------------------------------------------------------------------------------------------------


class Stolen(Signers):
    """The first signer was stolen, and the thief has driven the number up; the reader took it."""

    def __init__(self) -> None:
        super().__init__()
        self.driven = self.centre.takes(self.held, self.centre.edition(1_000_000))
        self.reset = self.centre.charter(1, self.two, withdrawn=(id_of(self.one),), last=57)

    def by_two(self, version: int, **changes: object) -> bytes:
        return self.centre.edition(version, by=self.two, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stolen() -> Stolen:
    return Stolen()


def test_the_root_takes_mailboxes_back(stolen: Stolen) -> None:
    """To the number after the last good one, or to any later one: who missed the first takes the next."""
    for version in (58, 60):
        back = stolen.centre.takes(stolen.driven, under(stolen.reset, stolen.by_two(version)))
        assert back.header.version == version
        assert stolen.centre.takes(back, stolen.by_two(version + 1)).header.version == version + 1


def test_the_thief_is_shut_out(stolen: Stolen) -> None:
    """Under the same charter, before it and after; and without it nobody goes back."""
    assert stolen.refused(stolen.driven, stolen.by_two(58)) == (
        Rule.REFUSED,
        "edition 58 is older than 1000000, which is held",
    )
    assert stolen.refused(stolen.driven, under(stolen.reset, stolen.centre.edition(1_000_001)))[0] is Rule.SIGNERS
    back = stolen.centre.takes(stolen.driven, under(stolen.reset, stolen.by_two(58)))
    assert stolen.refused(back, stolen.centre.edition(59))[0] is Rule.SIGNERS
    assert stolen.refused(back, stolen.driven.encoded)[0] is Rule.SIGNERS


def test_a_reset_goes_back_no_further_than_it_says(stolen: Stolen) -> None:
    """And only from what the withdrawn signed above that number: others go on as ever, and it works once."""
    assert stolen.refused(stolen.driven, under(stolen.reset, stolen.by_two(57)))[0] is Rule.CHARTER
    honest = stolen.centre.takes(stolen.held, stolen.by_two(90))
    assert "older than 90" in stolen.refused(honest, under(stolen.reset, stolen.by_two(58)))[1]
    assert "older than 57" in stolen.refused(stolen.held, under(stolen.reset, stolen.by_two(56)))[1]
    back = stolen.centre.takes(stolen.driven, under(stolen.reset, stolen.by_two(58)))
    on = stolen.centre.takes(back, stolen.by_two(70))
    assert "older than 70" in stolen.refused(on, under(stolen.reset, stolen.by_two(58)))[1]


def test_a_reset_forgets_dates_and_lists_too(stolen: Stolen) -> None:
    """An issuer that was stolen with the signer may have driven up its list's number."""
    endless = stolen.centre.crl(number=1 << 158, at=NOW)
    driven = stolen.centre.takes(stolen.held, stolen.centre.edition(99, endless))
    earlier = stolen.by_two(58, at=NOW - DAY)
    assert stolen.centre.takes(driven, under(stolen.reset, earlier)).header.version == 58


def test_a_change_to_a_voided_edition_is_no_way_on(stolen: Stolen) -> None:
    """The whole one is needed."""
    back = stolen.centre.takes(stolen.driven, under(stolen.reset, stolen.by_two(58)))
    small = change(replace(stolen.driven), back)
    assert accept(stolen.driven, small, roots=stolen.centre.office.roots, now=NOW) is None


def test_a_charter_that_is_read_says_what_it_said(stolen: Stolen) -> None:
    """Byte for byte, with the algorithms that it allows."""
    allowing = stolen.centre.charter(3, stolen.two, allows={"signatures": ("p256",), "seals": ("x-wing",)})
    again = read_charter(allowing.encoded, roots=stolen.centre.office.roots, now=NOW, skew=MAX_SKEW)
    assert again.terms == allowing.terms
    taken = stolen.centre.takes(None, under(allowing, stolen.by_two(1)))
    assert taken.book.allows.signatures == ("p256",)
