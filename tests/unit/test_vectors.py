"""The vectors of the wire format, read by the bus and by a reader written from schemas/README.md alone."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.errors import BusError
from bus.trust.keys import SealingKey, VerifyKey
from bus.wire import envelope
from bus.wire.segments import Manifest, nonce, opened
from schemas.content import unpack_content, unpack_with_blobs
from schemas.docket import SEGMENT, Docket
from schemas.document import Document
from schemas.framing import frame
from tests.vectors import make
from tests.vectors.large import LARGE
from tests.vectors.reader import RefusedError, files_apart, read
from tests.vectors.second import REVOCATION

FOLDER = Path(__file__).parents[1] / "vectors"
KEYS = json.loads((FOLDER / "keys.json").read_text(encoding="utf-8"))
VECTORS = sorted(path for path in FOLDER.glob("*.json") if path.name != "keys.json")

each = pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)


def _load(path: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    vector["body"] = base64.b64decode(vector["body"])
    vector["signing"] = [base64.b64decode(KEYS["signing"][name]["public"]) for name in vector["sender_keys"]]
    vector["pems"] = [KEYS["sealing"][name]["private"] for name in vector["sealing_keys"]]
    return vector


@each
def test_bus(path: Path) -> None:
    """The bus does with each vector what the vector says."""
    vector = _load(path)
    assert _by_the_bus(vector) == _expected(vector)


@each
def test_independent_reader(path: Path) -> None:
    """Who has only the page does with each vector what the vector says."""
    vector = _load(path)
    assert _by_the_page(vector) == _expected(vector)


def test_regenerated(tmp_path: Path) -> None:
    """The script still makes every vector, with the same facts and the same keys."""
    make.write(tmp_path)
    made = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()}
    assert made.pop("keys.json") == KEYS
    assert {name: vector["fact"] for name, vector in made.items()} == {
        path.name: _load(path)["fact"] for path in VECTORS
    }


def _expected(vector: dict[str, Any]) -> str:
    return str(vector.get("content_sha256", vector["expect"]))


def _by_the_bus(vector: dict[str, Any]) -> str:
    try:
        parsed = envelope.parse(vector["body"])
        envelope.verify(parsed, [VerifyKey.from_bytes(key) for key in vector["signing"]])
        assert parsed.docket_sha256 == vector.get("docket_sha256", parsed.docket_sha256)
        if parsed.docket.content is None:
            return "verifies"
        keys = [SealingKey.from_pem(pem.encode()) for pem in vector["pems"]]
        content = envelope.open_(parsed, mailbox=vector["mailbox"], keys=keys)
        if parsed.docket.blobs:
            assert _files_by_the_bus(parsed.docket, content, vector) == LARGE
        else:
            assert unpack_content(parsed.docket.kind, content) in {make.DOCUMENT, make.STATUS, REVOCATION}
        return hashlib.sha256(content).hexdigest()
    except BusError as error:
        return error.code


def _files_by_the_bus(docket: Docket, content: bytes, vector: dict[str, Any]) -> Document:
    document, in_place = unpack_with_blobs(content, [blob.attachment for blob in docket.blobs or ()])
    files: list[bytes | None] = [None] * len(document.attachments)
    for blob in docket.blobs or ():
        manifest = Manifest.parse(in_place[blob.attachment], blob, message=docket.id)
        sealed = [base64.b64decode(each) for each in vector["segments"].get(str(blob.attachment), ())]
        if blob.attachment == vector["long"]["attachment"]:
            sealed = _sealed_anew(manifest.key, vector["long"])
        files[blob.attachment - 1] = b"".join(opened(blob, manifest, sealed, message=docket.id))
    return document.with_contents(files)


def _sealed_anew(key: bytes, long: dict[str, int]) -> list[bytes]:
    content = bytes(n % long["byte_n_is_n_mod"] for n in range(long["size"]))
    pieces = [content[at : at + SEGMENT] for at in range(0, len(content), SEGMENT)]
    last = len(pieces)
    return [AESGCM(key).encrypt(nonce(n, is_last=n == last), piece, None) for n, piece in enumerate(pieces, 1)]


def _by_the_page(vector: dict[str, Any]) -> str:
    seeds = [base64.b64decode("".join(pem.splitlines()[1:-1]))[22:] for pem in vector["pems"]]
    try:
        parts = read(vector["body"], signing=vector["signing"], mailbox=vector["mailbox"], seeds=seeds)
        if parts is not None and "segments" in vector:
            segments = {int(n): [base64.b64decode(each) for each in some] for n, some in vector["segments"].items()}
            found = files_apart(vector["body"], parts, segments, vector["long"])
            assert found == [each.sha256 for each in LARGE.attachments if each.name != "Phụ lục.xlsx"]
    except RefusedError as error:
        return str(error)
    return "verifies" if parts is None else hashlib.sha256(frame(parts)).hexdigest()
