"""The stream `audit` in memory, and an exchange that copies into it what mailboxes publish. A reader of it tells the
same of its continuity as the real one (tests/integration/test_audit_reader.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bus.errors import BrokerAway
from bus.ports.records import Confirmation, Publication
from bus.rabbit.streams.audit_reader import AuditMessage, Continuity, Place, continuity
from bus.topology.names import AUDIT
from schemas.values import MailboxCode
from tests.fakes.broker import FakeExchange


@dataclass
class FakeStream:
    """Of one name. `recreate` deletes it and declares it anew, `forget` drops its oldest."""

    messages: list[AuditMessage] = field(default_factory=list)
    next: int = 0
    is_away: bool = False
    gaps: int = 0
    """Offsets left out before each message: a stream numbers more than messages."""

    def append(self, publisher: MailboxCode | None, key: str, body: bytes) -> None:
        self.messages.append(AuditMessage(self.next + self.gaps, publisher, key, body))
        self.next += self.gaps + 1

    def again(self, *places: int) -> None:
        """The messages at these places of the list once more: published again."""
        for place in places:
            old = self.messages[place]
            self.append(old.publisher, old.key, old.body)

    def recreate(self) -> None:
        self.messages, self.next = [], 0

    def forget(self, count: int) -> None:
        del self.messages[:count]

    def open(self, stream: str, after: Place | None) -> "FakeReader":
        if self.is_away:
            raise BrokerAway(why="away")
        return FakeReader(self, stream, after)


class FakeReader:
    """Implements `bus.ledger.ingest.Reader`."""

    def __init__(self, source: FakeStream, stream: str, after: Place | None) -> None:
        self.stream = stream
        self.continuity = Continuity.NEW
        self._source = source
        self._next = 0
        if after is None:
            return
        first = next((each for each in source.messages if each.offset >= after.offset), None)
        self.continuity = continuity(after, first) if first else Continuity.ANOTHER
        self._next = 0 if self.continuity is Continuity.ANOTHER else after.offset + 1

    def read(self, *, limit: int, max_bytes: int, wait: float) -> Sequence[AuditMessage]:
        if self._source.is_away:
            raise BrokerAway(why="away")
        found = [each for each in self._source.messages if each.offset >= self._next][:limit]
        if found:
            self._next = found[-1].offset + 1
        return found

    def close(self) -> None:
        pass


class AuditedExchange(FakeExchange):
    """Copies what is published into `audit`, as the bindings of every mailbox's exchange do."""

    def __init__(self, *mailboxes: MailboxCode) -> None:
        super().__init__(*mailboxes)
        self.streams = {AUDIT: FakeStream()}

    @property
    def audit(self) -> FakeStream:
        return self.streams[AUDIT]

    def publish(self, publication: Publication, user: str) -> Confirmation:
        self.audit.append(user, publication.routing[0], publication.body)
        return super().publish(publication, user)
