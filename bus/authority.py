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
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from bus.certificates import BROKEN, URN, USES, Certificate, Purpose, RevocationList
from bus.errors import BadCertificate, BadDirectory
from bus.keys import Algorithm, Signer, SigningKey, VerifyKey
from bus.statement import SealingStatement
from schemas.values import MailboxCode

BACKDATED: Final = timedelta(minutes=5)
"""Certificates begin that much earlier than they are made: clocks differ."""
ROOT_LASTS: Final = timedelta(days=20 * 365)
ISSUER_LASTS: Final = timedelta(days=10 * 365)
LASTS: Final = timedelta(days=365)

_SHA256 = hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that may issue others, with its key."""

    certificate: Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Raises BadCertificate where they are not of one authority."""
        parsed = Certificate.from_pem(certificate)[0]
        try:
            private = serialization.load_pem_private_key(key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise BadCertificate(name=parsed.name, why="its private key cannot be read") from exc
        if not isinstance(private, ec.EllipticCurvePrivateKey) or _spki(private.public_key()) != parsed.public_key:
            raise BadCertificate(name=parsed.name, why="this private key is not its own")
        return cls(parsed, private)

    def key_pem(self) -> bytes:
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


def new_root(name: str, *, at: datetime, lasts: timedelta = ROOT_LASTS) -> Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    subject = _named(name)
    builder = _ca(subject, subject, key, at=at, until=at + lasts, path_length=1)
    builder = _identified(builder, _public(key), _public(key))
    return Authority(_certificate(builder.sign(key, hashes.SHA384())), key)


def new_issuer(root: Authority, name: str, *, at: datetime, lasts: timedelta = ISSUER_LASTS) -> Authority:
    """It issues certificates, and no authority below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(at + lasts, root.certificate.until)
    builder = _ca(_named(name), root.certificate.parsed.subject, key, at=at, until=until, path_length=0)
    builder = _identified(builder, _public(key), _public(root.key))
    return Authority(_certificate(builder.sign(root.key, hashes.SHA384())), key)


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
        why = f"it expired at {issuer.certificate.until:%Y-%m-%d} and issues nothing any more"
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
    return _certificate(builder.sign(issuer.key, _SHA256))


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
    return RevocationList.from_der(builder.sign(issuer.key, _SHA256).public_bytes(serialization.Encoding.DER))


# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an agency asks for: a certificate for a key, and the sealing keys that it states under that key."""

    name: MailboxCode
    key: VerifyKey
    statements: tuple[SealingStatement, ...]


def make_request(signer: Signer, *, mailbox: MailboxCode, statements: Sequence[SealingStatement] = ()) -> bytes:
    """PEM: PKCS#10, which any authority reads, and behind it the statements, which it passes over."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"{URN}{mailbox}")]
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_named(mailbox))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    # The builder signs with private keys only, and a token gives none away: one of the same kind, whose
    # public half is as long and stands in it once, signs a draft; then the signer signs in its place.
    spare = SigningKey.generate(signer.algorithm)
    key = serialization.load_pem_private_key(spare.to_pem(), password=None)
    algorithm = _SHA256 if signer.algorithm is Algorithm.P256 else None
    draft = builder.sign(key, algorithm)  # type: ignore[arg-type]
    info = draft.tbs_certrequest_bytes.replace(spare.public.to_bytes(), signer.public.to_bytes())
    request = asn1.encode_der(
        _SignedInfo(
            info=asn1.decode_der(asn1.TLV, info),
            algorithm=asn1.decode_der(_SignedInfo, draft.public_bytes(serialization.Encoding.DER)).algorithm,
            signature=asn1.BitString(_x509_signature(signer, info), 0),
        )
    )
    pem = x509.load_der_x509_csr(request).public_bytes(serialization.Encoding.PEM)
    return pem + b"".join(each.to_pem() for each in statements)


@asn1.sequence
class _SignedInfo:
    """CertificationRequest (RFC 2986, section 4.2)."""

    info: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


def _x509_signature(signer: Signer, data: bytes) -> bytes:
    signature = signer.sign(data)
    if signer.algorithm is Algorithm.ED25519:
        return signature
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def read_request(pem: bytes) -> Request:
    """Raises BadCertificate: broken, not signed by its own key, or with a sealing key that is not stated by it."""
    try:
        request = x509.load_pem_x509_csr(pem)
        valid = request.is_signature_valid
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        public = _spki(request.public_key())
    except BROKEN as exc:
        raise BadCertificate(name="?", why=f"no certificate request in it ({exc})") from exc
    name = str(names[0].value) if names else "?"
    if not valid or not names:
        raise BadCertificate(name=name, why="the request is not signed by its own key, or names nobody")
    try:
        key = VerifyKey.from_bytes(public)
        statements = SealingStatement.from_pem(pem)
    except BadDirectory as exc:
        raise BadCertificate(name=name, why=str(exc.facts["why"])) from exc
    if not all(statement.holds(name, [key]) for statement in statements):
        raise BadCertificate(name=name, why="a sealing key in it is not stated by the key that the request is for")
    return Request(name=name, key=key, statements=statements)


# -- how ---------------------------------------------------------------------------------------------------------------


def _ca(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
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
    """Of those who sign, or of those who issue: nobody does both."""
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


def _public(key: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePublicKey:
    return key.public_key()


def _spki(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return] # every public key of `cryptography`
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _certificate(made: x509.Certificate) -> Certificate:
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))
