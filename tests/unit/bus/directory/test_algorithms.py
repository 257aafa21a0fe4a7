"""Which algorithm a sender takes, and what it says where there is none."""

import pytest

from bus.directory.algorithms import Allowed, choose
from bus.errors import NotUnderstood

OLD, NEW, BOTH = ("p256", "ed25519"), ("ml-dsa-65",), ("ml-dsa-65", "p256")


@pytest.mark.parametrize(
    ("ours", "readers", "allowed", "chosen"),
    [
        (("p256",), {"H49": OLD}, (), "p256"),
        (BOTH, {"H49": OLD}, (), "p256"),
        (BOTH, {"H49": BOTH}, (), "ml-dsa-65"),
        (BOTH, {"H49": BOTH, "G22": OLD}, (), "p256"),
        (BOTH, {"H49": BOTH}, ("p256",), "p256"),
        (BOTH, {}, (), "ml-dsa-65"),
        (("p256",), {"H49": OLD, "G22": NEW}, (), "G22 does not take p256 .it reads ml-dsa-65"),
        (BOTH, {"H49": OLD}, NEW, "H49 does not take ml-dsa-65"),
        (("p256",), {"H49": OLD}, NEW, "the directory allows ml-dsa-65"),
        (("p256",), {"H49": ()}, (), "it reads –"),
    ],
    ids=map(str, range(10)),
)  # fmt: skip
def test_the_best_that_all_read_and_the_directory_allows(
    ours: tuple[str, ...], readers: dict[str, tuple[str, ...]], allowed: tuple[str, ...], chosen: str
) -> None:
    """Ours are the best first; where nothing is left, the mailbox is named, or the directory."""
    if " " not in chosen:
        assert choose(ours, readers.items(), allowed=allowed) == chosen
        return
    with pytest.raises(NotUnderstood, match=chosen):
        choose(ours, readers.items(), allowed=allowed)


def test_without_a_word_everything_is_allowed() -> None:
    """As in every directory before there were charters."""
    assert Allowed() == Allowed(signatures=(), seals=())
