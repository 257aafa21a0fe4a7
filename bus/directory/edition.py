"""An edition of the directory: its content under a number, two dates and a signature; and when a newer one is taken.

Bytes in, an `Edition` or BadEdition out, without touching the world. Two forms travel: the whole, and the change from
the edition before; both end in the same content under the same signature, alone or countersigned
(bus/directory/container.py). schemas/README.md §9.
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from bus.directory.agencies import Directory
from bus.directory.charter import Charter, charter_after, read_charter, signer_id
from bus.directory.container import CHANGE, SIGNED, WHOLE, Parts, Signature, countersigned, opened
from bus.directory.continuity import check_lists, check_statements
from bus.directory.facts import ISSUER, REVOKED, Change, Register
from bus.directory.header import Header, Rule, check_follows
from bus.directory.keys import MailboxKeys
from bus.directory.reasons import reason
from bus.directory.sources import Book
from bus.errors import BadCertificate, BadEdition
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SIGNATURE_SIZE, Signer
from bus.trust.trust_store import TrustStore
from schemas.clock import local
from schemas.framing import frame, unframe
from schemas.values import MailboxCode

MAX_SKEW: Final = timedelta(minutes=5)
LASTS: Final = timedelta(days=60)
"""How long an edition is in force unless its signer says otherwise: the centre may be away for so long. Thirty days
before its end comes the first warning."""


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False)
class Edition:
    """An edition that was judged."""

    header: Header
    signers: tuple[Certificate, ...]
    """Whose signatures counted, the first signer first; no two of one key."""
    charter: Charter | None
    """The charter in force with it, which a later edition need not bring again."""
    register: Register = field(repr=False)
    book: Book = field(repr=False)
    trust_store: TrustStore = field(repr=False)
    encoded: bytes = field(repr=False)
    """The whole with its countersignatures and the charter in force, compressed, as it is kept and sent."""

    @property
    def signer(self) -> Certificate:
        return self.signers[0]

    def directory(self, on: date) -> Directory:
        return Directory(self.book, on=on)

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
            validity = self.trust_store.validity(Certificate.from_der(der), Purpose.MAILBOX)
        except BadCertificate as error:
            return str(error)
        # Only for good: one whose time has not come yet is not withdrawn.
        return validity.objection(max(now, validity.since))


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


def cosign(encoded: bytes, *, signer: Signer, chain: Sequence[Certificate]) -> bytes:
    """The same edition with one more signature, over the same header. Raises BadEdition for what is no edition."""
    parts = opened(encoded)
    added = Signature(signer.sign(SIGNED + parts.signed), tuple(each.der for each in chain))
    return countersigned(parts.inner, charter=parts.charter, others=(*parts.others, added))


def with_charter(encoded: bytes, charter: Charter) -> bytes:
    """The same edition with a charter. Raises BadEdition for what is no edition."""
    parts = opened(encoded)
    return countersigned(parts.inner, charter=charter.encoded, others=parts.others)


def change(before: Edition, after: Edition) -> bytes:
    """The encoded change from one edition to another."""
    difference = before.register.change_to(after.register)
    base = frame((str(before.header.version).encode(), before.header.sha256.encode()))
    return _as_change(after, base, frame(("\n".join(difference.gone).encode(), b"".join(difference.put))))


def announcement(edition: Edition) -> bytes:
    """The encoded header, for followers, where there is no change to send. Its base is held by nobody, so they fetch
    the whole edition."""
    return _as_change(edition, frame((b"0", b"0" * 64)), frame((b"", b"")))


def _as_change(edition: Edition, base: bytes, body: bytes) -> bytes:
    parts = opened(edition.encoded)
    first = (parts.signed, parts.first.signature, frame(parts.first.chain))
    inner = frame((*first, base, zlib.compress(body, 9)), after=CHANGE)
    return countersigned(inner, charter=parts.charter, others=parts.others)


# -- judging one -------------------------------------------------------------------------------------------------------


def accept(held: Edition | None, offered: bytes, *, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    """The edition to hold from now on: the offered one where it is newer and right, the held one where they are the
    same. None: it is a change to another edition than the one held; the whole must be fetched.

    Raises BadEdition with the rule that it breaks: by itself, or beside the edition held.
    """
    parts = opened(offered)
    charter = _charter(held, parts, roots=roots, now=now)
    basis = _basis(held, charter)
    if basis is not None and (known := _known(basis, parts.header)) and charter is basis.charter:
        return known
    if now > parts.header.expires_at:  # schemas §9.5; TUF 5.4.4
        raise BadEdition(why=reason("expired", version=parts.header.version, at=_text(parts.header.expires_at)))
    _check_number(held, basis, charter, parts.header)
    edition = _verified(basis, parts, charter, roots=roots, now=now, offered=True)
    if edition is not None:
        # schemas §9.7.5; lists that ended: TUF 5.4.4, as of a freeze
        check_lists(None if basis is None else basis.trust_store, edition.trust_store, at=now, skew=MAX_SKEW)
        # schemas §4.11, §9.7.6; also where a charter voids the edition held: mailboxes' own words are not its signer's
        check_statements(None if held is None else held.book, edition.book, edition.trust_store)
        _check_signers(edition, parts)
    return edition


def load(encoded: bytes, *, roots: Sequence[Certificate], now: datetime, complete: bool = True) -> Edition:
    """An edition that was accepted before and kept; it may have expired since. Unless `complete`, signatures that its
    charter wants may be missing. Raises BadEdition."""
    parts = opened(encoded)
    edition = _verified(None, parts, _charter(None, parts, roots=roots, now=now), roots=roots, now=now, offered=False)
    if edition is None:
        raise BadEdition(why=reason("change"))
    if complete:
        _check_signers(edition, parts)
    return edition


def _charter(held: Edition | None, parts: Parts, *, roots: Sequence[Certificate], now: datetime) -> Charter | None:
    """The charter in force with an edition: that which it brings, or that which is held."""
    before = None if held is None else held.charter
    if not parts.charter:
        return before
    lists = () if held is None else held.trust_store.lists
    brought = read_charter(parts.charter, roots=roots, revoked=lists, now=now, skew=MAX_SKEW)
    return charter_after(before, brought)


def _basis(held: Edition | None, charter: Charter | None) -> Edition | None:
    """The edition that the offered one is compared with: the one held, unless a charter voids it. schemas §9.8.4; as
    TUF 5.3.11 forgets what rotated keys signed"""
    if held is None or charter is None or charter is held.charter:
        return held
    return None if charter.voids(held.signer, held.header.version) else held


def _known(held: Edition, offered: Header) -> Edition | None:
    """The held one where the offered one is the same; None where it is newer. schemas §9.5; TUF 5.4.3"""
    version = held.header.version
    if offered.version < version:
        raise BadEdition(why=reason("older", offered=offered.version, held=version))
    if offered.version > version:
        return None
    if offered.sha256 != held.header.sha256:
        raise BadEdition(why=reason("other", version=version))
    # Signed again with a later date, and nothing else: worth having.
    return None if offered.expires_at > held.header.expires_at else held


def _check_number(held: Edition | None, basis: Edition | None, charter: Charter | None, header: Header) -> None:
    check_follows(None if basis is None else basis.header, header)
    if held is not None and basis is None and charter is not None and header.version <= (charter.terms.last or 0):
        why = reason("before-charter", version=header.version, last=charter.terms.last)
        raise BadEdition(why=why, rule=Rule.CHARTER)


def _verified(
    held: Edition | None,
    parts: Parts,
    charter: Charter | None,
    *,
    roots: Sequence[Certificate],
    now: datetime,
    offered: bool,
) -> Edition | None:
    header = parts.header
    if header.issued_at > now + MAX_SKEW:
        raise BadEdition(why=reason("yet-to-come", at=_text(header.issued_at)))
    issuers = tuple(_certificates(parts.first))[1:]
    # By what is held, too, and before anything is unpacked: whatever lists it brings or leaves out. schemas §9.7.4
    known = held.trust_store.lists if held is not None and offered else ()
    _check_signature(parts, TrustStore(roots, issuers, known), offered=offered)
    register = _register(held, parts)
    if register is None:
        return None
    trust_store = _trust_store(register, roots, issuers)
    signer = _check_signature(parts, trust_store, offered=offered)  # once more: it may revoke its own signer
    if charter is not None and signer_id(signer) not in charter.terms.signers:  # schemas §9.8.2
        raise BadEdition(why=reason("not-chartered", signer=signer.name), rule=Rule.SIGNERS)
    others = _countersigners(parts, trust_store, known, charter, first=signer, offered=offered)
    book = register.book()
    if charter is not None and charter.terms.allows is not None:
        book = replace(book, allows=charter.terms.allows)
    return Edition(
        header=header,
        signers=(signer, *others),
        charter=charter,
        register=register,
        book=book,
        trust_store=trust_store,
        encoded=_kept(parts, register, charter),
    )


def _trust_store(register: Register, roots: Sequence[Certificate], issuers: Sequence[Certificate]) -> TrustStore:
    try:
        listed = [Certificate.from_der(der) for der in register.ders(ISSUER)]
        lists = [RevocationList.from_der(der) for der in register.ders(REVOKED)]
    except BadCertificate as exc:
        raise BadEdition(why=reason("no-certificate")) from exc
    return TrustStore(roots, (*issuers, *listed), lists)


def _register(held: Edition | None, parts: Parts) -> Register | None:
    """The content, as it was signed; None: it is a change, and its base is not held."""
    if parts.base is None:
        return Register.parse(_digested(_inflated(parts.packed, parts.header.size), parts.header))
    if held is None or parts.base != (held.header.version, held.header.sha256):
        return None
    register = held.register.changed(_change(parts.packed, before=held.header, after=parts.header))
    _digested(register.content(), parts.header)
    return register


def _kept(parts: Parts, register: Register, charter: Charter | None) -> bytes:
    inner = parts.inner
    if parts.base is not None:
        first = (parts.signed, parts.first.signature, frame(parts.first.chain))
        inner = frame((*first, zlib.compress(register.content(), 6)), after=WHOLE)
    return countersigned(inner, charter=b"" if charter is None else charter.encoded, others=parts.others)


_FRAMING: Final = 8
"""Bytes around the two parts of a change."""


# -- who signed it -----------------------------------------------------------------------------------------------------


def _certificates(signature: Signature) -> Iterator[Certificate]:
    """Raises BadEdition."""
    try:
        yield from map(Certificate.from_der, signature.chain)
    except BadCertificate as exc:
        raise BadEdition(why=reason("broken")) from exc


def _check_signature(parts: Parts, trust_store: TrustStore, *, offered: bool) -> Certificate:
    """The first signer. Of an edition that is offered, nobody signs who was ever revoked: it could bear any date.
    schemas §9.5, §9.7.4; TUF 5.4.2"""
    certificate = next(_certificates(parts.first), None)
    if certificate is None or len(parts.first.signature) != SIGNATURE_SIZE:
        raise BadEdition(why=reason("unsigned"))
    try:
        validity = trust_store.validity(certificate, Purpose.DIRECTORY)
        key = certificate.verify_key()
    except BadCertificate as error:
        raise BadEdition(why=reason("not-authority", why=error.facts["why"])) from error
    if offered and validity.revoked is not None:
        why = validity.objection(max(parts.header.issued_at, validity.revoked.at))
        raise BadEdition(why=reason("revoked", why=why), rule=Rule.SIGNER_REVOKED)
    if objection := validity.objection(parts.header.issued_at, skew=MAX_SKEW):
        raise BadEdition(why=reason("not-then", why=objection))
    if not key.verify(parts.first.signature, SIGNED + parts.signed):
        raise BadEdition(why=reason("forged"))
    return certificate


def _countersigners(
    parts: Parts,
    trust_store: TrustStore,
    known: Sequence[RevocationList],
    charter: Charter | None,
    *,
    first: Certificate,
    offered: bool,
) -> Iterator[Certificate]:
    """Those whose signatures count beside the first one: one a key, and of those that the charter names.

    A countersignature that is not understood counts as none: it may be of an algorithm of tomorrow. schemas §9.8.2"""
    seen = {signer_id(first)}  # TUF 5.3.4: a key counts once, however often it signs
    for each in parts.others:
        try:
            signer, *issuers = _certificates(each)
            store = TrustStore(trust_store.roots, (*trust_store.issuers, *issuers), (*trust_store.lists, *known))
            validity = store.validity(signer, Purpose.DIRECTORY)
            key = signer.verify_key()
        except (BadCertificate, BadEdition, ValueError):
            continue
        named = charter is None or signer_id(signer) in charter.terms.signers
        valid = validity.objection(parts.header.issued_at, skew=MAX_SKEW) is None
        if not named or not valid or (offered and validity.revoked is not None) or signer_id(signer) in seen:
            continue
        if key.verify(each.signature, SIGNED + parts.signed):
            seen.add(signer_id(signer))
            yield signer


def _check_signers(edition: Edition, parts: Parts) -> None:
    """Last of all checks, so that whoever gathers signatures learns of everything else first. schemas §9.8.2"""
    wanted = 1 if edition.charter is None else edition.charter.terms.threshold
    if len(edition.signers) < wanted:
        found = ", ".join(each.name for each in edition.signers)
        signed, count = 1 + len(parts.others), len(edition.signers)
        why = reason("too-few", wanted=wanted, signed=signed, count=count, found=found)
        raise BadEdition(why=why, rule=Rule.SIGNERS)


# -- its content -------------------------------------------------------------------------------------------------------


def _inflated(packed: memoryview, size: int) -> bytes:
    """Never more than was signed for, however much the bytes would unpack to."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, size + 1)
    except zlib.error as exc:
        raise BadEdition(why=reason("packed")) from exc
    return content


def _digested(content: bytes, header: Header) -> bytes:
    if len(content) != header.size or hashlib.sha256(content).hexdigest() != header.sha256:
        raise BadEdition(why=reason("other-content"))
    return content


def _change(packed: memoryview, *, before: Header, after: Header) -> Change:
    """Its body is signed by nobody: no more is unpacked, or taken apart, than two editions can differ by. §9.5"""
    try:
        gone, put = unframe(_inflated(packed, before.size + after.size + _FRAMING), at_most=2)
        names, lines = bytes(gone), bytes(put)
        if names.count(b"\n") > before.lines or lines.count(b"\n") > after.lines:
            raise ValueError("lines")  # noqa: TRY301 — one translation for all of them
        text = names.decode("ascii")
    except ValueError as exc:
        raise BadEdition(why=reason("broken")) from exc
    return Change(tuple(text.split("\n")) if text else (), tuple(line for line in lines.split(b"\n") if line))


def _text(at: datetime) -> str:
    return local(at)
