"""An authority that publishes, step by step: issuers, signers, lists of revocation, charters. For tests of editions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bus.directory.charter import Charter, Terms, read_charter, sign_charter, signer_id
from bus.directory.edition import MAX_SKEW, Edition, accept, sign, with_charter
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.directory.sources import read
from bus.trust.authority import Authority, Withdrawal, issue, new_issuer, revocation_list
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SigningKey
from tests.identities import BEGIN, Papers
from tests.scenarios.country import AGENCIES

NOW = BEGIN + timedelta(days=100)
DAY = timedelta(days=1)

Signer = tuple[SigningKey, tuple[Certificate, ...]]


@dataclass
class Centre:
    """Signs whatever it is told to; what a reader makes of it is asked by `takes`."""

    office: Papers = field(default_factory=Papers)
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        self.signer = self.office.directory_signer()

    def crl(
        self,
        *serials: int,
        number: int = 1,
        at: datetime = NOW,
        lasts: timedelta = 90 * DAY,
        by: Authority | None = None,
    ) -> RevocationList:
        withdrawals = [Withdrawal(serial=serial, at=at) for serial in serials]
        return revocation_list(by or self.office.issuer, withdrawals, at=at, until=at + lasts, number=number)

    def second_issuer(self, lasts: timedelta = 3650 * DAY) -> Authority:
        return new_issuer(self.office.root, "Cap chung thu thu hai", at=BEGIN, lasts=lasts)

    def register(
        self, *lists: RevocationList, issuers: Sequence[Authority] | None = None, **keys: MailboxKeys
    ) -> Register:
        issuing = [self.office.issuer] if issuers is None else issuers
        return Register.of(
            replace(read({"a.toml": AGENCIES}), keys=keys),
            issuers=[each.certificate.der for each in issuing],
            revoked=[(each.parsed.issuer.public_bytes(), each.der) for each in lists],
        )

    def edition(
        self,
        version: int,
        *lists: RevocationList,
        by: Signer | None = None,
        at: datetime = NOW,
        lasts: timedelta = 60 * DAY,
        register: Register | None = None,
    ) -> bytes:
        signer, chain = by or self.signer
        return sign(
            self.register(*lists) if register is None else register,
            version=version,
            issued_at=at,
            expires_at=at + lasts,
            signer=signer,
            chain=chain,
        )

    def charter(self, serial: int = 1, *signers: Signer, at: datetime = NOW, **terms: object) -> Charter:
        """By the root, of these signers."""
        said = Terms(serial=serial, issued_at=at, signers=tuple(map(id_of, signers)), **terms)  # type: ignore[arg-type]
        return read_charter(self.chartered(said), roots=self.office.roots, now=at, skew=MAX_SKEW)

    def chartered(self, terms: Terms, *, by: Authority | None = None, purpose: Purpose = Purpose.CHARTER) -> bytes:
        key = SigningKey.generate()
        certificate = issue(by or self.office.root, key.public, name="charter", purpose=purpose, at=terms.issued_at)
        return sign_charter(terms, signer=key, chain=(certificate,))

    def takes(self, held: Edition | None, offered: bytes, *, now: datetime = NOW) -> Edition:
        found = accept(held, offered, roots=self.office.roots, now=now)
        assert found is not None
        return found


def id_of(signer: Signer) -> str:
    return signer_id(signer[1][0])


def under(charter: Charter, encoded: bytes) -> bytes:
    return with_charter(encoded, charter)
