"""Messages as the stream `audit` would have them, really signed, made one by one while they are read: documents with
statuses 01, 03 and 06, and receipts for all, of some dozen mailboxes. How long the making took is told apart."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Final

from bus.directory.agencies import Directory
from bus.directory.onlooker import Onlooker
from bus.directory.sources import render_keys
from bus.rabbit.streams.audit_reader import AuditMessage, Continuity, Place
from bus.trust.keys import Identity, Signer, new_identity
from bus.wire.envelope import MAGIC, SIGNED, encrypt, parse, seal
from schemas.codes import BusinessType, Kind, Outcome, StatusCode
from schemas.docket import Acknowledged, Address, Docket, DocumentKey
from schemas.framing import frame, unframe
from schemas.values import MailboxCode, MessageId
from tests.bench.paper_trail import NOTATIONS, agencies, message_id

MAILBOXES: Final = 32
LINES: Final = 20
"""Messages that one receipt answers: what an adapter has taken in before it answers."""
OTHERS: Final = 10_000_000
"""Ordinals of documents that a ledger may have already (paper_trail.py)."""
STATUSES: Final = (StatusCode.ARRIVED, StatusCode.ACCEPTED, StatusCode.DONE)


@dataclass(frozen=True, slots=True)
class _Made:
    id: MessageId
    sender: MailboxCode
    recipient: MailboxCode
    docket_sha256: str


class AuditFeed:
    """A stream of so many documents. Implements `bus.ledger.ingest.Reader`; `seconds` went into the making."""

    stream = "audit"
    continuity = Continuity.NEW

    def __init__(self, documents: int, *, now: datetime | None = None) -> None:
        self.seconds = 0.0
        self.read_messages = 0
        self._now = now or datetime.now(UTC)
        self._numbers = iter(range(1 << 40))
        self._codes = agencies(MAILBOXES)
        identities = {code: new_identity() for code in self._codes}
        self._signers: dict[MailboxCode, Signer] = {code: each.signing for code, each in identities.items()}
        self._encrypted = encrypt(b"x" * 4096)
        self._onlooker = Onlooker(directory=self._directory(identities))
        wraps = {code: identities[code].sealing[0].public for code in self._codes}
        sample = self._document(0, self._codes[0], self._codes[1])
        sealed = parse(seal(sample, self._encrypted, signer=self._signers[self._codes[0]], recipients=wraps))
        # The ledger opens nothing: all have the wrap of one, of the right shape and size.
        (_, _, self._wraps, self._sealed) = map(bytes, unframe(memoryview(sealed.body)[len(MAGIC) :], at_most=4))
        self._messages = enumerate(self._all(documents))

    def onlooker(self) -> Onlooker:
        return self._onlooker

    def open(self, stream: str, after: Place | None) -> "AuditFeed":
        return self

    def read(self, *, limit: int, max_bytes: int, wait: float) -> Sequence[AuditMessage]:
        began = time.perf_counter()
        found = [AuditMessage(offset, who, key, body) for offset, (who, key, body) in islice(self._messages, limit)]
        self.seconds += time.perf_counter() - began
        self.read_messages += len(found)
        return found

    def close(self) -> None:
        pass

    # -- how

    def _directory(self, identities: Mapping[MailboxCode, Identity]) -> Directory:
        texts = {"keys.toml": "\n".join(self._keys(code, each) for code, each in identities.items())}
        texts["agencies.toml"] = "\n".join(
            f'[[agency]]\ncode = "{code}"\nnames = [{{ vi = "Cơ quan {code}" }}]\n[[mailbox]]\ncode = "{code}"'
            for code in self._codes
        )
        return Directory.parse(texts, on=self._now.date())

    @staticmethod
    def _keys(code: MailboxCode, identity: Identity) -> str:
        signing = identity.signing.public.to_bytes()
        sealing = [key.public.to_bytes() for key in identity.sealing]
        return render_keys(code, signing=[signing], sealing=sealing)

    def _all(self, documents: int) -> Iterator[tuple[MailboxCode, str, bytes]]:
        """A hundred documents under way at a time, each message receipted some time later."""
        unanswered: dict[tuple[MailboxCode, MailboxCode], list[_Made]] = {}
        for number in range(1, documents + 1):
            sender = self._codes[number % MAILBOXES]
            recipient = self._codes[(number + 1 + number // MAILBOXES % (MAILBOXES - 1)) % MAILBOXES]
            document = self._document(number, sender, recipient)
            dockets = [document, *(self._status(document, code, place) for place, code in enumerate(STATUSES))]
            for docket in dockets:
                yield self._signed(docket)
                pair = docket.sender.mailbox, docket.recipients[0].mailbox
                waiting = unanswered.setdefault(pair, [])
                waiting.append(_Made(docket.id, *pair, sha256(docket.to_json()).hexdigest()))
                if len(waiting) == LINES:
                    yield self._signed(self._receipt(unanswered.pop(pair)))
        for rest in unanswered.values():
            yield self._signed(self._receipt(rest))

    def _document(self, number: int, sender: MailboxCode, recipient: MailboxCode) -> Docket:
        at = self._now - timedelta(hours=20) + timedelta(milliseconds=20 * number)
        notation = NOTATIONS[number % len(NOTATIONS)][0]
        return Docket(
            id=self._id(at),
            kind=Kind.DOCUMENT,
            sender=Address(agency=sender, mailbox=sender),
            recipients=(Address(agency=recipient, mailbox=recipient),),
            created_at=at,
            document=DocumentKey(issuer=sender, id=f"{sender},{at:%Y/%m/%d},{number + OTHERS}/{notation}"),
            business_type=BusinessType.NEW,
            due_on=(at + timedelta(days=10)).date() if number % 3 == 0 else None,
            content=self._encrypted.content,
        )

    def _status(self, document: Docket, code: StatusCode, place: int) -> Docket:
        at = document.created_at + timedelta(minutes=1 + 20 * place)
        return Docket(
            id=self._id(at),
            kind=Kind.STATUS,
            sender=document.recipients[0],
            recipients=(document.sender,),
            created_at=at,
            document=document.document,
            status=code,
            content=self._encrypted.content,
        )

    def _receipt(self, made: Sequence[_Made]) -> Docket:
        answers, sender = made[0].recipient, made[0].sender
        return Docket(
            id=self._id(self._now),
            kind=Kind.RECEIPT,
            sender=Address(agency=answers, mailbox=answers),
            recipients=(Address(agency=sender, mailbox=sender),),
            created_at=self._now - timedelta(minutes=1),
            acknowledges=tuple(
                Acknowledged(message=each.id, docket_sha256=each.docket_sha256, outcome=Outcome.HELD) for each in made
            ),
        )

    def _id(self, at: datetime) -> MessageId:
        return message_id(int(at.timestamp() * 1_000_000), next(self._numbers))

    def _signed(self, docket: Docket) -> tuple[MailboxCode, str, bytes]:
        sender, data = docket.sender.mailbox, docket.to_json()
        signer = self._signers[sender]
        value = signer.sign(SIGNED + data)
        signature = frame((signer.algorithm.encode(), signer.id.encode(), value))
        rest = (b"", b"") if docket.content is None else (self._wraps, self._sealed)
        return sender, f"{docket.kind}.{docket.recipients[0].mailbox}", frame((data, signature, *rest), after=MAGIC)
