"""A mailbox as a member: whom it serves, whom it seals to, whose signatures count, what others take."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bus.directory.agencies import Directory
from bus.directory.algorithms import Allowed
from bus.directory.keys import MailboxKeys
from bus.directory.member import Member
from bus.directory.sources import render_keys
from bus.errors import NoKey, NotServed, NotUnderstood, UnknownAgency
from bus.trust.keys import Identity, SealingKey, SigningKey, new_identity
from bus.trust.statements import SealingStatement
from schemas.codes import BusinessType
from schemas.docket import Address
from schemas.values import AgencyCode, MailboxCode
from tests.scenarios.guarded import GuardedLand
from tests.unit.bus.directory.country import AFTER, COUNTRY

CLOSED = datetime(2025, 7, 1, tzinfo=UTC)
"""When H08 closes in favour of H21, within a day."""


def member(mailbox: str = "H01", *, on: date = AFTER, identity: Identity | None = None) -> Member:
    return Member(
        mailbox=MailboxCode(mailbox),
        directory=Directory.parse({"country.toml": COUNTRY}, on=on),
        identity=identity or new_identity(),
        new_id=lambda: pytest.fail("nothing is sent here"),
    )


@pytest.mark.parametrize(
    ("agency", "mailbox", "error"),
    [
        ("H01", "H01", None),
        ("H01.7", "H01", None),
        ("000.00.00.H01", "H01", None),
        ("H01.02", None, NotServed),
        ("H99", None, NotServed),
    ],
)
def test_its_own_addresses(agency: str, mailbox: str | None, error: type[Exception] | None) -> None:
    """Only those of agencies that it serves may be a sender."""
    own = member()
    if error is not None:
        with pytest.raises(error):
            own.own_address(AgencyCode(agency))
    else:
        assert own.own_address(AgencyCode(agency)).mailbox == mailbox


def test_an_alias_has_a_canonical_code() -> None:
    """An unknown code stays as it is; its address is an error."""
    own = member()
    assert own.canonical(AgencyCode("000.00.92.H01")) == "H01.02"
    assert own.canonical(AgencyCode("H99")) == "H99"
    with pytest.raises(UnknownAgency):
        own.address(AgencyCode("H99"))


@pytest.mark.parametrize(
    ("address", "made", "now", "served"),
    [
        pytest.param(("H08", "H08"), CLOSED - timedelta(days=2), CLOSED, True, id="made before it closed"),
        pytest.param(("H08.12", "H08"), CLOSED - timedelta(days=2), CLOSED, True, id="a unit below"),
        pytest.param(("H08", "H08"), CLOSED + timedelta(days=2), CLOSED, False, id="made after it closed"),
        pytest.param(("H08", "H08"), CLOSED - timedelta(days=2), CLOSED + timedelta(days=60), False, id="too long ago"),
        pytest.param(("H08", "H01"), CLOSED - timedelta(days=2), CLOSED, False, id="never that mailbox's"),
        pytest.param(("H01", "H01"), CLOSED - timedelta(days=999), CLOSED, True, id="open"),
        pytest.param(("H99", "H01"), CLOSED, CLOSED, False, id="unknown"),
    ],
)
def test_a_closed_code_counts_for_two_months(
    address: tuple[str, str], made: datetime, now: datetime, served: bool
) -> None:
    """What was on its way arrives; nobody goes on under the old code by setting a clock back."""
    agency, mailbox = AgencyCode(address[0]), MailboxCode(address[1])
    assert member().served(Address(agency=agency, mailbox=mailbox), at=made, now=now) is served


@pytest.fixture(scope="module")
def land() -> GuardedLand:
    return GuardedLand()


def test_it_seals_to_the_key_whose_time_it_is(land: GuardedLand) -> None:
    """Under the mailbox's own statement; before and after its time there is none."""
    sender, recipient = land["G22"].member, land["H49"].member
    key = recipient.identity.sealing[0].id
    assert sender.sealing_key("H49", now=land.now).id == key
    assert recipient.uses(key, now=land.now)
    for at in (land.now - timedelta(days=3650), land.now + timedelta(days=3650)):
        with pytest.raises(NoKey):
            sender.sealing_key("H49", now=at)
        assert not recipient.uses(key, now=at)


def test_it_seals_to_no_key_that_was_withdrawn(land: GuardedLand) -> None:
    """Even where the newest one's time has not come: better no key than a stolen one."""
    sender, code = land["G22"].member, MailboxCode("H49")
    signing, old, new = SigningKey.generate(), SealingKey.generate(), SealingKey.generate()
    until = land.now + timedelta(days=90)

    def said(key: SealingKey, since: timedelta, serial: int, withdraws: int) -> bytes:
        statement = SealingStatement.sign(
            key.public,
            mailbox=code,
            since=land.now + since,
            until=until,
            signer=signing,
            serial=serial,
            withdraws=withdraws,
        )
        return statement.encoded

    for withdraws, found in ((0, old.id), (5, None)):
        sealing = (said(new, timedelta(days=1), 5, withdraws), said(old, timedelta(0), 4, 0))
        keys = MailboxKeys(certificates=(land.papers.certificate(code, signing).der,), sealing=sealing)
        book = replace(sender.directory.book, keys={code: keys})
        knowing = replace(sender, mailbox=code, directory=Directory(book, on=sender.directory.on))
        assert knowing.uses(old.id, now=land.now) is (found is not None)
        if found is not None:
            assert knowing.sealing_key(code, now=land.now).id == found
        else:
            with pytest.raises(NoKey):
                knowing.sealing_key(code, now=land.now)


