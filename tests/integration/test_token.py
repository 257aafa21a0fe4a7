"""A signing key that never leaves its token, with SoftHSM in the token's place."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.errors import BadConfig
from bus.files.keys import load_keyring, load_signer, signing_files, tls_files
from tests.soft_tokens import new_tokens


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """A new token, and the options that name it."""
    (made,) = new_tokens(tmp_path, monkeypatch, "lienthong")
    return "--token-module", made.module, "--token-label", made.label, "--token-pin-file", made.pin_file


def test_a_key_in_a_token(token: tuple[object, ...], tmp_path: Path) -> None:
    """Made there, asked for, certified, used from several threads and for a renewal; its folder has no private signing
    key; asked for twice it is the same; with a wrong PIN, or twice under one label, it is refused once and in words."""
    keys, authority = tmp_path / "keys", tmp_path / "ca"
    for _ in range(2):
        run("keys", "request", keys, "--mailbox", "H49", *token, "--out", tmp_path / "H49.req")
    subprocess.run(
        ["openssl", "req", "-in", tmp_path / "H49.req", "-verify", "-noout"], check=True, capture_output=True
    )
    run("ca", "init", authority)
    said = run("keys", "fingerprint", keys).stdout.strip()
    run("ca", "issue", authority, tmp_path / "H49.req", "--fingerprint", said, "--out", tmp_path / "H49.pem")
    run("keys", "install", keys, tmp_path / "H49.pem", "--root", authority / "root.pem")
    assert sorted(path.name for path in keys.iterdir()) == [
        "sealing-1.pem", "sealing-1.pub", "signing-1.crt", "signing-1.token",
    ]  # fmt: skip
    (signer,) = load_keyring(keys).signing
    with ThreadPoolExecutor(8) as pool:
        messages = [str(number).encode() for number in range(200)]
        signatures = list(pool.map(signer.sign, messages))
    assert all(signer.public.verify(signature, data) for signature, data in zip(signatures, messages, strict=True))
    assert {len(signature) for signature in signatures} == {64}
    shutil.copytree(keys, tmp_path / "next")
    run("keys", "rotate", tmp_path / "next", "--mailbox", "H49", "--out", tmp_path / "2.req")
    run("ca", "renew", authority, "H49", tmp_path / "2.req")  # signed by the key in the token
    with pytest.raises(BadConfig, match="no certificate is installed"):  # TLS needs a key in a file
        tls_files(keys)
    again = run("keys", "request", tmp_path / "other", "--mailbox", "H49", *token, code=1)
    assert "has a key 'H49' already" in again.stderr
    (file,) = signing_files(keys)
    text = file.read_text()
    for old, new, said in (('key = "H49"', 'key = "H50"', "0 private"), ("module", "modul", "no token's settings")):
        file.write_text(text.replace(old, new))
        with pytest.raises(BadConfig, match=said):
            load_signer(file)
    file.write_text(text)
    Path(tmp_path / "lienthong.pin").write_text("9999\n")
    fresh = (
        "from bus.files.keys import load_signer; from pathlib import Path; import sys; load_signer(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", fresh, str(file)], capture_output=True, text=True, check=False)
    assert "wrong PIN; not tried again" in done.stderr
