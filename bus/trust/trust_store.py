"""The validity of a certificate: a chain to a trusted root, the right purpose, its dates, and revocation. No clock.

Chains are checked by `cryptography`'s own verifier (RFC 5280); here are the rules of the bus.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification

from bus.errors import BadCertificate, Words, quoted
from bus.trust.certificates import USES, Certificate, Purpose, RevocationList, Revoked
from schemas.clock import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """A certificate whose chain leads to a root, with the times between which its signatures count."""

    certificate: Certificate
    since: datetime
    until: datetime
    """Both ends included; they are those of the whole chain."""
    revoked: Revoked | None = None

    def objection(self, at: datetime, *, skew: timedelta = timedelta(0)) -> Words | None:
        """The reason why a signature of that moment does not count; None where it does."""
        if self.revoked and (self.revoked.compromised or at >= self.revoked.at):
            return self._said("bị thu hồi lúc", "was revoked at", self.revoked.at)
        if at < self.since - skew:
            return self._said("chỉ có giá trị từ", "is valid only from", self.since)
        if at > self.until + skew:
            return self._said("hết hạn lúc", "expired at", self.until)
        return None

    def _said(self, vi: str, en: str, at: datetime) -> Words:
        serial, moment = f"{self.certificate.serial:x}", local(at)
        return Words(f"chứng thư {serial} {vi} {moment}", f"certificate {serial} {en} {moment}")


class TrustStore:
    """Trusted roots, the issuers below them, and their revocation lists. Answers are cached for as long as it lives: it
    is asked about the certificates of one edition. Threads may ask at once."""

    def __init__(
        self,
        roots: Sequence[Certificate],
        issuers: Iterable[Certificate] = (),
        revoked: Iterable[RevocationList] = (),
    ) -> None:
        self.roots = tuple(roots)
        self._issuers = tuple(issuers)
        self._lists = tuple(revoked)
        self._known: dict[tuple[bytes, Purpose], Validity | Words] = {}

    @property
    def lists_until(self) -> datetime | None:
        """The first end among the revocation lists; None where none ends."""
        return min((until for each in self._lists if (until := each.until) is not None), default=None)

    @property
    def lists(self) -> tuple[RevocationList, ...]:
        """As they were given; whose they are is not asked."""
        return self._lists

    @property
    def issuers(self) -> tuple[Certificate, ...]:
        return self._issuers

    def is_revoked(self, certificate: Certificate) -> bool:
        """Whether a list names it or one above it, whatever the date. False where no chain leads from it to a root."""
        try:
            return self._revoked(self._chain(certificate)) is not None
        except BadCertificate:
            return False

    def lists_by_issuer(self) -> dict[Certificate, RevocationList]:
        """The newest list of each root, and of each issuer that a root vouches for; those of nobody are left out."""
        found: dict[Certificate, RevocationList] = {}
        for issuer in dict.fromkeys((*self.roots, *self._issuers)):
            own = [each for each in self._lists if each.signed_by(issuer)]
            if own and self._is_anchored(issuer):
                found[issuer] = max(own, key=lambda each: (each.number, each.since))
        return found

    def _is_anchored(self, issuer: Certificate) -> bool:
        try:
            self._chain(issuer)
        except BadCertificate:
            return False
        return True

    def validity(self, certificate: Certificate, purpose: Purpose) -> Validity:
        """Raises BadCertificate: no chain to a root, made for something else, or its key is of no use here."""
        key = certificate.der, purpose
        if (known := self._known.get(key)) is None:
            try:
                known = self._validity(certificate, purpose)
            except BadCertificate as error:
                known = quoted(error.facts["why"])  # not the error: its traceback would grow each time it is raised
            self._known[key] = known
        if isinstance(known, Words):
            raise BadCertificate(name=certificate.name, why=known)
        return known

    def revoked(self, certificate: Certificate) -> Revoked | None:
        """What the lists say of a certificate and of those above it, whatever it is for. Raises BadCertificate where no
        chain leads to a root."""
        return self._revoked(self._chain(certificate))

    def _validity(self, certificate: Certificate, purpose: Purpose) -> Validity:
        if USES[purpose] not in _uses(certificate.parsed) or not _signs(certificate.parsed):
            raise BadCertificate(
                name=certificate.name,
                why=Words(
                    f"nó không được cấp cho việc này ({purpose})", f"it was not issued for this purpose ({purpose})"
                ),
            )
        chain = self._chain(certificate)
        if purpose in _NAMED_BY_US and any(_vouches_for_hosts_only(each.parsed) for each in chain[1:]):
            raise BadCertificate(
                name=certificate.name,
                why=Words(
                    "nơi cấp của nó chỉ được cấp cho tên máy hoặc địa chỉ thư",
                    "its issuer may vouch for hosts or mail addresses only",
                ),
            )
        since, until = max(each.since for each in chain), min(each.until for each in chain)
        return Validity(certificate=certificate, since=since, until=until, revoked=self._revoked(chain))

    def _chain(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """From the certificate to a root, judged at the first moment it is valid."""
        anything = verification.ExtensionPolicy.permit_all()
        policy = (
            verification.PolicyBuilder()
            .store(verification.Store([root.parsed for root in self.roots]))
            .time(certificate.since)
            .extension_policies(
                ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=anything,  # checked in `_validity`
            )
        )
        try:
            found = policy.build_client_verifier().verify(certificate.parsed, [each.parsed for each in self._issuers])
        except verification.VerificationError as exc:
            raise BadCertificate(
                name=certificate.name,
                why=Words(
                    "không có chuỗi chứng thư nào từ nó tới gốc được tin",
                    "no chain leads from it to a root that is trusted",
                ),
            ) from exc
        return tuple(Certificate.from_der(each.public_bytes(serialization.Encoding.DER)) for each in found.chain)

    def _revoked(self, chain: Sequence[Certificate]) -> Revoked | None:
        """The worst entry of any certificate in the chain: a revoked issuer takes those below with it."""
        found = [
            entry
            for certificate, issuer in pairwise(chain)
            for each in self._lists
            if (entry := each.entry(certificate.serial)) and each.signed_by(issuer)
        ]
        if not found:
            return None
        return Revoked(min(entry.at for entry in found), any(entry.compromised for entry in found))


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


_NAMED_BY_US = frozenset({Purpose.MAILBOX, Purpose.SERVICE, Purpose.DIRECTORY})
"""Purposes for which a name of the bus counts; a broker's certificate is for hosts."""


def _vouches_for_hosts_only(issuer: x509.Certificate) -> bool:
    """Whether name constraints (RFC 5280, 4.2.1.10) bind an authority to names of another form than ours. By the RFC
    such an authority may issue any name of a form that its constraints do not speak of; nobody meant it to."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    return any(not isinstance(each, x509.DirectoryName) for each in constraints.permitted_subtrees or ())


def revocation_warnings(
    issuers: Sequence[Certificate], lists: Sequence[RevocationList], *, until: datetime
) -> Iterator[str]:
    """Warnings of lists with which brokers would refuse every login before the edition ends: an issuer has none, or one
    ends earlier."""
    for issuer in issuers:
        if not any(each.signed_by(issuer) for each in lists):
            yield (
                f"{issuer.name}: thiếu danh sách thu hồi, RabbitMQ sẽ không cho ai của nó vào "
                "(no revocation list, RabbitMQ lets in nobody it vouches for): --crl"
            )
    for each in lists:
        if each.until is not None and each.until < until:
            yield (
                f"danh sách thu hồi hết hạn {each.until:%Y-%m-%d}, trước bản danh mục "
                "(the revocation list ends before the edition): lienthong ca crl"
            )
