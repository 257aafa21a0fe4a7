"""Choosing among the dead. Taking, replaying and discarding are tested on a real broker: tests/integration."""

from typing import Any

import pytest

from bus.rabbit.dead import DeadLetter, choose


def letter(ref: str, reason: str, inboxes: tuple[str, ...], sent_by: str | None) -> DeadLetter:
    where: dict[str, Any] = {"queue": "dead", "docket": None, "set_aside": False, "at": None, "size": 1}
    return DeadLetter(ref=ref, reason=reason, inboxes=inboxes, sent_by=sent_by, **where)


LETTERS = (
    letter("a", "rejected", ("H61",), "G22"),
    letter("b", "bad-message", ("G22",), None),
    letter("c", "unroutable", ("X98", "X99"), "H61"),
    letter("a", "rejected", ("H49",), "G22"),
)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, [0, 1, 2, 3]),
        ({"refs": ["a"]}, [0, 3]),
        ({"refs": ["b", "c"]}, [1, 2]),
        ({"reason": "rejected"}, [0, 3]),
        ({"mailbox": "H61"}, [0, 2]),
        ({"mailbox": "G22"}, [0, 1, 3]),
        ({"mailbox": "X99"}, [2]),
        ({"refs": ["a"], "mailbox": "H49"}, [3]),
        ({"refs": ["a"], "reason": "expired"}, []),
    ],
)
def test_chooses_what_fits_everything_asked_for(asked: dict[str, Any], chosen: list[int]) -> None:
    """A mailbox is asked for as recipient or as sender; several conditions all hold."""
    assert choose(LETTERS, **asked) == tuple(LETTERS[index] for index in chosen)
