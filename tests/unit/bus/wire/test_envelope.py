"""bus/wire/envelope.py. Messages that others may send are in tests/vectors/ too; here are the promises to callers, and
what mutated bytes do."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import BadMessage, BadSignature, BusError, CannotOpen, NoKey, TooLarge, TooManyRecipients
from bus.trust.keys import Algorithm, SealingKey, SigningKey, VerifyKey
from bus.wire import envelope
from bus.wire.envelope import (
    MAGIC,
    MAX_DOCKET,
    MAX_MAILBOXES,
    MAX_WRAPS,
    Envelope,
    encrypt,
    open_,
    parse,
    seal,
    verify,
    wrap_again,
)
from schemas.docket import MAX_ACKNOWLEDGED, MAX_ADDRESSES, Acknowledged, Address
from schemas.framing import frame
from schemas.values import MessageId
from tests.vectors.make import CITY_KEY, DOCUMENT, NEW, OLD, P256, RECEIPT, RECIPIENTS, STATUS, docket_of, parts_of

CONTENT = b"content" * 100
ENCRYPTED = encrypt(CONTENT)
DOCKET = docket_of(DOCUMENT, ENCRYPTED.content)
BODY = seal(DOCKET, ENCRYPTED, signer=P256, recipients=RECIPIENTS)
SINGLE = docket_of(STATUS, ENCRYPTED.content)
SINGLE_BODY = seal(SINGLE, ENCRYPTED, signer=P256, recipients=RECIPIENTS)
RECEIPT_BODY = seal(RECEIPT, None, signer=P256, recipients={})


def judged(body: bytes) -> bytes | type[BusError]:
    """What the recipient G22 makes of a body: its content, or the error."""
    try:
        parsed = parse(body)
        verify(parsed, [P256.public])
        return open_(parsed, mailbox="G22", keys=[NEW, OLD])
    except BusError as error:
        return BadSignature if isinstance(error, BadSignature) else type(error)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("content", [b"", b"x", bytes(3 * 1024 * 1024)], ids=["none", "one byte", "3 MiB"])
def test_round_trip(algorithm: Algorithm, content: bytes) -> None:
    """Each recipient opens what was sealed, whatever its size."""
    signer = SigningKey.generate(algorithm)
    encrypted = encrypt(content)
    body = seal(docket_of(DOCUMENT, encrypted.content), encrypted, signer=signer, recipients=RECIPIENTS)
    parsed = parse(body)
    verify(parsed, [P256.public, signer.public])
    assert open_(parsed, mailbox="G22", keys=[NEW, OLD]) == content
    assert open_(parsed, mailbox="H29", keys=[CITY_KEY]) == content


def test_parsed() -> None:
    """A parsed envelope holds the docket as it was made, and the body it came from."""
    parsed = parse(BODY)
    assert parsed.docket == DOCKET
    assert parsed.docket_bytes == DOCKET.to_json()
    assert parsed.body is BODY
    assert [wrap.mailbox for wrap in parsed.wraps] == ["G22", "H29"]
    assert parsed.sealed == ENCRYPTED.sealed
    assert (parsed.signature.algorithm, parsed.signature.key_id) == ("p256", P256.id)


def test_receipt() -> None:
    """A receipt is signed like any message, and there is nothing in it to open."""
    parsed = parse(RECEIPT_BODY)
    verify(parsed, [P256.public])
    assert (parsed.wraps, bytes(parsed.sealed)) == ((), b"")
    with pytest.raises(CannotOpen):
        open_(parsed, mailbox="G22", keys=[OLD])


def test_encrypted_twice() -> None:
    """The same content is encrypted under a new key each time."""
    again = encrypt(CONTENT)
    assert again.key != ENCRYPTED.key
    assert again.sealed != ENCRYPTED.sealed
    assert CONTENT not in bytes(again.sealed)


def test_no_secret_in_repr() -> None:
    """Neither the content key nor content nor wraps show in a repr."""
    assert repr(ENCRYPTED) == f"Encrypted(content={ENCRYPTED.content!r})"
    assert "wraps" not in repr(parse(BODY))
    assert "body" not in repr(parse(BODY))


def test_sealed_for_the_docket_only() -> None:
    """The content key is wrapped for the docket's mailboxes, though keys of others are at hand."""
    assert {wrap.mailbox for wrap in parse(SINGLE_BODY).wraps} == {"G22"}


def test_no_key() -> None:
    """A recipient without a key stops the sealing, by name: none of them gets a message that another cannot open."""
    with pytest.raises(NoKey, match="H29"):
        seal(DOCKET, ENCRYPTED, signer=P256, recipients={"G22": OLD.public})


