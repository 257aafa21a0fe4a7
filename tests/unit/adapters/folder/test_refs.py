"""adapters/folder/refs.py: what the bus calls a package of ours, and back."""

import pytest

from adapters.folder import client
from adapters.folder.refs import place_of, ref_of
from adapters.folder.small_packages import Place


@pytest.mark.parametrize(
    "ref", ["", "a", "outgoing/a.edxml", "outgoing/#1", "incoming/a.edxml#1", "outgoing/../x#1", "77", "statuses/a/b#1"]
)
def test_refs_of_others(ref: str) -> None:
    """The refs of another adapter name no file here, and no answer to them moves any."""
    assert place_of(ref) is None


def test_a_ref_leads_back() -> None:
    """A ref leads back to its file, whatever the file's name, even if it contains our marks."""
    place = Place("outgoing", "a#b#1.edxml")
    assert place_of(ref_of(place, client.Stamp(1, 2))) == place
