"""A mailbox's word for its sealing key."""

import json
from datetime import timedelta

import pytest

from bus.errors import BadDirectory
from bus.trust.keys import Algorithm, SealingKey, SigningKey
from bus.trust.statements import SealingStatement, counting, is_newest_first
from schemas.framing import frame
from tests.identities import BEGIN

UNTIL = BEGIN + timedelta(days=10)
KEY = SealingKey.generate()


def stated(signer: SigningKey) -> SealingStatement:
    return SealingStatement.sign(KEY.public, mailbox="H49", since=BEGIN, until=UNTIL, signer=signer)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_it_holds_for_its_mailbox_and_key(algorithm: Algorithm) -> None:
    """Signed by one of the mailbox's keys; not by another's, and not for another."""
    signer, other = SigningKey.generate(algorithm), SigningKey.generate()
    again = SealingStatement.from_bytes(stated(signer).encoded)
    assert again.holds("H49", [other.public, signer.public])
    assert not again.holds("H50", [signer.public])
    assert not again.holds("H49", [other.public])
    assert (again.key, again.since, again.until, again.signed_by) == (KEY.public, BEGIN, UNTIL, signer.id)


def test_it_covers_its_time() -> None:
    """From its beginning until before its end."""
    statement = stated(SigningKey.generate())
    moments = (BEGIN - timedelta(seconds=1), BEGIN, UNTIL - timedelta(seconds=1), UNTIL)
    assert [statement.covers(at) for at in moments] == [False, True, True, False]


def test_an_altered_one_does_not_hold() -> None:
    """Another key or another date under the old signature."""
    signer = SigningKey.generate()
    statement = stated(signer)
    head = json.dumps({"mailbox": "H49", "since": "2016-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}).encode()
    signature = statement.encoded[-64:]
    longer = frame((head, KEY.public.to_bytes(), signer.id.encode(), signature))
    assert not SealingStatement.from_bytes(longer).holds("H49", [signer.public])


def test_pem() -> None:
    """Several in a text, whatever else stands there."""
    one, other = stated(SigningKey.generate()), stated(SigningKey.generate())
    assert SealingStatement.from_pem(b"x\n" + one.to_pem() + b"\xff\n" + other.to_pem()) == (one, other)
    assert SealingStatement.from_pem(b"nothing") == ()


def test_it_has_a_serial_and_may_withdraw_older_ones() -> None:
    """Newer is what has the higher serial, and of those without one what begins later. Without either, the text is as
    it was before there were serials."""
    signer = SigningKey.generate()

    def said(serial: int, withdraws: int = 0, at: int = 0) -> SealingStatement:
        since = BEGIN + timedelta(hours=at)
        return SealingStatement.sign(
            KEY.public, mailbox="H49", since=since, until=UNTIL, signer=signer, serial=serial, withdraws=withdraws
        )

    assert b"serial" not in stated(signer).encoded
    again = SealingStatement.from_bytes(said(7, 5).encoded)
    assert (again.serial, again.withdraws, again.holds("H49", [signer.public])) == (7, 5, True)
    assert said(0).order < said(0, at=1).order < said(1).order < said(2).order
    assert [each.serial for each in counting([said(7, 5), said(5), said(4), said(0)])] == [7, 5]
    assert counting([]) == ()
    assert is_newest_first([said(7), said(7), said(0), said(0, at=1)])
    assert not is_newest_first([said(6), said(7)])


STRANGE = (
    b',"serial":-1', b',"serial":true', b',"serial":"7"', b',"serial":7.0', b',"serial":9007199254740992',
    b',"serial":1' + b"0" * 2000, b',"serial":3,"withdraws":4', b',"withdraws":1', b',"serial":NaN',
)  # fmt: skip


def broken() -> list[bytes]:
    good = stated(SigningKey.generate())
    key, head = (
        KEY.public.to_bytes(),
        b'{"mailbox":"H49","since":"2016-01-01T00:00:00Z","until":"2017-01-01T00:00:00Z"}',
    )
    tail = (good.signed_by.encode(), bytes(64))
    return [
        b"",
        good.encoded[:-1],
        b"x" * 5000,
        frame((b"[]", key, *tail)),
        frame((b"{}", key, *tail)),
        frame((b"{", key, *tail)),
        frame((head, key[:-1], *tail)),
        frame((head, key, tail[0], bytes(63))),
        frame((head, key, b"\xff", tail[1])),
        frame((head.replace(b'"H49"', b"1"), key, *tail)),
        frame((head.replace(b"2016-01-01T00:00:00Z", b"soon"), key, *tail)),
        frame((head.replace(b"2016-01-01T00:00:00Z", b"2016-01-01T00:00:00"), key, *tail)),  # whose midnight?
        frame((head.replace(b"2017-01-01T00:00:00Z", b"2017-01-01"), key, *tail)),
        frame((head, bytes(1216), *tail)),
        *(frame((head[:-1] + more + b"}", key, *tail)) for more in STRANGE),
        frame((b"[" * 3000, key, *tail)),
    ]


@pytest.mark.parametrize("data", broken())
def test_what_is_none_is_said(data: bytes) -> None:
    """Whatever the bytes: an error in words, and nothing else."""
    with pytest.raises(BadDirectory):
        SealingStatement.from_bytes(data)


def test_a_text_that_is_not_base64() -> None:
    """Named for what it is."""
    with pytest.raises(BadDirectory, match="not base64"):
        SealingStatement.from_pem(b"-----BEGIN LIENTHONG SEALING KEY-----\n!\n-----END LIENTHONG SEALING KEY-----\n")
