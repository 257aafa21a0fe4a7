"""One edition of the directory: its content under a number, two dates and a signature; and when a newer one is taken.

Bytes in, an `Edition` or BadEdition out, without touching the world. Two forms travel: the whole, and the change from
the edition before; both end in the same content under the same signature. schemas/README.md §9.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from bus.certificates import Certificate, Purpose, RevocationList, Vouching, names_mailbox
from bus.directory import Directory
from bus.errors import BadCertificate, BadDirectory, BadEdition
from bus.keys import SIGNATURE_SIZE, Signer
from bus.listing import Book, MailboxKeys
from bus.register import ISSUER, REVOKED, Change, Register
from bus.statement import SealingStatement
from schemas.framing import frame, unframe
from schemas.values import Digest, MailboxCode, Time, Value

WHOLE: Final = b"LTD\x01"
CHANGE: Final = b"LTC\x01"
SIGNED: Final = b"lienthong/1 directory\n"
MAX_CONTENT: Final = 256 * 1024 * 1024
"""Bytes; 125,000 units are 20 MB."""
MAX_SKEW: Final = timedelta(minutes=5)
LASTS: Final = timedelta(days=60)
"""How long an edition is in force unless its signer says otherwise: so long the centre may be away. Its end is first
warned of thirty days before."""


class Header(Value):
    """What is signed."""

    format: Literal[1] = 1
    version: Annotated[int, Field(ge=1)]
    """Goes up with each edition; it need not go up by one."""
    issued_at: Time
    expires_at: Time
    lines: Annotated[int, Field(ge=0)]
    size: Annotated[int, Field(ge=0, le=MAX_CONTENT)]
    """Of the content, in bytes."""
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition:
    """An edition that was judged."""

    header: Header
    signer: Certificate
    register: Register = field(repr=False)
    book: Book = field(repr=False)
    vouching: Vouching = field(repr=False)
    encoded: bytes = field(repr=False)
    """The whole, compressed, as it is kept and sent."""

    def directory(self, on: date) -> Directory:
        return Directory.of(self.book, on=on)

    def is_expired(self, now: datetime) -> bool:
        return now >= self.header.expires_at + MAX_SKEW

    def withdrawn(self, now: datetime) -> tuple[MailboxCode, ...]:
        """Mailboxes that once had a certificate here, and have none now that counts."""
        return tuple(code for code, keys in self.book.keys.items() if keys.certificates and not self._counts(keys, now))

    def revoked(self) -> frozenset[str]:
        """Serial numbers of everything that the revocation lists in it name, hexadecimal."""
        lists = map(RevocationList.from_der, self.register.ders(REVOKED))
        return frozenset(f"{entry.serial_number:x}" for each in lists for entry in each.parsed)

    def _counts(self, keys: MailboxKeys, now: datetime) -> bool:
        return any(self._objection(der, now) is None for der in keys.certificates)

    def _objection(self, der: bytes, now: datetime) -> str | None:
        try:
            standing = self.vouching.standing(Certificate.from_der(der), Purpose.MAILBOX)
        except BadCertificate as error:
            return str(error)
        # Only for good: one whose time has not come yet is not withdrawn.
        return standing.objection(max(now, standing.since))


# -- making one --------------------------------------------------------------------------------------------------------


def sign(
    register: Register,
    *,
    version: int,
    issued_at: datetime,
    expires_at: datetime,
    signer: Signer,
    chain: Sequence[Certificate],
) -> bytes:
    """The whole edition. `chain` begins with the signer's certificate; a root need not be in it."""
    content = register.content()
    header = Header(
        version=version,
        issued_at=issued_at,
        expires_at=expires_at,
        lines=len(register),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    ).to_json()
    signature = signer.sign(SIGNED + header)
    return frame((header, signature, frame(each.der for each in chain), zlib.compress(content, 9)), after=WHOLE)


