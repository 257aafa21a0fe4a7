"""What an edition must keep of the one held: lists of revocation, and statements of keys."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509

from bus.directory.edition import Edition
from bus.directory.header import Rule, rule_of
from bus.directory.keys import MailboxKeys
from bus.errors import BadEdition
from bus.trust.authority import Authority, Withdrawal, revocation_list
from bus.trust.certificates import RevocationList
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from tests.identities import BEGIN, Papers
from tests.unit.bus.directory.offices import DAY, NOW, Centre, Signer

STOLEN, OVER = x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded
Entry = tuple[int, x509.ReasonFlags]


def _of(issuer: Authority, *entries: Entry, number: int = 1) -> RevocationList:
    """A list with reasons."""
    withdrawals = [Withdrawal(serial=serial, at=BEGIN, reason=reason) for serial, reason in entries]
    return revocation_list(issuer, withdrawals, at=NOW, until=NOW + 90 * DAY, number=number)


class Thief:
    """Holds a signer's key that was revoked in the edition held, number 5: another signer has signed it."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.stolen: Signer = self.centre.signer
        self.centre.signer = self.centre.office.directory_signer()
        self.serial = self.stolen[1][0].serial
        self.early = self.centre.crl(number=3, at=NOW - 2 * DAY)
        self.listed = self.centre.crl(self.serial, number=4, at=NOW - DAY)
        self.held = self.centre.takes(None, self.centre.edition(5, self.listed))

    def refused(self, offered: bytes) -> tuple[Rule, str]:
        with pytest.raises(BadEdition) as caught:
            self.centre.takes(self.held, offered)
        return rule_of(caught.value), str(caught.value.facts["why"])


@pytest.fixture(scope="module")
def thief() -> Thief:
    return Thief()


def _second_list(thief: Thief) -> bytes:
    """Of an issuer that nobody vouches for, in the name of ours."""
    return thief.centre.edition(6, thief.centre.crl(number=9, by=Papers().issuer))


def _ended(centre: Centre) -> RevocationList:
    return centre.crl(number=5, at=NOW - DAY / 2, lasts=DAY / 4)


@pytest.mark.parametrize(
    ("forge", "rule", "said"),
    [
        (lambda it: it.centre.edition(6, it.early, by=it.stolen), Rule.SIGNER_REVOKED, "signs nothing any more"),
        (lambda it: it.centre.edition(6, by=it.stolen), Rule.SIGNER_REVOKED, "was revoked"),
        (lambda it: it.centre.edition(6, it.listed, by=it.stolen), Rule.SIGNER_REVOKED, "was revoked"),
        (lambda it: it.centre.edition(6, it.early, by=it.stolen, at=NOW - 2 * DAY), Rule.DATED_BACK, "before the one"),
        (lambda it: it.centre.edition(6), Rule.LIST_MISSING, "is held, and missing"),
        (lambda it: it.centre.edition(6, register=it.centre.register(issuers=())), Rule.LIST_MISSING, "is held, and"),
        (_second_list, Rule.LIST_MISSING, "missing in it"),
        (lambda it: it.centre.edition(6, it.early), Rule.LIST_OLDER, "number 3"),
        (lambda it: it.centre.edition(6, it.centre.crl(number=3)), Rule.LIST_OLDER, "number 4"),
        (lambda it: it.centre.edition(6, it.centre.crl(number=9, at=NOW - 2 * DAY)), Rule.LIST_OLDER, "number 9"),
        (lambda it: it.centre.edition(6, it.centre.crl(number=1 << 150, at=NOW - 2 * DAY)), Rule.LIST_OLDER, "0000"),
        (lambda it: it.centre.edition(6, _ended(it.centre)), Rule.LIST_ENDED, "ended at"),
    ],
    ids=[
        "the earlier list", "none", "the same", "dated back", "list gone", "issuer gone, too", "a stranger's list",
        "older list", "lower number", "earlier date", "a number without end", "ended list",
    ],
)  # fmt: skip
def test_revocation_is_not_undone(thief: Thief, forge: Callable[[Thief], bytes], rule: Rule, said: str) -> None:
    """Whatever lists an edition brings or leaves out: those held count, too."""
    found, why = thief.refused(forge(thief))
    assert found is rule
    assert said in why