@pytest.mark.parametrize("encrypted", [None, encrypt(b"other")])
def test_other_content(encrypted: envelope.Encrypted | None) -> None:
    """A docket is not sealed with content that it does not describe."""
    with pytest.raises(ValueError, match="other content"):
        seal(DOCKET, encrypted, signer=P256, recipients=RECIPIENTS)


def _addresses(count: int) -> tuple[Address, ...]:
    return tuple(Address(agency=f"X{number}", mailbox=f"X{number}") for number in range(count))


def test_most_mailboxes() -> None:
    """A message goes to as many mailboxes as its AMQP header can name, and no more."""
    docket = DOCKET.model_copy(update={"recipients": _addresses(MAX_MAILBOXES)})
    keys = {address.mailbox: OLD.public for address in docket.recipients}
    assert len(parse(seal(docket, ENCRYPTED, signer=P256, recipients=keys)).wraps) == MAX_MAILBOXES
    docket = DOCKET.model_copy(update={"recipients": _addresses(MAX_MAILBOXES + 1)})
    with pytest.raises(TooManyRecipients, match="1025 recipients; one message goes to 1024"):
        seal(docket, ENCRYPTED, signer=P256, recipients=keys)


def units(count: int) -> tuple[Address, ...]:
    """Of one mailbox."""
    return tuple(Address(agency=f"G22.{number}", mailbox="G22") for number in range(count))


def test_most_addresses() -> None:
    """A message goes to as many agencies as the country has, and no more; whoever reads a longer list refuses it."""
    most = DOCKET.model_copy(update={"recipients": units(MAX_ADDRESSES)})
    body = seal(most, ENCRYPTED, signer=P256, recipients=RECIPIENTS)
    assert len(parse(body).docket.recipients) == MAX_ADDRESSES
    more = DOCKET.model_copy(update={"recipients": units(MAX_ADDRESSES + 1)})
    with pytest.raises(TooManyRecipients, match="4097 recipients; one message goes to 4096"):
        seal(more, ENCRYPTED, signer=P256, recipients=RECIPIENTS)
    with pytest.raises(BadMessage, match="4097 recipients in its docket; 4096 are the most"):
        parse(frame([more.to_json(), *parts_of(body)[1:]], after=MAGIC))
    twice = DOCKET.model_copy(update={"recipients": (*units(1), *units(1))})
    with pytest.raises(BadMessage, match="names one recipient twice"):
        parse(frame([twice.to_json(), *parts_of(body)[1:]], after=MAGIC))


def test_most_lines() -> None:
    """A receipt is about as many messages as an adapter takes in before it answers, and no more."""
    line = RECEIPT.acknowledges[0]
    for count in (MAX_ACKNOWLEDGED, MAX_ACKNOWLEDGED + 1):
        docket = RECEIPT.model_copy(update={"acknowledges": (line,) * count})
        body = frame([docket.to_json(), *parts_of(RECEIPT_BODY)[1:]], after=MAGIC)
        if count == MAX_ACKNOWLEDGED:
            assert len(parse(body).docket.acknowledges) == count
            continue
        with pytest.raises(BadMessage, match="1025 lines; 1024 are the most"):
            parse(body)


def test_large_docket() -> None:
    """A docket over 1 MiB is neither written nor read."""
    line = Acknowledged(message=MessageId("m"), docket_sha256="0" * 64, outcome=RECEIPT.acknowledges[0].outcome)
    docket = RECEIPT.model_copy(update={"acknowledges": (line,) * 10_000})
    with pytest.raises(TooLarge, match="docket"):
        seal(docket, None, signer=P256, recipients={})
    with pytest.raises(BadMessage, match=f"{MAX_DOCKET} are the most"):
        parse(frame([docket.to_json(), *parts_of(RECEIPT_BODY)[1:]], after=MAGIC))


# -- attacks -----------------------------------------------------------------------------------------------------------

