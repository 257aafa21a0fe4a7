"""The directory in the eyes of whoever judges a message: whose keys verify it, whose certificate counts, who may speak
for which agency. No keys of one's own: a member (member.py) has those, the ledger has none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.directory.agencies import Directory
from bus.directory.edition import MAX_SKEW
from bus.errors import AgencyClosed, BadCertificate, Words, quoted
from bus.trust.certificates import Purpose, names_mailbox
from bus.trust.keys import KeyId, VerifyKey
from bus.trust.trust_store import TrustStore
from schemas.docket import Address
from schemas.values import VIETNAM, MailboxCode

CLOSED_SINCE = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlooker:
    """One edition of the directory, on one day."""

    directory: Directory
    trust_store: TrustStore | None = None
    """Says which certificates are valid. None: the directory is unsigned, and the bare keys in it are believed."""

    def served(self, address: Address, *, at: datetime, now: datetime) -> bool:
        """Whether that mailbox serves an agency, or served it when a message was made.

        A code closed since then counts for two months: messages on their way must arrive, and nobody may go on sending
        under it by setting a clock back.
        """
        try:
            return self.directory.serves(address.mailbox, address.agency)
        except AgencyClosed:
            if abs(now - at) > CLOSED_SINCE:
                return False
            then = self.directory.as_of(at.astimezone(VIETNAM).date())
            return not then.is_closed(address.agency) and then.serves(address.mailbox, address.agency)

    def verify_keys(self, mailbox: MailboxCode) -> tuple[VerifyKey, ...]:
        """Every key that may have signed for a mailbox. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.trust_store is None:
            return keys.bare_signing
        return tuple(key for _, key in keys.certified)

    def objection(self, mailbox: MailboxCode, key: KeyId, *, at: datetime) -> Words | None:
        """The reason why a signature by one of `verify_keys`, of that moment, does not count. None where it does."""
        if self.trust_store is None:
            return None
        listed = self.directory.keys(mailbox).certified
        certificate = next(certificate for certificate, signer in listed if signer.id == key)
        if not names_mailbox(certificate, mailbox):
            return Words(f"nó mang tên {certificate.name}", f"it is in the name of {certificate.name}")
        try:
            return self.trust_store.validity(certificate, Purpose.MAILBOX).objection(at, skew=MAX_SKEW)
        except BadCertificate as error:
            return quoted(error.facts["why"])