def test_the_next_list_is_taken(thief: Thief) -> None:
    """Newer, or the very same one."""
    centre = thief.centre
    for listed in (thief.listed, centre.crl(thief.serial, number=4), centre.crl(thief.serial, number=5)):
        assert centre.takes(thief.held, centre.edition(6, listed)).header.version == 6


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([(1, STOLEN), (2, OVER)], [(1, STOLEN)], False),
        ([(1, STOLEN), (2, OVER)], [(2, OVER)], True),
        ([(1, STOLEN), (2, OVER)], [], True),
        ([(1, STOLEN), (2, OVER)], [(1, OVER), (2, OVER)], True),
        ([(1, x509.ReasonFlags.ca_compromise)], [(1, STOLEN)], False),
        ([(1, OVER)], [(1, STOLEN)], False),
    ],
    ids=["an ordinary one goes", "the stolen one", "all", "milder", "another word for it", "worse"],
)
def test_a_stolen_key_stays_in_its_list(before: list[Entry], after: list[Entry], refused: bool) -> None:
    """Whatever the numbers: a list made from an incomplete folder is newer, too."""
    centre = Centre()
    held = centre.takes(None, centre.edition(1, _of(centre.office.issuer, *before, number=1)))
    offered = centre.edition(2, _of(centre.office.issuer, *after, number=2))
    if not refused:
        assert centre.takes(held, offered).header.version == 2
        return
    with pytest.raises(BadEdition, match="lacks certificate 1, whose key was stolen") as caught:
        centre.takes(held, offered)
    assert rule_of(caught.value) is Rule.LIST_SHORTER


def test_a_stolen_key_goes_with_its_issuer() -> None:
    """The root revoked it: nothing it signed counts."""
    centre = Centre()
    second = centre.second_issuer()
    issuers = [centre.office.issuer, second]
    held = centre.takes(None, centre.edition(1, register=centre.register(_of(second, (1, STOLEN)), issuers=issuers)))
    of_the_root = centre.crl(second.certificate.serial, by=centre.office.root)
    left = centre.register(_of(second, number=2), of_the_root, issuers=issuers)
    assert centre.takes(held, centre.edition(2, register=left)).header.version == 2


def test_an_issuer_without_a_list_needs_none() -> None:
    """Until it has one: then it needs one for ever."""
    centre = Centre()
    first = centre.takes(None, centre.edition(1))
    second = centre.takes(first, centre.edition(2, centre.crl()))
    with pytest.raises(BadEdition, match="missing"):
        centre.takes(second, centre.edition(3))


def test_a_list_of_nobody_binds_nobody() -> None:
    """A signer may put anything into an edition: a list whose issuer no root vouches for is no list."""
    centre, stranger = Centre(), Papers().issuer
    register = centre.register(
        centre.crl(by=stranger, at=NOW - 9 * DAY, lasts=DAY), issuers=[centre.office.issuer, stranger]
    )
    held = centre.takes(None, centre.edition(1, register=register))
    assert centre.takes(held, centre.edition(2)).header.version == 2


@pytest.mark.parametrize("revoked", [False, True], ids=["it has ended", "the root revoked it"])
def test_a_list_may_go_when_nothing_its_issuer_signed_counts(revoked: bool) -> None:
    """Else nobody could ever leave an issuer."""
    centre = Centre()
    ours, second = centre.office.issuer, centre.second_issuer(lasts=3650 * DAY if revoked else 101 * DAY)
    both = centre.register(centre.crl(), centre.crl(by=second), issuers=[ours, second])
    held = centre.takes(None, centre.edition(1, register=both))
    with pytest.raises(BadEdition, match="missing"):
        centre.takes(held, centre.edition(2, centre.crl()))
    later = NOW + 2 * DAY
    of_the_root = [centre.crl(second.certificate.serial, by=centre.office.root)] if revoked else []
    left = centre.register(centre.crl(), *of_the_root, issuers=[ours, second])
    assert centre.takes(held, centre.edition(2, register=left, at=later), now=later).header.version == 2


