"""Departures and refusals speak two languages, name the place, and are documented."""

import re
from pathlib import Path

import pytest

import schemas.edxml
from schemas.edxml import Departure, PackageRefused
from schemas.edxml.departures import DEPARTURES
from schemas.edxml.refusals import REFUSALS
from schemas.edxml.report import Report

FOLDER = Path(schemas.edxml.__file__).parent
README = (FOLDER / "README.md").read_text()
SOURCES = "".join(path.read_text() for path in FOLDER.glob("*.py") if path.name not in {"departures.py", "refusals.py"})


@pytest.mark.parametrize("rule", sorted(DEPARTURES))
def test_a_departure_can_be_said(rule: str) -> None:
    """Both sentences exist, name the text found in the same way, and differ."""
    entry = Departure(path="edXML", rule=rule, found="⟨x⟩")
    assert entry.vi != entry.en
    assert ("⟨x⟩" in entry.vi) == ("⟨x⟩" in entry.en)


@pytest.mark.parametrize("rule", sorted(REFUSALS))
def test_a_refusal_can_be_said(rule: str) -> None:
    """Why and what to do, in both languages, as fragments that fit into a sentence."""
    refused = PackageRefused(path="edXML", rule=rule, found="⟨x⟩")
    assert ("⟨x⟩" in refused.why_vi) == ("⟨x⟩" in refused.why)
    for fragment in (refused.why, refused.why_vi, refused.remedy, refused.remedy_vi):
        assert fragment
        assert not fragment.endswith(".")
    assert str(refused).startswith("edXML: ")


@pytest.mark.parametrize("rule", sorted({*DEPARTURES, *REFUSALS}))
def test_a_rule_is_used_and_documented(rule: str) -> None:
    """No rule that nobody applies, none that the README is silent about."""
    assert f'"{rule}"' in SOURCES
    assert f"`{rule}`" in README


def test_the_readme_says_what_the_tables_say() -> None:
    """Every sentence of a rule stands in the README as people will read it."""
    for departure in DEPARTURES.values():
        assert f"| {departure.vi.format(found='…')} | {departure.en.format(found='…')} |" in README
    for refusal in REFUSALS.values():
        vi, en = f"{refusal.why_vi} → {refusal.remedy_vi}", f"{refusal.why} → {refusal.remedy}"
        assert f"| {vi} | {en} |".replace("{found}", "…") in README


def test_no_rule_is_documented_that_does_not_exist() -> None:
    """The README's tables of rules are the rules."""
    documented = set(re.findall(r"^\| `([a-z0-9-]+)` \|", README, re.MULTILINE))
    assert documented == {*DEPARTURES, *REFUSALS}


def test_paragraphs_that_are_cited_exist() -> None:
    """Code cites `edxml §n.m`; the README has that paragraph."""
    for cited in set(re.findall(r"edxml §([0-9]+(?:\.[0-9]+)?)", SOURCES)):
        assert re.search(rf"^(## {cited}\.|\*\*{re.escape(cited)}\*\*)", README, re.MULTILINE), cited


def test_a_departure_is_told_once() -> None:
    """A departure is reported once, however often the reader reads the element."""
    report = Report()
    report.add("a", "trimmed")
    report.add("a", "trimmed")
    report.add("b", "trimmed")
    assert [entry.path for entry in report.entries()] == ["a", "b"]
