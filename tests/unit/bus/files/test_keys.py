"""bus/files/keys.py"""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.keys import add_sealing, load_identity, load_keyring, read_secret, save_identity
from bus.trust.keys import Identity, SealingKey, SigningKey, new_identity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "keys"


def test_round_trip(folder: Path) -> None:
    """An identity comes back from its folder, several sealing keys in their order."""
    identity = Identity(SigningKey.generate(), tuple(SealingKey.generate() for _ in range(11)))
    save_identity(folder, identity)
    assert load_identity(folder) == identity


def test_owner_only(folder: Path) -> None:
    """Nobody but the owner may read or enter, and no draft stays behind."""
    save_identity(folder, new_identity())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "signing-1.pem": 0o600,
        "sealing-1.pem": 0o600,
    }


@pytest.mark.parametrize("name", ["signing-1.pem", "sealing-1.pem", "sealing-7.pem"])
def test_never_overwrites(folder: Path, name: str) -> None:
    """A folder with any key in it is left as it is."""
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"old")
    with pytest.raises(BadConfig, match=name):
        save_identity(folder, new_identity())
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [(name, b"old")]


def test_add_sealing(folder: Path) -> None:
    """A newer sealing key comes first; the older one goes on opening."""
    identity = new_identity()
    save_identity(folder, identity)
    newer = SealingKey.generate()
    assert add_sealing(folder, newer).name == "sealing-2.pem"
    assert load_identity(folder).sealing == (newer, *identity.sealing)


def test_cannot_be_written(folder: Path) -> None:
    """What is broken beside a key is named by its file."""
    identity = new_identity()
    save_identity(folder, identity)
    (folder / "sealing-1.pub").mkdir()  # in the way of its statement
    with pytest.raises(BadConfig, match=r"sealing-1\.pub cannot be used"):
        load_keyring(folder)
    (folder / "sealing-1.pub").rmdir()
    assert load_identity(folder) == identity


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
@pytest.mark.parametrize("name", ["signing-1.pem", "sealing-1.pem"])
def test_readable_by_others(folder: Path, name: str, mode: int) -> None:
    """A key that others may read is refused, with what to do."""
    save_identity(folder, new_identity())
    (folder / name).chmod(mode)
    with pytest.raises(BadConfig, match=rf"{name}.*{mode:04o}.*chmod 600"):
        load_identity(folder)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("signing-1.pem", None, "no signing-"),
        ("sealing-1.pem", None, "no sealing-"),
        ("signing-1.pem", b"", "no key in it"),
        ("sealing-1.pem", b"", "no key in it"),
        ("sealing-1.pem", SigningKey.generate().to_pem(), "no X-Wing"),
    ],
)
def test_missing_or_broken(folder: Path, name: str, data: bytes | None, why: str) -> None:
    """A key that is missing or broken is named by its file."""
    save_identity(folder, new_identity())
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    with pytest.raises(BadConfig, match=why):
        load_identity(folder)


def test_no_folder(folder: Path) -> None:
    """Keys of a folder that is not there are not loaded, and not added to."""
    with pytest.raises(BadConfig, match="No such file"):
        load_identity(folder)
    with pytest.raises(BadConfig, match="No such file"):
        add_sealing(folder, SealingKey.generate())


def test_folder_is_a_file(tmp_path: Path) -> None:
    """A file in the place of the folder is an error in words, not a traceback."""
    (tmp_path / "keys").touch()
    with pytest.raises(BadConfig, match="File exists"):
        save_identity(tmp_path / "keys", new_identity())


@pytest.mark.parametrize(
    ("text", "secret"),
    [(b"hunter2\n", "hunter2"), (b"m\xe1\xba\xadt", "mật"), (b"a\r\nb\n", "a"), (b"\xef\xbb\xbfa\r\n", "a")],
)
def test_secret(tmp_path: Path, text: bytes, secret: str) -> None:
    """A password is the file's first line, without its end."""
    path = tmp_path / "password"
    path.write_bytes(text)
    path.chmod(0o600)
    assert read_secret(path) == secret


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [(b"", 0o600, "empty"), (b"\nx", 0o600, "empty"), (b"\xff", 0o600, "not UTF-8"), (b"x", 0o644, "chmod 600")],
)
def test_no_secret(tmp_path: Path, text: bytes, mode: int, why: str) -> None:
    """A password file that is empty, no text, or open to others is refused."""
    path = tmp_path / "password"
    path.write_bytes(text)
    path.chmod(mode)
    with pytest.raises(BadConfig, match=why):
        read_secret(path)
