"""What a disk says, in two languages, with the file's name. No file is touched here."""

import errno
import os

from adapters.folder.names import shown
from bus.errors import DmsAway, Words, of_system, said


def reason(exc: OSError) -> Words:
    """Returns why, without the file's name."""
    if exc.errno == errno.EXDEV:  # "Invalid cross-device link": of folders that lie on one disk, too
        return said("hai thư mục nằm ở hai ổ gắn khác nhau", "the two folders are on different mounts")
    return of_system(exc)


def words(exc: OSError) -> Words:
    """Returns why, after the file's name where the error has one."""
    if not isinstance(exc.filename, str | bytes):
        return reason(exc)
    return said("{name}: {why}", "{name}: {why}", name=shown(os.fsdecode(exc.filename)), why=reason(exc))


def away(exc: OSError) -> DmsAway:
    return DmsAway(why=words(exc))
