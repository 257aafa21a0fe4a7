"""The proof of a renewal: a signature by the key in force over the request for the next one, so that nobody else has a
certificate issued in a mailbox's name. schemas/README.md §4.13. Pure; the caller knows which keys are in force.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from bus.errors import BadCertificate, Words
from bus.trust.keys import SIGNATURE_SIZE, KeyId, Signer, VerifyKey
from bus.trust.pem import armoured, unarmoured
from schemas.framing import frame, unframe

RENEWAL: Final = b"lienthong/1 renewal\n"
"""Before what is signed: bytes made for this use never pass for another."""
LABEL: Final = "LIENTHONG RENEWAL"

_GROUP = 4
_LARGEST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalProof:
    """A parsed proof; believed only after `holds`."""

    signed_by: KeyId
    signature: bytes

    @classmethod
    def sign(cls, request: bytes, statements: Sequence[bytes], *, signer: Signer) -> Self:
        """Of a request (PKCS#10, DER) and the statements behind it, as they are encoded."""
        return cls(signed_by=signer.id, signature=signer.sign(_signed(request, statements)))

    def holds(self, key: VerifyKey, request: bytes, statements: Sequence[bytes]) -> bool:
        """Whether this key signed exactly this request."""
        return key.id == self.signed_by and key.verify(self.signature, _signed(request, statements))

    def to_pem(self) -> bytes:
        return armoured(LABEL, frame((self.signed_by.encode("ascii"), self.signature)))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self | None:
        """The proof in a text; None where there is none. Raises BadCertificate."""
        try:
            found = unarmoured(LABEL, pem)
            if not found:
                return None
            (encoded,) = found
            if len(encoded) > _LARGEST:
                raise ValueError("too long")  # noqa: TRY301 — one translation for all of them
            key_id, signature = map(bytes, unframe(memoryview(encoded), at_most=2))
            if len(signature) != SIGNATURE_SIZE:
                raise ValueError("sizes")  # noqa: TRY301
            return cls(signed_by=KeyId(key_id.decode("ascii")), signature=signature)
        except ValueError as exc:
            raise BadCertificate(
                name="?",
                why=Words("không đọc được bằng chứng gia hạn trong đó", "the proof of renewal in it cannot be read"),
            ) from exc


def fingerprint(key: VerifyKey) -> str:
    """What two people read to each other of a public key: the first 128 bits of its SHA-256, in groups of four
    digits."""
    return " ".join(key.id[at : at + _GROUP] for at in range(0, len(key.id), _GROUP))


def is_fingerprint(said: str, key: VerifyKey) -> bool:
    """Whether that is what somebody read out, however it was written down: all of it, groups apart or not."""
    return "".join(said.replace(":", " ").replace("-", " ").split()).lower() == key.id


def _signed(request: bytes, statements: Sequence[bytes]) -> bytes:
    return RENEWAL + hashlib.sha256(frame((request, *statements))).digest()
