"""Texts for people, in the folders where they look: why a file in `outgoing/` waits, and what `sent/` means."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adapters.folder import client, mapping, names
from adapters.folder.refs import OUTGOING, SENT, STATUSES
from bus.ports import Trouble

SHOWN: Final = 100
"""Files that have a text beside them, at most."""
_SUFFIX = ".reason"
_DRAFT = ".lienthong-reason.tmp"
_ABOUT_SENT = "DOC-TRUOC-README.txt"


def show_waiting(root: Path, found: Sequence[Trouble], *, longest: int) -> None:
    """Writes a `.reason` beside each file that waits, where that can be written, and takes away those that are no
    longer right."""
    wanted = dict(_texts(root, trouble, longest) for trouble in found[:SHOWN] if not trouble.ref.endswith("/"))
    for path, text in wanted.items():
        with contextlib.suppress(OSError):
            if _head(path, len(text) + 1) != text:
                client.put(path, text, temporary=path.with_name(_DRAFT))
    for folder in (OUTGOING, STATUSES):
        with contextlib.suppress(OSError):
            for path in _ours(root / folder):
                if path not in wanted:
                    path.unlink()


def _texts(root: Path, trouble: Trouble, longest: int) -> tuple[Path, bytes]:
    folder, _, shown = trouble.ref.partition("/")
    name = names.from_shown(shown)
    return root / folder / names.beside(name, _SUFFIX, longest), mapping.waiting(name, trouble)


def _ours(folder: Path) -> list[Path]:
    """Returns the texts that say why something waits; a clerk may have put others here, from `rejected/`."""
    mark = mapping.WAITING_HEAD.encode()
    with os.scandir(folder) as entries:
        paths = [folder / entry.name for entry in entries if entry.name.endswith(_SUFFIX)]
    return [path for path in paths if _head(path, len(mark)) == mark]


def _head(path: Path, size: int) -> bytes | None:
    try:
        return client.head(path, size)
    except FileNotFoundError:
        return None


def explain_sent(root: Path) -> None:
    """Writes into `sent/` what it means that a package lies there. Raises OSError."""
    path = root / SENT / _ABOUT_SENT
    if not os.path.lexists(path):
        client.put(path, mapping.ABOUT_SENT, temporary=root / SENT / _DRAFT)
