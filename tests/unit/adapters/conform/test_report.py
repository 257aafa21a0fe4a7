"""What came of a run, as texts."""

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

from adapters.conform.case import Need
from adapters.conform.page import as_html
from adapters.conform.report import Report, as_json, as_junit, summary
from adapters.conform.suite import CASES, Attempt, Outcome, Verdict
from adapters.conform.trial import Fact

STRANGE = "<b>&\x00\x1b[31m\ud800 ]]> 'Đề nghị'"
"""What a stranger's adapter may say."""


def outcome(verdict: Verdict, *, need: Need | None = None, number: int = 0) -> Outcome:
    facts = [Fact(f"deliver({STRANGE})", STRANGE, "one" if verdict is Verdict.FAILED else None)]
    why = STRANGE if verdict is Verdict.FAILED else ""
    row = Attempt(row="quick", verdict=verdict, why=why, need=need, facts=facts, seconds=0.5)
    return Outcome(case=CASES[number], attempts=[row])


REPORT = Report(
    about=[("Hệ thống", "system", STRANGE)],
    at=datetime(2026, 11, 30, tzinfo=UTC),
    outcomes=[
        outcome(Verdict.PASSED),
        outcome(Verdict.FAILED, number=1),
        outcome(Verdict.NOT_RUN, need=Need.SITE, number=-1),
    ],
)


def test_all_of_them_can_be_read_whatever_came() -> None:
    """Letters that end a tag, steer a terminal or are none."""
    told = json.loads(as_json(REPORT))
    assert told["counts"] == {"passed": 1, "failed": 1, "not-run": 1}
    assert told["complete"] is False
    assert told["cases"][1]["rows"][0]["evidence"] == [{"did": f"deliver({STRANGE})", "came": STRANGE, "wanted": "one"}]
    suite = ElementTree.fromstring(as_junit(REPORT))
    assert [each.get("name", "")[:4] for each in suite.iter("testcase")] == ["N-01", "N-02", CASES[-1].number]
    assert "Đề nghị" in (suite.findtext("testcase/failure") or "")
    page = as_html(REPORT)
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_it_says_what_it_is_worth() -> None:
    """In both languages; whether all was run; which failed."""
    texts = [sentence for both in summary(REPORT) for sentence in both]
    assert "Failed: N-02." in texts
    assert "Đây là tự kiểm tra, không phải chứng nhận." in texts
    assert any("without a Site" in text for text in texts)
    for made in (as_json, as_junit, as_html):
        assert "a self-test, no certification" in made(REPORT)


def test_the_page_leads_to_what_failed() -> None:
    """The colour of the whole; numbers that are links and stay in one piece; of what failed, first what came."""
    page = as_html(REPORT)
    assert '<div class="notice failed">' in page
    assert 'Failed: <a class="number" href="#N-02">N-02</a>.' in page
    row = page[page.index('<tr id="N-02">') : page.index(f'<tr id="{CASES[-1].number}">')]
    assert row.index('<p class="met">✗ ') < row.index("`check`")
    assert "cần / wanted: one" in row[: row.index("`check`")]
    assert '<th scope="row" class="number">N-02</th>' in row
    for verdict in (Verdict.PASSED, Verdict.NOT_RUN):
        report = Report(about=[], at=REPORT.at, outcomes=[outcome(verdict)])
        assert f'<div class="notice {verdict}">' in as_html(report)
    assert '<div class="notice not-run">' in as_html(Report(about=[], at=REPORT.at, outcomes=[], left=3))


def test_why_some_were_not_run_is_said_in_a_line() -> None:
    """With their numbers; and how many were left when it was stopped."""
    texts = [sentence for both in summary(REPORT) for sentence in both]
    assert f"Not run {CASES[-1].number}: there is no [conform] site." in texts
    stopped = Report(about=[], at=REPORT.at, outcomes=[], left=3)
    assert stopped.is_incomplete
    assert ("Chưa đủ: bị dừng, còn 3 trường hợp.", "Not complete: stopped, 3 left.") in summary(stopped)


def test_what_cannot_be_run_here_is_no_fault() -> None:
    """Only a missing Site leaves a report incomplete."""
    report = Report(about=[], at=REPORT.at, outcomes=[outcome(Verdict.NOT_RUN, need=Need.LARGE)])
    assert not report.is_incomplete
    assert REPORT.is_incomplete
