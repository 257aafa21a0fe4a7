"""Who may vouch for whom: X.509 certificates as values, and whether one stands. From bytes; no files, no clock.

Chains are checked by `cryptography`'s own verifier (RFC 5280); here stand the rules of the bus: what a certificate is
for, whose mailbox it names, from when to when its word counts. Making certificates is bus/authority.py's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bus.errors import BadCertificate, BadDirectory
from bus.keys import VerifyKey

# An arc that nobody had to be asked for: ITU-T X.667, the UUID b4f0a3de-6f4d-4c52-9d0f-6f3f9e6a2c11.
_ARC: Final = f"2.25.{int('b4f0a3de6f4d4c529d0f6f3f9e6a2c11', 16)}"
DIRECTORY_USE: Final = x509.ObjectIdentifier(f"{_ARC}.1")
"""Extended key usage of a certificate that signs editions of the directory."""
URN: Final = "urn:lienthong:mailbox:"
"""Before the mailbox's code in the subject's alternative names (URI)."""


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
"""What `cryptography` says to bytes that are no certificate."""


class Purpose(StrEnum):
    """What a certificate may be used for."""

    MAILBOX = "mailbox"
    """Signs dockets and logs in to the broker."""
    SERVICE = "service"
    """Logs in to the broker (operator, ledger, authority), and signs nothing."""
    BROKER = "broker"
    """A TLS server."""
    DIRECTORY = "directory"
    """Signs editions of the directory."""


USES: Final[dict[Purpose, x509.ObjectIdentifier]] = {
    Purpose.MAILBOX: ExtendedKeyUsageOID.CLIENT_AUTH,
    Purpose.SERVICE: ExtendedKeyUsageOID.CLIENT_AUTH,
    Purpose.BROKER: ExtendedKeyUsageOID.SERVER_AUTH,
    Purpose.DIRECTORY: DIRECTORY_USE,
}
"""What the extended key usage must name."""


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
            raise BadCertificate(name="?", why=f"no certificate in DER form ({exc})") from exc
        return cls(der, parsed)

    @classmethod
    def from_pem(cls, pem: bytes) -> tuple[Self, ...]:
        """Every certificate of a PEM text, in its order. Raises BadCertificate, also where there is none."""
        try:
            parsed = x509.load_pem_x509_certificates(pem)
        except BROKEN as exc:
            raise BadCertificate(name="?", why=f"no certificate in PEM form ({exc})") from exc
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
        """SubjectPublicKeyInfo, DER: what `bus.keys.key_id` names."""
        return self.parsed.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verify_key(self) -> VerifyKey:
        """Raises BadCertificate for a key that signs no dockets."""
        try:
            return VerifyKey.from_bytes(self.public_key)
        except BadDirectory as exc:
            raise BadCertificate(name=self.name, why="its key is neither P-256 nor Ed25519") from exc


def _uses(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    try:
        return frozenset(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return frozenset()


def _signs(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return False


# -- revocation --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revoked:
    at: datetime
    compromised: bool
    """The key was in other hands: nothing it ever signed counts."""


@dataclass(frozen=True, eq=False)
class RevocationList:
    """What one issuer has withdrawn (RFC 5280, section 5). `signed_by` says whether it is that issuer's word."""

    der: bytes = field(repr=False)
    parsed: x509.CertificateRevocationList = field(repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Raises BadCertificate."""
        try:
            return cls(der, x509.load_der_x509_crl(der))
        except BROKEN as exc:
            raise BadCertificate(name="?", why=f"no revocation list in DER form ({exc})") from exc

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Raises BadCertificate."""
        try:
            parsed = x509.load_pem_x509_crl(pem)
        except BROKEN as exc:
            raise BadCertificate(name="?", why=f"no revocation list in PEM form ({exc})") from exc
        return cls(parsed.public_bytes(serialization.Encoding.DER), parsed)

    def to_pem(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.PEM)

    @property
    def until(self) -> datetime | None:
        """When its issuer promised the next one. Brokers let nobody in whose issuer has no list that is still good."""
        return self.parsed.next_update_utc

    def signed_by(self, issuer: Certificate) -> bool:
        key = issuer.parsed.public_key()
        return self.parsed.issuer == issuer.parsed.subject and self.parsed.is_signature_valid(key)  # type: ignore[arg-type]

    def entry(self, serial: int) -> Revoked | None:
        found = self.parsed.get_revoked_certificate_by_serial_number(serial)
        if found is None:
            return None
        try:
            reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):  # a reason that nobody knows is none
            reason = x509.ReasonFlags.unspecified
        return Revoked(found.revocation_date_utc, reason in _COMPROMISES)


