"""The sealed envelope: a docket, its signature, content encrypted once, and the content key wrapped for each recipient.

Bytes in, bytes out; schemas/README.md §2–§5 is this file in words. Which keys to use is the caller's to know
(bus/directory/agencies.py), what is in the content too (schemas/content.py). The only thing taken from the world is the
operating system's randomness.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from bus.errors import (
    BadMessage,
    BadSignature,
    BusError,
    CannotOpen,
    NoKey,
    TooLarge,
    TooManyRecipients,
    UnknownKey,
    Words,
    quoted,
    said,
)
from bus.trust.keys import SIGNATURE_SIZE, WRAPPED_SIZE, KeyId, SealingKey, SealingPublicKey, Signer, VerifyKey
from bus.wire.batch import map_each
from schemas.docket import MAX_ACKNOWLEDGED, MAX_ADDRESSES, Docket, SealedContent
from schemas.framing import frame, unframe
from schemas.values import MailboxCode

MAGIC: Final = b"LT\x01\n"  # schemas §2.3
MAGICS: Final[Mapping[int, bytes]] = {1: MAGIC, 2: b"LT\x02\n"}  # schemas §2.4; all of one length
MAX_DOCKET = 1024 * 1024
MAX_WRAPS = 4096
MAX_MAILBOXES = 1024
"""Recipient mailboxes of one message: their routing keys must fit into one AMQP header frame. schemas §8.1"""

# schemas §4.3, §4.6, §4.7: what each key is used for, so that bytes made for one use never pass for another.
SIGNED: Final = b"lienthong/1 docket\n"
COMMITTED: Final = b"lienthong/1 commit\n"
WRAPPED: Final = b"lienthong/1 wrap\n"

# A key is made in `encrypt`, encrypts there once, and is never used to encrypt again: one fixed nonce cannot repeat.
_NONCE: Final = bytes(12)
_COMMITMENT_SIZE: Final = 32
_TAG_SIZE: Final = 16
_PARTS: Final = 4
_WRAP_PARTS: Final = 3
_SIGNATURE_PARTS: Final = 3

_MAILBOX = re.compile(rb"[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}")
_KEY_ID = re.compile(rb"[0-9a-f]{32}")
_ALGORITHM = re.compile(rb"[a-z0-9][a-z0-9\-]{0,31}")


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Content under a key of its own, not yet anybody's to open."""

    key: bytes = field(repr=False)
    sealed: memoryview = field(repr=False)
    content: SealedContent


class Signature(NamedTuple):
    algorithm: str
    key_id: KeyId
    value: bytes


class Wrap(NamedTuple):
    """The content key, for one key of one mailbox."""

    mailbox: MailboxCode
    key_id: KeyId
    wrapped: memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message taken apart. Nothing in it is to be believed before `verify`."""

    body: bytes = field(repr=False)
    docket: Docket
    docket_bytes: bytes = field(repr=False)
    """As signed."""
    docket_sha256: str
    signature: Signature
    wraps: tuple[Wrap, ...] = field(repr=False)
    sealed: memoryview = field(repr=False)
    """A view of `body`."""


def encrypt(content: bytes) -> Encrypted:
    """Encrypts content once, however many will open it."""
    key = AESGCM.generate_key(256)
    sealed = bytearray(_COMMITMENT_SIZE + len(content) + _TAG_SIZE)
    sealed[:_COMMITMENT_SIZE] = _commitment(key)
    AESGCM(key).encrypt_into(_NONCE, content, None, memoryview(sealed)[_COMMITMENT_SIZE:])  # schemas §4.6
    digest = hashlib.sha256(sealed).hexdigest()
    return Encrypted(key, memoryview(sealed).toreadonly(), SealedContent(size=len(sealed), sha256=digest))


class Letter(NamedTuple):
    """A docket, its content, and who is to open it; `recipients` may know more than the docket's mailboxes."""

    docket: Docket
    encrypted: Encrypted | None
    recipients: Mapping[MailboxCode, SealingPublicKey]


