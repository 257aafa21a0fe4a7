"""adapters/folder/client.py: writes are durable or have no effect, and nothing is overwritten."""

import errno
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.folder import client, faults
from adapters.folder.client import Stale, Stamp
from adapters.folder.names import numbered


def test_reads_what_stayed_as_it_was(tmp_path: Path) -> None:
    """A file that has grown, shrunk or been touched since it was looked at is stale, not read."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    before = client.stamp(path)
    assert client.read(path, before)[0] == b"12345"
    for wrong in (Stamp(4, before.mtime_ns), Stamp(6, before.mtime_ns), Stamp(5, before.mtime_ns + 1)):
        with pytest.raises(Stale):
            client.read(path, wrong)


def test_follows_no_link(tmp_path: Path) -> None:
    """A link may point at what nobody meant to send."""
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(OSError, match="symbolic"):
        client.read(tmp_path / "link", client.stamp(tmp_path / "secret"))


def test_writes_many_and_says_which_failed(tmp_path: Path) -> None:
    """One file that cannot be written is answered in its place; the others are there, whole."""
    (tmp_path / "100").mkdir()
    answers = client.write_all([(tmp_path / str(number), b"x" * number) for number in range(300)])
    assert [number for number, answer in enumerate(answers) if answer] == [100]
    assert (tmp_path / "299").read_bytes() == b"x" * 299


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """No space is an error of the file that found none, by name."""
    (failed,) = client.write_all([(Path("/dev/full"), b"x")])
    assert failed is not None
    assert faults.away(failed).facts["why"] == "/dev/full: No space left on device"


def test_put_shows_old_or_new(tmp_path: Path) -> None:
    """A file is replaced under its name; the temporary one is gone."""
    for data in (b"old", b"new"):
        client.put(tmp_path / "a", data, temporary=tmp_path / "t")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 7, 8, 9, 33])
def test_the_next_free_number(tmp_path: Path, taken: int) -> None:
    """However many files of a name there are, the next number is found."""
    for number in range(1, taken + 1):
        (tmp_path / numbered("a.edxml", number)).touch()
    assert client.free_name(tmp_path, "a.edxml") == numbered("a.edxml", taken + 1)


def test_moves_what_it_expects_and_no_other(tmp_path: Path) -> None:
    """A file that was replaced at the last moment goes back where it was put, beside what is there by now."""
    source, target = tmp_path / "out" / "a.edxml", tmp_path / "sent" / "a.edxml"
    for folder in (source.parent, target.parent):
        folder.mkdir()
    source.write_bytes(b"1")
    client.move(source, target, client.stamp(source))
    assert target.read_bytes() == b"1"
    source.write_bytes(b"another")
    with pytest.raises(Stale):
        client.move(source, target.with_name("b.edxml"), client.stamp(target))
    assert source.read_bytes() == b"another"
    assert [path.name for path in target.parent.iterdir()] == ["a.edxml"]


def test_a_folder_is_made_in_what_is_there(tmp_path: Path) -> None:
    """A parent that is gone is not made anew; a folder that is there stays."""
    client.make_folder(tmp_path / "2026")
    client.make_folder(tmp_path / "2026")
    with pytest.raises(FileNotFoundError):
        client.make_folder(tmp_path / "gone" / "2026")


def test_looks_at_folders(tmp_path: Path) -> None:
    """A probe leaves nothing behind, whether it could be made, moved, or neither."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert client.probe(tmp_path, ".check") is None
    missing = client.probe(tmp_path / "gone", ".check")
    assert missing is not None
    assert missing.errno == errno.ENOENT
    assert client.probe_move(tmp_path, tmp_path / "folder", ".check") is None
    assert client.probe_move(tmp_path, tmp_path / "gone", ".check") is not None
    assert client.is_folder(tmp_path)
    assert not client.is_folder(tmp_path / "file")
    assert not client.is_folder(tmp_path / "gone")
    assert not client.is_folder(tmp_path / "file" / "below")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.parametrize("longest", [143, 255])
