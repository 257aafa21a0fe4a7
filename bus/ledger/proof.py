"""Receipts proved on the spot: the kept bytes of a receipt are verified again, against the directory as it is now, and
compared with the kept bytes of the message that it is for. Bytes and keys in, a verdict out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, Protocol

from bus.errors import NoKey, Words, said
from bus.ledger.records import Event, LedgerReceiptLine
from bus.ledger.tables import GENUINE
from bus.trust.keys import KeyId, VerifyKey
from bus.wire.envelope import SIGNED
from schemas.docket import Acknowledged
from schemas.values import MailboxCode


class Keys(Protocol):
    """What the directory says of who signs: bus/directory/onlooker.py."""

    def verify_keys(self, mailbox: MailboxCode) -> Collection[VerifyKey]:
        """Raises NoKey."""

    def objection(self, mailbox: MailboxCode, key: KeyId, *, at: datetime) -> Words | None: ...


class Verdict(StrEnum):
    STANDS = "stands"
    NOT_KEPT = "not-kept"
    """The receipt, or the message, is no longer there: its year was dropped."""
    KEY_GONE = "key-gone"
    """It was genuine when the ledger read it; the directory does not list that key any more."""
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    ANOTHER = "another"
    """The receipt does not say so of exactly this message."""


SAID: Final[dict[Verdict, Words]] = {
    Verdict.STANDS: said("chữ ký đúng", "its signature stands"),
    Verdict.NOT_KEPT: said("không còn lưu", "no longer kept"),
    Verdict.KEY_GONE: said("đúng khi nhận; khóa nay đã thôi dùng", "stood when read; its key is listed no more"),
    Verdict.SIGNATURE: said("CHỮ KÝ SAI", "ITS SIGNATURE DOES NOT STAND"),
    Verdict.CERTIFICATE: said("CHỨNG THƯ KHÔNG ĐƯỢC CÔNG NHẬN", "ITS CERTIFICATE DOES NOT COUNT"),
    Verdict.ANOTHER: said("KHÔNG PHẢI CỦA BẢN TIN NÀY", "IT IS FOR ANOTHER MESSAGE"),
}
SOUND: Final = frozenset({Verdict.STANDS, Verdict.KEY_GONE, Verdict.NOT_KEPT})
"""The others are for an operator: somebody changed what the ledger keeps, or a certificate was revoked since."""


@dataclass(frozen=True, slots=True)
class Proof:
    line: LedgerReceiptLine
    verdict: Verdict


def prove(message: Event | None, line: LedgerReceiptLine, receipt: Event | None, *, keys: Keys) -> Proof:
    """Whether a line of a receipt stands: `receipt` is the kept event that it came in."""
    if message is None or receipt is None:
        return Proof(line, Verdict.NOT_KEPT)
    if not _says_so(message, line, receipt):
        return Proof(line, Verdict.ANOTHER)
    return Proof(line, _signed(receipt, keys))


def _says_so(message: Event, line: LedgerReceiptLine, receipt: Event) -> bool:
    """The digest is made anew, of the bytes that are kept."""
    digest = sha256(message.docket_bytes).hexdigest()
    wanted = Acknowledged(message=message.docket.id, docket_sha256=digest, outcome=line.outcome, code=line.code)
    return receipt.docket.sender.mailbox == line.mailbox and wanted in receipt.docket.acknowledges


def _signed(receipt: Event, keys: Keys) -> Verdict:
    mailbox, signature = receipt.docket.sender.mailbox, receipt.signature
    try:
        key = _key(keys.verify_keys(mailbox), signature.key_id)
    except NoKey:
        key = None
    if key is None:
        return Verdict.KEY_GONE if receipt.standing == GENUINE else Verdict.SIGNATURE
    if key.algorithm != signature.algorithm or not key.verify(signature.value, SIGNED + receipt.docket_bytes):
        return Verdict.SIGNATURE
    if keys.objection(mailbox, key.id, at=receipt.docket.created_at):
        return Verdict.CERTIFICATE
    return Verdict.STANDS


def _key(keys: Iterable[VerifyKey], key_id: KeyId) -> VerifyKey | None:
    return next((key for key in keys if key.id == key_id), None)
