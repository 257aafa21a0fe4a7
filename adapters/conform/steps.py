"""The steps of a piece of work into the outside world: each commit, each write to a file or socket, each change of a
folder. The work is killed before each of them.

Two witnesses see them: an audit hook (what Python itself announces: files opened to be written, renamed, removed;
connections; processes), and a profile hook (calls by name: `commit`, `execute`, `write`, `send` …, of C and of Python).
What a driver does inside its own C code is seen by neither: server.py and random moments are for that. A call that
fails is no step, nor is `fsync`: a killed process leaves the same behind with and without it.
"""

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import BuiltinFunctionType, FrameType
from typing import Any, Final

# fmt: off
OS_CALLS: Final = frozenset({
    "write", "pwrite", "writev", "pwritev", "sendfile", "copy_file_range", "splice", "truncate", "ftruncate",
    "rename", "replace", "link", "symlink", "unlink", "remove", "rmdir", "mkdir", "utime", "chmod", "chown",
})
"""Functions of `os`."""
METHODS: Final = frozenset({
    "commit", "rollback", "execute", "executemany", "executescript", "callproc", "backup",
    "write", "writelines", "flush", "truncate", "close", "__exit__", "send", "sendall", "sendto", "sendmsg", "sendfile",
})
"""Methods of what C modules make: connections, cursors, files, sockets."""
PYTHON: Final = frozenset({"commit", "execute", "executemany", "callproc", "sendall", "send_query"})
"""Methods of drivers that are written in Python."""
AUDITED: Final = frozenset({
    "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate", "os.utime", "os.chmod",
    "os.chown", "os.setxattr", "os.exec", "os.posix_spawn", "os.system", "subprocess.Popen", "socket.connect",
    "socket.sendto", "socket.sendmsg", "sqlite3.connect",
})
"""Audit events. Those of `shutil` are made of these."""
# fmt: on
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IN_MEMORY: Final = (io.BytesIO, io.StringIO)
_HERE: Final = __file__


class Steps:
    """Counts the steps of this process from now on. It cannot be taken back wholly: for a process of its own."""

    def __init__(self, at: Callable[[int, str], None]) -> None:
        """`at` is called before each step, with its number, from 1, and its name."""
        self.failed: set[int] = set()
        """Numbers of the steps that came to nothing: calls that raised."""
        self._at = at
        self._count = 0
        self._inside: tuple[object, FrameType] | None = None
        """The call that is a step and has not ended, and the frame that made it: nothing within it is another step."""
        self._is_on = False

    def watch(self) -> None:
        self._is_on = True
        sys.addaudithook(self._audit)
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def end(self) -> None:
        self._is_on = False
        sys.setprofile(None)
        threading.setprofile(None)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._is_on or self._inside:
            return
        if event == "open":
            path, mode, flags = args
            if not isinstance(path, int) and _opens_to_write(mode, flags):
                self._step(f"open {_short(path)}")
        elif event in AUDITED:
            self._step(event)

    def _profile(self, frame: FrameType, event: str, arg: Any) -> None:
        if not self._is_on:
            return
        if event == "c_call":
            if self._inside and frame is self._inside[1]:
                self._inside = None  # its end was not announced
            if self._inside is None and changes_something(arg):
                self._step(_named(arg), frame)
                self._inside = arg, frame
        elif event in ("c_return", "c_exception"):
            if (arg, frame) == self._inside:  # equal, and from Python 3.12 on not the same
                self._inside = None
                if event == "c_exception":
                    self.failed.add(self._count)
        elif event == "call" and frame.f_code.co_name in PYTHON and frame.f_code.co_filename != _HERE:
            self._step(frame.f_code.co_name, frame.f_back)

    def _step(self, name: str, frame: FrameType | None = None) -> None:
        self._is_on = False  # what is done here is no step
        self._count += 1
        place = _place(frame)
        self._at(self._count, f"{name} ({place})" if place else name)
        self._is_on = True


def die_here() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def changes_something(call: object) -> bool:
    """Whether a call of C is one of those that change what others see."""
    if not isinstance(call, BuiltinFunctionType):
        return False
    name, owner = call.__name__, call.__self__
    if getattr(owner, "__name__", None) == os.name:
        return name in OS_CALLS
    if name not in METHODS or isinstance(owner, _IN_MEMORY):
        return False
    if isinstance(owner, io.IOBase):
        return _is_written(owner)
    if name in ("close", "__exit__"):
        return hasattr(owner, "commit")
    return name != "send" or hasattr(owner, "recv")  # a generator is sent to, and changes nothing


def _is_written(file: io.IOBase) -> bool:
    try:
        return file.writable()
    except ValueError:  # closed
        return False


def _opens_to_write(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and set(mode) & set("wxa+"):
        return True
    return isinstance(flags, int) and bool(flags & _WRITES)


def _named(call: BuiltinFunctionType) -> str:
    owner = call.__self__
    return call.__name__ if getattr(owner, "__name__", None) else f"{type(owner).__name__}.{call.__name__}"


def _place(frame: FrameType | None) -> str:
    """The nearest line that is neither ours nor the standard library's."""
    library = str(Path(os.__file__).parent)
    while frame:
        file = frame.f_code.co_filename
        if "site-packages" in file or (file != _HERE and not file.startswith((library, "<"))):
            return f"{Path(file).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _short(path: object) -> str:
    return Path(os.fsdecode(path)).name if isinstance(path, str | bytes | os.PathLike) else str(path)
