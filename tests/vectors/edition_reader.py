"""A reader of editions of the directory written from schemas/README.md §9 and §4.11 alone: no code of the project.

It proves that the page suffices. Its shape is the page's, paragraph by paragraph; nothing else uses it.
"""

import hashlib
import json
import struct
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SKEW = timedelta(minutes=5)
ARC = "2.25.240510514143196972944577367057950714897"


class RefusedError(Exception):
    """`str()` is a rule of §9.7 and §9.8, or `refused`."""


@dataclass
class Edition:
    """An edition taken apart (§9.2 to §9.4, §9.8), as a reader holds it or is offered it."""

    header: dict[str, Any]
    signed: bytes
    signatures: list[tuple[bytes, list[x509.Certificate]]]
    charter: bytes
    base: tuple[str, str] | None
    packed: bytes
    lines: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""

    @property
    def issued_at(self) -> datetime:
        return _time(self.header["issued_at"])

    @property
    def terms(self) -> dict[str, Any] | None:
        return json.loads(_frame(self.charter)[0]) if self.charter else None

    def ders(self, kind: str) -> list[bytes]:
        return [b64decode(fact["der"][0]) for name, fact in self.lines.items() if name.startswith(f"{kind}\t")]

    def issuers(self) -> list[x509.Certificate]:
        return [*self.signatures[0][1][1:], *map(x509.load_der_x509_certificate, self.ders("issuer"))]

    def lists(self) -> list[x509.CertificateRevocationList]:
        return [x509.load_der_x509_crl(der) for der in self.ders("revoked")]


def held(encoded: bytes | None) -> Edition | None:
    """What a reader keeps: the edition that it took."""
    if encoded is None:
        return None
    edition = _opened(encoded)
    _fill(edition, zlib.decompress(edition.packed))
    return edition


def take(before: Edition | None, encoded: bytes, *, root: x509.Certificate, now: datetime) -> Edition:
    """§9.5. The edition that is held afterwards; RefusedError."""
    offered = _opened(encoded)
    known = before
    if offered.charter:
        _check_charter(before, offered, root, now)
        terms, old = offered.terms or {}, (before and before.terms) or {}
        if before and terms["serial"] > old.get("serial", 0) and _voided(before, terms):
            known = None  # §9.8.4
            if offered.header["version"] <= terms["last"]:
                raise RefusedError("charter-refused")
    elif before:
        offered.charter = before.charter  # §9.8.3
    if known and offered.header["version"] < known.header["version"]:
        raise RefusedError("refused")
    if known and offered.header["version"] == known.header["version"]:
        if offered.header["sha256"] != known.header["sha256"]:
            raise RefusedError("refused")
        if offered.header["expires_at"] <= known.header["expires_at"] and offered.charter == known.charter:
            return known
    if now > _time(offered.header["expires_at"]) or offered.issued_at > now + SKEW:
        raise RefusedError("refused")
    _check_bounds(known, offered)
    _fill(offered, _content(known, offered))
    lists = [*offered.lists(), *(known.lists() if known else [])]
    signers = _signers(offered, lists, root)
    _check_lists(known, offered, root, now)
    _check_statements(before, offered, root)
    if len(signers) < ((offered.terms or {}).get("threshold", 1)):
        raise RefusedError("signers-missing")
    return offered


# -- §9.2 to §9.4, §9.8


def _opened(encoded: bytes) -> Edition:
    try:
        charter, others, inner = b"", b"", encoded
        if encoded[:4] == b"LTS\x01":
            charter, others, inner = _frame(encoded[4:])
        parts = _frame(inner[4:])
        if (inner[:4], len(parts)) not in {(b"LTD\x01", 4), (b"LTC\x01", 5)}:
            raise RefusedError("refused")
        header = json.loads(parts[0])
        signatures = [(parts[1], _chain(parts[2]))]
        rest = _frame(others)
        signatures += [(rest[n], _chain(rest[n + 1])) for n in range(0, len(rest), 2)]
    except (ValueError, IndexError, struct.error) as exc:
        raise RefusedError("refused") from exc
    if header["version"] >= 2**53:
        raise RefusedError("version-out-of-bounds")
    base = None if len(parts) == 4 else tuple(part.decode() for part in _frame(parts[3]))
    return Edition(header, parts[0], signatures, charter, base, parts[-1])  # type: ignore[arg-type]


