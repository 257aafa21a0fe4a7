"""bus/files/private.py"""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.private import create_private, make_private_folder, read_private, write_public


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
        with pytest.raises(BadConfig, match=r"missing/a is wrong: .*there is no folder.*: mkdir -p .*/missing\."):
            write(missing, b"")
    with pytest.raises(BadConfig, match=r"missing/a is wrong: No such file"):
        read_private(missing)
    (tmp_path / "file").mkdir()
    with pytest.raises(BadConfig, match="Is a directory"):
        write_public(tmp_path / "file", b"")
    (tmp_path / "file").rmdir()
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="File exists"):
        make_private_folder(tmp_path / "file")