DOCKET_PART, SIGNATURE_PART, WRAPS_PART, SEALED_PART = parts_of(BODY)
OTHER = encrypt(CONTENT)
OTHER_DOCKET, OTHER_SIGNATURE, OTHER_WRAPS, OTHER_SEALED = parts_of(
    seal(docket_of(DOCUMENT, OTHER.content), OTHER, signer=P256, recipients=RECIPIENTS)
)
TO_ANOTHER = DOCKET_PART.replace(b'"mailbox":"G22"', b'"mailbox":"G23"')
OWN_WRAP = [b"G22", OLD.id.encode(), bytes(parse(BODY).wraps[0].wrapped)]
CITY_WRAP = [b"H29", CITY_KEY.id.encode(), bytes(parse(BODY).wraps[1].wrapped)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param((DOCKET_PART, SIGNATURE_PART, WRAPS_PART, SEALED_PART), CONTENT, id="as it was"),
        pytest.param((OTHER_DOCKET, SIGNATURE_PART, WRAPS_PART, SEALED_PART), BadSignature, id="docket swapped"),
        pytest.param((DOCKET_PART, OTHER_SIGNATURE, WRAPS_PART, SEALED_PART), BadSignature, id="signature swapped"),
        pytest.param((DOCKET_PART, SIGNATURE_PART, WRAPS_PART, OTHER_SEALED), BadSignature, id="content swapped"),
        pytest.param((DOCKET_PART, SIGNATURE_PART, OTHER_WRAPS, SEALED_PART), CannotOpen, id="wraps swapped"),
        pytest.param((OTHER_DOCKET, OTHER_SIGNATURE, WRAPS_PART, OTHER_SEALED), CannotOpen, id="wraps kept"),
        pytest.param((TO_ANOTHER, SIGNATURE_PART, WRAPS_PART, SEALED_PART), BadSignature, id="recipient changed"),
        pytest.param((DOCKET_PART, SIGNATURE_PART, frame(CITY_WRAP), SEALED_PART), CannotOpen, id="own wrap taken out"),
        pytest.param((DOCKET_PART, SIGNATURE_PART, frame(OWN_WRAP), SEALED_PART), CONTENT, id="other wraps taken out"),
        pytest.param(
            (DOCKET_PART, SIGNATURE_PART, frame([*OWN_WRAP[:2], CITY_WRAP[2]]), SEALED_PART),
            CannotOpen,
            id="wrap of another recipient",
        ),
        pytest.param(
            (DOCKET_PART, SIGNATURE_PART, frame([b"G22", CITY_KEY.id.encode(), OWN_WRAP[2]]), SEALED_PART),
            CannotOpen,
            id="key id changed",
        ),
        pytest.param(
            (DOCKET_PART, SIGNATURE_PART, frame([b"G 22", *OWN_WRAP[1:]]), SEALED_PART), BadMessage, id="no mailbox"
        ),
        pytest.param(
            (DOCKET_PART, SIGNATURE_PART, frame([b"G22", OLD.id.upper().encode(), OWN_WRAP[2]]), SEALED_PART),
            BadMessage,
            id="no key id",
        ),
        pytest.param(
            (DOCKET_PART, SIGNATURE_PART, frame([*OWN_WRAP, b"G22", NEW.id.encode(), bytes(1168)]), SEALED_PART),
            CONTENT,
            id="a broken wrap for another own key",
        ),
        pytest.param((DOCKET_PART, SIGNATURE_PART, b"", SEALED_PART), CannotOpen, id="no wraps"),
        pytest.param((DOCKET_PART, b"", WRAPS_PART, SEALED_PART), BadMessage, id="no signature"),
        pytest.param((DOCKET_PART, SIGNATURE_PART, WRAPS_PART, b""), BadSignature, id="no content"),
        pytest.param((b"", SIGNATURE_PART, WRAPS_PART, SEALED_PART), BadMessage, id="no docket"),
    ],
)
def test_taken_apart(parts: tuple[bytes, ...], expected: bytes | type[BusError]) -> None:
    """A message taken apart and put together differently is refused, unless nothing of ours was touched."""
    assert judged(frame(parts, after=MAGIC)) == expected


def test_a_message_of_version_2() -> None:
    """It is sealed, opened and wrapped again as one of version 1, under four other bytes."""
    encrypted = encrypt(CONTENT)
    docket = docket_of(DOCUMENT, encrypted.content, version=2, issued_on=DOCUMENT.issued_on)
    body = seal(docket, encrypted, signer=P256, recipients=RECIPIENTS)
    assert body.startswith(b"LT\x02\n")
    assert judged(body) == CONTENT
    again = wrap_again(parse(body), encrypted.key, recipients={"G22": NEW.public})
    assert again.startswith(b"LT\x02\n")
    assert judged(again) == CONTENT


@pytest.mark.parametrize("keys", [[], [SigningKey.generate().public]])
def test_no_verify_key(keys: list[VerifyKey]) -> None:
    """Without the very key that is named, nothing is signed."""
    with pytest.raises(BadSignature, match="is not in the directory"):
        verify(parse(BODY), keys)


