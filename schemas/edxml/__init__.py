"""The national package (QCVN 102:2016/BTTTT): `read` any in use, `write` the canonical form. See README.md."""

from schemas.edxml.limits import Limits
from schemas.edxml.reader import Package, read
from schemas.edxml.report import Departure, PackageRefused
from schemas.edxml.writer import with_content_ids, write

__all__ = ["Departure", "Limits", "Package", "PackageRefused", "read", "with_content_ids", "write"]
