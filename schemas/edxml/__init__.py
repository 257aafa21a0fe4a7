"""The national package (QCVN 102:2016/BTTTT): `read` reads any form in use, `write` writes the canonical form;
`read_file` and `write_pieces` do the same for files too large to be held in memory. See README.md."""

from schemas.edxml.limits import Limits
from schemas.edxml.reader import Package, read, read_file
from schemas.edxml.report import Departure, PackageRefused
from schemas.edxml.spool import SpoolFailed
from schemas.edxml.writer import with_content_ids, write, write_pieces

__all__ = [
    "Departure",
    "Limits",
    "Package",
    "PackageRefused",
    "SpoolFailed",
    "read",
    "read_file",
    "with_content_ids",
    "write",
    "write_pieces",
]
