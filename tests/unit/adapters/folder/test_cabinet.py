"""adapters/folder/cabinet.py: filed once. Its crashes are in tests/contract/."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.folder.cabinet import Cabinet, Paper, PiecesFailed
from schemas.values import MessageId


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("incoming", ".lienthong", ".lienthong/staged"):
        (tmp_path / name).mkdir()
    return tmp_path


def cabinet(root: Path) -> Cabinet:
    return Cabinet(root, state=root / ".lienthong", incoming=root / "incoming")


def paper(name: str = "a", *, marks: tuple[str, ...] = ()) -> Paper:
    return Paper(
        message=MessageId(f"id-{name}"),
        folder="incoming",
        name=f"{name}.edxml",
        data=b"x",
        marks=marks,
        mark=f"changes it\tid-{name}\n",
    )


def test_interrupted_between_journal_and_move(root: Path) -> None:
    """What was noted and not moved is moved by the next who is asked, and the answer is the one that was noted."""
    first = cabinet(root)
    (root / "incoming").rename(root / "gone")
    with pytest.raises(FileNotFoundError):
        first.file([paper()])
    (root / "gone").rename(root / "incoming")
    assert cabinet(root).file([paper()]) == ["incoming/a.edxml"]
    assert (root / "incoming" / "a.edxml").read_bytes() == b"x"


def test_a_content_is_filed_once(root: Path) -> None:
    """In whatever messages it comes, before a restart or after, also when a clerk has taken the file; each of the
    messages is then known. A package that could not be filed is not known."""
    work = cabinet(root)
    first = replace(paper("a"), content="digest")
    (root / "incoming" / "a.edxml").mkdir()
    assert isinstance(work.file([first])[0], OSError)
    (root / "incoming" / "a.edxml").rmdir()
    again = replace(paper("b"), content="digest")
    assert work.file([again]) == ["incoming/a.edxml"]
    (root / "incoming" / "a.edxml").unlink()
    last = replace(paper("c"), content="digest")
    assert cabinet(root).file([last, paper("d")]) == ["incoming/a.edxml", "incoming/d.edxml"]
    assert [path.name for path in (root / "incoming").iterdir()] == ["d.edxml"]
    assert not list((root / ".lienthong/staged").iterdir())
    assert len(cabinet(root).holds({paper(name).message: None for name in "abcd"})) == 4


def test_what_cannot_be_moved_is_tried_again(root: Path) -> None:
    """A package whose place is taken by a folder is answered with that, and filed once the folder is gone."""
    obstacle = root / "incoming" / "a.edxml"
    obstacle.mkdir()
    work = cabinet(root)
    first, second = work.file([paper(), paper("b")])
    assert isinstance(first, OSError)
    assert second == "incoming/b.edxml"
    obstacle.rmdir()
    assert work.file([paper()]) == ["incoming/a.edxml"]


def test_a_mark_that_cannot_be_written_fails_its_paper(root: Path) -> None:
    """A revocation whose target cannot be marked is not filed as if it had been; the others are."""
    (root / "incoming" / "t.edxml.changes").mkdir()
    failed, filed = cabinet(root).file([paper(marks=("t.edxml",)), paper("b")])
    assert isinstance(failed, OSError)
    assert filed == "incoming/b.edxml"
    assert [path.name for path in (root / "incoming").glob("*.edxml")] == ["b.edxml"]


def test_marks_add_up(root: Path) -> None:
    """Each change is a line of its own, in the order they came; the same message adds none."""
    work = cabinet(root)
    for name in ("b", "c"):
        work.file([paper(name, marks=("t.edxml",))])
    again = replace(paper("c", marks=("t.edxml",)), message=MessageId("id-b"))
    (root / ".lienthong" / "filed.log").unlink()
    cabinet(root).file([again])
    assert (root / "incoming" / "t.edxml.changes").read_text() == "changes it\tid-b\nchanges it\tid-c\n"


@pytest.mark.parametrize("before", ["changes it\tid-bc\n", "changes id-b\tid-a\n", "changes it\tx id-b\r\n"])
def test_a_mark_is_known_by_its_whole_message(root: Path, before: str) -> None:
    """A message whose name is part of another's, or that somebody mentions, leaves its own mark."""
    changes = root / "incoming" / "t.edxml.changes"
    changes.write_text(before, newline="")
    cabinet(root).file([paper("b", marks=("t.edxml",))])
    assert changes.read_bytes() == f"{before}changes it\tid-b\n".encode()


def test_half_a_package_is_cleared_away(root: Path) -> None:
    """What could not be written does not stay in the way of the next try."""
    staged = root / ".lienthong" / "staged" / "a.edxml"
    staged.symlink_to("nowhere")
    (answer,) = cabinet(root).file([paper()])
    assert isinstance(answer, OSError)
    assert not staged.is_symlink()


def test_nothing_to_file(root: Path) -> None:
    """No paper, no journal."""
    assert cabinet(root).file([]) == []
    assert not (root / ".lienthong" / "filed.log").exists()


def test_what_a_crash_left_half_written_is_cleared_away(root: Path) -> None:
    """Its message may have been given up since. What was noted is not touched: it is as good as filed."""
    staged = root / ".lienthong" / "staged"
    (root / "incoming").rename(root / "gone")
    with pytest.raises(FileNotFoundError):
        cabinet(root).file([paper("noted")])
    (root / "gone").rename(root / "incoming")
    (staged / "half.edxml").write_bytes(b"x")
    work = cabinet(root)
    assert work.file([paper("b")]) == ["incoming/b.edxml"]
    assert [path.name for path in staged.iterdir()] == ["noted.edxml"]
    (staged / "ours.edxml").write_bytes(b"x")
    assert work.file([paper("noted")]) == ["incoming/noted.edxml"]
    assert [path.name for path in staged.iterdir()] == ["ours.edxml"]


def test_pieces_are_filed_as_data_is(root: Path) -> None:
    """And what fails is told apart: the disk, what is read, what cannot be a package at all."""

    def broken(error: Exception) -> Iterator[bytes]:
        yield b"x"
        raise error

    whole = replace(paper("a"), pieces=lambda: iter([b"x", b"y"]), size=2)
    unread = replace(paper("b"), pieces=lambda: broken(OSError("Input/output error")))
    unfit = replace(paper("c"), pieces=lambda: broken(OverflowError()))
    first, second, third = cabinet(root).file([whole, unread, unfit])
    assert (first, (root / "incoming" / "a.edxml").read_bytes()) == ("incoming/a.edxml", b"xy")
    assert isinstance(second, PiecesFailed)
    assert isinstance(third, OverflowError)
    assert not list((root / ".lienthong" / "staged").iterdir())
