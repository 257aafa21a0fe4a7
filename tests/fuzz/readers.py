"""The readers of strangers' bytes, what each may say, and honest inputs to begin from."""

import base64
import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from adapters.journal import Journal
from bus.directory.charter import Terms, read_charter, sign_charter, signer_id
from bus.directory.container import countersigned, opened
from bus.directory.edition import MAX_SKEW, accept, change, load, sign
from bus.directory.facts import Register
from bus.directory.sources import read as read_listing
from bus.errors import BadBlob, BadCertificate, BadDirectory, BadEdition, BadMessage
from bus.trust.authority import issue, make_request, read_request
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from bus.wire.envelope import parse
from bus.wire.segments import Manifest, Sealing, check_whole
from schemas.codes import Kind
from schemas.content import pack_content, unpack_content, unpack_with_blobs
from schemas.docket import Docket
from schemas.document import Attachment, Document
from schemas.edxml import PackageRefused, read, read_file
from schemas.framing import frame, unframe
from schemas.values import MessageId
from tests.fuzz import amqp_readers
from tests.identities import BEGIN, papers
from tests.packages import DOCUMENT, STATUS, spoiled, with_file, zip_of
from tests.scenarios.country import AGENCIES, document

MESSAGE = MessageId("1")
VECTORS = Path(__file__).parents[1] / "vectors"


@dataclass(frozen=True)
class Reader:
    """`read` may raise `says`, and nothing else, whatever the bytes."""

    name: str
    read: Callable[[bytes], object]
    says: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def _bodies() -> tuple[bytes, ...]:
    vectors = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(VECTORS.glob("opens-*.json"))]
    return tuple(base64.b64decode(vector["body"]) for vector in vectors)


def _dockets() -> tuple[bytes, ...]:
    return tuple(parse(body).docket.to_json() for body in _bodies())


def _packages() -> tuple[bytes, ...]:
    """With files long enough to be cut out: as they are, in lines, and zipped."""
    long = bytes(range(256)) * 40
    inside = zip_of(("x.txt", long * 5))
    lines = b"\r\n".join(base64.encodebytes(long).splitlines())
    plain = with_file("a.pdf", long)
    broken = plain.replace(base64.b64encode(long), lines)
    return spoiled(DOCUMENT), plain, broken, with_file("a.txt", inside), spoiled(STATUS)


def _read_file(data: bytes) -> None:
    """And every byte of what was cut out."""
    package = read_file(io.BytesIO(data), spool=tempfile.TemporaryFile, held=1000)
    if isinstance(package.item, Document):
        for each in package.item.attachments:
            assert hashlib.sha256(b"".join(each.pieces(4096))).hexdigest() == each.sha256


def _blob_readers() -> tuple[Reader, ...]:
    """Of a manifest, and of a sealed segment, as a sender's stream has them."""
    attachment = Attachment.of("a.pdf", b"segment" * 40)
    sealing = Sealing(attachment, 1)
    segments = tuple(sealing.segments())
    blob, manifest = (sealed := sealing.sealed()).blob, sealed.manifest
    return (
        Reader(
            "manifest",
            lambda data: Manifest.parse(data, blob, message=MESSAGE),
            (BadBlob,),
            (manifest.to_bytes(),),
        ),
        Reader(
            "segment",
            lambda data: check_whole(attachment, blob, manifest, [data], message=MESSAGE),
            (BadBlob,),
            segments,
        ),
        Reader(
            "content-with-blobs",
            lambda data: unpack_with_blobs(data, {1}),
            (ValueError,),
            (frame([document().to_json(), manifest.to_bytes()]),),
        ),
    )


def _amqp_readers() -> tuple[Reader, ...]:
    headers = amqp_readers.properties()
    return (
        Reader("amqp-properties", amqp_readers.read_properties, (), headers),
        Reader("amqp-frames", amqp_readers.Consumed().read, (), tuple(b"\x0cdocument.H49" + raw for raw in headers)),
        Reader("blob-mark", amqp_readers.read_mark, (), (b"stream 17", b"s3 a/b/1", b"stream")),
    )