def change(before: Edition, after: Edition) -> bytes:
    """What takes one edition to another."""
    header, signature, chain, _ = unframe(memoryview(after.encoded)[len(WHOLE) :], at_most=4)
    difference = before.register.change_to(after.register)
    base = frame((str(before.header.version).encode(), before.header.sha256.encode()))
    body = frame(("\n".join(difference.gone).encode(), b"".join(difference.put)))
    return frame((header, signature, chain, base, zlib.compress(body, 9)), after=CHANGE)


def announcement(edition: Edition) -> bytes:
    """For whoever follows the changes, where there is none to send: the header, on a base that nobody holds. Readers
    fetch the whole."""
    header, signature, chain, _ = unframe(memoryview(edition.encoded)[len(WHOLE) :], at_most=4)
    base = frame((b"0", b"0" * 64))
    return frame((header, signature, chain, base, zlib.compress(frame((b"", b"")))), after=CHANGE)


# -- judging one -------------------------------------------------------------------------------------------------------


def accept(held: Edition | None, offered: bytes, *, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    """The edition to hold from now on: the offered one where it is newer and right, the held one where they are the
    same. None: it is a change to another edition than the one held; the whole must be fetched.

    Raises BadEdition: forged, broken, older, expired, from the future, or with a key that its mailbox did not state.
    """
    parts = _parts(offered)
    if held is not None and (known := _known(held, parts.header)):
        return known
    if now > parts.header.expires_at:
        raise BadEdition(why=f"edition {parts.header.version} expired at {parts.header.expires_at:%Y-%m-%d %H:%M}Z")
    edition = _verified(held, parts, roots=roots, now=now)
    if edition is not None:
        _check_statements(edition, held)
    return edition


def load(encoded: bytes, *, roots: Sequence[Certificate], now: datetime) -> Edition:
    """An edition that was accepted before and kept; it may have expired since. Raises BadEdition."""
    edition = _verified(None, _parts(encoded), roots=roots, now=now)
    if edition is None:
        raise BadEdition(why="it is a change, and no whole edition")
    return edition


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """An encoded edition taken apart; nothing in it is believed yet."""

    header: Header
    signed: bytes
    signature: bytes
    chain: tuple[Certificate, ...]
    base: tuple[int, str] | None
    packed: memoryview
    encoded: bytes


def _parts(encoded: bytes) -> _Parts:
    whole = encoded.startswith(WHOLE)
    if not whole and not encoded.startswith(CHANGE):
        raise BadEdition(why="these bytes are no edition")
    try:
        parts = unframe(memoryview(encoded)[len(WHOLE) :], at_most=4 if whole else 5)
        signed, signature, chain = map(bytes, parts[:3])
        base = None if whole else _base(parts[3])
        return _Parts(
            header=Header.from_json(signed),
            signed=signed,
            signature=signature,
            chain=tuple(Certificate.from_der(bytes(each)) for each in unframe(chain, at_most=8)),
            base=base,
            packed=parts[3 if whole else 4],
            encoded=encoded,
        )
    except (ValueError, ValidationError, IndexError, BadCertificate) as exc:
        raise BadEdition(why="it is broken") from exc


def _base(part: memoryview) -> tuple[int, str]:
    version, digest = unframe(part, at_most=2)
    return int(bytes(version)), bytes(digest).decode("ascii")


def _known(held: Edition, offered: Header) -> Edition | None:
    """The held one where the offered one is the same; None where it is newer."""
    version = held.header.version
    if offered.version < version:
        raise BadEdition(why=f"edition {offered.version} is older than {version}, which is held")
    if offered.version > version:
        return None
    if offered.sha256 != held.header.sha256:
        raise BadEdition(why=f"two different editions have the number {version}")
    # Signed again with a later date, and nothing else: worth having.
    return None if offered.expires_at > held.header.expires_at else held


def _verified(held: Edition | None, parts: _Parts, *, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    header = parts.header
    if header.issued_at > now + MAX_SKEW:
        raise BadEdition(why=f"it says {header.issued_at:%Y-%m-%d %H:%M}Z, which is yet to come: look at both clocks")
    _check_signature(parts, Vouching(roots, parts.chain[1:]), now)
    if parts.base is None:
        content = _inflated(parts.packed, header.size)
        register = Register.parse(_digested(content, header))
    elif held is None or parts.base != (held.header.version, held.header.sha256):
        return None
    else:
        register = held.register.changed(_change(parts.packed))
        content = _digested(register.content(), header)
    vouching = Vouching(
        roots,
        (*parts.chain[1:], *map(Certificate.from_der, register.ders(ISSUER))),
        list(map(RevocationList.from_der, register.ders(REVOKED))),
    )
    _check_signature(parts, vouching, now)  # once more: its own signer may be among those it revokes
    encoded = parts.encoded
    if parts.base is not None:
        encoded = frame((parts.signed, parts.signature, _chain(parts), zlib.compress(content, 6)), after=WHOLE)
    return Edition(
        header=header,
        signer=parts.chain[0],
        register=register,
        book=register.book(),
        vouching=vouching,
        encoded=encoded,
    )


def _chain(parts: _Parts) -> bytes:
    return frame(each.der for each in parts.chain)


def _check_signature(parts: _Parts, vouching: Vouching, now: datetime) -> None:
    if not parts.chain or len(parts.signature) != SIGNATURE_SIZE:
        raise BadEdition(why="nobody signed it")
    try:
        standing = vouching.standing(parts.chain[0], Purpose.DIRECTORY)
        key = parts.chain[0].verify_key()
    except BadCertificate as error:
        raise BadEdition(why=f"its signer is not the authority: {error.facts['why']}") from error
    if objection := standing.objection(parts.header.issued_at, skew=MAX_SKEW):
        raise BadEdition(why=f"its signer could not sign it then: {objection}")
    if not key.verify(parts.signature, SIGNED + parts.signed):
        raise BadEdition(why="its signature is not that of its signer")


def _inflated(packed: memoryview, size: int) -> bytes:
    """Never more than was signed for, whatever the bytes would unfold to."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, size + 1)
    except zlib.error as exc:
        raise BadEdition(why="its content cannot be unpacked") from exc
    return content


def _digested(content: bytes, header: Header) -> bytes:
    if len(content) != header.size or hashlib.sha256(content).hexdigest() != header.sha256:
        raise BadEdition(why="its content is not what was signed")
    return content


def _change(packed: memoryview) -> Change:
    try:
        gone, put = unframe(_inflated(packed, MAX_CONTENT), at_most=2)
        names = bytes(gone).decode("ascii")
    except ValueError as exc:
        raise BadEdition(why="it is broken") from exc
    return Change(tuple(names.split("\n")) if names else (), tuple(line for line in bytes(put).split(b"\n") if line))


# -- what mailboxes say of themselves ----------------------------------------------------------------------------------


def _check_statements(edition: Edition, held: Edition | None) -> None:
    for mailbox, keys in edition.book.keys.items():
        if held is None or held.book.keys.get(mailbox) != keys:
            try:
                check_keys(mailbox, keys)
            except (BadDirectory, BadCertificate) as error:
                raise BadEdition(why=str(error.facts["why"])) from error


def check_keys(mailbox: MailboxCode, keys: MailboxKeys) -> tuple[SealingStatement, ...]:
    """The sealing keys of a mailbox, newest first, each under its own signature.

    Raises BadDirectory where a certificate is in another name, or a sealing key is there that the mailbox did not
    state: somebody would read its mail. Whether the certificates count is asked when they are used.
    """
    certificates = [Certificate.from_der(der) for der in keys.certificates]
    for certificate in certificates:
        if not names_mailbox(certificate, mailbox):
            raise BadDirectory(why=f"{mailbox}: a certificate in the name of {certificate.name}")
    verify_keys = [certificate.verify_key() for certificate in certificates]
    statements = tuple(map(SealingStatement.from_bytes, keys.sealing))
    if not all(statement.holds(mailbox, verify_keys) for statement in statements):
        raise BadDirectory(
            why=f"{mailbox}: a sealing key that {mailbox} itself did not state; it may have been swapped"
        )
    return statements
