"""adapters/folder/waiting.py: what is never taken is named, with what to do; what waits for nobody is not."""

import os
import tempfile
from pathlib import Path

import pytest

from adapters.folder.waiting import look
from bus.errors import BusError


def found(root: Path, *, for_owner: bool = False) -> dict[str, BusError]:
    return {
        each.ref: each.error
        for folder in ("outgoing", "statuses")
        for each in look(folder, root / folder, user="lienthong", for_owner=for_owner)
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("outgoing", "statuses/received"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("cv.docx", "take this file out of here"),
        ("cv", "take this file out of here"),
        ("cv3.xml", 'rename it to "cv3.edxml"'),
        ("cv2.edxml.txt", 'Rename it to "cv2.edxml".'),
        ("cv2.EDXML.txt", 'Rename it to "cv2.EDXML".'),
        ("cv1.edxml ", 'Rename it to "cv1.edxml".'),
        ("cv1.edxml.", 'Rename it to "cv1.edxml".'),
        ("công văn 1.edxml (1)", 'Rename it to "công văn 1.edxml".'),
        ("cv5.edxml.part", 'rename it to "cv5.edxml";'),
        ("cv5.part", 'rename it to "cv5.edxml";'),
        ("cv.edxml~", 'rename it to "cv.edxml";'),
        (".cv.edxml.a8Fz2", 'rename it to "cv.edxml";'),
        ("~cv.edxml", 'rename it to "cv.edxml";'),
        (".edxml", 'rename it to "edxml.edxml";'),
        (os.fsdecode(b"b\xff.txt"), "take this file out of here"),
        ("line\nbreak.edxml.part", 'rename it to "line⏎break.edxml";'),
    ],
)
def test_a_name_that_is_never_taken_is_named(root: Path, name: str, remedy: str) -> None:
    """With the name under which it would be, where there is one; in both languages."""
    (root / "outgoing" / name).touch()
    (error,) = found(root).values()
    assert error.code == "not-taken"
    assert remedy in error.in_english()
    assert error.in_vietnamese() != error.in_english()


def test_a_blank_at_the_end_is_shown(root: Path) -> None:
    """Else nobody would see what is wrong."""
    (root / "outgoing" / " cv.edxml ").touch()
    (error,) = found(root).values()
    assert "outgoing/␠cv.edxml␠ waits" in error.in_english()


@pytest.mark.parametrize(
    "name",
    [
        *("cv.edxml", "cv.EDXML", "Thumbs.db", ".DS_Store", "._cv.edxml", ".nfs0001", "~$cv.docx", ".lienthong-check"),
        *("cv.edxml.reason", "cv.edxml.report", "cv.edxml.changes", "desktop.ini", ".~lock.cv.odt#"),
    ],
)
def test_what_waits_for_nobody_is_not_named(root: Path, name: str) -> None:
    """Packages in their turn, files of operating systems, texts of ours."""
    (root / "outgoing" / name).touch()
    assert not found(root)


def test_what_is_no_file_is_named(root: Path) -> None:
    """A link, a pipe, and a folder with packages in it; a folder without any is somebody's own affair."""
    (root / "outgoing" / "link.edxml").symlink_to(root / "x")
    os.mkfifo(root / "outgoing" / "pipe.edxml")
    (root / "outgoing" / "công văn").mkdir()
    (root / "outgoing" / "công văn" / "cv.edxml").touch()
    (root / "statuses" / "drafts").mkdir()
    (root / "statuses" / "drafts" / "cv.txt").touch()
    (root / "statuses" / "received" / "03.edxml").touch()
    errors = found(root)
    assert sorted(errors) == ["outgoing/công văn", "outgoing/link.edxml", "outgoing/pipe.edxml"]
    assert "subfolder" in errors["outgoing/công văn"].in_english()
    assert "is a link" in errors["outgoing/link.edxml"].in_english()
    assert "no regular file" in errors["outgoing/pipe.edxml"].in_english()


def test_since_when_is_the_disks_word(root: Path) -> None:
    """When it was last changed, which nobody can set back; and whether somebody may be writing it."""
    for name in ("cv.docx", "cv.part"):
        path = root / "outgoing" / name
        path.touch()
        os.utime(path, (1, 1))
    looked = {each.ref: each for each in look("outgoing", root / "outgoing", user="x")}
    assert not looked["outgoing/cv.docx"].is_temporary
    assert looked["outgoing/cv.part"].is_temporary
    assert looked["outgoing/cv.part"].changed_at == path.stat().st_ctime


def test_what_this_user_may_not_read() -> None:
    """A package that another user left with mode 0600: it is named, with the user that must be let in."""
    before = os.geteuid()
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "cv7.edxml").touch(mode=0o600 if before == 0 else 0)
        (root / "cv8.edxml").touch(mode=0o644)
        if before == 0:
            os.seteuid(65534)
        try:
            (found,) = look("outgoing", root, user="lienthong")
        finally:
            os.seteuid(before)
    assert (found.ref, found.error.code) == ("outgoing/cv7.edxml", "not-readable")
    assert "user lienthong cannot read it" in found.error.in_english()


def test_what_its_owner_may_not_read(root: Path) -> None:
    """Where root checks, the owner of the folder is asked about: by owner, by group, by all."""
    if os.geteuid():
        pytest.skip("only root may give files to others")
    folder = root / "outgoing"
    os.chown(folder, 65534, 65534)
    for name, owner, group, mode in [
        ("own.edxml", 65534, 0, 0o400),
        ("own-closed.edxml", 65534, 0, 0o077),
        ("group.edxml", 0, 65534, 0o640),
        ("group-closed.edxml", 0, 65534, 0o604),
        ("all.edxml", 0, 0, 0o604),
        ("all-closed.edxml", 0, 0, 0o600),
    ]:
        (folder / name).touch()
        os.chown(folder / name, owner, group)
        (folder / name).chmod(mode)
    assert not found(root)
    errors = found(root, for_owner=True)
    assert sorted(errors) == [f"outgoing/{who}-closed.edxml" for who in ("all", "group", "own")]
    assert all("user lienthong cannot read it" in error.in_english() for error in errors.values())
