"""adapters/folder/options.py: the options of a configuration."""

import pytest

from adapters.folder.options import parse
from bus.errors import BadConfig


def test_defaults() -> None:
    """Only the root must be given."""
    options = parse({"root": "/srv/van-ban"})
    assert (options.quiet, options.unfinished, options.create, options.names) == (1.0, 60.0, True, "letters")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "root"),
        ({"root": ""}, "root"),
        ({"root": "  "}, "root"),
        ({"root": "/x", "quiet": -1}, "quiet"),
        ({"root": "/x", "quiet": float("inf")}, "quiet"),
        ({"root": "/x", "largest": 0}, "largest"),
        ({"root": "/x", "names": "latin1"}, "names"),
        ({"root": "/x", "colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, object], named: str) -> None:
    """Each wrong option is named in the refusal."""
    with pytest.raises(BadConfig) as caught:
        parse(options)
    assert named in str(caught.value.facts["why"])
