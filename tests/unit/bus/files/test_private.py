"""bus/files/private.py"""

import errno
import os
import stat
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.private import check_private, create_private, make_private_folder, read_private, write_public


def test_for_the_owner_alone(tmp_path: Path) -> None:
    """A private file comes back as it was written, in a folder that nobody else enters, and no draft stays behind."""
    folder = tmp_path / "etc" / "keys"
    make_private_folder(folder)
    create_private(folder / "a.key", b"secret")
    assert read_private(folder / "a.key") == b"secret"
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("a.key", 0o600)]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_never_in_the_place_of_another(tmp_path: Path) -> None:
    """A private file that is there is left as it is, even one that is a link to nowhere."""
    (tmp_path / "a.key").write_bytes(b"old")
    (tmp_path / "b.key").symlink_to(tmp_path / "nowhere")
    for name in ("a.key", "b.key"):
        with pytest.raises(BadConfig, match="File exists"):
            create_private(tmp_path / name, b"new")
    assert (tmp_path / "a.key").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.key", "b.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_readable_by_others(tmp_path: Path, mode: int) -> None:
    """What others may read is refused, with what to do."""
    create_private(tmp_path / "a.key", b"secret")
    (tmp_path / "a.key").chmod(mode)
    with pytest.raises(BadConfig, match=rf"a\.key.*{mode:04o}.*chmod 600"):
        read_private(tmp_path / "a.key")


@pytest.mark.parametrize(
    ("mode", "is_taken"), [(0o440, True), (0o640, True), (0o444, False), (0o460, False), (0o450, False), (0o400, True)]
)
def test_a_secret_that_systemd_hands_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_taken: bool
) -> None:
    """LoadCredential= gives the group the right to read, below $CREDENTIALS_DIRECTORY, and nowhere else."""
    given, other = tmp_path / "given", tmp_path / "other"
    for folder in (given, other):
        folder.mkdir()
        create_private(folder / "broker", b"secret")
        (folder / "broker").chmod(mode)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    if is_taken:
        assert read_private(given / "broker") == b"secret"
    else:
        with pytest.raises(BadConfig, match="chmod 600"):
            read_private(given / "broker")
    for path in (other / "broker", given / ".." / "other" / "broker"):
        if mode != 0o400:
            with pytest.raises(BadConfig, match="chmod 600"):
                read_private(path)


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "is_taken"),
    [
        (0o440, 0, 7301, True),
        (0o640, 0, 7301, True),
        (0o440, 0, 7302, False),  # a group of others
        (0o440, 1001, 7301, False),  # not root's: whose it is may have meant it for others
        (0o440, 0, 0, False),  # every administrator's
        (0o444, 0, 7301, False),
        (0o460, 0, 7301, False),
    ],
)
def test_a_secret_of_root_s_for_our_group(
    monkeypatch: pytest.MonkeyPatch, mode: int, uid: int, gid: int, is_taken: bool
) -> None:
    """As Kubernetes hands it over (fsGroup)."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr("os.getgroups", lambda: [7301])
    status = os.stat_result((0o100000 | mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))
    if is_taken:
        check_private(Path("broker"), status)
    else:
        with pytest.raises(BadConfig, match="chmod 600"):
            check_private(Path("broker"), status)


def test_public_files_are_replaced(tmp_path: Path) -> None:
    """A public file takes the place of the one before; everybody may read it."""
    for data in (b"old and longer", b"new"):
        write_public(tmp_path / "a.crt", data)
    assert (tmp_path / "a.crt").read_bytes() == b"new"
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("a.crt", 0o644)]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """No folder, or another thing in its place: words that name the file, and the folder that is missing."""
    missing = tmp_path / "missing" / "a"
    for write in (create_private, write_public):
        with pytest.raises(BadConfig, match=r"missing/a cannot be used: .*there is no folder.*: mkdir -p .*/missing\."):
            write(missing, b"")
    with pytest.raises(BadConfig, match=r"missing/a cannot be used: No such file"):
        read_private(missing)
    (tmp_path / "file").mkdir()
    with pytest.raises(BadConfig, match="Is a directory"):
        write_public(tmp_path / "file", b"")
    (tmp_path / "file").rmdir()
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="File exists"):
        make_private_folder(tmp_path / "file")


@pytest.fixture
def _poor_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that knows no hard links and synchronises no folder: FAT, a share, some of FUSE."""
    real = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "hardlink_to", link)


@pytest.mark.usefixtures("_poor_disk")
def test_a_poor_disk_keeps_files_all_the_same(tmp_path: Path) -> None:
    """Whole, for the owner alone, and never in the place of another."""
    create_private(tmp_path / "a.key", b"secret")
    write_public(tmp_path / "a.crt", b"public")
    assert read_private(tmp_path / "a.key") == b"secret"
    with pytest.raises(BadConfig, match="File exists"):
        create_private(tmp_path / "a.key", b"other")
    assert read_private(tmp_path / "a.key") == b"secret"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.crt", "a.key"]


@pytest.mark.usefixtures("_poor_disk")
def test_nothing_half_is_left_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk fills between the two steps, the name is free again."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadConfig, match="No space left"):
        create_private(tmp_path / "a.key", b"secret")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_folder_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """What is no peculiarity of a file system passes for nothing."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "hardlink_to", fail)
        with pytest.raises(BadConfig, match=os.strerror(number)):
            create_private(tmp_path / "a.key", b"")
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: fail() if stat.S_ISDIR(os.fstat(fd).st_mode) else real(fd))
    with pytest.raises(BadConfig, match=os.strerror(number)):
        write_public(tmp_path / "a.crt", b"")