def _read_journal(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "filed.log").write_bytes(data)
        assert all(isinstance(ref, str) for ref in Journal(Path(folder)).refs())


def readers() -> list[Reader]:
    office = papers()
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    certificate = office.certificate("H49", signing)
    statement = office.statement("H49", sealing, signing)
    signer, chain = office.directory_signer()
    register = Register.of(read_listing({"a": AGENCIES}), issuers=[office.issuer.certificate.der])
    edition = sign(
        register, version=1, issued_at=BEGIN, expires_at=BEGIN + timedelta(days=9), signer=signer, chain=chain
    )
    terms = Terms(serial=1, issued_at=BEGIN, signers=(signer_id(chain[0]),))
    charter_key = SigningKey.generate()
    by_the_root = issue(office.root, charter_key.public, name="charter", purpose=Purpose.CHARTER, at=BEGIN)
    charter = sign_charter(terms, signer=charter_key, chain=(by_the_root,))
    countersigned_ = countersigned(edition, charter=charter, others=(opened(edition).first,))
    later = sign(register, version=2, issued_at=BEGIN, expires_at=BEGIN + timedelta(days=9), signer=signer, chain=chain)
    held, newer = (load(each, roots=office.roots, now=BEGIN) for each in (edition, later))
    request = make_request(signing, mailbox="H49", statements=[statement])
    keys = (signing.to_pem(), sealing.to_pem())
    content = pack_content(document())
    status = read(spoiled(STATUS)).item
    return [
        Reader("envelope", parse, (BadMessage,), _bodies()),
        Reader("docket", Docket.from_json, (ValueError,), _dockets()),
        Reader("package", read, (PackageRefused,), (spoiled(DOCUMENT), spoiled(STATUS))),
        Reader("package-file", _read_file, (PackageRefused,), _packages()),
        Reader("content", lambda data: unpack_content(Kind.DOCUMENT, data), (ValueError,), (content,)),
        Reader(
            "status",
            lambda data: unpack_content(Kind.STATUS, data),
            (ValueError,),
            (pack_content(status),),
        ),
        *_blob_readers(),
        *_amqp_readers(),
        Reader("journal", _read_journal, (), (b'{"1": "a.edxml"}\n{"2": "b.edxml", "3": "c"}\n',)),
        Reader("framing", lambda data: unframe(data, at_most=9), (ValueError,), (content,)),
        Reader("listing", lambda data: read_listing({"a": data}), (BadDirectory,), (AGENCIES.encode(),)),
        Reader(
            "edition",
            lambda data: accept(None, data, roots=office.roots, now=BEGIN),
            (BadEdition,),
            (edition, countersigned_),
        ),
        Reader(
            "charter",
            lambda data: read_charter(data, roots=office.roots, now=BEGIN, skew=MAX_SKEW),
            (BadEdition,),
            (charter,),
        ),
        Reader(
            "change",
            lambda data: accept(held, data, roots=office.roots, now=BEGIN),
            (BadEdition,),
            (change(held, newer), later),
        ),
        Reader("register", lambda data: Register.parse(data).book(), (BadEdition,), (register.content(),)),
        Reader("statement", SealingStatement.from_bytes, (BadDirectory,), (statement.encoded,)),
        Reader("request", read_request, (BadCertificate,), (request,)),
        Reader("certificate", Certificate.from_der, (BadCertificate,), (certificate.der,)),
        Reader("certificates", Certificate.from_pem, (BadCertificate,), (certificate.to_pem(),)),
        Reader("revoked", RevocationList.from_der, (BadCertificate,), (office.revoked().der,)),
        Reader("signing-key", SigningKey.from_pem, (ValueError,), keys),
        Reader("sealing-key", SealingKey.from_pem, (ValueError,), keys),
    ]
