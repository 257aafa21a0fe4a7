"""The national package (QCVN 102:2016/BTTTT): `read` any in use, `write` the canonical form, of files too large
to be held `read_file` and `write_pieces`. See README.md."""

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
