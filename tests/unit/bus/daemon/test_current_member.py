"""A mailbox as a member while edition and keys change under it: what it tells of either, and how often."""

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.current_member import SignedMember, UnsignedMember
from bus.daemon.editions import EditionFollower
from bus.directory.agencies import Directory
from bus.directory.edition import Edition, accept, sign
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.directory.member import Member
from bus.directory.sources import read
from bus.errors import BadConfig, BusError, DirectoryExpired, OwnClockWrong
from bus.ports.records import Event
from bus.trust.keys import HeldSealing, Identity, Keyring, SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from bus.trust.trust_store import TrustStore
from tests.identities import BEGIN, Papers, papers
from tests.scenarios.country import AGENCIES, Land

NOW = BEGIN + timedelta(days=100)
US, THEM = "H49", "G22"


class NoFeed:
    def changes(self, *, wait: float) -> tuple[bytes, ...]:
        return ()

    def whole(self, *, wait: float) -> None:
        return None

    def history(self, *, wait: float) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        pass


@dataclass
class Post:
    """One mailbox, the folder of its keys, and the authority that publishes."""

    office: Papers = field(default_factory=papers)
    signing: list[SigningKey] = field(default_factory=lambda: [SigningKey.generate()])
    sealing: list[SealingKey] = field(default_factory=lambda: [SealingKey.generate()])
    unreadable: str | None = None
    events: list[Event] = field(default_factory=list)
    current: SignedMember = field(init=False)
    follower: EditionFollower = field(init=False)
    _stamps: int = 0
    _version: int = 0

    def __post_init__(self) -> None:
        self.signer, self.chain = self.office.directory_signer()
        edition = self.edition(self.listed())
        self.follower = EditionFollower(
            edition, roots=self.office.roots, feed=NoFeed(), keep=lambda _: None, clock=lambda: NOW
        )
        self.current = SignedMember(
            mailbox=US,
            make=self.make,
            follower=self.follower,
            keyring=self.ring,
            stamp=lambda: self._stamps,
            tell=self.events.append,
        )

    def make(self, directory: Directory, identity: Identity, trust_store: TrustStore) -> Member:
        return Member(
            mailbox=US,
            directory=directory,
            identity=identity,
            new_id=lambda: pytest.fail("nothing is sent here"),
            trust_store=trust_store,
        )

    def ring(self) -> Keyring:
        if self.unreadable is not None:
            raise BadConfig(file=Path("/keys/signing-1.pem"), why=self.unreadable)
        return Keyring(tuple(self.signing), tuple(HeldSealing(key, None) for key in self.sealing))

    def listed(self, *, by: SigningKey | None = None, sealing: SealingKey | None = None) -> MailboxKeys:
        """What the directory says of us; with another's keys where they are given."""
        signing, sealing = by or self.signing[0], sealing or self.sealing[0]
        certificate = self.office.certificate(US, signing, lasts=timedelta(days=120))
        stated = self.office.statement(US, sealing, signing, days=200)
        return MailboxKeys(certificates=(certificate.der,), sealing=(stated.encoded,))

    def edition(self, keys: MailboxKeys) -> Edition:
        self._version += 1
        name = self.office.issuer.certificate.parsed.subject.public_bytes()
        book = replace(read({"a.toml": AGENCIES}), keys={US: keys})
        register = Register.of(
            book, issuers=[self.office.issuer.certificate.der], revoked=[(name, self.office.revoked().der)]
        )
        encoded = sign(
            register,
            version=self._version,
            issued_at=NOW,
            expires_at=NOW + timedelta(days=60),
            signer=self.signer,
            chain=self.chain,
        )
        edition = accept(None, encoded, roots=self.office.roots, now=NOW)
        assert edition is not None
        return edition

    def publish(self, keys: MailboxKeys) -> None:
        self.follower.offer(self.edition(keys).encoded)

    def touch(self) -> None:
        """Something in the folder of keys changed."""
        self._stamps += 1

    def said(self, at: datetime) -> list[dict[str, Any]]:
        """What the log says of one look."""
        with capture_logs() as logs:
            self.current.member(at)
        return [dict(fact) for fact in logs]


