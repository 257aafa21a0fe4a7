"""What a package may cost before it is refused. Numbers only; xml.py and the attachment files count."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The defaults carry what agencies send today (50 MB of files in one package) and leave room."""

    package: int = 128 * MIB
    """Bytes of the whole .edxml file."""
    depth: int = 32
    elements: int = 100_000
    attributes: int = 64
    """Of one element."""
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
    """Unzipped to zipped, for what is larger than `ratio_from`: a small text of one letter is no bomb."""
    ratio_from: int = 4 * MIB


GIB = 1024 * MIB


def of_file(size: int) -> Limits:
    """For packages of so many bytes whose files are not held in memory."""
    return Limits(package=size, attachment=size, total=size)


LARGE = of_file(4 * GIB)