def test_too_many_wraps() -> None:
    """A message cannot make a reader try wraps without end."""
    wraps = frame([b"G22", b"0" * 32, bytes(1168)] * (MAX_WRAPS + 1))
    with pytest.raises(BadMessage, match="more than 12288 parts"):
        parse(frame((DOCKET_PART, SIGNATURE_PART, wraps, SEALED_PART), after=MAGIC))


def test_altered_after_verify() -> None:
    """Content altered where nobody verified it does not open: the seal holds by itself."""
    sealed = bytearray(SEALED_PART)
    sealed[-1] ^= 1
    with pytest.raises(CannotOpen, match="its content was altered"):
        open_(replace(parse(BODY), sealed=memoryview(sealed)), mailbox="G22", keys=[OLD])


def test_cut_anywhere() -> None:
    """A message cut anywhere is no message: no shorter one hides in it."""
    for length in range(len(SINGLE_BODY)):
        with pytest.raises(BadMessage):
            parse(SINGLE_BODY[:length])


def test_flipped_bit_anywhere() -> None:
    """One flipped bit, wherever it is, and the message is refused: every byte of it counts for its recipient."""
    for at in range(len(SINGLE_BODY)):
        changed = bytearray(SINGLE_BODY)
        changed[at] ^= 1 << (at % 8)
        assert judged(bytes(changed)) in {BadMessage, BadSignature, CannotOpen}, at


# -- arbitrary bytes ---------------------------------------------------------------------------------------------------


def _parsed(body: bytes) -> Envelope | None:
    try:
        return parse(body)
    except BadMessage:
        return None


@given(st.binary(max_size=200) | st.binary(max_size=200).map(MAGIC.__add__))
def test_arbitrary_bytes(body: bytes) -> None:
    """Arbitrary bytes are refused as what they are: no message."""
    assert _parsed(body) is None


_PARTS = st.tuples(
    st.sampled_from([DOCKET_PART, RECEIPT.to_json()]) | st.binary(max_size=64) | st.text(max_size=64).map(str.encode),
    st.just(SIGNATURE_PART) | st.lists(st.binary(max_size=70), max_size=4).map(frame),
    st.sampled_from([b"", WRAPS_PART]) | st.lists(st.binary(max_size=40), max_size=7).map(frame),
    st.just(SEALED_PART) | st.binary(max_size=64),
)


@given(_PARTS)
def test_arbitrary_parts(parts: tuple[bytes, ...]) -> None:
    """Arbitrary parts in good framing parse, or are refused as no message; nothing else is raised."""
    parsed = _parsed(frame(parts, after=MAGIC))
    assert parsed is None or parsed.docket_bytes == parts[0]


@settings(max_examples=200)
@given(
    st.sampled_from([SINGLE_BODY, RECEIPT_BODY]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=4),
)
def test_mutated(body: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """However a message is cut about, it is refused or it is the same message."""
    mutated = body
    for at, length, put in edits:
        start = at % (len(mutated) + 1)
        mutated = mutated[:start] + put + mutated[start + length :]
    parsed = _parsed(mutated)
    if parsed is None or mutated == body:
        return
    assert judged(mutated) in {BadSignature, CannotOpen}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from(["expires_at", "id", "sender", "acknowledges", "priority", "due_on"]), _JSON)
def test_arbitrary_docket(name: str, value: object) -> None:
    """A docket with any JSON in the place of a value parses or is refused; nothing else is raised."""
    text = json.dumps({**json.loads(RECEIPT.to_json()), name: value}).encode()
    parsed = _parsed(frame([text, *parts_of(RECEIPT_BODY)[1:]], after=MAGIC))
    assert parsed is None or parsed.docket.kind is RECEIPT.kind


def test_wrapped_again_it_opens_with_the_new_key_only() -> None:
    """Docket, signature and content stay to the byte, and so do the wraps of others."""
    mailbox = DOCKET.mailboxes[0]
    before = parse(BODY)
    fresh = SealingKey.generate()
    again = parse(wrap_again(before, ENCRYPTED.key, recipients={mailbox: fresh.public}))
    verify(again, [P256.public])
    assert open_(again, mailbox=mailbox, keys=[fresh]) == CONTENT
    assert (again.docket_sha256, again.signature, bytes(again.sealed)) == (
        before.docket_sha256,
        before.signature,
        bytes(before.sealed),
    )
    others = [[wrap.wrapped.hex() for wrap in each.wraps if wrap.mailbox != mailbox] for each in (before, again)]
    assert others[0] == others[1]
    with pytest.raises(CannotOpen):
        open_(again, mailbox=mailbox, keys=[OLD, NEW])
    with pytest.raises(ValueError, match="another key"):
        wrap_again(before, bytes(32), recipients={mailbox: fresh.public})