def seal(
    docket: Docket,
    encrypted: Encrypted | None,
    *,
    signer: Signer,
    recipients: Mapping[MailboxCode, SealingPublicKey],
) -> bytes:
    """The body that travels. The key is wrapped for the docket's mailboxes and nobody else; `recipients` may know more.

    Raises NoKey where `recipients` lacks a mailbox, TooManyRecipients or TooLarge over the limits of schemas §8.1, and
    ValueError where the docket describes other content.
    """
    (body,) = seal_all([Letter(docket, encrypted, recipients)], signer=signer)
    if isinstance(body, BusError):
        raise body
    return body


def seal_all(letters: Iterable[Letter | BusError], *, signer: Signer) -> list[bytes | BusError]:
    """As `seal`, one result each; an error that stands in a letter's place stays there."""
    written = map_each(letters, _written, keeping=BusError)
    signed = map_each(written, lambda each: _sign(each, signer), keeping=BusError)
    return map_each(signed, _close, keeping=BusError)


class _Signed(NamedTuple):
    letter: Letter
    docket_bytes: bytes
    signature: bytes = b""


def _written(letter: Letter) -> _Signed:
    docket, encrypted = letter.docket, letter.encrypted
    if docket.content != (encrypted.content if encrypted else None):
        raise ValueError("the docket describes other content")
    for count, most in ((len(docket.recipients), MAX_ADDRESSES), (len(docket.mailboxes), MAX_MAILBOXES)):
        if count > most:
            raise TooManyRecipients(what=docket.id, count=count, limit=most)
    docket_bytes = docket.to_json()
    if len(docket_bytes) > MAX_DOCKET:
        raise TooLarge(
            what=Words(f"phiếu gửi của {docket.id}", f"{docket.id}: docket"), size=len(docket_bytes), limit=MAX_DOCKET
        )
    return _Signed(letter, docket_bytes)


def _sign(each: _Signed, signer: Signer) -> _Signed:
    value = signer.sign(SIGNED + each.docket_bytes)
    return each._replace(signature=frame((signer.algorithm.encode("ascii"), signer.id.encode("ascii"), value)))


def _close(each: _Signed) -> bytes:
    (docket, encrypted, recipients), docket_bytes, signature = each
    if encrypted is None:
        return frame((docket_bytes, signature, b"", b""), after=MAGICS[docket.version])
    digest = hashlib.sha256(docket_bytes).digest()
    wraps = frame(_wraps(encrypted.key, digest, docket.mailboxes, recipients))
    return frame((docket_bytes, signature, wraps, encrypted.sealed), after=MAGICS[docket.version])


def wrap_again(envelope: Envelope, key: bytes, *, recipients: Mapping[MailboxCode, SealingPublicKey]) -> bytes:
    """The same message with the content key wrapped to other keys for these recipients; the others' wraps stay.

    `key` is `Encrypted.key`. Docket, signature and content stay as they are: it is the same message to everybody.
    Raises ValueError where `key` is not the one the content was sealed with.
    """
    if envelope.sealed[:_COMMITMENT_SIZE] != _commitment(key):
        raise ValueError("the content was sealed with another key")
    digest = hashlib.sha256(envelope.docket_bytes).digest()
    kept = [part for wrap in envelope.wraps if wrap.mailbox not in recipients for part in _wrap_parts(wrap)]
    wraps = frame([*kept, *_wraps(key, digest, list(recipients), recipients)])
    algorithm, key_id, value = envelope.signature
    signature = frame((algorithm.encode("ascii"), key_id.encode("ascii"), value))
    return frame((envelope.docket_bytes, signature, wraps, envelope.sealed), after=MAGICS[envelope.docket.version])


def _wrap_parts(wrap: Wrap) -> tuple[bytes | memoryview, ...]:
    return wrap.mailbox.encode("ascii"), wrap.key_id.encode("ascii"), wrap.wrapped


