"""What a version of RabbitMQ lacks is said."""

import pytest

from bus.topology.notes import notes_on
from bus.topology.versions import OLDEST, TARGET


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (OLDEST, ["cannot filter", "lanes of their own", "counts every return"]),
        ((3, 13), ["lanes of their own", "counts every return"]),
        ((4, 2), ["lanes of their own", "counts every return"]),
        (TARGET, []),
        ((5, 0), []),
    ],
)
def test_says_what_a_version_lacks(version: tuple[int, int], words: list[str]) -> None:
    """Every version before the target is told what it does less well, and the target nothing."""
    notes = [note.en for note in notes_on(version)]
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))
