"""What an error tells has two languages: the reasons that it is raised with, too."""

import re

import pytest

from tests.house.facts import one_language, pairs
from tests.house.measures import sources
from tests.house.vietnamese import english_in

# Files with a reason in one language, which a Vietnamese sentence quotes as it is, and whose they are.
NOT_YET = {
    "commands of the centre, and of an agency's keys": ("bus/cli/directory.py", "bus/cli/keys.py"),
}


def test_a_reason_has_two_languages() -> None:
    """`why=said("…", "…")`, and not a text in one of them, or in both at once. The list of exceptions is exact."""
    ours = {file: text for file, text in sources().items() if file.startswith(("bus/", "adapters/folder/"))}
    left = {file for files in NOT_YET.values() for file in files}
    found = list(one_language(ours))
    assert [place for place in found if place.partition(":")[0] not in left] == []
    assert {place.partition(":")[0] for place in found} == left


def test_each_language_is_itself() -> None:
    """No English word in the Vietnamese of a fact, and no Vietnamese letter in its English."""
    wrong = [
        f"{file}:{line} {vi!r} {en!r}"
        for file, text in sources().items()
        if file.startswith(("bus/", "adapters/"))
        for line, vi, en in pairs(text)
        if english_in(vi) or re.search(r"[À-ỹ]", en)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('raise BadConfig(file=f, why="it is broken")', ["a.py:1"]),
        ('raise BadConfig(file=f, why=f"{a} is broken")', ["a.py:1"]),
        ('raise BadConfig(file=f, why="one " + two)', ["a.py:1"]),
        ('why = "not there"\nraise BadConfig(file=f, why=why)', ["a.py:1"]),
        ('raise BadConfig(file=f, why=said("hỏng", "broken"))', []),
        ('raise BadPackage(why="broken", why_vi="hỏng", remedy="x", remedy_vi="y")', []),
        ('raise BadConfig(file="broker URL", why=f"{a}: {b}")', []),
        ('print(why="it is broken")', []),
    ],
)
def test_one_language_is_recognised(code: str, found: list[str]) -> None:
    """In the place of a reason only: names and figures have none."""
    assert list(one_language({"a.py": code})) == found
