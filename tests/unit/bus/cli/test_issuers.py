"""bus/cli/issuers.py"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.trust.certificates import RevocationList
from tests.unit.bus.cli.test_pilot import admit, pilot, read_out, run

__all__ = ["pilot"]


def test_the_next_issuer_takes_over(pilot: Path) -> None:
    """The old one is revoked by the root's list: what it issued is withdrawn, what the new one issues counts, and the
    root is the same."""
    admit("H49")
    why = ("--reason", "key-compromise", "--since", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+00:00}")
    assert "SHA-256" in run("ca", "next-issuer", "ca", "ca-2", "--name", "Issuer 2").stdout
    assert "revoked: Lien thong pilot issuer" in run("ca", "revoke-issuer", "ca", "ca/issuer.pem", *why).stdout
    assert "back into the safe" in run("ca", "root-crl", "ca").stderr
    shutil.copy("ca/root.key", "ca-2/root.key")
    assert "opy it from the folder of the last revoke-issuer" in run("ca", "root-crl", "ca-2", code=1).stderr
    assert "without --first" in run("ca", "root-crl", "ca", "--first", code=1).stderr
    assert len(RevocationList.from_pem(Path("ca/root-crl.pem").read_bytes()).parsed) == 1
    run("keys", "request", "keys-H53", "--mailbox", "H53", "--out", "H53.req")
    run("ca", "issue", "ca-2", "H53.req", *read_out("keys-H53"), "--entry", "src/keys-H53.toml", "--out", "H53.pem")
    run("keys", "install", "keys-H53", "H53.pem", "--root", "ca/root.pem")
    run("ca", "issue-directory", "ca-2", "--out", "dir-2.pem", "--key", "dir-2.key")
    files = [(kind, f"{folder}/{file}") for folder, kind, file in (
        ("ca", "--issuer", "issuer.pem"), ("ca", "--crl", "root-crl.pem"),
        ("ca-2", "--issuer", "issuer.pem"), ("ca-2", "--crl", "crl.pem"),
    )]  # fmt: skip
    given = [each for pair in files for each in pair]
    run("directory", "build", "src", *given, "--root", "ca/root.pem", "--out", "draft.txt")
    signer = ("--key", "dir-2.key", "--cert", "dir-2.pem", "--root", "ca/root.pem")
    run("directory", "sign", "draft.txt", *signer, "--out", "1.lt")
    shown = run("directory", "show", "1.lt", "--root", "ca/root.pem").stdout
    assert next(line for line in shown.splitlines() if "withdrawn" in line).split()[-1] == "H49"
    by_the_old = ("--key", "dir.key", "--cert", "dir.pem", "--root", "ca/root.pem")
    assert "was revoked" in run("directory", "sign", "draft.txt", *by_the_old, "--out", "2.lt", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("next-issuer", "ca", "ca-2", "--name", "Nơi cấp"), 2, "without marks"),
        (("next-issuer", "ca", "ca", "--name", "Issuer 2"), 1, "File exists"),
        (("next-issuer", "nowhere", "ca-2", "--name", "Issuer 2"), 1, "in the safe"),
        (("revoke-issuer", "ca", "dir.pem", "--reason", "superseded", "--since", "now"), 2, "write it as"),
        (("revoke-issuer", "ca", "dir.pem", "--reason", "superseded", "--since", "2026-01-01"), 1, "has not issued it"),
        (("revoke-issuer", "ca", "ca/issuer.pem"), 2, "needs a reason and a date"),
    ],
)
def test_what_is_wrong_is_said(pilot: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    assert said in run("ca", *arguments, code=code).stderr


def test_an_issuer_is_not_revoked_from_before_it_began(pilot: Path) -> None:
    """A slip in the year."""
    since = f"{datetime.now(UTC) - timedelta(days=365):%Y-%m-%d}"
    said = run("ca", "revoke-issuer", "ca", "ca/issuer.pem", "--reason", "superseded", "--since", since, code=2).stderr
    assert "before the certificate began" in said
    assert len(RevocationList.from_pem((pilot / "ca" / "root-crl.pem").read_bytes()).parsed) == 0
