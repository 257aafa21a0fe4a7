"""Statements of sealing keys: a key with the times between which to seal to it, under its mailbox's own signature.

The directory carries a statement unchanged, so that its keeper cannot replace the key unseen. schemas/README.md §4.11.
Pure; the caller knows which signing keys are the mailbox's.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Self

from bus.errors import BadDirectory, Words
from bus.trust.keys import SEALING_KEY_SIZE, SIGNATURE_SIZE, KeyId, SealingPublicKey, Signer, VerifyKey
from bus.trust.pem import armoured, unarmoured
from schemas.framing import frame, unframe
from schemas.strict_json import read_object
from schemas.values import MailboxCode

STATED: Final = b"lienthong/1 sealing key\n"
"""Before what is signed: bytes made for this use never pass for another."""

LABEL: Final = "LIENTHONG SEALING KEY"
_LARGEST = 4096
MAX_SERIAL: Final = 2**53 - 1
"""A number that every JSON library reads unchanged (RFC 8259, section 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingStatement:
    """A parsed statement; believed only after `holds`."""

    mailbox: MailboxCode
    key: SealingPublicKey
    since: datetime
    until: datetime
    """Senders seal to it from `since` until before `until`; its mailbox opens what was sealed to it until then too."""
    signed_by: KeyId
    serial: int = 0
    """Goes up with each new key of the mailbox. 0: none is stated, as in statements made before there were serials."""
    withdraws: int = 0
    """Statements of the mailbox with a serial below this one do not count any more, whatever time they state."""
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)
    encoded: bytes = field(repr=False)
    """As the directory carries it."""

    @classmethod
    def sign(
        cls,
        key: SealingPublicKey,
        *,
        mailbox: MailboxCode,
        since: datetime,
        until: datetime,
        signer: Signer,
        serial: int = 0,
        withdraws: int = 0,
    ) -> Self:
        said: dict[str, object] = {"mailbox": mailbox, "since": _text(since), "until": _text(until)}
        # Readers before serials pass over names that they do not know.
        said |= {name: number for name, number in (("serial", serial), ("withdraws", withdraws)) if number}
        head = json.dumps(said, separators=(",", ":"))
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
            said = read_object(head)
            mailbox, since, until = said["mailbox"], said["since"], said["until"]
            times = [_time(text) for text in (since, until)]
            serial, withdraws = (_serial(said.get(name, 0)) for name in ("serial", "withdraws"))
            if withdraws > serial:
                raise ValueError("it withdraws itself")  # noqa: TRY301
            if len(signature) != SIGNATURE_SIZE or len(public) != SEALING_KEY_SIZE or not isinstance(mailbox, str):
                raise ValueError("sizes")  # noqa: TRY301
            named = KeyId(key_id.decode("ascii"))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as exc:
            raise BadDirectory(
                why=Words("lời khai về khóa niêm phong không đúng dạng", "a statement about a sealing key that is none")
            ) from exc
        return cls(
            mailbox=mailbox,
            key=SealingPublicKey.from_bytes(public),
            since=times[0],
            until=times[1],
            signed_by=named,
            serial=serial,
            withdraws=withdraws,
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

    @property
    def order(self) -> tuple[int, datetime]:
        """By which a mailbox's statements are older and newer: serial, then beginning."""
        return self.serial, self.since

    def to_pem(self) -> bytes:
        return armoured(LABEL, self.encoded)

    @classmethod
    def from_pem(cls, pem: bytes) -> tuple[Self, ...]:
        """Every statement in a text; other parts of it are skipped. Raises BadDirectory."""
        try:
            return tuple(map(cls.from_bytes, unarmoured(LABEL, pem)))
        except ValueError as exc:
            raise BadDirectory(
                why=Words(
                    "lời khai về khóa niêm phong không phải base64",
                    "a statement about a sealing key that is not base64",
                )
            ) from exc


def counting(statements: Sequence[SealingStatement]) -> tuple[SealingStatement, ...]:
    """Those of a mailbox that none of them withdraws, in their order."""
    least = max((each.withdraws for each in statements), default=0)
    return tuple(each for each in statements if each.serial >= least)


def is_newest_first(statements: Sequence[SealingStatement]) -> bool:
    """By their serials; those without one are in whatever order their writer gave them."""
    return all(one.serial >= next_.serial for one, next_ in pairwise(statements))


def _serial(number: object) -> int:
    """Raises ValueError."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_SERIAL:
        raise ValueError("no serial")
    return number


def _time(text: str) -> datetime:
    """Raises ValueError, also without an offset: every reader must understand the same moment."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no offset")
    return at.astimezone(UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
