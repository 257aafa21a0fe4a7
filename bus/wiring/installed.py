"""Adapters that are installed beside us, and their sites for the conformance suite: by the entry points of packages."""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from bus.errors import BadConfig, said

ADAPTERS: Final = "lienthong.adapters"
SITES: Final = "lienthong.sites"
"""The site of an adapter has the adapter's name."""


def names(group: str) -> list[str]:
    return sorted({each.name for each in entry_points(group=group)})


def target(use: str, *, group: str, file: str, field: str) -> str:
    """`module:Class` as it is; or what an installed package calls by this name. Raises BadConfig in words."""
    if ":" in use:
        return use
    found = {each.value: each for each in entry_points(group=group, name=use)}
    if len(found) > 1:
        both = ", ".join(sorted(map(_package, found.values())))
        why = said(
            '{field}: "{use}" có ở nhiều gói đã cài ({both}); ghi rõ mô-đun:Lớp',
            '{field}: several installed packages have "{use}" ({both}); name the module:Class',
            field=field,
            use=use,
            both=both,
        )
        raise BadConfig(file=file, why=why)
    if not found:
        known = ", ".join(names(group)) or "–"
        why = said(
            '{field}: chưa cài gì tên "{use}"; đã cài: {known}',
            '{field}: nothing of the name "{use}" is installed; installed are: {known}',
            field=field,
            use=use,
            known=known,
        )
        raise BadConfig(file=file, why=why)
    return next(iter(found))


def package(value: str, *, group: str) -> str | None:
    """Name and version of the installed package that has this `module:Class`; None where none has."""
    return next((_package(each) for each in entry_points(group=group) if each.value == value), None)


def _package(found: EntryPoint) -> str:
    return f"{found.dist.name} {found.dist.version}" if found.dist else found.value
