"""Whose daemon it is: the user that it runs as, and acting as that user where root asks.

Private keys are readable for their owner only, so that owner is who the daemon runs as.
"""

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bus.wiring.config import Config


@dataclass(frozen=True, slots=True)
class ServiceUser:
    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    @property
    def group_names(self) -> str:
        return ", ".join(map(group_name, self.groups))


def service_user(config: Config) -> ServiceUser:
    """Ourselves; where root asks, the owner of the mailbox's keys."""
    us = ServiceUser(os.geteuid(), os.getegid(), tuple(sorted({os.getegid(), *os.getgroups()})), name_of(os.geteuid()))
    if us.uid != 0:
        return us
    try:
        keys = Path(config.keys).stat()
    except OSError:
        return us
    if keys.st_uid == 0:
        return us
    try:
        entry = pwd.getpwuid(keys.st_uid)
    except KeyError:
        return ServiceUser(keys.st_uid, keys.st_gid, (keys.st_gid,), str(keys.st_uid))
    groups = tuple(sorted(os.getgrouplist(entry.pw_name, entry.pw_gid)))
    return ServiceUser(entry.pw_uid, entry.pw_gid, groups, entry.pw_name)


@contextmanager
def acting_as(user: ServiceUser) -> Iterator[bool]:
    """For a while this process does as `user` would: what it makes is that user's, what it may not do is refused. Only
    root can be another. Gives whether it is that user; root stays root where the user cannot read this program."""
    if user.is_us:
        yield True
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(user.groups)
    os.setegid(user.gid)
    os.seteuid(user.uid)
    able = all(os.access(file, os.R_OK, effective_ids=True) for file in (__file__, os.__file__))
    try:
        if not able:
            _as_before(groups, gid)
        yield able
    finally:
        _as_before(groups, gid)


def _as_before(groups: list[int], gid: int) -> None:
    os.seteuid(0)
    os.setegid(gid)
    os.setgroups(groups)


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
