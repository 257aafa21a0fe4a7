"""The vector of a document with attachments that travel apart: one whose only segment lies beside it, and one of two
segments that a reader makes anew, from the rule that says its bytes. schemas/README.md §10"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final

from bus.wire.envelope import encrypt, parse, seal
from bus.wire.segments import Sealing
from schemas.content import pack_content
from schemas.docket import SEGMENT
from schemas.document import Attachment, Document
from tests.vectors.make import DOCUMENT, P256, RECIPIENTS, docket_of

RULE: Final = 251
"""Byte n of the long file is n modulo this, from 0."""
LONG: Final = bytes(n % RULE for n in range(RULE)) * (SEGMENT // RULE + 1)
LARGE: Final[Document] = DOCUMENT.model_copy(
    update={"attachments": (*DOCUMENT.attachments, Attachment.of("Bản đồ.bin", LONG[: SEGMENT + 7]))}
)
"""Its first and its third attachment travel apart."""


def vectors() -> Iterator[tuple[str, str, bytes, dict[str, Any]]]:
    """Name, fact, body, and what lies beside it."""
    made = {number: Sealing(LARGE.attachments[number - 1], number) for number in (1, 3)}
    segments = {number: list(each.segments()) for number, each in made.items()}
    sealed = {number: each.sealed() for number, each in made.items()}
    content = pack_content(LARGE, in_place={number: each.manifest.to_bytes() for number, each in sealed.items()})
    encrypted = encrypt(content)
    docket = docket_of(LARGE, encrypted.content, blobs=tuple(each.blob for each in sealed.values()))
    beside = {
        "docket_sha256": parse(body := seal(docket, encrypted, signer=P256, recipients=RECIPIENTS)).docket_sha256,
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "segments": {"1": [base64.b64encode(each).decode() for each in segments[1]]},
        "long": {"attachment": 3, "size": SEGMENT + 7, "byte_n_is_n_mod": RULE},
    }
    yield "large", "A document whose first and third attachment travel apart, in one and in two segments.", body, beside
