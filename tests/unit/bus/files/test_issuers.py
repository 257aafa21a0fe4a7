"""bus/files/issuers.py"""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bus.errors import BadCertificate, BadConfig
from bus.files.authority import create_registry, registry_of
from bus.files.issuers import (
    ROOT_CRL_LASTS,
    create_next_registry,
    found_root_list,
    load_root,
    withdrawal_of,
    write_root_list,
)
from bus.trust.authority import issue
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SigningKey
from bus.trust.trust_store import TrustStore
from tests.identities import BEGIN, papers

LATER = BEGIN + timedelta(days=30)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_registry(tmp_path / "ca", papers().root, papers().issuer, at=BEGIN)
    return tmp_path / "ca"


def certificate(folder: Path) -> Certificate:
    with registry_of(folder) as registry:
        return issue(registry.issuer, SigningKey.generate().public, name="H49", purpose=Purpose.MAILBOX, at=LATER)


def test_a_next_issuer_is_an_authority_of_the_same_root(root: Path, tmp_path: Path) -> None:
    """Its folder opens like the first one's, holds no root's key, and what it issues leads to the root."""
    made = create_next_registry(tmp_path / "ca-2", load_root(root), "Issuer 2", at=LATER)
    assert not (tmp_path / "ca-2" / "root.key").exists()
    assert (tmp_path / "ca-2" / "issuer.key").stat().st_mode & 0o077 == 0
    issuer = made.issuer.certificate
    trust_store = TrustStore([papers().root.certificate], [issuer])
    assert trust_store.validity(certificate(tmp_path / "ca-2"), Purpose.MAILBOX).objection(LATER) is None
    assert RevocationList.from_pem(made.crl.read_bytes()).signed_by(issuer)
    with pytest.raises(BadConfig, match="File exists"):
        create_next_registry(tmp_path / "ca-2", load_root(root), "Issuer 3", at=LATER)


def test_a_revoked_issuer_takes_along_all_that_it_issued(root: Path) -> None:
    """By the root's list; a second word about it changes nothing, and a list made anew still names it."""
    old = papers().issuer.certificate
    found_root_list(root, papers().root, at=BEGIN)
    for reason in ("key-compromise", "superseded"):
        said = withdrawal_of(old, papers().root.certificate, reason=reason, since=LATER)
        write_root_list(root, at=LATER, withdrawn=said)
    file = write_root_list(root, at=LATER + timedelta(days=365))
    listed = RevocationList.from_pem(file.read_bytes())
    assert listed.until == LATER + timedelta(days=365) + ROOT_CRL_LASTS
    with registry_of(root) as registry:
        ends = {each.what.en: each.at for each in registry.endings(LATER)}
    assert ends["the root's revocation list"] == listed.until
    entry = listed.entry(old.serial)
    assert entry is not None
    assert (entry.at, entry.compromised) == (LATER, True)
    trust_store = TrustStore([papers().root.certificate], [old], [listed])
    assert "was revoked" in str(trust_store.validity(certificate(root), Purpose.MAILBOX).objection(LATER))


def test_a_list_of_nobody(root: Path) -> None:
    """Before any issuer was revoked; and an entry without a reason stays one."""
    assert len(RevocationList.from_pem(write_root_list(root, at=LATER, first=True).read_bytes()).parsed) == 0
    plain = withdrawal_of(papers().issuer.certificate, papers().root.certificate, reason="unspecified", since=BEGIN)
    write_root_list(root, at=LATER, withdrawn=plain)
    entry = RevocationList.from_pem(write_root_list(root, at=LATER).read_bytes()).entry(plain.serial)
    assert entry is not None
    assert not entry.compromised


def test_a_list_is_not_begun_where_the_one_before_is_missing(root: Path, tmp_path: Path) -> None:
    """The next issuer's folder, with the root's key back from the safe, does not know whom the root revoked. Only who
    says that there never was one gets an empty list, and not where there is one. Another root's is none."""
    create_next_registry(tmp_path / "ca-2", load_root(root), "Issuer 2", at=LATER)
    shutil.copy(root / "root.key", tmp_path / "ca-2" / "root.key")
    withdrawn = withdrawal_of(papers().issuer.certificate, papers().root.certificate, reason="superseded", since=LATER)
    for more in (None, withdrawn):
        with pytest.raises(BadConfig, match="folder of the last revoke-issuer"):
            write_root_list(tmp_path / "ca-2", at=LATER, withdrawn=more)
    file = write_root_list(root, at=LATER, withdrawn=withdrawn, first=True)
    with pytest.raises(BadConfig, match="without --first"):
        write_root_list(root, at=LATER, first=True)
    (tmp_path / "ca-2" / file.name).write_bytes(file.read_bytes())
    assert len(RevocationList.from_pem(write_root_list(tmp_path / "ca-2", at=LATER).read_bytes()).parsed) == 1
    file.write_bytes((root / "crl.pem").read_bytes())
    with pytest.raises(BadConfig, match="it is no list of"):
        write_root_list(root, at=LATER)


def test_what_the_root_did_not_issue_is_not_its_to_revoke(root: Path) -> None:
    with pytest.raises(BadCertificate, match="has not issued it"):
        withdrawal_of(certificate(root), papers().root.certificate, reason="superseded", since=LATER)


def test_a_root_in_its_safe_is_asked_for(root: Path) -> None:
    (root / "root.key").unlink()
    with pytest.raises(BadConfig, match="in the safe"):
        load_root(root)
