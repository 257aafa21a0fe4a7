"""Refs: what the bus calls a package of ours, and back. No file is touched here.

A ref is the file's place and a digest of its size and time: `outgoing/cv 12.edxml#3fa94c01`. An answer to it moves
that file only. A file that somebody has put under its name since is a submission of its own (identity.py).
"""

import hashlib

from adapters.folder import client, names
from adapters.folder.small_packages import Place

OUTGOING, STATUSES, SENT, REJECTED = "outgoing", "statuses", "sent", "rejected"


def ref_of(place: Place, stamp: client.Stamp) -> str:
    mark = hashlib.blake2s(f"{stamp.size}:{stamp.mtime_ns}".encode(), digest_size=4).hexdigest()
    return f"{path_of(place)}#{mark}"


def path_of(place: Place) -> str:
    """Returns what people call the file."""
    return f"{place.folder}/{names.shown(place.name)}"


def place_of(ref: str) -> Place | None:
    """Returns the file's place; None if the ref is not ours: the document system may have had another adapter
    before."""
    path, _, mark = ref.rpartition("#")
    folder, _, name = path.partition("/")
    if folder not in (OUTGOING, STATUSES) or not mark or not name or "/" in name:
        return None
    return Place(folder, names.from_shown(name))