def parse(body: bytes, *, known: Docket | None = None) -> Envelope:
    """Takes a message apart without any key. Raises BadMessage, and nothing else, whatever the bytes.

    `known` is the docket as it was parsed before; it spares parsing where it says exactly what these bytes say.
    """
    version = next((version for version, magic in MAGICS.items() if body.startswith(magic)), None)
    if version is None:
        known_ones = " / ".join(map(str, MAGICS))
        raise BadMessage(
            why=Words(
                f"phần đầu không phải của bản tin phiên bản {known_ones}",
                f"they do not begin as a message of version {known_ones} does",
            )
        )
    try:
        parts = unframe(memoryview(body)[len(MAGIC) :], at_most=_PARTS)
        if len(parts) != _PARTS:
            raise ValueError(f"{len(parts)} parts of {_PARTS}")  # noqa: TRY301 — one translation for all of them
        docket_part, signature_part, wraps_part, sealed = parts
        docket_bytes = _docket_bytes(docket_part)
        docket = known if known and known.to_json() == docket_bytes else _docket(docket_bytes)
        if docket.version != version:  # the docket is signed, the four bytes are not
            raise ValueError(f"a docket of version {docket.version} in a body of version {version}")  # noqa: TRY301
        signature = _signature(signature_part)
        wraps = _parse_wraps(wraps_part)
    except ValidationError as exc:
        raise BadMessage(
            why=said(
                "phiếu gửi không đúng lược đồ: {why}",
                "its docket does not fit the schema: {why}",
                why=quoted(_first(exc)),
            )
        ) from exc
    except ValueError as exc:
        raise BadMessage(why=quoted(str(exc))) from exc
    if docket.content is None and (wraps or sealed):
        raise BadMessage(
            why=Words(
                "có nội dung niêm phong mà phiếu gửi không nêu", "sealed content that its docket does not mention"
            )
        )  # schemas §7.2
    return Envelope(
        body=body,
        docket=docket,
        docket_bytes=docket_bytes,
        docket_sha256=hashlib.sha256(docket_bytes).hexdigest(),
        signature=signature,
        wraps=wraps,
        sealed=sealed,
    )


def verify(envelope: Envelope, keys: Iterable[VerifyKey]) -> None:
    """Whether one of these keys signed the docket, and the sealed content is the one it describes.

    `keys` are the directory's for the docket's sender mailbox; whether that mailbox may speak for the agency is not
    judged here. Raises BadSignature, UnknownKey where it is none of these.
    """
    docket, signature = envelope.docket, envelope.signature
    why = Words("nội dung bị sửa sau khi ký", "content altered since it was signed")
    for key in keys:
        if key.id == signature.key_id:
            if key.algorithm != signature.algorithm or not key.verify(signature.value, SIGNED + envelope.docket_bytes):
                why = Words(f"nó không khớp với khóa {key.id}", f"it does not fit key {key.id}")
            elif _is_described(envelope.sealed, docket.content):
                return
            break
    else:
        raise UnknownKey(message=docket.id, mailbox=docket.sender.mailbox, key=signature.key_id)
    raise BadSignature(message=docket.id, mailbox=docket.sender.mailbox, why=why)


def open_(envelope: Envelope, *, mailbox: MailboxCode, keys: Sequence[SealingKey]) -> bytes:
    """The content, as it was before `encrypt`. Call `verify` first, once. Raises CannotOpen."""
    held = {key.id: key for key in keys}
    own = [wrap for wrap in envelope.wraps if wrap.mailbox == mailbox]
    if not own:
        raise _cannot_open(
            envelope,
            mailbox,
            Words("không có khóa nào bọc cho hộp thư này", "no key in it is wrapped for this mailbox"),
        )
    info = _info(hashlib.sha256(envelope.docket_bytes).digest(), mailbox)
    why = Words(
        f"niêm phong bằng khóa {', '.join(wrap.key_id for wrap in own)} mà ở đây không có",
        f"sealed to key {', '.join(wrap.key_id for wrap in own)}, which is not held here",
    )
    for wrap in own:
        if (key := held.get(wrap.key_id)) is None:
            continue
        content_key = key.unwrap(wrap.wrapped, info)
        if content_key is None:
            why = Words(
                f"lớp bọc cho khóa {wrap.key_id} bị sửa, hoặc làm cho bản tin khác",
                f"its wrap for key {wrap.key_id} was altered, or made for another message",
            )
        elif envelope.sealed[:_COMMITMENT_SIZE] != _commitment(content_key):
            why = Words(
                "nội dung niêm phong bằng khóa khác với khóa được bọc",
                "its content was sealed with another key than the one wrapped",
            )
        else:
            try:
                return AESGCM(content_key).decrypt(_NONCE, envelope.sealed[_COMMITMENT_SIZE:], None)
            except InvalidTag:
                why = Words("nội dung bị sửa", "its content was altered")
    raise _cannot_open(envelope, mailbox, why)


