"""How long it takes to seal and to open one document, all included: `python -m tests.bench.bench_seal [--json]`.

Seal: pack, encrypt, wrap, sign. Open: parse, verify, unwrap, decrypt, unpack. One core, one document at a time.
"""

import os
import statistics
import time
from collections.abc import Callable

import click

from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table
from bus.trust.keys import Algorithm, Identity, SealingPublicKey, new_identity
from bus.wire.envelope import encrypt, open_, parse, seal, verify
from schemas.codes import BusinessType, Kind
from schemas.content import pack_content, unpack_content
from schemas.docket import Address, Docket, DocumentKey
from schemas.document import Attachment, Document
from schemas.values import MessageId
from tests.vectors.make import AT, DOCUMENT

SENDER = Address(agency="H49", mailbox="H49")
CASES = ((4 * 1024, 1), (4 * 1024, 34), (1024 * 1024, 1), (10 * 1024 * 1024, 1))
"""(bytes of the attachment, recipient mailboxes)."""


def _document(size: int) -> Document:
    return DOCUMENT.model_copy(update={"attachments": (Attachment.of("7816.pdf", os.urandom(size)),)})


def _seal(document: Document, signer: Identity, keys: dict[str, SealingPublicKey]) -> bytes:
    encrypted = encrypt(pack_content(document))
    docket = Docket(
        id=MessageId("019ab000-0000-7000-8000-000000000001"),
        kind=Kind.DOCUMENT,
        sender=SENDER,
        recipients=tuple(Address(agency=code, mailbox=code) for code in keys),
        created_at=AT,
        document=DocumentKey(issuer="H49", id=document.id),
        business_type=BusinessType.NEW,
        attachments=1,
        content=encrypted.content,
    )
    return seal(docket, encrypted, signer=signer.signing, recipients=keys)


def _open(body: bytes, signer: Identity, mailbox: str, recipient: Identity) -> object:
    parsed = parse(body)
    verify(parsed, (signer.signing.public,))
    return unpack_content(parsed.docket.kind, open_(parsed, mailbox=mailbox, keys=recipient.sealing))


def _microseconds(work: Callable[[], object], seconds: float) -> float:
    """Returns the median of single runs."""
    work()
    taken: list[int] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 5:
        start = time.perf_counter_ns()
        work()
        taken.append(time.perf_counter_ns() - start)
    return statistics.median(taken) / 1000


def measure(algorithm: Algorithm, size: int, mailboxes: int, *, seconds: float) -> dict[str, object]:
    signer, recipient = new_identity(algorithm), new_identity()
    keys = {f"M{number}": recipient.sealing[0].public for number in range(mailboxes)}
    document = _document(size)
    body = _seal(document, signer, keys)
    return {
        "algorithm": algorithm.value,
        "attachment_bytes": size,
        "mailboxes": mailboxes,
        "body_bytes": len(body),
        "seal_us": round(_microseconds(lambda: _seal(document, signer, keys), seconds), 1),
        "open_us": round(_microseconds(lambda: _open(body, signer, "M0", recipient), seconds), 1),
    }


@click.command()
@click.option("--seconds", default=1.0, show_default=True, help="For each figure.")
@json_option
def main(seconds: float, as_json: bool) -> None:
    """Median microseconds to seal and to open one document."""
    rows = [measure(algorithm, size, count, seconds=seconds) for algorithm in Algorithm for size, count in CASES]
    if as_json:
        emit_json(rows)
    else:
        emit_table(tuple(rows[0]), [tuple(row.values()) for row in rows])


if __name__ == "__main__":
    main()
