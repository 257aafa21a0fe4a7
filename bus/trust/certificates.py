"""X.509 certificates and revocation lists as values. From bytes; no files, no clock.

Whether a certificate is valid is checked in bus/trust/trust_store.py; bus/trust/authority.py makes certificates.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bus.errors import BadCertificate, BadDirectory, Words, quoted, said
from bus.trust.keys import VerifyKey

# An arc that nobody had to be asked for: ITU-T X.667, the UUID b4f0a3de-6f4d-4c52-9d0f-6f3f9e6a2c11.
_ARC: Final = f"2.25.{int('b4f0a3de6f4d4c529d0f6f3f9e6a2c11', 16)}"
DIRECTORY_USE: Final = x509.ObjectIdentifier(f"{_ARC}.1")
"""Extended key usage of a certificate that signs editions of the directory."""
CHARTER_USE: Final = x509.ObjectIdentifier(f"{_ARC}.2")
"""Extended key usage of a certificate that signs charters, which say who signs editions. A root issues it itself."""
_OURS: Final = "urn:lienthong:"
URN: Final = f"{_OURS}mailbox:"
"""Before the mailbox's code in the subject's alternative names (URI)."""
SERVICE_URN: Final = f"{_OURS}service:"
"""Before a service's name, likewise: no mailbox's certificate has one."""

BROKEN: Final = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""The exceptions that `cryptography` raises for bytes that are no certificate."""


class Purpose(StrEnum):
    """The use that a certificate was issued for."""

    MAILBOX = "mailbox"
    """Signs dockets and logs in to the broker."""
    SERVICE = "service"
    """Logs in to the broker (operator, ledger, authority), and signs nothing."""
    BROKER = "broker"
    """A TLS server."""
    DIRECTORY = "directory"
    """Signs editions of the directory."""
    CHARTER = "charter"
    """Signs charters: who signs editions, and how many must."""


USES: Final[dict[Purpose, x509.ObjectIdentifier]] = {
    Purpose.MAILBOX: ExtendedKeyUsageOID.CLIENT_AUTH,
    Purpose.SERVICE: ExtendedKeyUsageOID.CLIENT_AUTH,
    Purpose.BROKER: ExtendedKeyUsageOID.SERVER_AUTH,
    Purpose.DIRECTORY: DIRECTORY_USE,
    Purpose.CHARTER: CHARTER_USE,
}
"""The extended key usage that a certificate for each purpose must name."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """One certificate. Two are equal when their bytes are."""

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Raises BadCertificate."""
        try:
            parsed = x509.load_der_x509_certificate(der)
            # Parsed when first asked for: broken ones are found here.
            _ = parsed.extensions, parsed.subject, parsed.public_key()
            if parsed.serial_number <= 0:  # RFC 5280, 4.1.2.2; `cryptography` warns, and will refuse it one day
                raise ValueError("a serial number that is not positive")
        except BROKEN as exc:
            raise BadCertificate(
                name="?", why=unread("không có chứng thư dạng DER", "no certificate in DER form", exc)
            ) from exc
        return cls(der, parsed)

    @classmethod
    def from_pem(cls, pem: bytes) -> tuple[Self, ...]:
        """Every certificate of a PEM text, in its order. Raises BadCertificate, also where there is none."""
        try:
            parsed = x509.load_pem_x509_certificates(pem)
        except BROKEN as exc:
            raise BadCertificate(
                name="?", why=unread("không có chứng thư dạng PEM", "no certificate in PEM form", exc)
            ) from exc
        return tuple(cls.from_der(each.public_bytes(serialization.Encoding.DER)) for each in parsed)

    def to_pem(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.PEM)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    @cached_property
    def name(self) -> str:
        """The common name; for a mailbox or a service its code, which is its user name at the broker too."""
        found = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else self.parsed.subject.rfc4514_string()

    @cached_property
    def urns(self) -> frozenset[str]:
        """The alternative names that are the bus's own: of a mailbox, or of a service."""
        try:
            names = self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return frozenset()
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        return frozenset(uri for uri in uris if uri.startswith(_OURS))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, hexadecimal."""
        return self.parsed.fingerprint(hashes.SHA256()).hex()

    @property
    def serial(self) -> int:
        return self.parsed.serial_number

    @property
    def since(self) -> datetime:
        return self.parsed.not_valid_before_utc

    @property
    def until(self) -> datetime:
        """The last moment at which it counts."""
        return self.parsed.not_valid_after_utc

    @cached_property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER: what `bus.trust.keys.key_id` names."""
        return self.parsed.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def key_fingerprint(self) -> str:
        """SHA-256 of the public key, hexadecimal: it stays the same when the certificate is renewed."""
        return hashlib.sha256(self.public_key).hexdigest()

    def verify_key(self) -> VerifyKey:
        """Raises BadCertificate for a key that signs no dockets."""
        try:
            return VerifyKey.from_bytes(self.public_key)
        except BadDirectory as exc:
            raise BadCertificate(
                name=self.name,
                why=Words("khóa của nó không thuộc P-256 hay Ed25519", "its key is neither P-256 nor Ed25519"),
            ) from exc


