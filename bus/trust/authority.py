"""A small X.509 authority for pilots and tests: a root, an issuing authority below it, certificates and revocation
lists; and the requests that agencies make of any authority. Pure: keys and times come in, certificates come out.

A national authority has its own; it gets the same requests, and its certificates go the same way.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.errors import BadCertificate, BadDirectory, Words
from bus.trust.certificates import BROKEN, SERVICE_URN, URN, USES, Certificate, Purpose, RevocationList, unread
from bus.trust.keys import Signer, VerifyKey
from bus.trust.outside_keys import request_outside, signed_outside
from bus.trust.renewal import RenewalProof
from bus.trust.statements import SealingStatement
from schemas.values import MailboxCode

BACKDATED: Final = timedelta(minutes=5)
"""Certificates begin that much earlier than they are made: clocks differ."""
ROOT_LASTS: Final = timedelta(days=20 * 365)
ISSUER_LASTS: Final = timedelta(days=10 * 365)
LASTS: Final = timedelta(days=365)

IssuingKey = ec.EllipticCurvePrivateKey | Signer
"""A root's or an issuer's: in memory, or a Signer whose key stays in its token."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that may issue others, with its key."""

    certificate: Certificate
    key: IssuingKey = field(repr=False)

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Raises BadCertificate where they are not of one authority."""
        parsed = Certificate.from_pem(certificate)[0]
        try:
            private = serialization.load_pem_private_key(key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise BadCertificate(
                name=parsed.name, why=Words("không đọc được khóa riêng của nó", "its private key cannot be read")
            ) from exc
        if not isinstance(private, ec.EllipticCurvePrivateKey) or _spki(private.public_key()) != parsed.public_key:
            raise BadCertificate(
                name=parsed.name, why=Words("khóa riêng này không phải của nó", "this private key is not its own")
            )
        return cls(parsed, private)

    def key_pem(self) -> bytes:
        assert isinstance(self.key, ec.EllipticCurvePrivateKey), "this key never leaves its token"
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One line of a revocation list."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


# -- authorities -------------------------------------------------------------------------------------------------------


def new_root(name: str, *, at: datetime, key: IssuingKey | None = None) -> Authority:
    """With a key of its own on P-384, unless a `key` is given."""
    key = key or ec.generate_private_key(ec.SECP384R1())
    subject = _named(name)
    builder = _ca(subject, subject, key, at=at, until=at + ROOT_LASTS, path_length=1)
    builder = _identified(builder, _public(key), _public(key))
    return Authority(_certificate(builder, key), key)


def new_issuer(
    root: Authority, name: str, *, at: datetime, lasts: timedelta = ISSUER_LASTS, key: IssuingKey | None = None
) -> Authority:
    """It issues certificates, and no authority below it. With a key of its own, unless a `key` is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    until = min(at + lasts, root.certificate.until)
    builder = _ca(_named(name), root.certificate.parsed.subject, key, at=at, until=until, path_length=0)
    builder = _identified(builder, _public(key), _public(root.key))
    return Authority(_certificate(builder, root.key), key)


def anchor_of(issuer: Authority) -> Certificate:
    """The issuer's name and key in a certificate that the issuer signs itself: what a broker trusts instead of the root
    above it. Erlang takes no other kind for an anchor, and below a root that others share it would let in whoever an
    authority of the same name vouches for."""
    certificate = issuer.certificate
    builder = _ca(
        certificate.parsed.subject,
        certificate.parsed.subject,
        issuer.key,
        at=certificate.since + BACKDATED,
        until=certificate.until,
        path_length=0,
    )
    return _certificate(_identified(builder, _public(issuer.key), _public(issuer.key)), issuer.key)


def issue(
    issuer: Authority,
    key: VerifyKey,
    *,
    name: str,
    purpose: Purpose,
    at: datetime,
    lasts: timedelta = LASTS,
    hosts: Sequence[str] = (),
) -> Certificate:
    """A certificate in a name; `hosts` are a broker's names and addresses. It never outlives its issuer. Raises
    BadCertificate where the issuer itself has ended."""
    if at >= issuer.certificate.until:
        why = Words(
            f"nó hết hạn ngày {issuer.certificate.until:%Y-%m-%d}, không cấp được gì nữa",
            f"it expired at {issuer.certificate.until:%Y-%m-%d} and issues nothing any more",
        )
        raise BadCertificate(name=issuer.certificate.name, why=why)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer.certificate.parsed.subject)
        .public_key(serialization.load_der_public_key(key.to_bytes()))  # type: ignore[arg-type]
        .serial_number(_serial())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(min(at + lasts, issuer.certificate.until))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USES[purpose]]), critical=False)
    )
    if names := _alternatives(name, purpose, hosts):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    public = serialization.load_der_public_key(key.to_bytes())
    builder = _identified(builder, public, _public(issuer.key))  # type: ignore[arg-type]
    return _certificate(builder, issuer.key)


