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

from pydantic import ValidationError

from bus.authority import make_request, read_request
from bus.certificates import Certificate, RevocationList
from bus.edition import accept, sign
from bus.envelope import parse
from bus.errors import BadCertificate, BadDirectory, BadEdition, BadMessage
from bus.keys import SealingKey, SigningKey
from bus.listing import read as read_listing
from bus.register import Register
from bus.statement import SealingStatement
from schemas.codes import Kind
from schemas.content import pack_content, unpack_content
from schemas.docket import Docket
from schemas.document import Document
from schemas.edxml import PackageRefused, read, read_file
from schemas.framing import unframe
from tests.identities import BEGIN, papers
from tests.packages import DOCUMENT, STATUS, spoiled, with_file, zip_of
from tests.scenarios.country import AGENCIES, document

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
    request = make_request(signing, mailbox="H49", statements=[statement])
    keys = (signing.to_pem(), sealing.to_pem())
    content = pack_content(document())
    return [
        Reader("envelope", parse, (BadMessage,), _bodies()),
        Reader("docket", Docket.from_json, (ValidationError,), _dockets()),
        Reader("package", read, (PackageRefused,), (spoiled(DOCUMENT), spoiled(STATUS))),
        Reader("package-file", _read_file, (PackageRefused,), _packages()),
        Reader("content", lambda data: unpack_content(Kind.DOCUMENT, data), (ValueError,), (content,)),
        Reader("framing", lambda data: unframe(data, at_most=9), (ValueError,), (content,)),
        Reader("listing", lambda data: read_listing({"a": data}), (BadDirectory,), (AGENCIES.encode(),)),
        Reader(
            "edition",
            lambda data: accept(None, data, roots=office.roots, now=BEGIN),
            (BadEdition,),
            (edition,),
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
