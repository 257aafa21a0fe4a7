"""A mailbox's word for its own sealing key: the key, from when to when to seal to it, and the mailbox's signature.

The directory carries it as it is, so that whoever keeps the directory cannot put another key in its place unseen.
schemas/README.md §4.11. Pure; which signing keys are the mailbox's is the caller's to know.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from bus.errors import BadDirectory
from bus.keys import SEALING_KEY_SIZE, SIGNATURE_SIZE, KeyId, SealingPublicKey, Signer, VerifyKey
from schemas.framing import frame, unframe
from schemas.values import MailboxCode

STATED: Final = b"lienthong/1 sealing key\n"
"""Before what is signed: bytes made for this use never pass for another."""

_BEGIN, _END = "-----BEGIN LIENTHONG SEALING KEY-----", "-----END LIENTHONG SEALING KEY-----"
_LARGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingStatement:
    """Parsed, and to be believed only after `holds`."""

    mailbox: MailboxCode
    key: SealingPublicKey
    since: datetime
    until: datetime
    """Senders seal to it from `since` until before `until`; its mailbox opens what was sealed to it until then too."""
    signed_by: KeyId
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)
    encoded: bytes = field(repr=False)
    """As the directory carries it."""

    @classmethod
    def sign(
        cls, key: SealingPublicKey, *, mailbox: MailboxCode, since: datetime, until: datetime, signer: Signer
    ) -> Self:
        head = json.dumps({"mailbox": mailbox, "since": _text(since), "until": _text(until)}, separators=(",", ":"))
        signed = frame((head.encode("ascii"), key.to_bytes()))
        signature = signer.sign(STATED + signed)
        return cls.from_bytes(frame((head.encode("ascii"), key.to_bytes(), signer.id.encode("ascii"), signature)))

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Raises BadDirectory: that is where statements come from."""
        try:
            if len(encoded) > _LARGEST:
                raise ValueError("too long")  # noqa: TRY301 — one translation for all of them
            head, public, key_id, signature = map(bytes, unframe(memoryview(encoded), at_most=4))
            said = json.loads(head)
            mailbox, since, until = said["mailbox"], said["since"], said["until"]
            times = [_time(text) for text in (since, until)]
            if len(signature) != SIGNATURE_SIZE or len(public) != SEALING_KEY_SIZE or not isinstance(mailbox, str):
                raise ValueError("sizes")  # noqa: TRY301
            named = KeyId(key_id.decode("ascii"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as exc:
            raise BadDirectory(why="a statement about a sealing key that is none") from exc
        return cls(
            mailbox=mailbox,
            key=SealingPublicKey.from_bytes(public),
            since=times[0],
            until=times[1],
            signed_by=named,
            _signed=frame((head, public)),
            _signature=signature,
            encoded=encoded,
        )

    def holds(self, mailbox: MailboxCode, keys: Iterable[VerifyKey]) -> bool:
        """Whether one of a mailbox's own signing keys signed it, and it speaks of that mailbox."""
        return self.mailbox == mailbox and any(
            key.id == self.signed_by and key.verify(self._signature, STATED + self._signed) for key in keys
        )

    def covers(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def to_pem(self) -> bytes:
        text = base64.b64encode(self.encoded).decode("ascii")
        lines = (text[at : at + 64] for at in range(0, len(text), 64))
        return "\n".join((_BEGIN, *lines, _END, "")).encode("ascii")

    @classmethod
    def from_pem(cls, pem: bytes) -> tuple[Self, ...]:
        """Every statement of a text, whatever else stands in it. Raises BadDirectory."""
        found = []
        for part in pem.decode("utf-8", "replace").split(_BEGIN)[1:]:
            try:
                found.append(cls.from_bytes(base64.b64decode("".join(part.partition(_END)[0].split()), validate=True)))
            except (binascii.Error, ValueError) as exc:
                raise BadDirectory(why="a statement about a sealing key that is not base64") from exc
        return tuple(found)


def _time(text: str) -> datetime:
    """Raises ValueError, also without an offset: every reader must understand the same moment."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no offset")
    return at.astimezone(UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