@pytest.mark.parametrize(
    ("entry", "allows", "said"),
    [
        ("", Allowed(), None),
        ('signatures = ["ml-dsa-65", "p256"]\nseals = ["x-wing"]', Allowed(), None),
        ("", Allowed(signatures=("p256",), seals=("x-wing",)), None),
        ('signatures = ["ml-dsa-65"]', Allowed(), "H21 does not take p256"),
        ('seals = ["ml-kem-1024"]', Allowed(), "H21 does not take x-wing"),
        ("", Allowed(signatures=("ml-dsa-65",)), "the directory allows ml-dsa-65"),
        ("", Allowed(seals=("ml-kem-1024",)), "the directory allows ml-kem-1024"),
    ],
    ids=map(str, range(7)),
)
def test_a_mailbox_says_what_it_reads(entry: str, allows: Allowed, said: str | None) -> None:
    """Algorithms of tomorrow only: nothing that we make could be read there, and the sender is told before sealing."""
    text = COUNTRY.replace('code = "H21"\nserves', f'code = "H21"\n{entry}\nserves')
    directory = Directory.parse({"country.toml": text}, on=AFTER)
    own = replace(member(), directory=Directory(replace(directory.book, allows=allows), on=AFTER))
    if said is None:
        own.check_reads([MailboxCode("H21"), MailboxCode("H01")])
    else:
        with pytest.raises(NotUnderstood, match=said):
            own.check_reads([MailboxCode("H21"), MailboxCode("H01")])


def test_a_signature_counts_while_its_certificate_does(land: GuardedLand) -> None:
    """With the reason where it does not; at a moment, and by a mailbox's own certificate only."""
    sender, signer = land["G22"].member, land["H49"].member.identity.signing.id
    assert [key.id for key in sender.verify_keys("H49")] == [signer]
    assert sender.objection("H49", signer, at=land.now) is None
    assert "expired" in str(sender.objection("H49", signer, at=land.now + timedelta(days=3650)))
    assert "valid only from" in str(sender.objection("H49", signer, at=land.now - timedelta(days=3650)))


def test_an_unsigned_directory_is_believed() -> None:
    """Its bare keys sign and open at any time."""
    identity = new_identity()
    entry = render_keys(
        "H21", signing=[identity.signing.public.to_bytes()], sealing=[identity.sealing[0].public.to_bytes()]
    )
    directory = Directory.parse({"country.toml": COUNTRY, "keys.toml": entry}, on=AFTER)
    own = replace(member("H21", identity=identity), directory=directory)
    assert own.sealing_key("H21", now=CLOSED).id == identity.sealing[0].id
    assert own.uses(identity.sealing[0].id, now=CLOSED)
    assert [key.id for key in own.verify_keys("H21")] == [identity.signing.id]
    assert own.objection("H21", SigningKey.generate().id, at=CLOSED) is None


@pytest.mark.parametrize(
    ("listed", "to", "version"),
    [
        ({"H21": "[1, 2]"}, ["H21"], 2),
        ({"H21": "[1]"}, ["H21"], 1),
        ({}, ["H21"], 1),
        ({"H21": "[1, 2]", "H01": "[2, 1, 3]"}, ["H21", "H01"], 2),
        ({"H21": "[1, 2]"}, ["H21", "H01"], 1),
        ({"H21": "[1, 3]"}, ["H21"], 1),
    ],
)
def test_a_document_goes_in_the_newest_version_that_all_read(
    listed: dict[str, str], to: list[str], version: int
) -> None:
    """Where one recipient reads version 1 only, or says nothing, it is that for all (schemas §2.5)."""
    text = COUNTRY
    for code, versions in listed.items():
        text = text.replace(f'[[mailbox]]\ncode = "{code}"\n', f'[[mailbox]]\ncode = "{code}"\nversions = {versions}\n')
    own = replace(member(), directory=Directory.parse({"country.toml": text}, on=AFTER))
    assert own.version_for(MailboxCode(code) for code in to) == version


@pytest.mark.parametrize(
    ("entry", "business", "taken"),
    [
        ("", BusinessType.NEW, True),
        ("takes = [0]", BusinessType.NEW, True),
        ("takes = [1]", BusinessType.NEW, False),
        ("takes = [1]", None, True),
        ("versions = [2]", None, False),
    ],
)
def test_a_mailbox_says_what_it_takes(entry: str, business: BusinessType | None, taken: bool) -> None:
    """Business types and versions; what it does not take is not sent."""
    text = COUNTRY.replace('code = "H21"\nserves', f'code = "H21"\n{entry}\nserves')
    own = replace(member(), directory=Directory.parse({"country.toml": text}, on=AFTER))
    if taken:
        own.check_takes(MailboxCode("H21"), business)
    else:
        with pytest.raises(NotUnderstood):
            own.check_takes(MailboxCode("H21"), business)
