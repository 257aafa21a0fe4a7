"""An authority in memory for tests: a root, an issuer, and whatever certificates a test wants of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from bus.authority import Authority, Withdrawal, issue, new_issuer, new_root, revocation_list
from bus.certificates import Certificate, Purpose, RevocationList
from bus.keys import SealingKey, Signer, SigningKey
from bus.statement import SealingStatement

BEGIN = datetime(2016, 1, 1, tzinfo=UTC)


@dataclass
class Papers:
    """`begin` is when root and issuer begin to count."""

    begin: datetime = BEGIN
    root: Authority = field(init=False)
    issuer: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.root = new_root("Goc thu nghiem", at=self.begin)
        self.issuer = new_issuer(self.root, "Cap chung thu thu nghiem", at=self.begin)

    @property
    def roots(self) -> tuple[Certificate, ...]:
        return (self.root.certificate,)

    def certificate(
        self,
        code: str,
        signer: Signer,
        *,
        purpose: Purpose = Purpose.MAILBOX,
        at: datetime | None = None,
        lasts: timedelta = timedelta(days=3650),
        hosts: Sequence[str] = (),
    ) -> Certificate:
        return issue(
            self.issuer, signer.public, name=code, purpose=purpose, at=at or self.begin, lasts=lasts, hosts=hosts
        )

    def statement(
        self, code: str, key: SealingKey, signer: Signer, *, at: datetime | None = None, days: int = 3650
    ) -> SealingStatement:
        since = at or self.begin
        until = since + timedelta(days=days)
        return SealingStatement.sign(key.public, mailbox=code, since=since, until=until, signer=signer)

    def revoked(self, *withdrawals: Withdrawal, at: datetime | None = None) -> RevocationList:
        made = at or self.begin
        return revocation_list(self.issuer, withdrawals, at=made, until=made + timedelta(days=3650), number=1)

    def directory_signer(self) -> tuple[SigningKey, tuple[Certificate, ...]]:
        """A key, and the chain of its certificate."""
        key = SigningKey.generate()
        return key, (self.certificate("directory", key, purpose=Purpose.DIRECTORY), self.issuer.certificate)


@cache
def papers(begin: datetime = BEGIN) -> Papers:
    """One for all tests that do not break it."""
    return Papers(begin)
