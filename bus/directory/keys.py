"""The public keys of a mailbox, as the directory lists them: as bytes, and parsed. No private key is here.

Parsing a key costs more than using it, so each `MailboxKeys` caches what it parsed; the cache goes with it when its
edition is superseded.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from bus.errors import BadCertificate, BadDirectory, Words, listed, quoted, said
from bus.trust.certificates import Certificate, Purpose, names_mailbox
from bus.trust.keys import SealingPublicKey, VerifyKey
from bus.trust.statements import SealingStatement, counting, is_newest_first
from bus.trust.trust_store import TrustStore, Validity
from schemas.values import MailboxCode


@dataclass(frozen=True, kw_only=True)
class MailboxKeys:
    """Public keys of one mailbox. Several overlap while keys are rotated."""

    signing: tuple[bytes, ...] = ()
    """Bare keys, which only an unsigned directory uses."""
    certificates: tuple[bytes, ...] = ()
    """X.509, DER."""
    sealing: tuple[bytes, ...]
    """Newest first: statements (bus/trust/statements.py), or bare keys where the directory is unsigned."""
    _statements: dict[MailboxCode, tuple[SealingStatement, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Cache of `statements`; one entry, since the keys are one mailbox's."""

    @cached_property
    def bare_signing(self) -> tuple[VerifyKey, ...]:
        """Of an unsigned directory. Raises BadDirectory."""
        return tuple(map(VerifyKey.from_bytes, self.signing))

    @cached_property
    def newest_bare_sealing(self) -> SealingPublicKey:
        """The key to seal to, of an unsigned directory, whatever older ones are like. Raises BadDirectory."""
        return SealingPublicKey.from_bytes(self.sealing[0])

    @cached_property
    def bare_sealing(self) -> tuple[SealingPublicKey, ...]:
        """Of an unsigned directory. Raises BadDirectory."""
        return tuple(map(SealingPublicKey.from_bytes, self.sealing))

    @cached_property
    def certified(self) -> tuple[tuple[Certificate, VerifyKey], ...]:
        """Certificates whose key can sign, with that key. Whether each is in force is asked when it is used."""
        found = []
        for der in self.certificates:
            with suppress(BadCertificate):
                certificate = Certificate.from_der(der)
                found.append((certificate, certificate.verify_key()))
        return tuple(found)

    def statements(self, mailbox: MailboxCode) -> tuple[SealingStatement, ...]:
        """As `check_keys`, cached. Raises BadDirectory and BadCertificate."""
        found = self._statements.get(mailbox)
        if found is None:
            found = self._statements[mailbox] = check_keys(mailbox, self)
        return found


def check_keys(mailbox: MailboxCode, keys: MailboxKeys) -> tuple[SealingStatement, ...]:
    """The sealing keys of a mailbox, newest first, each under the mailbox's own signature.

    Raises BadCertificate for a certificate that cannot be read; BadDirectory where a certificate is in another name, or
    where the mailbox did not state a sealing key: somebody else would read its mail. Whether the certificates are in
    force is asked when they are used.
    """
    certificates = [Certificate.from_der(der) for der in keys.certificates]
    for certificate in certificates:
        if not names_mailbox(certificate, mailbox):
            raise BadDirectory(
                why=Words(
                    f"{mailbox}: chứng thư mang tên {certificate.name}",
                    f"{mailbox}: a certificate in the name of {certificate.name}",
                )
            )
    verify_keys = [certificate.verify_key() for certificate in certificates]
    statements = tuple(map(SealingStatement.from_bytes, keys.sealing))
    if not all(statement.holds(mailbox, verify_keys) for statement in statements):
        raise BadDirectory(
            why=Words(
                f"{mailbox}: khóa niêm phong không do chính {mailbox} khai; có thể đã bị tráo",
                f"{mailbox}: a sealing key that {mailbox} itself did not state; it may have been swapped",
            )
        )
    return statements


def stated_under(keys: MailboxKeys, statement: SealingStatement, trust_store: TrustStore) -> Validity | None:
    """The validity of the certificate whose key stated it; None where no certificate listed there is a mailbox's.
    schemas §4.11"""
    for certificate, key in keys.certified:
        if key.id == statement.signed_by:
            with suppress(BadCertificate):
                return trust_store.validity(certificate, Purpose.MAILBOX)
    return None


def in_force(mailbox: MailboxCode, keys: MailboxKeys, trust_store: TrustStore) -> tuple[SealingStatement, ...]:
    """The statements of a mailbox that count, in their order: under a certificate that leads to a root and whose key
    nobody else is known to have, and withdrawn by none of them. Raises as `check_keys`. schemas §4.11"""
    return counting([each for each in keys.statements(mailbox) if _is_believed(stated_under(keys, each, trust_store))])


def _is_believed(under: Validity | None) -> bool:
    return under is not None and not (under.revoked and under.revoked.compromised)


_ORDER = ("khóa niêm phong cũ đứng trước khóa mới", "an older sealing key comes before a newer one")


def check_all_keys(keys: Mapping[MailboxCode, MailboxKeys], trust_store: TrustStore) -> None:
    """Checks every mailbox's keys, and that a trusted root leads to each certificate. Raises BadDirectory with every
    contradiction at once."""
    wrong = []
    for code, each in keys.items():
        try:
            if not is_newest_first(check_keys(code, each)):
                raise BadDirectory(why=said(*_ORDER))  # noqa: TRY301
            for der in each.certificates:
                trust_store.validity(Certificate.from_der(der), Purpose.MAILBOX)
        except (BadDirectory, BadCertificate) as error:
            why = quoted(error.facts["why"])
            wrong.append(why if why.startswith(code) else said("{code}: {why}", "{code}: {why}", code=code, why=why))
    if wrong:
        raise BadDirectory(why=listed(wrong))