@pytest.fixture
def post() -> Post:
    return Post()


def test_a_new_key_is_used_once_the_directory_names_it(post: Post) -> None:
    """Not before: nobody could verify what it signs."""
    old, new = post.signing[0], SigningKey.generate()
    assert post.current.member(NOW).identity.signing.id == old.id
    post.signing.insert(0, new)
    post.touch()
    later = NOW + timedelta(seconds=3)
    assert post.current.member(later).identity.signing.id == old.id
    post.publish(post.listed(by=new))
    assert post.current.member(later).identity.signing.id == new.id
    assert post.events == []


@pytest.mark.parametrize("strange", ["signing", "sealing"])
def test_a_key_in_our_name_that_is_not_ours_is_told(post: Post, strange: str) -> None:
    """The authority itself may have put it there, rightly signed: whoever holds the other half speaks or reads for us.
    Only we can see it, so we say it, once an edition."""
    post.current.member(NOW)
    other, theirs = SigningKey.generate(), SealingKey.generate()
    keys = post.listed(by=other) if strange == "signing" else post.listed(sealing=theirs)
    post.publish(keys)
    for seconds in range(5):
        post.current.member(NOW + timedelta(seconds=seconds))
    named = other.id if strange == "signing" else theirs.public.id
    assert [(event.name, named in event.detail) for event in post.events] == [("directory.foreign-key", True)]


def test_an_older_key_of_ours_that_comes_back_is_told(post: Post) -> None:
    """The edition is refused everywhere; we say it aloud, since our mail would have been sealed to it."""
    post.current.member(NOW)
    old, new = post.sealing[0], SealingKey.generate()
    post.sealing.insert(0, new)
    post.touch()

    def listed(key: SealingKey, serial: int) -> MailboxKeys:
        keys, until = post.listed(sealing=key), NOW + timedelta(days=60)
        stated = SealingStatement.sign(
            key.public, mailbox=US, since=NOW, until=until, signer=post.signing[0], serial=serial
        )
        return replace(keys, sealing=(stated.encoded,))

    post.publish(listed(new, 7))
    post.publish(listed(old, 6))
    post.current.member(NOW + timedelta(seconds=5))
    assert [event.name for event in post.events] == ["directory.statement-older", "directory.foreign-key"]
    assert "serial 7" in post.events[1].detail


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (HeldSealing(SealingKey.generate(), None, NOW, 7, 7), "withdrawn"),
        (HeldSealing(SealingKey.generate(), None, NOW - timedelta(days=8), 7), "replaced by"),
        (HeldSealing(SealingKey.generate(), None, NOW - timedelta(days=6), 7), None),
        (HeldSealing(SealingKey.generate(), None, NOW - timedelta(days=80), 3), None),
        (HeldSealing(SealingKey.generate()), None),
    ],
    ids=["withdrawn", "replaced", "waiting", "older", "not stated"],
)
def test_a_key_of_ours_that_is_not_ours_any_more_is_told(post: Post, newer: HeldSealing, said: str | None) -> None:
    """Also when no edition is held to compare with: what we stated since is in our own folder. A key that was made a
    moment ago may wait for the directory."""
    ring = post.ring()
    first = HeldSealing(post.sealing[0], None, NOW - timedelta(days=50), 6)
    post.current.keyring = lambda: replace(ring, sealing=(newer, first))
    post.current.member(NOW)
    assert [event.name for event in post.events] == (["directory.foreign-key"] if said else [])
    assert said is None or said in post.events[0].detail


def test_a_directory_without_us_is_told(post: Post) -> None:
    """Nobody can write to us, and nothing we sign counts."""
    edition = post.edition(post.listed())
    post.follower.edition = replace(edition, book=replace(edition.book, keys={}))
    post.current.member(NOW)
    assert [event.name for event in post.events] == ["directory.no-keys-of-ours"]


