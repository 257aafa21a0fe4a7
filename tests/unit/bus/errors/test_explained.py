import pytest

from bus.errors import BY_CODE, Who
from bus.errors.explained import OF_VI, Explained, Of, explained
from schemas.edxml.refusals import REFUSALS


def test_every_code_there_is() -> None:
    """Errors by who acts, each once; then every rule of packages."""
    every = explained()
    assert {each.code for each in every if each.of is Of.ERROR} == set(BY_CODE)
    assert [each.code for each in every if each.of is Of.PACKAGE] == list(REFUSALS)
    assert len(every) == len(BY_CODE) + len(REFUSALS)
    assert [each.who for each in every if each.of is Of.ERROR] == sorted(
        (kind.who for kind in BY_CODE.values()), key=list(Who).index
    )


def test_what_a_code_is_of_has_a_name_in_both_languages() -> None:
    """Two may have one name."""
    assert set(OF_VI) == set(Of)
    assert len({(each.of, each.code) for each in explained()}) == len(explained())


@pytest.mark.parametrize("each", explained(), ids=lambda each: f"{each.code} {each.of}")
def test_a_code_is_explained_without_a_case(each: Explained) -> None:
    """Sentences in both languages, with no place for a fact left open."""
    for text in (each.means, each.means.vi, each.do, each.do.vi):
        assert text.endswith((".", "…"))
        assert text[0].isupper() or not text[0].isalpha() or text.startswith("edXML")
        assert "{" not in text
        assert "?" not in text
