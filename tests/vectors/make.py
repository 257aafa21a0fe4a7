"""Makes the vectors anew, with new randomness and the same keys: `python -m tests.vectors.make`.

Only on purpose: what old vectors prove is that messages sealed years ago still open.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bus.trust.keys import SealingKey, SigningKey
from bus.wire.envelope import COMMITTED, MAGIC, SIGNED, WRAPPED, Encrypted, encrypt, parse, seal
from schemas.agency import Party
from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.content import pack_content
from schemas.docket import Acknowledged, Address, Docket, DocumentKey, SealedContent
from schemas.document import Attachment, Document, DocumentNumber, DocumentType
from schemas.framing import frame, unframe
from schemas.status import Concerned, Status
from schemas.values import MessageId

FOLDER: Final = Path(__file__).parent
AT: Final = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
SENDER: Final = Address(agency="H49", mailbox="H49")
MINISTRY: Final = Address(agency="G22", mailbox="G22")
CITY: Final = Address(agency="H29.12", mailbox="H29")


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"lienthong test vectors, published key {name}".encode()).digest()


def _p256(name: str) -> SigningKey:
    key = ec.derive_private_key(int.from_bytes(_secret(name)) >> 1, ec.SECP256R1())
    return SigningKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _ed25519(name: str) -> SigningKey:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(_secret(name))
    return SigningKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


SIGNING: Final = {"h49-p256": _p256("h49-p256"), "h49-ed25519": _ed25519("h49-ed25519"), "k01-p256": _p256("k01-p256")}
SEALING: Final = {name: SealingKey.from_seed(_secret(name)) for name in ("g22-old", "g22-new", "h29")}
P256, ED25519, STRANGER = SIGNING.values()
OLD, NEW, CITY_KEY = SEALING.values()
RECIPIENTS: Final = {"G22": OLD.public, "H29": CITY_KEY.public}

DOCUMENT: Final = Document(
    id="H49,2026/11/22,7816/UBND-VP",
    sender=Party(code="H49", name="UBND tỉnh Quảng Ninh"),
    recipients=(Party(code="G22", name="Văn phòng Chính phủ"), Party(code="H29.12")),
    number=DocumentNumber(number="7816", notation="UBND-VP"),
    issued_on=date(2026, 11, 22),
    type=DocumentType(name="Công văn"),
    subject="V/v rà soát thủ tục hành chính",
    priority=Priority.URGENT,
    attachments=(
        Attachment.of("7816.pdf", b"%PDF-1.7\nnot much of one\n%%EOF\n"),
        Attachment.of("Phụ lục.xlsx", bytes(range(256)) * 4),
    ),
)
STATUS: Final = Status(
    code=StatusCode.DONE,
    sender=Party(code="H49"),
    concerns=Concerned(agency="G22", document_id="12/TB-VPCP"),
    at=AT,
    description="Đã ban hành văn bản trả lời",
)


def docket_of(item: Document | Status, content: SealedContent, **changes: Any) -> Docket:
    common: dict[str, Any] = {
        "id": MessageId("019ab000-0000-7000-8000-000000000001"),
        "sender": SENDER,
        "created_at": AT,
    }
    match item:
        case Document():
            own = {
                "kind": Kind.DOCUMENT,
                "recipients": (MINISTRY, CITY),
                "document": DocumentKey(issuer="H49", id=item.id),
                "business_type": BusinessType.NEW,
                "priority": item.priority,
                "attachments": len(item.attachments),
            }
        case Status():
            own = {
                "kind": Kind.STATUS,
                "recipients": (MINISTRY,),
                "document": DocumentKey(issuer="G22", id=item.concerns.document_id),
                "status": item.code,
            }
    return Docket(**{**common, **own, "content": content, **changes})


RECEIPT: Final = Docket(
    id=MessageId("019ab000-0000-7000-8000-000000000002"),
    kind=Kind.RECEIPT,
    sender=SENDER,
    recipients=(MINISTRY,),
    created_at=AT,
    acknowledges=(
        Acknowledged(
            message=MessageId("019ab000-0000-7000-8000-00000000000a"), docket_sha256="0" * 64, outcome=Outcome.HELD
        ),
        Acknowledged(
            message=MessageId("019ab000-0000-7000-8000-00000000000b"),
            docket_sha256="f" * 64,
            outcome=Outcome.REFUSED,
            code="cannot-open",
        ),
    ),
)


def assemble(
    docket: bytes,
    encrypted: Encrypted,
    *,
    signer: SigningKey = P256,
    signed: bytes = SIGNED,
    wraps: Sequence[bytes] | None = None,
) -> bytes:
    """A body from parts that `seal` would not put together; signed well unless `signed` is another label."""
    block = frame((signer.algorithm.encode(), signer.id.encode(), signer.sign(signed + docket)))
    if wraps is None:
        wraps = wrap(encrypted.key, docket, "G22", OLD)
    return frame((docket, block, frame(wraps), encrypted.sealed), after=MAGIC)


def wrap(key: bytes, docket: bytes, mailbox: str, to: SealingKey, *, info: bytes | None = None) -> list[bytes]:
    context = WRAPPED + hashlib.sha256(docket).digest() + mailbox.encode() if info is None else info
    return [mailbox.encode(), to.id.encode(), to.public.wrap(key, context)]


def parts_of(body: bytes) -> list[bytes]:
    return [bytes(part) for part in unframe(memoryview(body)[len(MAGIC) :], at_most=4)]


def together(parts: Sequence[bytes]) -> bytes:
    return frame(parts, after=MAGIC)


Row = tuple[str, str, str, bytes]
"""File name, fact, what must happen, body."""


def opening() -> Iterator[Row]:
    content = pack_content(DOCUMENT)
    encrypted = encrypt(content)
    docket = docket_of(DOCUMENT, encrypted.content)
    plain = docket.to_json()
    yield (
        "document",
        "A document with two attachments, for two mailboxes, signed with P-256.",
        "opens",
        seal(docket, encrypted, signer=P256, recipients=RECIPIENTS),
    )
    yield (
        "document-ed25519",
        "A document signed with Ed25519.",
        "opens",
        seal(docket, encrypted, signer=ED25519, recipients=RECIPIENTS),
    )
    again = [*wrap(encrypted.key, plain, "G22", NEW), *wrap(encrypted.key, plain, "G22", OLD)]
    yield (
        "rewrapped",
        "The content key wrapped again for a newer key of the recipient: the signature holds.",
        "opens",
        (assemble(plain, encrypted, wraps=again)),
    )
    loose = json.dumps(
        dict(reversed(json.loads(plain).items())) | {"created_at": "2026-11-22T14:00:00+07:00"}, indent=1
    ).encode()
    yield (
        "docket-in-another-hand",
        "A docket with its names in another order, spaced, escaped, with an offset.",
        "opens",
        (assemble(loose, encrypted)),
    )
    others = [*wrap(encrypted.key, plain, "G22", OLD), b"H29", CITY_KEY.id.encode(), bytes(1168)]
    yield (
        "broken-wrap-of-another",
        "What is wrong with the wrap of another mailbox is not ours to see.",
        "opens",
        (assemble(plain, encrypted, wraps=others)),
    )
    encrypted = encrypt(pack_content(STATUS))
    yield (
        "status",
        "A status.",
        "opens",
        seal(docket_of(STATUS, encrypted.content), encrypted, signer=P256, recipients=RECIPIENTS),
    )
    yield (
        "receipt",
        "A receipt has a docket and nothing else.",
        "verifies",
        seal(RECEIPT, None, signer=P256, recipients={}),
    )


def badly_signed() -> Iterator[Row]:
    encrypted, other = encrypt(pack_content(DOCUMENT)), encrypt(pack_content(DOCUMENT))
    docket = docket_of(DOCUMENT, encrypted.content)
    good = parts_of(seal(docket, encrypted, signer=P256, recipients=RECIPIENTS))
    altered = good[0].replace(b'"priority":1', b'"priority":4')
    yield "docket-altered", "A docket with one value changed.", "bad-signature", together([altered, *good[1:]])
    spaced = good[0].replace(b"{", b"{ ", 1)
    yield "docket-spaced", "A docket that says the same in other bytes.", "bad-signature", together([spaced, *good[1:]])
    yield (
        "content-swapped",
        "The sealed content of another message.",
        "bad-signature",
        together([*good[:3], bytes(other.sealed)]),
    )
    yield "content-cut", "Sealed content without its last byte.", "bad-signature", together([*good[:3], good[3][:-1]])
    yield (
        "stranger",
        "Signed with a key that the directory lists for somebody else.",
        "bad-signature",
        assemble(good[0], encrypted, signer=STRANGER),
    )
    forged = frame((b"p256", P256.id.encode(), STRANGER.sign(SIGNED + good[0])))
    yield (
        "forged",
        "Signed by a stranger under the key id of the sender.",
        "bad-signature",
        together([good[0], forged, *good[2:]]),
    )
    block = frame((b"ed25519", P256.id.encode(), P256.sign(SIGNED + good[0])))
    yield (
        "algorithm-renamed",
        "A good P-256 signature that says it is Ed25519.",
        "bad-signature",
        together([good[0], block, *good[2:]]),
    )
    yield (
        "unlabelled",
        "Signed without saying that it is a docket.",
        "bad-signature",
        assemble(good[0], encrypted, signed=b""),
    )
    zeros = frame((b"p256", P256.id.encode(), bytes(64)))
    yield "zeros", "A P-256 signature of r = s = 0.", "bad-signature", together([good[0], zeros, *good[2:]])


def not_opening() -> Iterator[Row]:
    content = pack_content(DOCUMENT)
    encrypted, other = encrypt(content), encrypt(content)
    plain = docket_of(DOCUMENT, encrypted.content).to_json()
    foreign = docket_of(DOCUMENT, other.content).to_json()
    no = "cannot-open"
    yield (
        "wrap-of-another-message",
        "A wrap made for the docket of another message.",
        no,
        assemble(plain, encrypted, wraps=wrap(encrypted.key, foreign, "G22", OLD)),
    )
    renamed = [b"G22", *wrap(encrypted.key, plain, "H29", OLD)[1:]]
    yield "wrap-renamed", "A wrap made for another mailbox and renamed.", no, assemble(plain, encrypted, wraps=renamed)
    yield (
        "wrap-unbound",
        "A wrap with an empty info.",
        no,
        assemble(plain, encrypted, wraps=wrap(encrypted.key, plain, "G22", OLD, info=b"")),
    )
    yield (
        "wrap-broken",
        "A wrap of zeros.",
        no,
        assemble(plain, encrypted, wraps=[b"G22", OLD.id.encode(), bytes(1168)]),
    )
    yield "no-wraps", "Addressed to this mailbox, wrapped for nobody.", no, assemble(plain, encrypted, wraps=())
    yield (
        "only-others",
        "Wrapped for another mailbox only.",
        no,
        assemble(plain, encrypted, wraps=wrap(encrypted.key, plain, "H29", CITY_KEY)),
    )
    yield (
        "key-not-held",
        "Wrapped for a key that this mailbox does not hold.",
        no,
        assemble(plain, encrypted, wraps=wrap(encrypted.key, plain, "G22", CITY_KEY)),
    )
    yield (
        "other-key",
        "The key of other content, signed and wrapped well.",
        no,
        assemble(plain, encrypted, wraps=wrap(other.key, plain, "G22", OLD)),
    )
    for name, fact, sealed in (
        (
            "uncommitted",
            "Content that opens, with the commitment to another key.",
            _sealed(encrypted.key, other.key, content),
        ),
        (
            "content-of-another-key",
            "The right commitment before content under another key.",
            _sealed(other.key, encrypted.key, content),
        ),
        ("no-content", "Sealed content of no bytes, signed as such.", b""),
        ("short-content", "Sealed content that is a commitment and nothing else.", bytes(encrypted.sealed[:32])),
    ):
        described = SealedContent(size=len(sealed), sha256=hashlib.sha256(sealed).hexdigest())
        crafted = Encrypted(encrypted.key, memoryview(sealed), described)
        yield name, fact, no, assemble(docket_of(DOCUMENT, described).to_json(), crafted)


def _sealed(encrypts: bytes, commits: bytes, content: bytes) -> bytes:
    return hashlib.sha256(COMMITTED + commits).digest() + AESGCM(encrypts).encrypt(bytes(12), content, None)


def malformed() -> Iterator[Row]:
    encrypted = encrypt(pack_content(STATUS))
    docket = docket_of(STATUS, encrypted.content)
    body = seal(docket, encrypted, signer=P256, recipients=RECIPIENTS)
    good = parts_of(body)
    no = "bad-message"
    yield "empty", "No bytes at all.", no, b""
    yield "version-2", "A docket of version 1 in a body of version 2.", no, b"LT\x02\n" + body[4:]
    yield "trailing", "One byte too many.", no, body + b"\n"
    yield "cut", "One byte too few.", no, body[:-1]
    yield "three-parts", "A body of three parts.", no, together(good[:3])
    yield "five-parts", "A body of five parts.", no, together([*good, b""])
    yield "endless", "A part that says it has 4 GiB.", no, MAGIC + b"\xff\xff\xff\xff" + body[8:]
    for name, fact, text in (
        ("docket-no-json", "A docket that is no JSON.", b"docket"),
        ("docket-unknown-name", "A docket with a name that is not in §3.", good[0][:-1] + b',"subject":"V/v"}'),
        (
            "docket-version-2",
            "A docket of version 2 in a body of version 1.",
            good[0].replace(b'"version":1', b'"version":2'),
        ),
        ("docket-no-offset", "A time without an offset.", good[0].replace(b"07:00:00Z", b"07:00:00")),
        ("docket-no-status", "A status docket without its status.", good[0].replace(b'"status":"06",', b"")),
        ("docket-name-twice", "A docket in which a name occurs twice.", good[0][:-1] + b',"priority":4}'),
        (
            "docket-name-twice-within",
            "A name that occurs twice in an address.",
            good[0].replace(b'"sender":{', b'"sender":{"agency":"G22",'),
        ),
        (
            "docket-name-twice-escaped",
            "The second time, the name is written with an escape.",
            good[0][:-1] + rb',"\u006bind":"status"}',
        ),
        ("docket-id-line-break", "A document id with a line break.", good[0].replace(b"12/TB-VPCP", rb"12\n/TB-VPCP")),
        (
            "docket-id-reordered",
            "A document id with a mark of writing direction.",
            good[0].replace(b"12/TB-VPCP", "12\u202e/TB-VPCP".encode()),
        ),
        ("docket-unknown-kind", "A kind that is not in §1.1.", good[0].replace(b'"kind":"status"', b'"kind":"notice"')),
    ):
        yield name, fact, no, assemble(text, encrypted)
    twice = RECEIPT.model_copy(update={"recipients": RECEIPT.recipients * 2}).to_json()
    yield "docket-recipient-twice", "A docket with one recipient twice.", no, together([twice, good[1], b"", b""])
    der = frame((b"p256", P256.id.encode(), bytes.fromhex("3006020101020101")))
    yield "signature-der", "A P-256 signature in DER.", no, together([good[0], der, *good[2:]])
    two = frame((b"p256", P256.id.encode()))
    yield "signature-two-parts", "A signature block without the signature.", no, together([good[0], two, *good[2:]])
    own = wrap(encrypted.key, good[0], "G22", OLD)
    yield "wrap-not-whole", "A wrap of two parts.", no, assemble(good[0], encrypted, wraps=own[:2])
    yield "wrap-short", "A wrap of 1,167 bytes.", no, assemble(good[0], encrypted, wraps=[*own[:2], own[2][:-1]])
    yield "wrap-twice", "Two wraps for one key of one mailbox.", no, assemble(good[0], encrypted, wraps=own + own)
    receipt = parts_of(seal(RECEIPT, None, signer=P256, recipients={}))
    yield "receipt-with-content", "A receipt with sealed content.", no, together([*receipt[:3], good[3]])
    yield "receipt-with-wraps", "A receipt with a wrap.", no, together([*receipt[:2], good[2], b""])


def write(folder: Path) -> None:
    keys = {
        "note": "Published test keys, never use them. h49-*, k01-*: of H49, K01; g22-*, h29: of G22, H29.",
        "signing": {name: _key(key) for name, key in SIGNING.items()},
        "sealing": {name: _key(key) for name, key in SEALING.items()},
    }
    _write(folder / "keys.json", keys)
    for rows in (opening, badly_signed, not_opening, malformed):
        for name, fact, expect, body in rows():
            _write(folder / f"{expect}-{name}.json", _vector(fact, expect, body))
    from tests.vectors import large, second  # they build on what stands here

    for name, fact, body, beside in large.vectors():
        _write(folder / f"opens-{name}.json", _vector(fact, "opens", body) | beside)
    for name, fact, expect, body, beside in second.vectors():
        _write(folder / f"{expect}-{name}.json", _vector(fact, expect, body) | beside)


def _vector(fact: str, expect: str, body: bytes) -> dict[str, object]:
    vector: dict[str, object] = {
        "fact": fact,
        "expect": expect,
        "mailbox": "G22",
        "sender_keys": ["h49-p256", "h49-ed25519"],
    }
    vector["sealing_keys"] = ["g22-new", "g22-old"]
    if expect in {"opens", "verifies"}:
        vector["docket_sha256"] = parse(body).docket_sha256
    if expect == "opens":
        item = DOCUMENT if parse(body).docket.kind is Kind.DOCUMENT else STATUS
        vector["content_sha256"] = hashlib.sha256(pack_content(item)).hexdigest()
    return {**vector, "body": base64.b64encode(body).decode()}


def _key(key: SigningKey | SealingKey) -> dict[str, str]:
    return {"id": key.id, "private": key.to_pem().decode(), "public": base64.b64encode(key.public.to_bytes()).decode()}


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
