"""The place of a store: no disk of another machine, and one name for each."""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.store.sql.place import check_place, kind_of, real_path

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /srv/share rw - nfs4 server:/export rw,vers=4.2
31 22 0:27 / /srv/with\\040space rw - cifs //nas/share rw
32 22 8:2 / /srv/share/local rw - xfs /dev/sdb1 rw
33 22 0:28 / /auto rw - autofs systemd-1 rw
34 33 0:29 / /auto rw - nfs server:/home rw
35 22 0:30 / /home/x/s3 rw - fuse.s3fs s3fs rw
36 22 0:31 / /mnt/c rw - 9p drvfs rw
37 22 0:32 / /home/x/disk rw - fuseblk /dev/sdc1 rw
a line of another kind
38 22
"""


@pytest.mark.parametrize(
    ("path", "kind", "well"),
    [
        ("/var/lib/lienthong/H49.db", "ext4", True),
        ("/srv/shared/H49.db", "ext4", True),
        ("/srv/share/H49.db", "nfs4", False),
        ("/srv/share/a/b/H49.db", "nfs4", False),
        ("/srv/share/local/H49.db", "xfs", True),
        ("/srv/with space/H49.db", "cifs", False),
        ("/auto/H49.db", "nfs", False),
        ("/home/x/s3/H49.db", "fuse.s3fs", False),
        ("/home/x/disk/H49.db", "fuseblk", True),
        ("/mnt/c/H49.db", "9p", False),
    ],
)
def test_the_disk_of_another_machine_is_refused(tmp_path: Path, path: str, kind: str, well: bool) -> None:
    """With the type of the file system, and both ways out. The longest mount point counts, and of one the last."""
    assert kind_of(Path(path), MOUNTS) == kind
    (tmp_path / "mounts").write_text(MOUNTS)
    if well:
        check_place(Path(path), mounts=tmp_path / "mounts")
        return
    with pytest.raises(BadConfig, match=rf"lies on a network file system \({kind}\).*or use PostgreSQL") as caught:
        check_place(Path(path), mounts=tmp_path / "mounts")
    assert f"kho nằm trên ổ mạng ({kind})" in caught.value.in_vietnamese()


def test_where_nothing_is_known_nothing_is_refused(tmp_path: Path) -> None:
    """No /proc, or no line that covers the path."""
    check_place(tmp_path / "H49.db", mounts=tmp_path / "missing")
    assert kind_of(Path("/x"), "") is None


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Of a folder or of the file, there or not yet; links in a circle are a wrong configuration."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "lib").symlink_to(tmp_path / "disk")
    (tmp_path / "H49.db").symlink_to(tmp_path / "lib" / "H49.db")
    assert real_path(tmp_path / "H49.db") == real_path(tmp_path / "lib" / "H49.db") == tmp_path / "disk" / "H49.db"


def test_links_in_a_circle_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what they are, whichever way this Python says it."""

    def circle(_: Path) -> Path:
        raise RuntimeError("Symlink loop from 'a'")

    monkeypatch.setattr(Path, "resolve", circle)
    with pytest.raises(BadConfig, match="its links lead nowhere"):
        real_path(tmp_path / "a")
