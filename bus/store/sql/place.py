"""The place of a store's file: its real path, and whether its file system can hold an SQLite store with a log."""

import re
from pathlib import Path
from typing import Final

from bus.errors import BadConfig, said

# SQLite's log (WAL) is shared memory and locks of one machine: https://www.sqlite.org/wal.html#overview.
NETWORK: Final = re.compile(
    r"nfs4?|cifs|smb[0-9]?|smbfs|ncpfs|afs|coda|9p|ceph|lustre|glusterfs|beegfs|davfs|vboxsf"
    r"|fuse\.(sshfs|s3fs|rclone|davfs2?|glusterfs|gcsfuse|goofys|juicefs|smbnetfs|vmhgfs-fuse|ceph.*)"
)
"""Types of file systems, as /proc/self/mountinfo names them, that lie on another machine."""
MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def real_path(path: Path) -> Path:
    """Without symbolic links: two names of one store have one lock."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as exc:  # RuntimeError: links that lead to each other (Python before 3.13)
        why = said("các liên kết của nó vòng quanh: {why}", "its links lead nowhere: {why}", why=str(exc))
        raise BadConfig(file=path, why=why) from exc


def check_place(path: Path, *, mounts: Path = MOUNTS) -> None:
    """Raises BadConfig where the file lies, or would lie, on another machine's disk."""
    try:
        found = kind_of(path, mounts.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return  # no Linux, or no /proc: nothing is known
    if found is not None and NETWORK.fullmatch(found):
        raise BadConfig(
            file=path,
            why=said(
                "kho nằm trên ổ mạng ({found}), SQLite không giữ được an toàn ở đó: đặt kho trên đĩa của máy này, hoặc "
                "dùng PostgreSQL",
                "the store lies on a network file system ({found}), where SQLite keeps nothing safe: put it on a disk "
                "of this machine, or use PostgreSQL",
                found=found,
            ),
        )


def kind_of(path: Path, mounts: str) -> str | None:
    """The type of the file system of an absolute path, by the lines of mountinfo (proc(5)); None where none covers
    it."""
    found: tuple[int, str] | None = None
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        # What was mounted later hides what was there, so the last of the same length counts.
        if path.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = len(point.parts), after.split(" ", 1)[0]
    return found[1] if found else None
