"""adapters/folder/identity.py: which file it is that was read."""

import os
from pathlib import Path

import pytest

from adapters.folder.identity import WHOLE, Identity, identity, is_same

TIME = (1_790_000_000, 1_790_000_000)


def made(path: Path, data: bytes) -> Identity:
    path.write_bytes(data)
    os.utime(path, TIME)
    with path.open("rb") as file:
        return identity(file.fileno())


@pytest.mark.parametrize("size", [0, 10, WHOLE, WHOLE + 1, 3 * WHOLE])
def test_another_file_of_the_same_size_and_time_is_another(tmp_path: Path, size: int) -> None:
    """Whether it came in the place of the first one, or was written over it; be it large or small. The same content is
    the same file: some disks give a file a new number now and then."""
    path = tmp_path / "a"
    data = b"7" * size
    known = made(path, data)
    assert is_same(path, known)
    made(tmp_path / "b", data)
    (tmp_path / "b").rename(path)
    assert is_same(path, known)
    if size:
        made(tmp_path / "b", data[:-1] + b"8")
        (tmp_path / "b").rename(path)
        assert not is_same(path, known)
        made(path, b"8" + data[1:])
        assert not is_same(path, known)


def test_a_file_that_was_only_touched_or_moved_is_the_same(tmp_path: Path) -> None:
    """New permissions, a new name, another time."""
    known = made(tmp_path / "a", b"7")
    (tmp_path / "a").chmod(0o600)
    assert is_same(tmp_path / "a", known)
    (tmp_path / "a").rename(tmp_path / "b")
    assert is_same(tmp_path / "b", known, moved=True)
    with pytest.raises(FileNotFoundError):
        is_same(tmp_path / "a", known)