def names_mailbox(certificate: Certificate, mailbox: str) -> bool:
    """Whether a certificate is in a mailbox's name: its common name, and each alternative name of the bus that it has.
    One that names a second mailbox, or a service, is nobody's: a broker would go by any of them."""
    return certificate.name == mailbox and certificate.urns <= {f"{URN}{mailbox}"}


# -- revocation --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revoked:
    at: datetime
    compromised: bool
    """The key was in other hands: nothing it ever signed counts."""


@dataclass(frozen=True, eq=False)
class RevocationList:
    """The certificates that one issuer has revoked (RFC 5280, section 5). Believed only after `signed_by`."""

    der: bytes = field(repr=False)
    parsed: x509.CertificateRevocationList = field(repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Raises BadCertificate."""
        try:
            return cls(der, x509.load_der_x509_crl(der))
        except BROKEN as exc:
            raise BadCertificate(
                name="?", why=unread("không có danh sách thu hồi dạng DER", "no revocation list in DER form", exc)
            ) from exc

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Raises BadCertificate."""
        try:
            parsed = x509.load_pem_x509_crl(pem)
        except BROKEN as exc:
            raise BadCertificate(
                name="?", why=unread("không có danh sách thu hồi dạng PEM", "no revocation list in PEM form", exc)
            ) from exc
        return cls(parsed.public_bytes(serialization.Encoding.DER), parsed)

    def to_pem(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.PEM)

    @property
    def until(self) -> datetime | None:
        """The time by which the next list is due. Brokers refuse everybody whose issuer has no list in force."""
        return self.parsed.next_update_utc

    @property
    def since(self) -> datetime:
        """The time at which it was made (thisUpdate)."""
        return self.parsed.last_update_utc

    @property
    def number(self) -> int:
        """CRL number (RFC 5280, 5.2.3); -1 where the list has none that can be read."""
        try:
            return self.parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (*BROKEN, x509.ExtensionNotFound):
            return -1

    def signed_by(self, issuer: Certificate) -> bool:
        key = issuer.parsed.public_key()
        try:
            return self.parsed.issuer == issuer.parsed.subject and self.parsed.is_signature_valid(key)  # type: ignore[arg-type]
        except BROKEN:  # an issuer whose key signs nothing: its certificate may come from strangers
            return False

    def entry(self, serial: int) -> Revoked | None:
        found = self.parsed.get_revoked_certificate_by_serial_number(serial)
        if found is None:
            return None
        return Revoked(found.revocation_date_utc, _is_compromise(found))

    @cached_property
    def compromised(self) -> frozenset[int]:
        """The serials whose key was in other hands."""
        return frozenset(each.serial_number for each in self.parsed if _is_compromise(each))


def _is_compromise(entry: x509.RevokedCertificate) -> bool:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason in _COMPROMISES
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):  # an unknown reason counts as none
        return False


_COMPROMISES = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)


def unread(vi: str, en: str, cause: BaseException) -> Words:
    """That something cannot be read as what it should be, with the cause in the words of the parser."""
    facts = {"vi": vi, "en": en, "cause": quoted(str(cause))}
    return said("{vi} ({cause})", "{en} ({cause})", **facts)
