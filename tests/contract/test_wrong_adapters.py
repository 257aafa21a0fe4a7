"""The suite can fail: each wrong adapter is caught by the case that is named here, and a right one passes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from adapters.conform.case import Need
from adapters.conform.suite import CASES, Attempt, Setup, Verdict, attempt
from adapters.folder import FolderAdapter
from adapters.folder.site import FolderSite
from bus.ports import Answer, Collected, Trouble
from schemas.status import Status
from tests.contract.adapter import AdapterContract, told
from tests.contract.wrong_adapters import wrong
from tests.contract.wrong_adapters.register import RegisterAdapter
from tests.contract.wrong_adapters.server import MarksInASecondRequest, OverALine, OverALineSite
from tests.contract.wrong_adapters.site import RegisterSite

CAUGHT = [
    (wrong.MarksInASecondCommit, "F-42"),
    (wrong.MarksInASecondCommitSlowly, "F-48"),
    (wrong.MarksStatusesInASecondCommit, "F-42"),
    (wrong.FilesTwice, "N-22"),
    (wrong.AnswersBeforeKeeping, "F-44"),
    (wrong.ForgetsTarget, "N-25"),
    (wrong.ForgetsTakeBack, "N-26"),
    (wrong.PagesById, "N-12"),
    (wrong.PagesById, "F-03"),
    (wrong.LosesTheZero, "N-28"),
    (wrong.FilesTheLeast, "N-21"),
    (wrong.FilesTheLeast, "N-27"),
    (wrong.FilesTheLeast, "F-42"),
    (wrong.CollectsTheLeast, "N-03"),
    (wrong.CollectsTheLeast, "F-41"),
    (wrong.ShowsHalf, "F-42"),
    (wrong.SettlesInMemory, "F-45"),
    (wrong.OneConnection, "N-32"),
    (wrong.AddsEachBounce, "N-11"),
    (wrong.AddsEachBounce, "F-50"),
    (wrong.ChecksByFiling, "N-13"),
    (wrong.ChecksByAFile, "N-13"),
    (wrong.KeepsTheFirstWord, "N-14"),
    (wrong.StumblesOverTroubles, "N-15"),
    (wrong.RefusesAllReports, "F-25"),
    (MarksInASecondRequest, "F-46"),
    (MarksInASecondRequest, "F-47"),
]


def setup_of(kind: type[RegisterAdapter]) -> Setup:
    site = OverALineSite if issubclass(kind, OverALine) else RegisterSite
    named = type(f"SiteOf{kind.__name__}", (site,), {"kind": kind})

    def make() -> RegisterAdapter:
        raise NotImplementedError("the site makes it")

    return Setup(make=make, site=lambda folder: named({}, folder))


def tried(setup: Setup, number: str) -> list[Attempt]:
    (case,) = (each for each in CASES if each.number == number)
    return [attempt(case, row, setup) for row in case.rows]


class TestRightAdapter(AdapterContract):
    """Without a mistake it passes everything: what catches the wrong ones is no matter of luck."""

    lacks = frozenset({Need.LARGE, Need.SERVER, Need.TROUBLES})

    @pytest.fixture
    def setup(self) -> Setup:
        return setup_of(RegisterAdapter)


@pytest.mark.parametrize("number", ["N-02", "N-22", "F-22", "F-46", "F-47"])
def test_a_right_adapter_passes_over_a_line(number: str) -> None:
    """Killed and cut off at each write to its server."""
    for each in tried(setup_of(OverALine), number):
        assert each.verdict is Verdict.PASSED, told(each)


@pytest.mark.parametrize(("kind", "number"), CAUGHT, ids=lambda each: getattr(each, "__name__", each))
def test_a_wrong_adapter_is_caught(kind: type[RegisterAdapter], number: str) -> None:
    """By the case that asks for what it does not do; and the evidence says what was wanted."""
    (failed, *_) = (each for each in tried(setup_of(kind), number) if each.verdict is Verdict.FAILED)
    last = failed.facts[-1]
    assert failed.why
    assert last.wanted is not None or "raised" in last.came, told(failed)


def last_fact(kind: type[RegisterAdapter], number: str) -> tuple[str, str, str | None]:
    (failed, *_) = (each for each in tried(setup_of(kind), number) if each.verdict is Verdict.FAILED)
    last = failed.facts[-1]
    return failed.why, last.came, last.wanted


def test_the_evidence_names_the_fields_that_differ() -> None:
    """All of them, with what came and what was wanted."""
    why, came, wanted = last_fact(wrong.FilesTheLeast, "N-21")
    for field in ("signer", "due_on", "summary", "place", "responses", "to_places", "traces", "priority", "issued_on"):
        assert field in why
    for field in ("type.name", "sender.name", "recipients[1].name", "business.reason", "attachments[1].description"):
        assert field in why
    assert "due_on: None" in came
    assert wanted
    assert "due_on: '2026-02-10'" in wanted
    assert "sender.name, sender.in_charge" in last_fact(wrong.FilesTheLeast, "N-27")[0]


def test_a_lost_zero_is_told_as_the_clerk_sees_it() -> None:
    """In the case for it, and in the one that compares all."""
    assert last_fact(wrong.LosesTheZero, "N-28") == ("site.reported: codes", "['1']", "['01']")
    why, came, wanted = last_fact(wrong.LosesTheZero, "N-27")
    assert why == "site.reported: code"
    assert "code: '1'" in came
    assert wanted
    assert "code: '01'" in wanted


def test_what_hangs_is_ended() -> None:
    """In the process of a row, and in one that is to be killed; it is said what was waited for."""
    setup = replace(setup_of(wrong.Hangs), timeout=0.3)
    (only,) = tried(setup, "N-22")
    assert (only.verdict, only.seconds < 10) == (Verdict.FAILED, True)
    assert only.why.startswith("deliver([document H49.06")
    assert only.why.endswith("no end after 0.3 s (--timeout)")
    (only,) = tried(setup, "F-44")
    assert (only.verdict, only.why) == (Verdict.FAILED, "no end after 0.3 s")


class NamesNoTrouble(FolderAdapter):
    """Says nothing of what it cannot take."""

    def troubles(self, now: datetime) -> list[Trouble]:
        return []


class SiteOfNamesNoTrouble(FolderSite):
    def make(self, options: Mapping[str, object] | None = None) -> FolderAdapter:
        return NamesNoTrouble(self._right if options is None else options)


def test_a_trouble_that_is_not_named_is_caught() -> None:
    """By the case that asks for its name."""
    setup = replace(setup_of(RegisterAdapter), site=lambda folder: SiteOfNamesNoTrouble({}, folder))
    (only,) = tried(setup, "N-16")
    assert only.verdict is Verdict.FAILED
    assert only.facts[-1].wanted == "['outgoing/công văn.docx']"


class SiteThatCannotRead(RegisterSite):
    """Makes a status of what it sees, and pydantic refuses."""

    kind = wrong.LosesTheZero

    def reported(self) -> list[Status]:
        return [Status.model_validate(each.model_dump(warnings=False)) for each in super().reported()]


def test_what_a_site_raises_is_told_with_its_own_line() -> None:
    """Not with a library's."""
    setup = replace(setup_of(RegisterAdapter), site=lambda folder: SiteThatCannotRead({}, folder))
    (only,) = tried(setup, "N-28")
    assert only.verdict is Verdict.FAILED
    assert only.why.startswith("ValidationError of Status: code: ")
    assert "'1'" in only.why
    assert "(test_wrong_adapters.py:" in only.why


class KeepsNothing(RegisterAdapter):
    """Does nothing that could be seen."""

    def collect(self, limit: int) -> list[Collected]:
        return []

    def acknowledge(self, answers: Sequence[Answer]) -> None: ...


def test_what_cannot_be_tried_is_not_passed() -> None:
    """It is said why."""
    (only,) = tried(setup_of(KeepsNothing), "F-41")
    assert (only.verdict, only.need) == (Verdict.NOT_RUN, Need.STEPS)


def test_numbers_are_given_once() -> None:
    """N-… is an ordinary day, F-… is made to fail, and each says in both languages what it asks."""
    assert [number for number, times in Counter(case.number for case in CASES).items() if times > 1] == []
    for case in CASES:
        assert case.number[:2] in ("N-", "F-")
        assert case.vi.endswith(".")
        assert case.en.endswith(".")
