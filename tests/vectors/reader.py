"""A reader of messages written from schemas/README.md alone: no code of the project, no HPKE of a library.

It proves that the page suffices. Its shape is the page's, paragraph by paragraph; nothing else uses it.
"""

import hashlib
import hmac
import json
import struct
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_public_key


class RefusedError(Exception):
    """`str()` is a code of §8.3."""


def read(body: bytes, *, signing: Sequence[bytes], mailbox: str, seeds: Sequence[bytes]) -> list[bytes] | None:
    """The parts of the content (§5), None for a receipt. `signing`: SubjectPublicKeyInfo of the sender's keys."""
    docket_bytes, signature, wraps, sealed = _body(body)
    docket = _docket(docket_bytes)
    if docket["version"] != body[2]:  # §2.4
        raise RefusedError("bad-message")
    if docket["kind"] == "receipt" and (wraps or sealed):
        raise RefusedError("bad-message")
    triples = _wraps(wraps)
    algorithm, key_id, value = _signature(signature)
    _verify(docket_bytes, algorithm, key_id, value, signing)
    _check_content(docket, sealed)
    if mailbox not in [recipient["mailbox"] for recipient in docket["recipients"]]:
        raise RefusedError("not-for-us")
    if docket["kind"] == "receipt":
        return None
    content = _open(docket_bytes, triples, sealed, mailbox, seeds)
    return _frame(content)


def files_apart(
    body: bytes, parts: Sequence[bytes], segments: Mapping[int, Sequence[bytes]], long: Mapping[str, int]
) -> list[str]:
    """SHA-256 of the files that travel apart, by the segments of some and by the rule of one (§10)."""
    digests = []
    for blob in json.loads(_body(body)[0])["blobs"]:
        manifest = parts[blob["attachment"]]  # §10.3: part 1 is the JSON
        key, expected = manifest[:32], [manifest[at : at + 32] for at in range(32, len(manifest), 32)]
        if len(expected) != blob["segments"] or hashlib.sha256(manifest[32:]).hexdigest() != blob["sha256"]:
            raise RefusedError("bad-blob")
        sealed, last = segments.get(blob["attachment"]), len(expected)
        if sealed is None:
            plain = bytes(n % long["byte_n_is_n_mod"] for n in range(long["size"]))
            pieces = [plain[at : at + 2**20] for at in range(0, len(plain), 2**20)]
            sealed = [AESGCM(key).encrypt(_counter(n, last), piece, None) for n, piece in enumerate(pieces, 1)]
        if [hashlib.sha256(each).digest() for each in sealed] != expected:
            raise RefusedError("bad-blob")
        opened = [AESGCM(key).decrypt(_counter(n, last), each, None) for n, each in enumerate(sealed, 1)]
        digests.append(hashlib.sha256(b"".join(opened)).hexdigest())
    return digests


def _counter(number: int, last: int) -> bytes:  # §10.2
    return struct.pack(">3xQ?", number, number == last)


def _frame(data: bytes) -> list[bytes]:  # §2.1, §2.2
    parts = []
    while data:
        if len(data) < 4:
            raise RefusedError("bad-message")
        (length,) = struct.unpack(">I", data[:4])
        if len(data) < 4 + length:
            raise RefusedError("bad-message")
        parts.append(data[4 : 4 + length])
        data = data[4 + length :]
    return parts


def _body(body: bytes) -> list[bytes]:  # §2.3, §2.4
    if body[:4] not in {bytes.fromhex("4c54010a"), bytes.fromhex("4c54020a")}:
        raise RefusedError("bad-message")
    parts = _frame(body[4:])
    if len(parts) != 4 or len(parts[0]) > 2**20:
        raise RefusedError("bad-message")
    return parts


_ALL = {"version", "id", "kind", "sender", "recipients", "created_at"}
_ANY = {"expires_at", "priority", "due_on", "attachments", "blobs"}
_OF_KIND = {
    "document": {"document", "business_type", "content"},
    "status": {"document", "status", "content"},
    "receipt": {"acknowledges"},
}


_SECOND = {"number", "issued_on", "changes"}  # §3.2, those marked 2


_STEERING = {"Cc", "Cf", "Zl", "Zp"}  # §8.1; zero-width characters, which are allowed, are in no vector


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # §3.1
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _docket(data: bytes) -> dict[str, Any]:  # §3
    try:
        docket = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
        names = {name for name, value in docket.items() if value != []}
        wanted = _ALL | _OF_KIND[docket["kind"]]
        timed = datetime.fromisoformat(docket["created_at"]).tzinfo
    except (ValueError, AttributeError, KeyError):
        raise RefusedError("bad-message") from None
    if docket["version"] == 2:  # §2.4
        _second(docket, names)
        names -= _SECOND
    plain = _is_line(docket.get("document", {}).get("id", ""), 255)
    if docket["version"] not in {1, 2} or not plain or not timed or not wanted <= names <= wanted | _ANY:
        raise RefusedError("bad-message")
    assert isinstance(docket, dict)
    named = [(recipient["agency"], recipient["mailbox"]) for recipient in docket["recipients"]]
    if len(named) > 4096 or len(set(named)) != len(named) or len(docket.get("acknowledges", ())) > 1024:  # §3.2, §8.1
        raise RefusedError("bad-message")
    return docket