_COMPROMISES = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)


# -- whether it stands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A certificate whose chain leads to a root, and from when to when its word counts."""

    certificate: Certificate
    since: datetime
    until: datetime
    """Both ends belong to it; they are those of the whole chain."""
    revoked: Revoked | None = None

    def objection(self, at: datetime, *, skew: timedelta = timedelta(0)) -> str | None:
        """Why something signed at that moment does not count; None where it does."""
        if self.revoked and (self.revoked.compromised or at >= self.revoked.at):
            return f"certificate {self.certificate.serial:x} was revoked at {self.revoked.at:%Y-%m-%d %H:%M}Z"
        if at < self.since - skew:
            return f"certificate {self.certificate.serial:x} is valid only from {self.since:%Y-%m-%d %H:%M}Z"
        if at > self.until + skew:
            return f"certificate {self.certificate.serial:x} expired at {self.until:%Y-%m-%d %H:%M}Z"
        return None


class Vouching:
    """The roots that are believed, the issuers below them, and what these have revoked. Answers are remembered."""

    def __init__(
        self,
        roots: Sequence[Certificate],
        issuers: Iterable[Certificate] = (),
        revoked: Iterable[RevocationList] = (),
    ) -> None:
        self.roots = tuple(roots)
        self._issuers = tuple(issuers)
        self._lists = tuple(revoked)
        self._known: dict[tuple[bytes, Purpose], Standing | BadCertificate] = {}

    @property
    def lists_until(self) -> datetime | None:
        """The first end among the revocation lists; None where none ends."""
        return min((until for each in self._lists if (until := each.until) is not None), default=None)

    def standing(self, certificate: Certificate, purpose: Purpose) -> Standing:
        """Raises BadCertificate: no chain to a root, made for something else, or its key is of no use here."""
        key = certificate.der, purpose
        if (known := self._known.get(key)) is None:
            try:
                known = self._standing(certificate, purpose)
            except BadCertificate as error:
                known = error
            self._known[key] = known
        if isinstance(known, BadCertificate):
            raise known
        return known

    def _standing(self, certificate: Certificate, purpose: Purpose) -> Standing:
        if USES[purpose] not in _uses(certificate.parsed) or not _signs(certificate.parsed):
            raise BadCertificate(name=certificate.name, why=f"it was not issued for this purpose ({purpose})")
        chain = self._chain(certificate)
        since, until = max(each.since for each in chain), min(each.until for each in chain)
        return Standing(certificate=certificate, since=since, until=until, revoked=self._revoked(chain))

    def _chain(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """From the certificate to a root, judged at the first moment it is valid."""
        anything = verification.ExtensionPolicy.permit_all()
        policy = (
            verification.PolicyBuilder()
            .store(verification.Store([root.parsed for root in self.roots]))
            .time(certificate.since)
            .extension_policies(
                ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=anything,  # what a mailbox's certificate must say is said above
            )
        )
        try:
            found = policy.build_client_verifier().verify(certificate.parsed, [each.parsed for each in self._issuers])
        except verification.VerificationError as exc:
            raise BadCertificate(name=certificate.name, why="no chain leads from it to a root that is trusted") from exc
        return tuple(Certificate.from_der(each.public_bytes(serialization.Encoding.DER)) for each in found.chain)

    def _revoked(self, chain: Sequence[Certificate]) -> Revoked | None:
        """The worst that was said of any link: a revoked issuer takes those below with it."""
        found = [
            entry
            for certificate, issuer in pairwise(chain)
            for each in self._lists
            if (entry := each.entry(certificate.serial)) and each.signed_by(issuer)
        ]
        if not found:
            return None
        return Revoked(min(entry.at for entry in found), any(entry.compromised for entry in found))


def names_mailbox(certificate: Certificate, mailbox: str) -> bool:
    """Whether a certificate is in a mailbox's name: its common name, and, where it has alternative names of this
    form, one of them."""
    if certificate.name != mailbox:
        return False
    try:
        names = certificate.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return True
    ours = [uri for uri in names.get_values_for_type(x509.UniformResourceIdentifier) if uri.startswith(URN)]
    return not ours or f"{URN}{mailbox}" in ours