def test_how_long_a_name_may_be_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    """Some disks keep fewer bytes than they say; what cannot be tried is not known."""
    real = os.open

    def short(path: str | Path, *others: int, **more: int) -> int:
        if len(os.fsencode(Path(path).name)) > longest:
            raise OSError(errno.ENAMETOOLONG, "File name too long", os.fspath(path))
        return real(path, *others, **more)

    monkeypatch.setattr(os, "open", short)
    assert client.longest_name(tmp_path) == longest
    assert client.longest_name(tmp_path / "gone") is None
    assert not list(tmp_path.iterdir())


def test_a_disk_without_figures_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network disks say 0 of everything: that says nothing of their space."""
    none = SimpleNamespace(f_bavail=0, f_frsize=4096, f_blocks=0)
    monkeypatch.setattr(os, "statvfs", lambda _: none)
    client.pour(tmp_path / "a", [b"12", b"34"], size=4)
    assert (tmp_path / "a").read_bytes() == b"1234"
    none.f_blocks = 1
    with pytest.raises(OSError, match="No space left"):
        client.pour(tmp_path / "b", [b"12"], size=2)


def test_this_user_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a number, where nobody has written its name down."""
    assert client.user() == pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    assert client.user() == "4000000"


def test_syncing_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    """Only a file system without the call is forgiven."""
    with pytest.raises(FileNotFoundError):
        client.sync_folders([tmp_path / "gone"])


@pytest.mark.parametrize(
    ("number", "all_"),
    [
        *((number, True) for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)),
        *((number, True) for number in (errno.ESTALE, errno.ENOTCONN, errno.EMFILE)),
        *((number, False) for number in (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOENT)),
        *((number, False) for number in (errno.EFBIG, errno.ENAMETOOLONG, errno.ELOOP, None)),
    ],
)
def test_what_every_file_would_meet(number: int | None, all_: bool) -> None:
    """The disk or the share is in trouble; what may be wrong with one file says nothing of the others."""
    assert client.concerns_all(OSError(number, "x") if number else OSError("x")) is all_


def test_a_usable_folder(tmp_path: Path) -> None:
    """A usable folder exists, and is a folder."""
    (tmp_path / "file").touch()
    assert [client.usable(tmp_path / name) for name in ("", "file", "gone")] == [True, False, False]


def test_a_large_file_is_poured_whole_or_not_at_all(tmp_path: Path) -> None:
    """Piece by piece; where one of them fails nothing is left, of what stood there before neither."""
    path = tmp_path / "a"
    client.pour(path, [b"x" * 9_000_000] * 3, size=27_000_000)
    assert path.stat().st_size == 27_000_000

    def fails() -> Iterator[bytes]:
        yield b"y"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        client.pour(path, fails(), size=2)
    assert not list(tmp_path.iterdir())


def test_what_has_no_room_is_not_begun(tmp_path: Path) -> None:
    """A file larger than the free space is not begun: it would fill the disk for everybody."""
    with pytest.raises(OSError, match="No space") as caught:
        client.pour(tmp_path / "a", iter([b"x"]), size=1 << 60)
    assert client.concerns_all(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_is_in_the_way_is_cleared_away(tmp_path: Path) -> None:
    """A link in the way is not followed but removed, and the next attempt succeeds."""
    path = tmp_path / "a"
    path.symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        client.pour(path, iter([b"x"]), size=1)
    client.pour(path, iter([b"x"]), size=1)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_an_open_file_stays_as_it_was(tmp_path: Path) -> None:
    """An open file is as expected from the first byte to the last, or Stale is raised."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    before = client.stamp(path)
    with client.opened(path, before) as file:
        assert (client.tail(file, 2), client.tail(file, 9)) == (b"45", b"12345")
    with pytest.raises(Stale), client.opened(path, before) as file:
        path.write_bytes(b"123456")
    with pytest.raises(Stale), client.opened(path, before):
        raise AssertionError("opened although it had changed")


def test_a_spool_leaves_nothing(tmp_path: Path) -> None:
    """A spool has no name, even while it exists."""
    with client.spool(tmp_path) as file:
        file.write(b"x")
        assert not list(tmp_path.iterdir())
