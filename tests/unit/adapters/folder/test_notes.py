"""adapters/folder/notes.py: texts for people, in the folders where they look."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder.notes import SHOWN, explain_sent, show_waiting
from bus.errors import NotTaken, said
from bus.ports import Trouble

AT = datetime(2026, 11, 30, 2, 30, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("outgoing", "statuses", "sent"):
        (tmp_path / name).mkdir()
    return tmp_path


def trouble(ref: str, why: str = "no package") -> Trouble:
    error = NotTaken(path=ref, why=said("không phải gói tin", why), do=said("Đổi tên.", "Rename it."))
    return Trouble(ref=ref, since=AT, error=error)


def texts(root: Path) -> dict[str, str]:
    paths = [path for folder in ("outgoing", "statuses") for path in (root / folder).iterdir()]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths}


def test_what_waits_has_its_reason_beside_it(root: Path) -> None:
    """In both languages, with since when, who must act and what to do."""
    show_waiting(root, [trouble("outgoing/công văn.docx")], longest=255)
    assert texts(root) == {
        "outgoing/công văn.docx.reason": "Tệp này nằm chờ, chưa đi · This file waits and does not go on\n\n"
        "Tệp: công văn.docx\nNằm chờ từ: 2026-11-30 09:30:00 +07:00\nNơi phải xử lý: nơi gửi\n"
        "outgoing/công văn.docx nằm chờ và không được lấy đi: không phải gói tin. Đổi tên. [not-taken; nơi gửi xử lý]\n"
        "\nFile: công văn.docx\nIt has waited since: 2026-11-30 09:30:00 +07:00\nWho must act: sender\n"
        "outgoing/công văn.docx waits and is not taken: no package. Rename it. [not-taken; sender acts]\n"
    }


def test_a_reason_goes_when_its_file_waits_no_more(root: Path) -> None:
    """Also one that was written before a restart; texts of others, such as one from rejected/, stay."""
    show_waiting(root, [trouble("outgoing/a.docx"), trouble("statuses/b.docx")], longest=255)
    (root / "outgoing" / "c.edxml.reason").write_text("Gói tin: c.edxml\n")
    show_waiting(root, [trouble("statuses/b.docx", "another reason")], longest=255)
    assert sorted(texts(root)) == ["outgoing/c.edxml.reason", "statuses/b.docx.reason"]
    assert "another reason" in texts(root)["statuses/b.docx.reason"]


def test_a_reason_is_written_once(root: Path) -> None:
    """It is looked at twice a minute."""
    show_waiting(root, [trouble("outgoing/a.docx")], longest=255)
    path = root / "outgoing" / "a.docx.reason"
    before = path.stat()
    show_waiting(root, [trouble("outgoing/a.docx")], longest=255)
    assert path.stat().st_ino == before.st_ino


def test_what_cannot_be_written_hinders_nobody(root: Path) -> None:
    """A folder that is away or in the way, a name too long for it, too many files."""
    (root / "outgoing" / "a.docx.reason").mkdir()
    long = "ệ" * 45 + ".docx"
    many = [trouble(f"statuses/{number:03}.docx") for number in range(SHOWN)]
    show_waiting(
        root, [trouble("outgoing/"), trouble("outgoing/a.docx"), trouble(f"outgoing/{long}"), *many], longest=143
    )
    (root / "outgoing" / "a.docx.reason").rmdir()
    (name,) = [path.name for path in (root / "outgoing").iterdir()]
    assert len(name.encode()) <= 143
    assert name.endswith(".reason")
    assert len(list((root / "statuses").iterdir())) == SHOWN - 3
    (root / "outgoing" / name).unlink()
    (root / "outgoing").rmdir()
    show_waiting(root, [], longest=255)
    assert not list((root / "statuses").iterdir())


def test_what_sent_means_is_said_there(root: Path) -> None:
    """Taken over by the bus; not yet with its recipient. Somebody's own words under that name stay."""
    explain_sent(root)
    (path,) = (root / "sent").iterdir()
    text = path.read_text(encoding="utf-8")
    assert "nơi nhận chưa chắc đã nhận được" in text
    assert "its recipient may not have it yet" in text
    path.write_text("x")
    explain_sent(root)
    assert path.read_text() == "x"
