"""From bytes to a package: what the reader says when nothing more precise can be said."""

import pytest

from schemas.edxml import PackageRefused, read
from tests.packages import DOCUMENT, spoiled


def test_what_only_the_model_forbids_is_refused() -> None:
    """A derived id that is too long breaks no rule of an element; the refusal still leads to the header."""
    long = ("<edXML:CodeNumber>12<", f"<edXML:CodeNumber>{'1' * 300}<")
    with pytest.raises(PackageRefused) as refused:
        read(spoiled(DOCUMENT, ("<edXML:DocumentId>H49.06,2026/01/05,12/SA-VP</edXML:DocumentId>", ""), long))
    assert refused.value.rule == "value"
    assert refused.value.path.endswith("/MessageHeader")
    assert "255" in refused.value.why