def _second(docket: Mapping[str, Any], names: set[str]) -> None:  # §3.2
    number, changes = docket.get("number"), docket.get("changes", [])
    good = docket["kind"] == "document" and "issued_on" in names
    if number is not None:
        good &= set(number) == {"number", "notation"} and all(_is_line(each, 64) for each in number.values())
    if changes:
        good &= docket["business_type"] > 0 and all(isinstance(each, str) and _is_line(each, 255) for each in changes)
        good = good and len(set(changes)) == len(changes) <= 256
    if not good:
        raise RefusedError("bad-message")


def _is_line(text: str, most: int) -> bool:  # §8.1
    return len(text) <= most and all(unicodedata.category(each) not in _STEERING for each in text)


def _signature(block: bytes) -> list[bytes]:  # §4.2
    parts = _frame(block)
    if len(parts) != 3 or len(parts[1]) != 32 or len(parts[2]) != 64:
        raise RefusedError("bad-message")
    return parts


def _wraps(block: bytes) -> list[tuple[bytes, bytes, bytes]]:  # §4.7, §4.8
    parts = _frame(block)
    if len(parts) % 3 or any(len(wrapped) != 1168 for wrapped in parts[2::3]):
        raise RefusedError("bad-message")
    triples = list(zip(parts[0::3], parts[1::3], parts[2::3], strict=True))
    if len({triple[:2] for triple in triples}) != len(triples) or len(triples) > 4096:
        raise RefusedError("bad-message")
    return triples


def _key_id(public: bytes) -> bytes:  # §4.1
    return hashlib.sha256(public).hexdigest()[:32].encode()


def _verify(docket: bytes, algorithm: bytes, key_id: bytes, value: bytes, signing: Sequence[bytes]) -> None:  # §4.3-4.5
    signed = b"lienthong/1 docket\n" + docket
    for public in signing:
        if _key_id(public) != key_id:
            continue
        key = load_der_public_key(public)
        try:
            if algorithm == b"ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
                return key.verify(value, signed)
            if algorithm == b"p256" and isinstance(key, ec.EllipticCurvePublicKey):
                r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
                return key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            break
    raise RefusedError("bad-signature")


def _check_content(docket: dict[str, Any], sealed: bytes) -> None:  # §4.5
    if docket["kind"] == "receipt":
        return
    if docket["content"] != {"size": len(sealed), "sha256": hashlib.sha256(sealed).hexdigest()}:
        raise RefusedError("bad-signature")


def _open(
    docket: bytes, wraps: Sequence[tuple[bytes, bytes, bytes]], sealed: bytes, mailbox: str, seeds: Sequence[bytes]
) -> bytes:  # §4.12
    info = b"lienthong/1 wrap\n" + hashlib.sha256(docket).digest() + mailbox.encode()
    for owner, key_id, wrapped in wraps:
        for seed in seeds:
            public, decapsulate = _x_wing(seed)
            if owner != mailbox.encode() or key_id != _key_id(public):
                continue
            try:
                key = _hpke_open(decapsulate(wrapped[:1120]), info, wrapped[1120:])
                if hashlib.sha256(b"lienthong/1 commit\n" + key).digest() != sealed[:32]:  # §4.6
                    continue
                return AESGCM(key).decrypt(bytes(12), sealed[32:], None)
            except (InvalidTag, ValueError):  # ValueError: X25519 gave zeros (§4.9)
                continue
    raise RefusedError("cannot-open")


def _x_wing(seed: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:  # §4.9
    expanded = hashlib.shake_256(seed).digest(96)
    post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    classical = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    classical_public = classical.public_key().public_bytes_raw()

    def decapsulate(enc: bytes) -> bytes:
        first = post_quantum.decapsulate(enc[:1088])
        second = classical.exchange(x25519.X25519PublicKey.from_public_bytes(enc[1088:]))
        return hashlib.sha3_256(first + second + enc[1088:] + classical_public + bytes.fromhex("5c2e2f2f5e5c")).digest()

    return post_quantum.public_key().public_bytes_raw() + classical_public, decapsulate


def _hpke_open(shared_secret: bytes, info: bytes, ciphertext: bytes) -> bytes:  # §4.7; RFC 9180 §4, §5.1, §5.2
    suite = b"HPKE" + bytes.fromhex("647a") + bytes.fromhex("0001") + bytes.fromhex("0002")

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labelled = struct.pack(">H", length) + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    key, nonce = expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, None)
