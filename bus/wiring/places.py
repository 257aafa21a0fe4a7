"""The files and folders that a daemon needs on its machine: which, what for, whose they are, and whether its user may.

What is not there and what may not be entered are two things, and told apart.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bus.errors import BusError, Words, said
from bus.store.open import is_shared, path_of
from bus.wiring.config import Config
from bus.wiring.service_user import ServiceUser, group_name, name_of

READ: Final = said("đọc", "read")
WRITE: Final = said("ghi", "write")


@dataclass(frozen=True, slots=True)
class Place:
    """`what` of the configuration leads to it."""

    what: str
    path: Path
    use: Words


@dataclass(frozen=True, slots=True)
class Seen:
    """A place as it is now. `trouble`: what is wrong with it, where something is."""

    place: Place
    owner: str
    """`user:group mode`; empty where that cannot be seen."""
    trouble: Words | None


def places(config: Config) -> Iterator[Place]:
    yield Place("keys", Path(config.keys), READ)
    yield from _of_store(config.store)
    if config.trust is not None:
        yield Place("trust.root", Path(config.trust.root), READ)
        yield Place("trust.directory", Path(config.trust.directory).parent, WRITE)
    elif config.directory is not None:
        yield Place("directory", Path(config.directory), READ)
    files = {
        "store_password_file": config.store_password_file,
        "broker.password_file": config.broker.password_file,
        "broker.cafile": config.broker.cafile,
        "broker.certfile": config.broker.certfile,
        "broker.keyfile": config.broker.keyfile,
        "http.token_file": config.http.token_file if config.http else None,
        "blobs.credentials_file": config.blobs.credentials_file,
        "blobs.cafile": config.blobs.cafile,
    }
    for what, path in files.items():
        if path is not None:
            yield Place(what, Path(path), READ)


def _of_store(url: str) -> Iterator[Place]:
    """The file, where it is there, and its folder, in which SQLite makes files beside it."""
    try:
        if is_shared(url):
            return
        file = path_of(url)
    except BusError:
        return  # the URL is wrong: that is a finding of its own
    if os.path.lexists(file):
        yield Place("store", file, WRITE)
    yield Place("store", file.parent, WRITE)


def see(place: Place, user: ServiceUser) -> Seen:
    """As whoever we are now: see `acting_as`."""
    path = place.path
    try:
        status = path.stat()
    except FileNotFoundError:
        return Seen(place, "", _absent(place, user))
    except OSError:
        return Seen(place, "", _closed(path, user))
    mode = stat.S_IMODE(status.st_mode)
    owner = f"{name_of(status.st_uid)}:{group_name(status.st_gid)} {mode:04o}"
    wanted = (os.W_OK if place.use == WRITE else os.R_OK) | (os.X_OK if path.is_dir() else 0)
    if os.access(path, wanted, effective_ids=True):
        return Seen(place, owner, None)
    trouble = said(
        "người dùng {user} không {use} được {path}: nó của {owner}; cần {wanted}",
        "user {user} may not {use} {path}: it is {owner}; {wanted} is wanted",
        user=user.name,
        use=place.use,
        path=path,
        owner=owner,
        wanted=f"{user.name} {'0750' if path.is_dir() else '0640' if place.use == WRITE else '0600'}",
    )
    return Seen(place, owner, trouble)


def _absent(place: Place, user: ServiceUser) -> Words:
    if place.use == READ:
        return said("không có {path}", "there is no {path}", path=place.path)
    make = f"install -d -o {user.name} -m 0750 {place.path}"
    return said("không có thư mục {path}: {make}", "there is no folder {path}: {make}", path=place.path, make=make)


def _closed(path: Path, user: ServiceUser) -> Words:
    """There may be something, and nobody lets us look."""
    above = next((each for each in reversed(path.parents) if not os.access(each, os.X_OK, effective_ids=True)), path)
    return said(
        "người dùng {user} không vào được {above} để tới {path}",
        "user {user} may not enter {above} on the way to {path}",
        user=user.name,
        above=above,
        path=path,
    )