def _content(known: Edition | None, offered: Edition) -> bytes:
    unpacked = zlib.decompressobj().decompress(offered.packed, max(offered.header["size"], 2**20) + 1)
    if offered.base is None:
        return unpacked
    if known is None or offered.base != (str(known.header["version"]), known.header["sha256"]):
        raise RefusedError("whole-needed")
    gone, put = (part.decode() for part in _frame(unpacked))
    lines = {_name(line): line for line in [*known.content.decode().splitlines(), *put.splitlines()]}
    kept = (line for name, line in lines.items() if name not in gone.split("\n"))
    return "".join(f"{line}\n" for line in sorted(kept, key=str.encode)).encode()


def _fill(edition: Edition, content: bytes) -> None:
    if len(content) != edition.header["size"] or hashlib.sha256(content).hexdigest() != edition.header["sha256"]:
        raise RefusedError("refused")
    edition.content = content
    edition.lines = {_name(line): json.loads(line.split("\t")[2]) for line in content.decode().splitlines()}


def _name(line: str) -> str:
    return "\t".join(line.split("\t")[:2])


# -- §9.2, §9.7.4, §9.8.2


def _signers(offered: Edition, lists: Sequence[x509.CertificateRevocationList], root: x509.Certificate) -> list[str]:
    """Their keys, each once. What is wrong with the first signature is said; others that are wrong count as none."""
    found = [_signer(offered, 0, lists, root)]
    for number in range(1, len(offered.signatures)):
        with suppress(RefusedError):
            found.append(_signer(offered, number, lists, root))
    return list(dict.fromkeys(found))


def _signer(
    offered: Edition, number: int, lists: Sequence[x509.CertificateRevocationList], root: x509.Certificate
) -> str:
    signature, certificates = offered.signatures[number]
    chain = _checked(certificates, offered.issuers(), root, f"{ARC}.1", offered.issued_at)
    if any(_revoked(one, issuer, lists) for one, issuer in pairwise(chain)):
        raise RefusedError("signer-revoked")
    _verify(chain[0], signature, b"lienthong/1 directory\n" + offered.signed)
    if offered.terms and _key(chain[0]) not in offered.terms["signers"]:
        raise RefusedError("signers-missing")
    return _key(chain[0])


def _checked(
    certificates: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
    root: x509.Certificate,
    use: str,
    at: datetime,
) -> list[x509.Certificate]:
    """From the certificate to the root."""
    chain = [certificates[0]]
    usage = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if use not in {each.dotted_string for each in usage}:
        raise RefusedError("refused")
    pool = [root, *certificates[1:], *issuers]
    while chain[-1] != root:
        above = next((each for each in pool if _issued(chain[-1], each)), None)
        if above is None or len(chain) > 8:
            raise RefusedError("refused")
        chain.append(above)
    since, until = max(each.not_valid_before_utc for each in chain), min(each.not_valid_after_utc for each in chain)
    if not since - SKEW <= at <= until + SKEW:
        raise RefusedError("refused")
    return chain


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _revoked(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: Sequence[x509.CertificateRevocationList]
) -> bool:
    return any(
        each.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
        for each in lists
        if _signed(each, issuer)
    )


def _signed(listed: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    return listed.issuer == issuer.subject and listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]


def _verify(certificate: x509.Certificate, signature: bytes, data: bytes) -> None:
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as exc:
        raise RefusedError("refused") from exc


def _key(certificate: x509.Certificate) -> str:
    return hashlib.sha256(_spki(certificate)).hexdigest()


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# -- §9.7


def _check_bounds(known: Edition | None, offered: Edition) -> None:
    if _time(offered.header["expires_at"]) - offered.issued_at > timedelta(days=400):  # §9.7.2
        raise RefusedError("lifetime-out-of-bounds")
    if known is None:
        return
    if offered.issued_at < known.issued_at.replace(microsecond=0):  # §9.7.3
        raise RefusedError("dated-back")
    days = max(offered.issued_at - known.issued_at, timedelta(0)).days
    if offered.header["version"] > known.header["version"] + 1_000_000 * (1 + days):  # §9.7.1
        raise RefusedError("version-out-of-bounds")


