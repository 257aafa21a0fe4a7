"""The packing of a file: its bytes as they are, or a ZIP around them."""

import io
import zipfile

import pytest

from schemas.document import Attachment
from schemas.edxml import packing, zipped
from schemas.edxml.limits import MIB
from schemas.edxml.spool import InMemory
from tests.fakes.source import Generated, large, lying
from tests.packages import zip_of

SIZE = packing.DEFLATED_MOST + 12_345


def test_a_large_file_is_stored_in_its_zip() -> None:
    """A file too large to be compressed is read twice and never held in memory; any ZIP reader opens its ZIP, ours
    unwraps it."""
    file = large("a.bin", SIZE)
    packed = b"".join(packing.wrapped(file, "bin"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        (entry,) = archive.infolist()
        assert (entry.file_size, entry.compress_type, entry.date_time) == (
            SIZE,
            zipfile.ZIP_STORED,
            (1980, 1, 1, 0, 0, 0),
        )
        assert entry.filename.endswith(".bin")
    looked = zipped.look(InMemory(packed))
    assert isinstance(looked, zipped.Wrapped)
    assert zipped.unwrap(looked) == b"".join(file.pieces())


def test_up_to_a_size_it_is_compressed() -> None:
    """Up to a size a file is compressed, from a source as from memory."""
    file = Attachment.of("a.txt", b"x" * MIB)
    packed = b"".join(packing.wrapped(file, "txt"))
    assert packed == packing.wrap(file.content, "txt")
    assert len(packed) < 2000


def test_what_no_zip_can_hold_is_not_written() -> None:
    """A ZIP's standard form has 32 bits for a size; readers unwrap no other form."""
    file = Attachment(name="a.bin", size=1 << 32, sha256="0" * 64, source=Generated(1 << 32))
    with pytest.raises(ValueError, match="too many for a ZIP"):
        next(packing.wrapped(file, "bin"))


@pytest.mark.parametrize("ending", ["pdf", "bin"])
def test_a_source_that_ends_early_is_noticed(ending: str) -> None:
    """A source that ends early raises: no package with half a file is written."""
    file = lying(f"a.{ending}", Generated(SIZE, ends_at=SIZE - 1))
    with pytest.raises(ValueError, match=f"a source of {SIZE - 1} bytes, not of {SIZE}"):
        list(packing.pieces(file) if packing.is_raw(file, ending) else packing.wrapped(file, ending))


@pytest.mark.parametrize(
    ("name", "content", "raw"),
    [
        ("docx", zip_of(("[Content_Types].xml", b""), ("a", bytes(3 * MIB)), method=zipfile.ZIP_STORED), True),
        ("docx", zip_of(("x.docx", bytes(3 * MIB)), method=zipfile.ZIP_STORED), False),
        ("zip", zip_of(("x.docx", bytes(3 * MIB)), method=zipfile.ZIP_STORED), True),
        ("pdf", b"%PDF" + bytes(3 * MIB), True),
        ("pdf", b"", True),
        ("odt", b"1", False),
    ],
)
def test_a_zip_under_another_name_is_looked_at_by_its_end(name: str, content: bytes, raw: bool) -> None:
    """The end of a ZIP says whether a reader would take it for a wrapper."""
    assert packing.is_raw(Attachment.of(f"a.{name}", content), name) is raw
