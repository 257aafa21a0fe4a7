"""adapters/folder/faults.py: what a disk says, in two languages."""

import errno
import os

import pytest

from adapters.folder.faults import away, reason, words


@pytest.mark.parametrize(
    ("error", "vi", "en"),
    [
        (OSError("odd"), "“odd”", "odd"),
        (OSError(errno.EACCES, "Permission denied", "/x/a"), "/x/a: không có quyền", "/x/a: Permission denied"),
        (
            OSError(errno.EACCES, "Permission denied", os.fsdecode(b"/x/\xff")),
            "/x/\\xff: không có quyền",
            "/x/\\xff: Permission denied",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "đĩa đã đầy", "No space left on device"),
        (
            OSError(errno.EXDEV, "Invalid cross-device link", "/x/a"),
            "/x/a: hai thư mục nằm ở hai ổ gắn khác nhau",
            "/x/a: the two folders are on different mounts",
        ),
        (OSError(errno.EPIPE, "Broken pipe"), "đầu bên kia đã đóng", "Broken pipe"),
        (OSError(9999, "Unknown"), "“Unknown”", "Unknown"),
    ],
)
def test_what_the_disk_says(error: OSError, vi: str, en: str) -> None:
    """The sentence names the file, in letters that every log can hold; each language keeps to itself."""
    assert (words(error).vi, words(error)) == (vi, en)


def test_the_reason_alone_names_no_file() -> None:
    """Where the sentence around it names the file already."""
    why = reason(OSError(errno.EROFS, "Read-only file system", "/x/a"))
    assert (why.vi, why) == ("ổ đĩa chỉ cho đọc", "Read-only file system")


def test_the_bus_is_told_in_both_languages() -> None:
    """The Vietnamese sentence has no English reason in it."""
    error = away(OSError(errno.ESTALE, "Stale file handle", "/x"))
    assert "/x: ổ đĩa mạng đã đổi hoặc mất kết nối." in error.in_vietnamese()
    assert "/x: Stale file handle." in error.in_english()
    assert "Stale" not in error.in_vietnamese()
