"""The limits of a package's cost; beyond them it is refused. Numbers only: xml.py and the attachment files enforce
them."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one package. The defaults are well above what agencies send today (50 MB of files in one
    package)."""

    package: int = 128 * MIB
    """Bytes of the whole .edxml file."""
    depth: int = 32
    elements: int = 100_000
    attributes: int = 64
    """Attributes of one element."""
    text: int = 100_000
    """Characters in one element that is not an attachment's content."""
    markup: int = MIB
    """Bytes of one tag, comment or processing instruction."""
    attachments: int = 500
    attachment: int = 64 * MIB
    """Bytes of one file, after decoding and unzipping."""
    total: int = 96 * MIB
    """Bytes of all files together, after decoding and unzipping."""
    ratio: int = 200
    """Largest ratio of unzipped to zipped size. Enforced above `ratio_from` bytes only: a small, very repetitive text
    is no bomb."""
    ratio_from: int = 4 * MIB


GIB = 1024 * MIB


def of_file(size: int) -> Limits:
    """Returns the limits for packages of up to `size` bytes whose files are not held in memory."""
    return Limits(package=size, attachment=size, total=size)


LARGE = of_file(4 * GIB)
