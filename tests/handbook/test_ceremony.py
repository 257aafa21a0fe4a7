"""The key ceremony, walked: founded, parted, a year later, a new signer, a next issuer. No broker is needed."""

from pathlib import Path

import pytest

from tests.handbook.walk import PROJECT, Walk

PAGE = "security/key-ceremony"
HELD = {(PAGE, section) for section in ("root", "signer", "apart", "yearly", "rotate-signer", "issuer")}
"""Pages and sections that the test below walks, as `WALKED` of test_walks.py."""


@pytest.mark.long  # forty commands, each a process of its own
@pytest.mark.timeout(600)
def test_a_ceremony(place: Path) -> None:
    """In the order of the page. openssl reads the same fingerprint as was read aloud; the root's key is in the folder
    at the yearly meeting and at a change of issuer only; two issuers are in the last edition, and in the broker's
    files."""
    walk = Walk(place, names={"/opt/lienthong/": f"{PROJECT}/", "bus.example.vn": "localhost"})
    said = walk.take(PAGE, "root")
    aloud = next(line.split()[-1] for line in said.splitlines() if "SHA-256" in line)
    by_openssl = next(line.partition("=")[2] for line in said.splitlines() if line.lower().startswith("sha256 "))
    assert by_openssl.replace(":", "").lower() == aloud
    walk.take(PAGE, "signer", "apart")
    assert not (place / "ca" / "root.key").exists()
    (place / "sources").symlink_to(PROJECT / "deploy" / "directory")
    walk.take("centre", "edition")
    assert "root-crl.pem" in walk.take(PAGE, "yearly")
    walk.take(PAGE, "rotate-signer", "issuer")
    assert not (place / "ca" / "root.key").exists()
    assert (place / "node-3" / "ca.pem").read_text(encoding="utf-8").count("BEGIN CERTIFICATE") == 2
    assert len(list((place / "node-3" / "crl").iterdir())) == 3
