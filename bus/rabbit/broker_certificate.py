"""The broker's certificate against revocation lists, once TLS has found that it counts and is the right host's.

OpenSSL can look at lists itself, and then refuses everybody whose authority has none in force: a list that ended would
cut off a whole country. Here a list that has ended still names those whom it names; where an authority has no list,
chain and name decide. The commands about endings warn of both.
"""

import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from bus.errors import BadCertificate, Words, said
from bus.trust.certificates import Certificate, RevocationList, Revoked
from bus.trust.trust_store import TrustStore
from schemas.clock import local

Revocations: TypeAlias = Callable[[Certificate], Revoked | None]
"""What is said of a certificate by the lists that are known by then; None where nothing is."""


class BrokerCertificateRevoked(ssl.SSLCertVerificationError):
    """Whoever has the key of that certificate may not be the broker."""


def by_directory(trust_store: Callable[[], TrustStore | None]) -> Revocations:
    """By the lists of the edition in force; before there is one, nothing is said."""

    def revoked(certificate: Certificate) -> Revoked | None:
        store = trust_store()
        try:
            return None if store is None else store.revoked(certificate)
        except BadCertificate:
            return None  # of an authority that the directory does not know: TLS has judged it

    return revoked


def by_lists(lists: Sequence[RevocationList]) -> Revocations:
    """By lists that the caller trusts as they are: an operator's own files."""

    def revoked(certificate: Certificate) -> Revoked | None:
        own = (each for each in lists if each.parsed.issuer == certificate.parsed.issuer)
        return next((found for each in own if (found := each.entry(certificate.serial))), None)

    return revoked


def check_peer(context: ssl.SSLContext, revocations: Revocations) -> None:
    """Has each connection of a context look at the other side's certificate at the end of its handshake, which raises
    BrokerCertificateRevoked."""

    class Checked(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            der = self.getpeercert(binary_form=True)
            assert der is not None, "a context of a client requires one"
            if why := _objection(der, revocations):
                raise BrokerCertificateRevoked(1, why)

    context.sslsocket_class = Checked


def _objection(der: bytes, revocations: Revocations) -> Words | None:
    try:
        certificate = Certificate.from_der(der)
    except BadCertificate as exc:
        return said(
            "chứng thư của RabbitMQ không đọc được: {why}",
            "the broker's certificate cannot be read: {why}",
            why=exc.facts["why"],
        )
    found = revocations(certificate)
    if found is None or (not found.compromised and datetime.now(UTC) < found.at):
        return None
    return said(
        "chứng thư số {serial:x} của RabbitMQ bị thu hồi lúc {at}",
        "the broker's certificate {serial:x} was revoked at {at}",
        serial=certificate.serial,
        at=local(found.at),
    )
