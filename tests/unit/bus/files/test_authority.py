"""bus/files/authority.py"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from bus.errors import BadCertificate, BadConfig
from bus.files.authority import REASONS, create_registry, registry_of
from bus.trust.authority import BACKDATED, revocation_list
from bus.trust.certificates import Purpose, RevocationList
from bus.trust.keys import SigningKey
from tests.identities import BEGIN, papers

NOW = datetime(2022, 11, 2, 8, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_registry(tmp_path / "ca", papers().root, papers().issuer, at=BEGIN)
    return tmp_path / "ca"


def add(folder: Path, code: str) -> str:
    made = papers().certificate(code, SigningKey.generate(), at=NOW, lasts=timedelta(days=365))
    with registry_of(folder) as registry:
        registry.add(made, Purpose.MAILBOX, at=NOW)
    return f"{made.serial:x}"


def test_what_lies_there(folder: Path) -> None:
    """Keys for the owner alone; what is public for everybody; and it opens as it was made."""
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}
    assert modes == {
        "root.key": 0o600, "issuer.key": 0o600,
        "root.pem": 0o644, "issuer.pem": 0o644, "vouching.pem": 0o644, "crl.pem": 0o644,
    }  # fmt: skip
    with registry_of(folder) as registry:
        assert registry.root == papers().root.certificate
        assert registry.issuer.certificate == papers().issuer.certificate
        assert registry.issued() == []


def test_not_twice(folder: Path) -> None:
    """An authority is never founded over another."""
    before = (folder / "root.key").read_bytes()
    with pytest.raises(BadConfig, match="File exists"):
        create_registry(folder, papers().root, papers().issuer, at=NOW)
    assert (folder / "root.key").read_bytes() == before


def test_the_root_key_may_be_away(folder: Path) -> None:
    """Issuing and revoking need the issuer's key only."""
    (folder / "root.key").unlink()
    serial = add(folder, "H49")
    with registry_of(folder) as registry:
        registry.revoke({serial}, at=NOW, reason="cessation")


@pytest.mark.parametrize("reason", REASONS)
def test_revoked(folder: Path, reason: str) -> None:
    """What is revoked no longer counts, and is in the list, which its issuer signed; the other one goes on. The first
    word stays: revoking again changes neither moment nor reason."""
    gone, stays = add(folder, "H49"), add(folder, "H53")
    later = NOW + timedelta(days=1)
    with registry_of(folder) as registry:
        registry.revoke({gone}, at=later, reason=reason)
        registry.revoke({gone}, at=later + timedelta(days=1), reason="superseded")
        first, second = registry.issued()
        made = RevocationList.from_pem(registry.crl.read_bytes())
    assert (first.revoked, first.reason) == (later.isoformat(), reason)
    assert (first.counts(later), second.counts(later)) == (False, True)
    assert not second.counts(NOW + timedelta(days=366))
    assert made.signed_by(papers().issuer.certificate)
    entry = made.entry(int(gone, 16))
    assert entry is not None
    assert (entry.at, entry.compromised) == (later, reason == "key-compromise")
    assert made.entry(int(stays, 16)) is None


@pytest.mark.parametrize(
    ("since", "counts_from"),
    [
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(days=-9), -BACKDATED),  # it had not begun
    ],
)
def test_revoked_since(folder: Path, since: timedelta, counts_from: timedelta) -> None:
    """The list says the date that was given, never one before the certificate's beginning; its number goes up by the
    moment it was made; the index says when the authority was told, too."""
    serial, told = add(folder, "H49"), NOW + timedelta(days=1)
    with registry_of(folder) as registry:
        registry.revoke({serial}, at=told, reason="cessation", since=NOW + since)
        (line,) = registry.issued()
        made = RevocationList.from_pem(registry.crl.read_bytes())
    entry = made.entry(int(serial, 16))
    assert entry is not None
    assert (entry.at, line.noted) == (NOW + counts_from, told.isoformat())
    assert made.parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == int(told.timestamp())


