"""adapters/journal.py: the journal of filed messages, on disk."""

from pathlib import Path

import pytest

from adapters.journal import REMEMBERED, Journal
from schemas.values import MessageId

A, B, C = MessageId("a"), MessageId("b"), MessageId("c")


def test_outlives_its_writer(tmp_path: Path) -> None:
    """What was added is found by the next one; what was not is not."""
    Journal(tmp_path).add({A: "incoming/a", B: "incoming/b"})
    Journal(tmp_path).add({C: "incoming/ế"})
    journal = Journal(tmp_path)
    assert [journal.find(message) for message in (A, B, C, MessageId("d"))] == [
        "incoming/a",
        "incoming/b",
        "incoming/ế",
        None,
    ]


def test_the_disk_is_right(tmp_path: Path) -> None:
    """A share that came back without what was written to it: what it does not have was not filed, and is filed anew."""
    journal = Journal(tmp_path)
    journal.add({A: "incoming/a"})
    (tmp_path / "filed.log").unlink()
    assert journal.find(A)
    assert journal.on_disk() == set()
    assert journal.find(A) is None


@pytest.mark.parametrize("torn", [b'\n{"b": "incoming', b"\xff\xfe", b"\n[1]\n", b'\n{"b": "x"}garbage'])
def test_a_line_cut_short_counts_as_not_written(tmp_path: Path, torn: bytes) -> None:
    """A crash while writing leaves the batch unknown, and harms neither what was before nor what comes after."""
    Journal(tmp_path).add({A: "incoming/a"})
    with (tmp_path / "filed.log").open("ab") as file:
        file.write(torn)
    journal = Journal(tmp_path)
    assert journal.find(B) is None
    journal.add({C: "incoming/c"})
    again = Journal(tmp_path)
    assert (again.find(A), again.find(B), again.find(C)) == ("incoming/a", None, "incoming/c")


def test_forgets_the_oldest(tmp_path: Path) -> None:
    """Two files are kept: memory and disk stay bounded, the latest messages are always known."""
    journal = Journal(tmp_path, kept=10)
    for number in range(35):
        journal.add({MessageId(str(number)): f"incoming/{number}"})
    for seen in (journal, Journal(tmp_path, kept=10)):
        known = [number for number in range(35) if seen.find(MessageId(str(number)))]
        assert known == list(range(20, 35))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["filed.log", "filed.log.1"]


def test_a_failed_write_is_read_again(tmp_path: Path) -> None:
    """After an error, what counts is what the disk holds."""
    state = tmp_path / "state"
    state.mkdir()
    journal = Journal(state)
    journal.add({A: "incoming/a"})
    state.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        journal.add({B: "incoming/b"})
    (tmp_path / "away").rename(state)
    assert (journal.find(A), journal.find(B)) == ("incoming/a", None)


def test_knows_contents_for_as_long_as_the_bus_does(tmp_path: Path) -> None:
    """Across restarts and when the file is turned over; then the same content is a document of its own again. What an
    older version wrote has messages only."""
    now = 1_800_000_000.0
    (tmp_path / "filed.log").write_text('\n{"old": "incoming/old"}\n')

    def journal(kept: int = 100) -> Journal:
        return Journal(tmp_path, kept=kept, clock=lambda: now)

    journal().add({A: "incoming/a"}, {"digest-a": "incoming/a"})
    journal(kept=1).add({B: "incoming/b"})
    assert journal().find_content("digest-a") == "incoming/a"
    assert journal().find_content("digest-b") is None
    assert journal().on_disk() == {MessageId("old"), A, B}
    now += REMEMBERED
    assert journal().find_content("digest-a") == "incoming/a"
    now += 1
    assert journal().find_content("digest-a") is None
    assert journal().find(A) == "incoming/a"


def test_a_content_without_its_time_is_not_known(tmp_path: Path) -> None:
    """Rather filed twice than not at all."""
    (tmp_path / "filed.log").write_text('\n{"=digest": "incoming/a", "@": "soon"}\n{"=other": "incoming/b"}\n')
    journal = Journal(tmp_path)
    assert journal.find_content("digest") is journal.find_content("other") is None