def test_keys_that_cannot_be_read_any_more_are_told_once(post: Post) -> None:
    """Those held go on; another reason is said again, and when they can be read again all is as before."""
    held = post.current.member(NOW).identity
    looks = iter(NOW + timedelta(seconds=3 * turn) for turn in range(1, 99))
    for why in ("others may read it (mode 0644): chmod 600", "Permission denied"):
        post.unreadable = why
        post.touch()
        said = [fact["event"] for _ in range(4) for fact in post.said(next(looks))]
        assert said == ["keys.unreadable"]
        assert (post.events[-1].name, why in post.events[-1].detail) == ("keys.unreadable", True)
        assert post.current.member(next(looks)).identity.signing == held.signing
    post.unreadable = None
    assert [fact["event"] for fact in post.said(next(looks))] == ["keys.read"]
    assert len(post.events) == 2


def test_keys_that_cannot_be_read_at_start_are_an_error(post: Post) -> None:
    """There are none to go on with."""
    post.unreadable = "chmod 600"
    with pytest.raises(BadConfig, match="chmod 600"):
        post.current.member(NOW)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (NOW - timedelta(minutes=6), OwnClockWrong),
        (NOW + timedelta(days=60, minutes=6), DirectoryExpired),
        (NOW - timedelta(minutes=4), None),
        (NOW + timedelta(days=60, minutes=-1), None),
    ],
)
def test_it_judges_only_while_an_edition_is_in_force(post: Post, at: datetime, error: type[BusError] | None) -> None:
    """By a clock that is before the edition's making, or after its end, nothing is judged: it waits."""
    judge: Callable[[], object] = lambda: post.current.member(at)  # noqa: E731
    if error is None:
        judge()
    else:
        with pytest.raises(error):
            judge()


def test_a_refused_edition_is_told_once(post: Post) -> None:
    """However often the mailbox looks."""
    post.follower.offer(b"LTD\x01 and nothing")
    for seconds in range(3):
        post.current.member(NOW + timedelta(seconds=seconds))
    assert [event.name for event in post.events] == ["directory.refused"]


def test_what_ends_and_when(post: Post) -> None:
    """The edition, the revocation list without which no broker lets anybody in, our certificate, our sealing key."""
    ends = {each.what.en: each.at for each in post.current.endings()}
    assert ends == {
        "directory": NOW + timedelta(days=60),
        "revocation list": BEGIN + timedelta(days=3650),
        "signing certificate": BEGIN + timedelta(days=120),
        "sealing key": BEGIN + timedelta(days=200),
    }


@pytest.mark.parametrize("keys", ["read once", "read anew"])
def test_a_superseded_edition_is_freed(post: Post, keys: str) -> None:
    """With its directory and its member, as soon as the next one is in use; without the collector, for what is loaded
    at start it never looks at."""
    member = post.current.member(NOW)
    for code in (US, THEM):
        member.address(code)
    member.verify_keys(US)
    member.sealing_key(US, now=NOW)
    superseded = [weakref.ref(each) for each in (post.follower.edition, member.directory, member.trust_store)]
    del member
    gc.collect()
    gc.disable()
    try:
        post.publish(post.listed())
        if keys == "read anew":
            post.touch()
        assert post.current.member(NOW + timedelta(seconds=3)).directory.on == NOW.date()
        assert [each() for each in superseded] == [None, None, None]
    finally:
        gc.enable()


def test_an_unsigned_directory_follows_the_calendar_of_vietnam() -> None:
    """A code that closes on 1 July is closed from that midnight in Hà Nội; a fixed day stays."""
    land = Land()
    evening, midnight = datetime(2025, 6, 30, 16, 59, tzinfo=UTC), datetime(2025, 6, 30, 17, tzinfo=UTC)
    calendar, fixed = UnsignedMember(land["G22"].member), UnsignedMember(land["G22"].member, as_of=date(2025, 6, 30))
    for at, closed in ((evening, False), (midnight, True)):
        assert calendar.member(at).directory.is_closed("H08") is closed
        assert not fixed.member(at).directory.is_closed("H08")