def test_a_certificate_that_was_being_issued_is_revoked(folder: Path) -> None:
    """The machine died between index and file: its beginning is known all the same."""
    serial = add(folder, "H49")
    (folder / "issued" / f"H49-{serial}.pem").unlink()
    with registry_of(folder) as registry:
        registry.revoke({serial}, at=NOW, reason="key-compromise", since=NOW - timedelta(days=1))
        assert registry.issued()[0].revoked == (NOW - BACKDATED).isoformat()


ADD = """
import sys
from datetime import timedelta
from pathlib import Path
from bus.trust.certificates import Purpose
from bus.files.authority import registry_of
from bus.trust.keys import SigningKey
from tests.identities import BEGIN, papers
for number in range(10):
    made = papers().certificate(f"{sys.argv[2]}.{number}", SigningKey.generate())
    with registry_of(Path(sys.argv[1])) as registry:
        registry.add(made, Purpose.MAILBOX, at=BEGIN)
"""


def test_two_at_once_lose_nothing(folder: Path) -> None:
    """Commands in several processes wait for each other: every certificate is in the index."""
    running = [subprocess.Popen([sys.executable, "-c", ADD, folder, code]) for code in ("H01", "H02", "H03")]
    assert [each.wait() for each in running] == [0, 0, 0]
    with registry_of(folder) as registry:
        codes = [line.code for line in registry.issued()]
    assert sorted(codes) == [f"{code}.{number}" for code in ("H01", "H02", "H03") for number in range(10)]


@pytest.mark.parametrize(
    ("file", "data", "error", "why"),
    [
        ("root.pem", None, BadConfig, "ca init"),
        ("root.pem", b"", BadConfig, "no certificate"),
        ("issuer.key", None, BadConfig, "No such file"),
        ("issuer.key", b"", BadCertificate, "cannot be read"),
        ("issuer.key", SigningKey.generate().to_pem(), BadCertificate, "not its own"),
    ],
)
def test_broken(folder: Path, file: str, data: bytes | None, error: type[Exception], why: str) -> None:
    """A folder with something missing, broken or mixed up is not opened."""
    if data is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(data)
    with pytest.raises(error, match=why), registry_of(folder):
        pass


@pytest.mark.parametrize("lost", ["index.jsonl", "crl.pem"])
def test_no_list_forgets_what_was_revoked(folder: Path, lost: str) -> None:
    """Index and list stand in for each other. An index from an older backup gives no certificate back either."""
    old = (folder / "index.jsonl").read_bytes() if (folder / "index.jsonl").exists() else b""
    gone = add(folder, "H49")
    with registry_of(folder) as registry:
        registry.revoke({gone}, at=NOW, reason="key-compromise")
        (folder / lost).unlink()
        registry.write_crl(at=NOW + timedelta(days=1))
        (folder / "index.jsonl").write_bytes(old)
        registry.write_crl(at=NOW + timedelta(days=2))
        entry = RevocationList.from_pem(registry.crl.read_bytes()).entry(int(gone, 16))
    assert entry is not None
    assert (entry.at, entry.compromised) == (NOW, True)


def test_a_list_of_nothing_known_is_not_made(folder: Path) -> None:
    """Neither where index and list are both gone, nor beside another issuer's list."""
    (folder / "crl.pem").unlink()
    with registry_of(folder) as registry, pytest.raises(BadConfig, match="Bring them back from the backup"):
        registry.write_crl(at=NOW)
    assert not (folder / "crl.pem").exists()
    other = revocation_list(papers().root, (), at=NOW, until=NOW + timedelta(days=9), number=1)
    (folder / "crl.pem").write_bytes(other.to_pem())
    with registry_of(folder) as registry, pytest.raises(BadConfig, match="it is no list of"):
        registry.write_crl(at=NOW)
