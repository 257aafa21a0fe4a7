"""adapters/folder/check.py: what stands in the way, in words; and nothing is made by asking."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter, client
from adapters.folder.check import FOLDERS, MOVES
from bus.ports import Adapter, Notice
from tests.contract.adapter_site import a_filing


def options(root: Path, **more: object) -> dict[str, object]:
    return {"root": str(root), "quiet": 0, **more}


def check(root: Path, **more: object) -> list[str]:
    """As `lienthong adapter check` asks."""
    made: Adapter = FolderAdapter.made_to_check(options(root, **more))
    return list(made.check())


def there(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.fixture
def us() -> Iterator[Path]:
    """A folder of somebody to whom permissions apply: where the tests run as root, of nobody, who we are meanwhile."""
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder:
        before = os.geteuid()
        if before == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


def test_what_will_be_made_is_not_missed_and_not_made(tmp_path: Path) -> None:
    """Before the first start, by whomever: ready, and nothing is there that was not. So it is where it works."""
    for root in (tmp_path, tmp_path / "srv" / "van-ban"):
        assert not check(root)
    assert not there(tmp_path)
    (tmp_path / "outgoing").mkdir()
    assert not check(tmp_path)
    assert there(tmp_path) == ["outgoing"]
    FolderAdapter(options(tmp_path))
    before = there(tmp_path)
    assert not check(tmp_path)
    assert there(tmp_path) == before


def test_what_was_there_and_is_gone_is_missed(tmp_path: Path) -> None:
    """Where it has been at work, or its mailbox has, nobody would make it in silence: the command is given."""
    root = tmp_path / "dms"
    at_work: Adapter = FolderAdapter.made_to_check(options(root))
    (sentence,) = at_work.check_again()
    assert f"There is no folder {root}" in sentence
    assert f"install -d -o {client.user()} -m 0770 {root}" in sentence
    FolderAdapter(options(root))
    for name in ("outgoing", "incoming"):
        (root / name).rename(root / f"{name}.old")
    (root / "rejected").rmdir()
    found = check(root)
    assert [
        name for name in ("outgoing", "incoming", "rejected") if any(f"-m 0770 {root / name}" in s for s in found)
    ] == ["outgoing", "incoming", "rejected"]
    assert len(found) == 3


def test_a_file_that_waits_keeps_nobody_from_running(tmp_path: Path) -> None:
    """It is a notice; what has to be mended is none."""
    FolderAdapter(options(tmp_path))
    (tmp_path / "outgoing/cv.docx").touch()
    os.utime(tmp_path / "outgoing/cv.docx", (1, 1))
    assert [type(each) for each in check(tmp_path)] == [Notice]
    (tmp_path / "rejected").rmdir()
    assert [isinstance(each, Notice) for each in check(tmp_path)] == [False, True]


def test_what_will_not_be_made_is_missed(tmp_path: Path) -> None:
    """With create = false, or where something else has the name."""
    assert len(check(tmp_path, create=False)) == len(FOLDERS)
    (tmp_path / "file").touch()
    assert ["There is no folder" in sentence for sentence in check(tmp_path / "file")] == [True]
    assert ["cannot make it in" in sentence for sentence in check(tmp_path / "file" / "below")] == [True]
    (tmp_path / "sent").touch()
    assert ["sent is no folder" in sentence for sentence in check(tmp_path)] == [True]


def test_permission_is_not_absence(us: Path) -> None:
    """Folders that may not be used are not called missing; the user, and what it needs, are named."""
    root = us / "dms"
    FolderAdapter(options(root))
    root.chmod(0)
    (sentence,) = check(root)
    root.chmod(0o700)
    assert f"User {_user()} cannot write to {root}: Permission denied. Let {_user()} own the folder" in sentence
    assert "không có quyền" in sentence
    (root / "sent").chmod(0o500)
    (sentence,) = check(root)
    assert f"cannot write to {root / 'sent'}" in sentence
    us.chmod(0o500)
    (sentence,) = check(us / "new")
    assert f"user {_user()} cannot make it in {us}" in sentence
    us.chmod(0o700)


def _user() -> str:
    return "nobody" if os.getuid() == 0 else os.environ.get("USER", "")


def test_a_trial_file_is_moved_between_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that are mounted one by one look like one disk, and cannot move a file: said before anything is sent."""
    FolderAdapter(options(tmp_path))
    before = there(tmp_path)
    tried: list[str] = []

    def rename(self: Path, target: Path) -> None:
        tried.append(f"{self.parent.relative_to(tmp_path)} → {target.parent.relative_to(tmp_path)}")
        if target.parent.name in ("sent", "rejected"):
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        (sentence,) = check(tmp_path)
    assert tried == [f"{source} → {target}" for source, target in MOVES]
    assert "(outgoing → sent, outgoing → rejected, statuses → sent," in sentence
    assert f"Mount {tmp_path} as one" in sentence
    assert there(tmp_path) == before


_MOUNTED = """
set -e
for name in outgoing sent incoming; do
    mkdir -p "$1/host/$name" "$1/dms/$name"
    mount --bind "$1/host/$name" "$1/dms/$name"
done
"$2" -c '
import sys
from adapters.folder import FolderAdapter, client
print(*FolderAdapter({"root": sys.argv[1]}).check(), sep="\\n")
' "$1/dms"
"""


def test_folders_that_are_mounted_one_by_one(tmp_path: Path) -> None:
    """With the real thing: `docker -v` for each folder, on one disk."""
    alone = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets us mount nothing")
    done = subprocess.run(
        [*alone, "sh", "-c", _MOUNTED, "sh", str(tmp_path), sys.executable],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "outgoing → sent, outgoing → rejected" in done.stdout, done.stderr
    assert "the two folders are on different mounts" in done.stdout
    assert not list(tmp_path.rglob(".lienthong-check"))


def test_a_disk_without_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to set is said; with that, nothing."""
    FolderAdapter(options(tmp_path))
    real = Path.touch

    def touch(self: Path, mode: int = 0o666) -> None:
        if not self.name.isascii():
            raise OSError(errno.EILSEQ, "Invalid or incomplete multibyte or wide character", str(self))
        real(self, mode)

    monkeypatch.setattr(Path, "touch", touch)
    (sentence,) = check(tmp_path)
    assert 'set names = "ascii"' in sentence
    assert not check(tmp_path, names="ascii")


@pytest.mark.parametrize("names", ["letters", "ascii"])
def test_a_machine_that_does_not_speak_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    """It is said in words, with what to set; documents are filed under names without Vietnamese letters meanwhile."""
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    at_work = FolderAdapter(options(tmp_path, names=names))
    (sentence,) = at_work.check()
    assert "iso8859-1" in sentence
    assert "LANG=C.UTF-8" in sentence
    (filed,) = at_work.deliver([a_filing()])
    assert (filed.ref or "").isascii()