def _check_lists(known: Edition | None, offered: Edition, root: x509.Certificate, now: datetime) -> None:  # §9.7.5
    after = offered.lists()
    for issuer in [root, *(known.issuers() if known else [])]:
        for old in (each for each in (known.lists() if known else []) if _signed(each, issuer)):
            new = next((each for each in after if _signed(each, issuer)), None)
            if new is None:
                if not _over(issuer, offered, root, now):
                    raise RefusedError("list-missing")
            elif _number(new) < _number(old) or new.last_update_utc < old.last_update_utc:
                raise RefusedError("list-older")
            elif _stolen(old) - _stolen(new) and not _over(issuer, offered, root, now):
                raise RefusedError("list-shorter")
    for issuer in [root, *offered.issuers()]:
        for each in (each for each in after if _signed(each, issuer)):
            end = each.next_update_utc
            if end is not None and now > end + SKEW and not _over(issuer, offered, root, now):
                raise RefusedError("list-ended")


def _stolen(listed: x509.CertificateRevocationList) -> set[int]:
    found = set()
    for each in listed:
        for extension in each.extensions:
            if isinstance(extension.value, x509.CRLReason) and extension.value.reason.value.endswith("Compromise"):
                found.add(each.serial_number)
    return found


def _over(issuer: x509.Certificate, offered: Edition, root: x509.Certificate, now: datetime) -> bool:
    above = next((each for each in [root, *offered.issuers()] if _issued(issuer, each)), root)
    return now > issuer.not_valid_after_utc + SKEW or _revoked(issuer, above, offered.lists())


def _number(listed: x509.CertificateRevocationList) -> int:
    try:
        return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return -1


def _check_statements(before: Edition | None, offered: Edition, root: x509.Certificate) -> None:  # §4.11, §9.7.6
    for name, fact in offered.lines.items():
        if not name.startswith("keys\t"):
            continue
        mailbox = name.split("\t")[1]
        new = [_statement(mailbox, text, fact) for text in fact["sealing"]]
        if any(one[0][0] < two[0][0] for one, two in pairwise(new)):
            raise RefusedError("statement-older")
        known = before.lines.get(name) if before else None
        old = [_statement(mailbox, text, known) for text in known["sealing"]] if known else []
        pool = [root, *offered.issuers()]
        binding = [each for each in old if not any(_revoked(each[2], issuer, offered.lists()) for issuer in pool)]
        if binding and (new[0][0] < max(each[0] for each in binding)):
            raise RefusedError("statement-older")
        if any(one[0][0] < each[1] for each in binding for one in new):
            raise RefusedError("statement-older")


def _statement(mailbox: str, text: str, fact: Mapping[str, Any]) -> tuple[tuple[int, datetime], int, x509.Certificate]:
    """Its order, what it withdraws, the certificate whose key stated it."""
    head, public, key_id, signature = _frame(b64decode(text))
    said = json.loads(head)
    for certificate in (x509.load_der_x509_certificate(b64decode(each)) for each in fact["certificates"]):
        if _key(certificate)[:32].encode() == key_id and said["mailbox"] == mailbox:
            _verify(certificate, signature, b"lienthong/1 sealing key\n" + _joined(head, public))
            return (said.get("serial", 0), _time(said["since"])), said.get("withdraws", 0), certificate
    raise RefusedError("refused")


# -- §9.8


def _check_charter(before: Edition | None, offered: Edition, root: x509.Certificate, now: datetime) -> None:
    try:
        body, signature, chain = _frame(offered.charter)
        terms = json.loads(body)
        _checked(_chain(chain), [], root, f"{ARC}.2", _time(terms["issued_at"]))
        _verify(_chain(chain)[0], signature, b"lienthong/1 charter\n" + body)
    except (RefusedError, ValueError) as exc:
        raise RefusedError("charter-refused") from exc
    old = (before.terms if before else None) or {"serial": 0}
    if terms["serial"] < old["serial"] or (terms["serial"] == old["serial"] and terms != old):
        raise RefusedError("charter-refused")
    if _time(terms["issued_at"]) > now + SKEW:
        raise RefusedError("charter-refused")


def _voided(before: Edition, terms: Mapping[str, Any]) -> bool:
    first = _key(before.signatures[0][1][0])
    return first in terms.get("withdrawn", ()) and before.header["version"] > terms["last"]


# -- §2


def _frame(data: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if at + 4 + size > len(data):
            raise RefusedError("refused")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _joined(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _chain(data: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(each) for each in _frame(data)]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