# -- how ---------------------------------------------------------------------------------------------------------------


def _commitment(key: bytes) -> bytes:
    """AES-GCM alone lets a sender craft one ciphertext that opens to two texts under two keys: this forbids it."""
    return hashlib.sha256(COMMITTED + key).digest()


def _info(docket_sha256: bytes, mailbox: MailboxCode) -> bytes:
    return WRAPPED + docket_sha256 + mailbox.encode("ascii")


def _wraps(
    key: bytes, digest: bytes, mailboxes: Sequence[MailboxCode], recipients: Mapping[MailboxCode, SealingPublicKey]
) -> Iterable[bytes]:
    for mailbox in mailboxes:
        if (recipient := recipients.get(mailbox)) is None:
            raise NoKey(mailbox=mailbox)
        yield mailbox.encode("ascii")
        yield recipient.id.encode("ascii")
        yield recipient.wrap(key, _info(digest, mailbox))


def _docket_bytes(part: memoryview) -> bytes:
    if len(part) > MAX_DOCKET:
        raise ValueError(f"a docket of {len(part)} bytes; {MAX_DOCKET} are the most")
    return bytes(part)


def _docket(docket_bytes: bytes) -> Docket:
    docket = Docket.from_json(docket_bytes)
    addresses, lines = len(docket.recipients), len(docket.acknowledges)
    if addresses > MAX_ADDRESSES:  # schemas §8.1
        raise ValueError(f"{addresses} recipients in its docket; {MAX_ADDRESSES} are the most")
    if len(set(docket.recipients)) != addresses:
        raise ValueError("its docket names one recipient twice")
    if lines > MAX_ACKNOWLEDGED:
        raise ValueError(f"a receipt of {lines} lines; {MAX_ACKNOWLEDGED} are the most")
    return docket


def _signature(part: memoryview) -> Signature:
    parts = unframe(part, at_most=_SIGNATURE_PARTS)
    if len(parts) != _SIGNATURE_PARTS:
        raise ValueError(f"a signature of {len(parts)} parts")
    algorithm, key_id, value = map(bytes, parts)
    if len(value) != SIGNATURE_SIZE:
        raise ValueError(f"a signature of {len(value)} bytes; it has {SIGNATURE_SIZE}")
    return Signature(
        _ascii(_ALGORITHM, algorithm, "signature algorithm"), KeyId(_ascii(_KEY_ID, key_id, "key id")), value
    )


def _parse_wraps(part: memoryview) -> tuple[Wrap, ...]:
    parts = unframe(part, at_most=MAX_WRAPS * _WRAP_PARTS)
    if len(parts) % _WRAP_PARTS:
        raise ValueError("a wrap that is not whole")
    wraps = []
    for at in range(0, len(parts), _WRAP_PARTS):
        mailbox, key_id, wrapped = parts[at : at + _WRAP_PARTS]
        if len(wrapped) != WRAPPED_SIZE:
            raise ValueError(f"a wrap of {len(wrapped)} bytes; it has {WRAPPED_SIZE}")
        wraps.append(Wrap(_ascii(_MAILBOX, mailbox, "mailbox"), KeyId(_ascii(_KEY_ID, key_id, "key id")), wrapped))
    if len({wrap[:2] for wrap in wraps}) != len(wraps):
        raise ValueError("two wraps for the same key of the same mailbox")
    return tuple(wraps)


def _ascii(pattern: re.Pattern[bytes], part: bytes | memoryview, name: str) -> str:
    text = bytes(part)
    if not pattern.fullmatch(text):
        raise ValueError(f"a {name} that is none")
    return text.decode("ascii")


def _is_described(sealed: memoryview, content: SealedContent | None) -> bool:
    if content is None:
        return not sealed
    return len(sealed) == content.size and hashlib.sha256(sealed).hexdigest() == content.sha256


def _cannot_open(envelope: Envelope, mailbox: MailboxCode, why: Words) -> CannotOpen:
    return CannotOpen(message=envelope.docket.id, mailbox=mailbox, why=why)


def _first(exc: ValidationError) -> str:
    """Where and what, never the value: it came from a stranger."""
    error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(map(str, error["loc"])) + (": " if error["loc"] else "") + error["msg"]
