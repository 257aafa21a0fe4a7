"""The renewal of keys in a folder: what is pending, stated, and when it ends."""

from datetime import timedelta
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.keys import (
    add_sealing,
    add_signing,
    load_keyring,
    load_signer,
    load_statements,
    save_certificate,
    save_statement,
    sealing_files,
    signing_files,
)
from bus.files.private import make_private_folder
from bus.files.renewal import is_pending, is_unstated, key_endings, key_file_of, key_rows, state_sealing_keys
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from tests.identities import BEGIN, Papers, papers

NOW = BEGIN + timedelta(days=10)
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def office() -> Papers:
    return papers()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = tmp_path / "keys"
    make_private_folder(keys)
    add_sealing(keys, SealingKey.generate())
    add_signing(keys, SigningKey.generate())
    return keys


def state(folder: Path, *, at: int = 0) -> int:
    """How many sealing keys are stated under the newest signing key."""
    signer = load_signer(signing_files(folder)[0])
    return len(list(state_sealing_keys(folder, "H49", signer, lasts=YEAR, now=NOW + timedelta(days=at))))


def certify(office: Papers, folder: Path) -> None:
    path = signing_files(folder)[0]
    certificate = office.certificate("H49", SigningKey.from_pem(path.read_bytes()))
    assert key_file_of(folder, certificate) == path
    save_certificate(path, certificate.to_pem())


def test_new_keys_wait_for_a_certificate_and_a_statement(office: Papers, folder: Path) -> None:
    """Each until it has its own."""
    assert (is_pending(folder), is_unstated(folder)) == (True, True)
    assert state(folder) == 1
    assert (is_pending(folder), is_unstated(folder)) == (True, False)
    certify(office, folder)
    assert (is_pending(folder), is_unstated(folder)) == (False, False)


def test_a_statement_is_made_once_a_signing_key(folder: Path) -> None:
    """Under a newer signing key it is made again, for the same time; after its end no more."""
    state(folder)
    (first,) = load_statements(folder).values()
    state(folder, at=5)
    assert list(load_statements(folder).values()) == [first]
    add_signing(folder, SigningKey.generate())
    state(folder, at=9)
    (again,) = load_statements(folder).values()
    assert (again.since, again.until, again.signed_by != first.signed_by) == (first.since, first.until, True)
    assert state(folder, at=366) == 0


def test_a_certificate_of_another_key(office: Papers, folder: Path) -> None:
    """Has no place in this folder."""
    with pytest.raises(BadConfig, match="no key of this certificate"):
        key_file_of(folder, office.certificate("H49", SigningKey.generate()))


def test_rows_and_endings(office: Papers, folder: Path) -> None:
    """Pending, then held, then over; what has no end yet ends nothing."""
    assert [(row["kind"], row["state"]) for row in key_rows(folder, now=NOW)] == [
        ("signing", "pending"),
        ("sealing", "held"),
    ]
    assert list(key_endings(folder)) == []
    certify(office, folder)
    state(folder)
    assert {row["state"] for row in key_rows(folder, now=NOW)} == {"held"}
    assert {row["state"] for row in key_rows(folder, now=NOW + timedelta(days=4000))} == {"over"}
    assert [each.what.en for each in key_endings(folder)] == ["signing certificate", "sealing key"]


def test_serials_go_up_and_older_keys_are_withdrawn(office: Papers, folder: Path) -> None:
    """A new key's serial is the time; withdrawn, older ones are stated no more, and stay withdrawn."""
    signer = load_signer(signing_files(folder)[0])

    def stated(*, at: int, withdraw: bool = False) -> list[tuple[int, int]]:
        now = NOW + timedelta(days=at)
        made = state_sealing_keys(folder, "H49", signer, lasts=YEAR, now=now, withdraw=withdraw)
        return [(each.serial, each.withdraws) for each in made]

    first = int(NOW.timestamp())
    assert stated(at=0) == [(first, 0)]
    add_sealing(folder, SealingKey.generate())
    add_sealing(folder, SealingKey.generate())
    assert stated(at=0) == [(first + 2, 0), (first + 1, 0), (first, 0)]
    assert stated(at=0, withdraw=True) == [(first + 2, first + 2)]
    assert stated(at=5) == [(first + 2, first + 2)]
    add_sealing(folder, SealingKey.generate())
    later = int((NOW + timedelta(days=9)).timestamp())
    assert stated(at=9) == [(later, first + 2), (first + 2, first + 2)]


def test_a_key_stated_before_there_were_serials_gets_one_to_withdraw(folder: Path) -> None:
    """Only so can it stand above what it withdraws."""
    signer = load_signer(signing_files(folder)[0])
    path = sealing_files(folder)[0]
    old = SealingStatement.sign(
        SealingKey.from_pem(path.read_bytes()).public, mailbox="H49", since=NOW, until=NOW + YEAR, signer=signer
    )
    save_statement(path, old)
    assert [each.serial for each in state_sealing_keys(folder, "H49", signer, lasts=YEAR, now=NOW)] == [0]
    (found,) = state_sealing_keys(folder, "H49", signer, lasts=YEAR, now=NOW, withdraw=True)
    assert found.serial == found.withdraws == int(NOW.timestamp())
    assert load_keyring(folder).sealing[0].serial == found.serial