class Agency:
    """H49's own keys, and what it states of them."""

    def __init__(self, office: Papers) -> None:
        self.office = office
        self.signer = SigningKey.generate()
        self.certificate = office.certificate("H49", self.signer)
        self.keys = [SealingKey.generate() for _ in range(3)]

    def said(self, key: int, *, serial: int = 0, since: int = 0, withdraws: int = 0) -> SealingStatement:
        begin = BEGIN + timedelta(days=since)
        return SealingStatement.sign(
            self.keys[key].public,
            mailbox="H49",
            since=begin,
            until=begin + 3000 * DAY,
            signer=self.signer,
            serial=serial,
            withdraws=withdraws,
        )

    def listed(self, *statements: SealingStatement) -> MailboxKeys:
        return MailboxKeys(certificates=(self.certificate.der,), sealing=tuple(each.encoded for each in statements))


def _offer(centre: Centre, held: Edition | None, keys: MailboxKeys, *lists: int, version: int = 2) -> Edition:
    register = centre.register(centre.crl(*lists, number=version), H49=keys)
    return centre.takes(held, centre.edition(version, register=register))


Listed = Callable[[Agency], tuple[SealingStatement, ...]]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (lambda it: (it.said(0, since=9), it.said(1)), lambda it: (it.said(1),), "older"),
        (lambda it: (it.said(0, since=9), it.said(1)), lambda it: (it.said(1), it.said(0, since=9)), "older"),
        (lambda it: (it.said(0),), lambda it: (it.said(1),), None),
        (lambda it: (it.said(0),), lambda it: (it.said(1, since=9), it.said(0)), None),
        (lambda it: (it.said(0, since=9),), lambda it: (it.said(1, serial=1), it.said(0, since=9)), None),
        (lambda it: (it.said(1, serial=1),), lambda it: (it.said(0, since=9),), "serial 1"),
        (lambda it: (it.said(1, serial=7),), lambda it: (it.said(0, serial=6), it.said(1, serial=7)), "before a newer"),
        (lambda it: (it.said(1, serial=7),), lambda it: (it.said(0, serial=6, since=9),), "serial 7"),
        (lambda it: (it.said(1, serial=7),), lambda it: (it.said(0, serial=8), it.said(1, serial=7)), None),
        (lambda it: (it.said(1, serial=7, withdraws=7),),
         lambda it: (it.said(1, serial=7, withdraws=7), it.said(0, serial=6)), "withdrew"),
        (lambda it: (it.said(1, serial=7), it.said(0, serial=6)),
         lambda it: (it.said(2, serial=8, withdraws=8), it.said(0, serial=6)), None),
    ],
    ids=map(str, range(11)),
)  # fmt: skip
def test_an_older_statement_does_not_come_back(before: Listed, after: Listed, said: str | None) -> None:
    """By serial, by beginning where there is none; what is withdrawn stays so. The mailbox is named."""
    centre = Centre()
    it = Agency(centre.office)
    held = _offer(centre, None, it.listed(*before(it)), version=1)
    if said is None:
        assert _offer(centre, held, it.listed(*after(it))).header.version == 2
        return
    with pytest.raises(BadEdition, match=said) as caught:
        _offer(centre, held, it.listed(*after(it)))
    assert (rule_of(caught.value), caught.value.facts["mailbox"]) == (Rule.STATEMENT, "H49")


def test_what_a_stolen_key_stated_binds_nobody() -> None:
    """Whoever stole a mailbox's signing key stated the highest serial there is: once it is revoked, the mailbox begins
    anew with other keys."""
    centre = Centre()
    stolen, own = Agency(centre.office), Agency(centre.office)
    held = _offer(centre, None, stolen.listed(stolen.said(0, serial=2**53 - 1)), version=1)
    with pytest.raises(BadEdition, match="an older sealing key comes first"):
        _offer(centre, held, own.listed(own.said(0, serial=9)))
    taken = _offer(centre, held, own.listed(own.said(0, serial=9)), stolen.certificate.serial)
    assert taken.book.keys["H49"].statements("H49")[0].serial == 9


def test_what_nobody_vouches_for_binds_nobody() -> None:
    """Who signed the directory alone, for a day, cannot keep a mailbox from its own keys ever after."""
    centre, nobody = Centre(), Agency(Papers())
    own = Agency(centre.office)
    held = _offer(centre, None, nobody.listed(nobody.said(0, serial=2**53 - 1)), version=1)
    assert _offer(centre, held, own.listed(own.said(0, serial=9))).header.version == 2