def revocation_list(
    issuer: Authority, withdrawals: Iterable[Withdrawal], *, at: datetime, until: datetime, number: int
) -> RevocationList:
    """`number` goes up with each list (RFC 5280, 5.2.3)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.parsed.subject)
        .last_update(at)
        .next_update(until)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(issuer.key)), critical=False)
    )
    for each in withdrawals:
        entry = x509.RevokedCertificateBuilder().serial_number(each.serial).revocation_date(each.at)
        if each.reason is not x509.ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(each.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return RevocationList.from_der(_signed(builder, issuer.key))


def withdrawals_of(listed: RevocationList) -> dict[int, Withdrawal]:
    """The lines of a list by their serials, so that the next one has them, too."""
    found = {}
    for line in listed.parsed:
        try:
            reason = line.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):  # an unknown reason counts as none
            reason = x509.ReasonFlags.unspecified
        found[line.serial_number] = Withdrawal(serial=line.serial_number, at=line.revocation_date_utc, reason=reason)
    return found


# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request of an agency: a certificate for a key, with statements of its sealing keys under that key."""

    name: MailboxCode
    key: VerifyKey
    statements: tuple[SealingStatement, ...]
    proof: RenewalProof | None = None
    """By the mailbox's key in force; None in a first request."""
    encoded: bytes = field(repr=False)
    """PKCS#10, DER."""

    def is_renewal_by(self, keys: Iterable[VerifyKey]) -> bool:
        """Whether one of these keys signed the whole request: it is its holder's own wish."""
        stated = [each.encoded for each in self.statements]
        return self.proof is not None and any(self.proof.holds(key, self.encoded, stated) for key in keys)


def make_request(
    signer: Signer,
    *,
    mailbox: MailboxCode,
    statements: Sequence[SealingStatement] = (),
    in_force: Signer | None = None,
) -> bytes:
    """PEM: PKCS#10, which any authority reads; behind it the statements, and the proof by the key in force where there
    is one, which it passes over."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"{URN}{mailbox}")]
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_named(mailbox))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    request = request_outside(builder, signer)
    pem = x509.load_der_x509_csr(request).public_bytes(serialization.Encoding.PEM)
    text = pem + b"".join(each.to_pem() for each in statements)
    if in_force is None:
        return text
    return text + RenewalProof.sign(request, [each.encoded for each in statements], signer=in_force).to_pem()


def read_request(pem: bytes) -> Request:
    """Raises BadCertificate: broken, not signed by its own key, or with a sealing key that is not stated by it. Whose
    the proof of a renewal is, the caller asks (`is_renewal_by`)."""
    try:
        request = x509.load_pem_x509_csr(pem)
        valid = request.is_signature_valid
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        public = _spki(request.public_key())
    except BROKEN as exc:
        raise BadCertificate(
            name="?", why=unread("không có yêu cầu chứng thư trong đó", "no certificate request in it", exc)
        ) from exc
    name = str(names[0].value) if names else "?"
    if not valid or not names:
        raise BadCertificate(
            name=name,
            why=Words(
                "yêu cầu không do chính khóa của nó ký, hoặc không nêu tên ai",
                "the request is not signed by its own key, or names nobody",
            ),
        )
    try:
        key = VerifyKey.from_bytes(public)
        statements = SealingStatement.from_pem(pem)
    except BadDirectory as exc:
        raise BadCertificate(name=name, why=exc.facts["why"]) from exc
    if not all(statement.holds(name, [key]) for statement in statements):
        raise BadCertificate(
            name=name,
            why=Words(
                "có khóa niêm phong không do khóa của yêu cầu khai",
                "a sealing key in it is not stated by the key that the request is for",
            ),
        )
    encoded = request.public_bytes(serialization.Encoding.DER)
    return Request(name=name, key=key, statements=statements, proof=RenewalProof.from_pem(pem), encoded=encoded)


# -- how ---------------------------------------------------------------------------------------------------------------


def _ca(
    subject: x509.Name,
    issuer: x509.Name,
    key: IssuingKey,
    *,
    at: datetime,
    until: datetime,
    path_length: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(_public(key))
        .serial_number(_serial())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(digital_signature=False), critical=True)
    )


def _identified(
    builder: x509.CertificateBuilder, public: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False
    )


def _key_usage(*, digital_signature: bool) -> x509.KeyUsage:
    """Of a certificate that signs, or of one that issues: none does both."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not digital_signature,
        crl_sign=not digital_signature,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(name: str, purpose: Purpose, hosts: Sequence[str]) -> list[x509.GeneralName]:
    if purpose is Purpose.MAILBOX:
        return [x509.UniformResourceIdentifier(f"{URN}{name}")]
    if purpose is Purpose.SERVICE:
        return [x509.UniformResourceIdentifier(f"{SERVICE_URN}{name}")]
    return [x509.IPAddress(address) if (address := _address(host)) else x509.DNSName(host) for host in hosts]


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _serial() -> int:
    return secrets.randbits(159) | 1 << 158  # positive, and always of 20 bytes


def _public(key: IssuingKey) -> ec.EllipticCurvePublicKey:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.public_key()
    public = serialization.load_der_public_key(key.public.to_bytes())
    assert isinstance(public, ec.EllipticCurvePublicKey), "an authority's key is on a curve of NIST"
    return public


def _spki(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return] # every public key of `cryptography`
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _certificate(builder: x509.CertificateBuilder, key: IssuingKey) -> Certificate:
    return Certificate.from_der(_signed(builder, key))


def _signed(builder: x509.CertificateBuilder | x509.CertificateRevocationListBuilder, key: IssuingKey) -> bytes:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return signed_outside(builder, key)
    digest = hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.DER)
