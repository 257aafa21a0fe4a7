"""From where a mailbox judges while edition and keys change under it: what it says of either, and how often."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.bulletin import Bulletin
from bus.daemon.standpoint import Standpoint
from bus.edition import Edition, accept, sign
from bus.errors import BadConfig, BusError, DirectoryExpired, OwnClockWrong
from bus.keys import HeldSealing, Keyring, SealingKey, SigningKey
from bus.listing import MailboxKeys, read
from bus.mailroom import Member
from bus.records import Event
from bus.register import Register
from tests.identities import BEGIN, Papers, papers
from tests.scenarios.country import AGENCIES

NOW = BEGIN + timedelta(days=100)
US, THEM = "H49", "G22"


class NoFeed:
    def changes(self, *, wait: float) -> tuple[bytes, ...]:
        return ()

    def whole(self, *, wait: float) -> None:
        return None

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
    standpoint: Standpoint = field(init=False)
    _stamps: int = 0
    _version: int = 0

    def __post_init__(self) -> None:
        self.signer, self.chain = self.office.directory_signer()
        edition = self.edition(self.listed())
        bulletin = Bulletin(edition, roots=self.office.roots, feed=NoFeed(), keep=lambda _: None, clock=lambda: NOW)
        base = Member(
            mailbox=US,
            directory=edition.directory(NOW.date()),
            identity=self.ring().identity(listed=(), now=NOW),
            new_id=lambda: pytest.fail("nothing is sent here"),
            vouching=edition.vouching,
        )
        self.standpoint = Standpoint(
            base=base, bulletin=bulletin, keyring=self.ring, stamp=lambda: self._stamps, tell=self.events.append
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
        self.standpoint.bulletin.offer(self.edition(keys).encoded)

    def touch(self) -> None:
        """Something in the folder of keys changed."""
        self._stamps += 1

    def said(self, at: datetime) -> list[dict[str, Any]]:
        """What the log says of one look."""
        with capture_logs() as logs:
            self.standpoint.member(at)
        return [dict(fact) for fact in logs]


@pytest.fixture
def post() -> Post:
    return Post()


def test_a_new_key_is_used_once_the_directory_names_it(post: Post) -> None:
    """Not before: nobody could verify what it signs."""
    old, new = post.signing[0], SigningKey.generate()
    assert post.standpoint.member(NOW).identity.signing.id == old.id
    post.signing.insert(0, new)
    post.touch()
    later = NOW + timedelta(seconds=3)
    assert post.standpoint.member(later).identity.signing.id == old.id
    post.publish(post.listed(by=new))
    assert post.standpoint.member(later).identity.signing.id == new.id
    assert post.events == []


@pytest.mark.parametrize("strange", ["signing", "sealing"])
def test_a_key_in_our_name_that_is_not_ours_is_told(post: Post, strange: str) -> None:
    """The authority itself may have put it there, rightly signed: whoever holds the other half speaks or reads for us.
    Only we can see it, so we say it, once an edition."""
    post.standpoint.member(NOW)
    other, theirs = SigningKey.generate(), SealingKey.generate()
    keys = post.listed(by=other) if strange == "signing" else post.listed(sealing=theirs)
    post.publish(keys)
    for seconds in range(5):
        post.standpoint.member(NOW + timedelta(seconds=seconds))
    named = other.id if strange == "signing" else theirs.public.id
    assert [(event.name, named in event.detail) for event in post.events] == [("directory.foreign-key", True)]


def test_a_directory_without_us_is_told(post: Post) -> None:
    """Nobody can write to us, and nothing we sign counts."""
    edition = post.edition(post.listed())
    post.standpoint.bulletin.edition = replace(edition, book=replace(edition.book, keys={}))
    post.standpoint.member(NOW)
    assert [event.name for event in post.events] == ["directory.no-keys-of-ours"]


def test_keys_that_cannot_be_read_any_more_are_told_once(post: Post) -> None:
    """Those held go on; another reason is said again, and when they can be read again all is as before."""
    held = post.standpoint.member(NOW).identity
    looks = iter(NOW + timedelta(seconds=3 * turn) for turn in range(1, 99))
    for why in ("quyền 0644 (others may read it): chmod 600", "Permission denied"):
        post.unreadable = why
        post.touch()
        said = [fact["event"] for _ in range(4) for fact in post.said(next(looks))]
        assert said == ["keys.unreadable"]
        assert (post.events[-1].name, why in post.events[-1].detail) == ("keys.unreadable", True)
        assert post.standpoint.member(next(looks)).identity.signing == held.signing
    post.unreadable = None
    assert [fact["event"] for fact in post.said(next(looks))] == ["keys.read"]
    assert len(post.events) == 2


def test_keys_that_cannot_be_read_at_start_are_an_error(post: Post) -> None:
    """There are none to go on with."""
    post.unreadable = "chmod 600"
    with pytest.raises(BadConfig, match="chmod 600"):
        post.standpoint.member(NOW)


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
    judge: Callable[[], object] = lambda: post.standpoint.member(at)  # noqa: E731
    if error is None:
        judge()
    else:
        with pytest.raises(error):
            judge()


def test_a_refused_edition_is_told_once(post: Post) -> None:
    """However often the mailbox looks."""
    post.standpoint.bulletin.offer(b"LTD\x01 and nothing")
    for seconds in range(3):
        post.standpoint.member(NOW + timedelta(seconds=seconds))
    assert [event.name for event in post.events] == ["directory.refused"]


def test_what_ends_and_when(post: Post) -> None:
    """The edition, the revocation list without which no broker lets anybody in, our certificate, our sealing key."""
    ends = {each.what.en: each.at for each in post.standpoint.endings()}
    assert ends == {
        "directory": NOW + timedelta(days=60),
        "revocation list": BEGIN + timedelta(days=3650),
        "signing certificate": BEGIN + timedelta(days=120),
        "sealing key": BEGIN + timedelta(days=200),
    }
