"""The passwords of a broker's users: drawn once, kept, and compared with the broker's."""

from pathlib import Path

from bus.files.credentials import add_credentials, load_credentials
from bus.rabbit.admin.definitions import matches_hash
from bus.topology.wanted import Topology, User
from bus.wiring.passwords import password_hashes, stale_passwords


def test_without_a_file_users_log_in_by_certificate() -> None:
    """RabbitMQ's hash of no password is empty."""
    assert password_hashes(["H49", "operator"], None) == {"H49": "", "operator": ""}


def test_passwords_are_drawn_once(tmp_path: Path) -> None:
    """The missing ones only, and they are in the file; each hash has a salt of its own."""
    file = tmp_path / "credentials.toml"
    add_credentials(file, {"H49": "bí mật"})
    first, second = password_hashes(["H49", "G22"], file), password_hashes(["H49", "G22"], file)
    known = load_credentials(file)
    assert known["H49"] == "bí mật"
    assert first != second
    assert all(matches_hash(known[user], hashes[user]) for hashes in (first, second) for user in ("H49", "G22"))


def test_a_password_that_is_not_the_broker_s_is_told(tmp_path: Path) -> None:
    """Of users that are wanted and in the file; others are somebody else's to keep."""
    file = tmp_path / "credentials.toml"
    add_credentials(file, {"H49": "new", "G22": "same", "gone": "x"})
    same = password_hashes(["G22"], file)["G22"]
    current = Topology(
        vhost="bus",
        users=(
            User("H49", None, password_hash=same),
            User("G22", None, password_hash=same),
            User("gone", None, password_hash=same),
        ),
    )
    wanted = Topology(vhost="bus", users=(User("H49", None), User("G22", None)))
    (note,) = stale_passwords(current, wanted, file)
    assert ("H49" in note.en, "G22" in note.en) == (True, False)
    assert list(stale_passwords(current, wanted, None)) == []
