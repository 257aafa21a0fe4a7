"""Receipts proved again: what was kept, against the directory of now."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from bus.errors import NoKey, Words
from bus.ledger.proof import SAID, SOUND, Keys, Verdict, prove
from bus.ledger.records import Event, LedgerReceiptLine
from bus.trust.keys import KeyId, SigningKey, VerifyKey
from bus.wire.envelope import SIGNED, Signature
from schemas.codes import Kind, Outcome
from schemas.docket import Acknowledged, Address, Docket
from schemas.values import MailboxCode
from tests.contract.ledger import NOW, event

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
MESSAGE = event(1)


@dataclass
class Directory:
    """Of one mailbox."""

    listed: Collection[VerifyKey] = (KEY.public,)
    why: Words | None = None

    def verify_keys(self, mailbox: MailboxCode) -> Collection[VerifyKey]:
        if mailbox != "H49":
            raise NoKey(mailbox=mailbox)
        return self.listed

    def objection(self, mailbox: MailboxCode, key: KeyId, *, at: datetime) -> Words | None:
        return self.why


def receipt(of: Event = MESSAGE, *, sender: str = "H49", key: SigningKey = KEY, **line: Any) -> Event:
    facts = {"message": of.docket.id, "docket_sha256": of.docket_sha256, "outcome": Outcome.HELD}
    docket = Docket(
        id=event(2).docket.id,
        kind=Kind.RECEIPT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=(Address(agency="G22", mailbox="G22"),),
        created_at=NOW,
        acknowledges=(Acknowledged(message=event(5).docket.id, docket_sha256="0" * 64, outcome=Outcome.HELD),
            Acknowledged(**{**facts, **line})),
    )  # fmt: skip
    signature = Signature(key.public.algorithm, key.public.id, key.sign(SIGNED + docket.to_json()))
    return replace(
        event(2), docket=docket, docket_bytes=docket.to_json(), docket_sha256=sha256(docket.to_json()).hexdigest(),
        signature=signature,
    )  # fmt: skip


LINE = LedgerReceiptLine(
    message=MESSAGE.docket.id, mailbox="H49", sender="G22", docket_sha256=MESSAGE.docket_sha256, outcome=Outcome.HELD,
    code=None, at=NOW, event=event(2).number,
)  # fmt: skip
ALTERED = replace(MESSAGE, docket_bytes=MESSAGE.docket_bytes.replace(b"H49", b"H50"))
LOST = replace(receipt(), signature=Signature("ed25519", KeyId("9" * 32), b""))


@pytest.mark.parametrize(
    ("message", "line", "kept", "keys", "verdict"),
    [
        (MESSAGE, LINE, receipt(), Directory(), Verdict.STANDS),
        (None, LINE, receipt(), Directory(), Verdict.NOT_KEPT),
        (MESSAGE, LINE, None, Directory(), Verdict.NOT_KEPT),
        (ALTERED, LINE, receipt(), Directory(), Verdict.ANOTHER),
        (MESSAGE, LINE, receipt(docket_sha256="1" * 64), Directory(), Verdict.ANOTHER),
        (MESSAGE, LINE, receipt(outcome=Outcome.REFUSED, code="too-large"), Directory(), Verdict.ANOTHER),
        (MESSAGE, replace(LINE, code="too-large"), receipt(), Directory(), Verdict.ANOTHER),
        (MESSAGE, LINE, receipt(sender="H53"), Directory(), Verdict.ANOTHER),
        (MESSAGE, LINE, receipt(key=OTHER), Directory(), Verdict.KEY_GONE),
        (MESSAGE, LINE, receipt(), Directory(listed=()), Verdict.KEY_GONE),
        (MESSAGE, LINE, replace(receipt(key=OTHER), standing="unknown-key"), Directory(), Verdict.SIGNATURE),
        (MESSAGE, LINE, replace(LOST, standing="bad-signature"), Directory(), Verdict.SIGNATURE),
        (MESSAGE, replace(LINE, mailbox="H53"), receipt(sender="H53"), Directory(), Verdict.KEY_GONE),
        (MESSAGE, LINE, receipt(), Directory(why=Words("bị thu hồi", "revoked")), Verdict.CERTIFICATE),
    ],
)
def test_a_receipt(
    message: Event | None, line: LedgerReceiptLine, kept: Event | None, keys: Keys, verdict: Verdict
) -> None:
    """Is what it says what the table says, of exactly this message; and did its mailbox sign it."""
    proof = prove(message, line, kept, keys=keys)
    assert (proof.line, proof.verdict) == (line, verdict)


def test_a_signature_over_other_bytes() -> None:
    """By a key that is listed: one byte of what is kept was changed behind the line that is compared."""
    kept = receipt()
    changed = replace(kept, docket_bytes=kept.docket_bytes + b" ")
    assert prove(MESSAGE, LINE, changed, keys=Directory()).verdict is Verdict.SIGNATURE


def test_each_has_words() -> None:
    """In both languages; those in capitals are for an operator."""
    assert set(SAID) == set(Verdict)
    assert {verdict for verdict in Verdict if SAID[verdict].isupper()} == set(Verdict) - SOUND
