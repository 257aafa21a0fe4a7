"""An authority whose keys never leave their tokens: founded, issuing, revoking, signing the directory. The tokens are
SoftHSM's."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from click.testing import CliRunner, Result
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

from bus.cli.main import main
from bus.files.authority import registry_of
from bus.trust.certificates import Certificate
from tests.soft_tokens import PIN, SoftToken, new_tokens


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output + result.stderr
    return result


def openssl(*arguments: object, code: int = 0) -> str:
    """Another hand's verdict."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SoftToken]:
    """The root's, the issuer's, the directory signer's."""
    return new_tokens(tmp_path, monkeypatch, "root", "issuer", "signer")


@pytest.fixture
def ca(tokens: list[SoftToken], tmp_path: Path) -> Path:
    root, issuer, _ = tokens
    run("ca", "init", tmp_path / "ca", "--root-token", root.uri("root"), "--issuer-token", issuer.uri("issuer"))
    return tmp_path / "ca"


def test_from_its_founding_to_an_edition(tokens: list[SoftToken], ca: Path, tmp_path: Path) -> None:
    """No private key lies in a file; what was issued, revoked and signed is good to OpenSSL and to every daemon. The
    root's token is away from the founding on."""
    root, _, signer = tokens
    root.pin_file.unlink()
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "country.toml").write_text(
        '[[agency]]\ncode = "H49"\nnames = [{ vi = "Tỉnh" }]\n[[mailbox]]\ncode = "H49"\n', encoding="utf-8"
    )
    run("keys", "request", tmp_path / "keys", "--mailbox", "H49", "--out", tmp_path / "H49.req")
    read = run("keys", "fingerprint", tmp_path / "keys").stdout.strip()
    into = ("--entry", sources / "keys-H49.toml", "--out", tmp_path / "H49.pem")
    run("ca", "issue", ca, tmp_path / "H49.req", "--fingerprint", read, *into)
    run("ca", "issue-broker", ca, "--host", "localhost", "--out", tmp_path / "b.pem", "--key", tmp_path / "b.key")
    named = ("--out", tmp_path / "dir.pem", "--key", tmp_path / "dir.token", "--token", signer.uri("directory"))
    run("ca", "issue-directory", ca, *named)
    assert not any(b"PRIVATE" in path.read_bytes() for path in (*ca.rglob("*.*"), tmp_path / "dir.token"))
    assert {path.name for path in ca.glob("*.token")} == {"root.token", "issuer.token"}
    trusted = ("-CAfile", ca / "root.pem", "-untrusted", ca / "issuer.pem")
    for made in ("H49.pem", "b.pem", "dir.pem"):
        openssl("verify", *trusted, tmp_path / made)

    built = ("--issuer", ca / "issuer.pem", "--root", ca / "root.pem", "--out", tmp_path / "draft.txt")
    run("directory", "build", sources, "--crl", ca / "crl.pem", *built)
    signed = ("--key", tmp_path / "dir.token", "--cert", tmp_path / "dir.pem", "--root", ca / "root.pem")
    run("directory", "sign", tmp_path / "draft.txt", *signed, "--out", tmp_path / "1.lt")
    run("directory", "verify", tmp_path / "1.lt", "--root", ca / "root.pem")

    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+00:00}"
    run("ca", "revoke", ca, "H49", "--reason", "key-compromise", "--since", since)
    run("ca", "crl", ca)
    assert "verify OK" in openssl("crl", "-in", ca / "crl.pem", "-CAfile", ca / "issuer.pem", "-noout")
    assert "revoked" in openssl(
        "verify", "-crl_check", "-CRLfile", ca / "crl.pem", *trusted, tmp_path / "H49.pem", code=2
    )
    openssl("verify", "-crl_check", "-CRLfile", ca / "crl.pem", *trusted, tmp_path / "b.pem")
    run("directory", "build", sources, "--crl", ca / "crl.pem", *built)
    again = ("--previous", tmp_path / "1.lt", "--out", tmp_path / "2.lt")
    run("directory", "sign", tmp_path / "draft.txt", *signed, *again)
    shown = run("directory", "show", tmp_path / "2.lt", "--root", ca / "root.pem")
    assert "withdrawn" in shown.output
    assert "H49" in shown.output


def test_without_its_token(tokens: list[SoftToken], ca: Path, tmp_path: Path) -> None:
    """What was issued and what ends is seen without a PIN; nothing is issued; an authority is not founded twice, and no
    key is made for that."""
    root, issuer, signer = tokens
    pin = issuer.pin_file.read_text()
    issuer.pin_file.unlink()
    assert run("ca", "list", ca, "--json").output == "[]\n"
    run("ca", "expiring", ca)
    assert "issuer.pin" in run("ca", "crl", ca, code=1).stderr
    issuer.pin_file.write_text(pin)
    issuer.pin_file.chmod(0o600)
    twice = run("ca", "init", ca, "--root-token", root.uri("second"), "--issuer-token", issuer.uri("second"), code=1)
    assert "never overwritten" in twice.stderr
    missing = run("ca", "init", tmp_path / "b", "--root-token", root.uri("second"), "--existing-keys", code=1)
    assert "has 0 private" in missing.stderr
    # Another token's key in the file: it signs nothing for this authority.
    run(
        "ca",
        "issue-directory",
        ca,
        "--out",
        tmp_path / "d.pem",
        "--key",
        tmp_path / "d.token",
        "--token",
        signer.uri("d"),
    )
    (ca / "issuer.token").write_bytes((tmp_path / "d.token").read_bytes())
    assert "not that of the certificate beside it" in run("ca", "crl", ca, code=1).stderr


def test_keys_that_are_there(tokens: list[SoftToken], ca: Path, tmp_path: Path) -> None:
    """Keys of an earlier ceremony are found and used; a label that has a key gets no second one; and a key that could
    be copied out of its token is refused."""
    root, issuer, signer = tokens
    given = ("--root-token", root.uri("root"), "--issuer-token", issuer.uri("issuer"))
    assert "has a key 'root' already" in run("ca", "init", tmp_path / "other", *given, code=1).stderr
    run("ca", "init", tmp_path / "other", *given, "--existing-keys")
    for name in ("root.pem", "issuer.pem"):
        made, first = (Certificate.from_pem((folder / name).read_bytes())[0] for folder in (tmp_path / "other", ca))
        assert made.public_key == first.public_key
    with registry_of(tmp_path / "other") as registry:
        assert registry.issued() == []
    with pkcs11.lib(signer.module).get_token(token_label=signer.label).open(rw=True, user_pin=PIN) as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
        free = {Attribute.EXTRACTABLE: True}
        parameters.generate_keypair(label="free", store=True, private_template=free)
    loose = ("--root-token", signer.uri("free"), "--existing-keys")
    assert "can be copied out" in run("ca", "init", tmp_path / "loose", *loose, code=1).stderr


def test_a_pin_that_is_asked(tokens: list[SoftToken], tmp_path: Path) -> None:
    """Without a file of the PIN somebody is asked; where nobody can be, that is said."""
    asked = run("ca", "init", tmp_path / "ca", "--root-token", tokens[0].uri("root", asks=True), code=1)
    assert "no terminal to ask" in asked.stderr
    inline = run("ca", "init", tmp_path / "ca", "--root-token", tokens[0].uri("root") + "&pin-value=1234", code=2)
    assert "no place on a command line" in inline.stderr
