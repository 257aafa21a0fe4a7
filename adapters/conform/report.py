"""What came of a run, for people and for programs: JSON and JUnit. The page is in page.py."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from adapters.conform.case import Need
from adapters.conform.suite import VERSION, Outcome, Verdict

SELF_TEST: Final = ("Đây là tự kiểm tra, không phải chứng nhận.", "This is a self-test, no certification.")
_NOT_IN_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STANDS: Final = (
    "Kết quả chỉ đúng với các phiên bản và cấu hình ghi ở đây.",
    "It stands for the versions and the configuration named here, no others.",
)
WORDS: Final = {
    Verdict.PASSED: ("đạt", "passed"),
    Verdict.FAILED: ("không đạt", "failed"),
    Verdict.NOT_RUN: ("chưa chạy", "not run"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    about: Sequence[tuple[str, str, str]]
    """What was tried and how: label in Vietnamese, in English, value."""
    at: datetime
    outcomes: Sequence[Outcome]
    left: int = 0
    """Cases that were to be tried when it was stopped."""

    def numbers(self, verdict: Verdict) -> list[str]:
        return [each.case.number for each in self.outcomes if each.verdict is verdict]

    @property
    def is_incomplete(self) -> bool:
        """Whether cases were not run that could be run: those that wait for a site, or that it was stopped before."""
        return self.left > 0 or any(each.need == "site" for each in self.outcomes)


def summary(report: Report) -> list[tuple[str, str]]:
    """Sentences, in both languages."""
    counts = {verdict: len(report.numbers(verdict)) for verdict in Verdict}
    lines = [
        tuple(
            ", ".join(f"{WORDS[verdict][language]}: {count}" for verdict, count in counts.items()) + "."
            for language in (0, 1)
        )
    ]
    if failed := ", ".join(report.numbers(Verdict.FAILED)):
        lines.append((f"Không đạt: {failed}.", f"Failed: {failed}."))
    if report.left:
        lines.append(
            (f"Chưa đủ: bị dừng, còn {report.left} trường hợp.", f"Not complete: stopped, {report.left} left.")
        )
    if any(each.need is Need.SITE for each in report.outcomes):
        lines.append(
            (
                "Chưa đủ: không có Site nên nhiều trường hợp chưa chạy.",
                "Not complete: without a Site, many cases were not run.",
            )
        )
    for need, numbers in not_run(report).items():
        named = ", ".join(numbers)
        lines.append((f"Chưa chạy {named}: {need.vi}.", f"Not run {named}: {need.en}."))
    return [(first, second) for first, second in (*lines, SELF_TEST, STANDS)]


def not_run(report: Report) -> dict[Need, list[str]]:
    """Why, and the numbers of those that were not."""
    found: dict[Need, list[str]] = {}
    for each in report.outcomes:
        if each.verdict is Verdict.NOT_RUN and each.need:
            found.setdefault(each.need, []).append(each.case.number)
    return found


def as_json(report: Report) -> str:
    found = {
        "suite": VERSION,
        "notice": {"vi": SELF_TEST[0], "en": SELF_TEST[1]},
        "at": report.at.isoformat(timespec="seconds"),
        "about": {english: value for _, english, value in report.about},
        "counts": {verdict.value: len(report.numbers(verdict)) for verdict in Verdict},
        "complete": not report.is_incomplete,
        "cases": [_case(each) for each in report.outcomes],
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _case(outcome: Outcome) -> dict[str, Any]:
    need = outcome.need
    return {
        "number": outcome.case.number,
        "kind": "must-fail" if outcome.case.number.startswith("F") else "normal",
        "asks": {"vi": outcome.case.vi, "en": outcome.case.en},
        "verdict": outcome.verdict.value,
        "not_run": None if need is None else {"needs": need.value, "vi": need.vi, "en": need.en},
        "seconds": round(outcome.seconds, 3),
        "rows": [
            {
                "name": each.row,
                "verdict": each.verdict.value,
                "why": each.why,
                "seconds": round(each.seconds, 3),
                "evidence": [
                    {"did": fact.did, "came": fact.came} | ({} if fact.wanted is None else {"wanted": fact.wanted})
                    for fact in each.facts
                ],
            }
            for each in outcome.attempts
        ],
    }


def as_junit(report: Report) -> str:
    failures, skipped = (len(report.numbers(each)) for each in (Verdict.FAILED, Verdict.NOT_RUN))
    seconds = sum(each.seconds for each in report.outcomes)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="lienthong adapter conform" tests="{len(report.outcomes)}" failures="{failures}"'
        f' errors="0" skipped="{skipped}" time="{seconds:.3f}" timestamp="{report.at:%Y-%m-%dT%H:%M:%S}">',
        "  <properties>",
        *(f"    <property name={quoteattr(name)} value={_attribute(value)}/>" for _, name, value in report.about),
        f"    <property name={quoteattr('notice')} value={_attribute(' / '.join(SELF_TEST))}/>",
        "  </properties>",
        *(_testcase(each) for each in report.outcomes),
        "</testsuite>",
    ]
    return "\n".join(lines) + "\n"


def _testcase(outcome: Outcome) -> str:
    case = outcome.case
    name = quoteattr(f"{case.number} {case.en}")
    head = f'  <testcase classname="lienthong.adapter" name={name} time="{outcome.seconds:.3f}"'
    if failed := outcome.failed:
        text = "\n".join([case.vi, *evidence(failed.facts)])
        inner = f"<failure message={_attribute(failed.why)}>{escape(_printable(text))}</failure>"
    elif need := outcome.need:
        inner = f"<skipped message={_attribute(f'{need.vi} / {need.en}')}/>"
    else:
        return f"{head}/>"
    return f"{head}>{inner}</testcase>"


def evidence(facts: Sequence[Any]) -> list[str]:
    """A line a fact."""
    return [
        f"{fact.did} → {fact.came}" + ("" if fact.wanted is None else f"; cần / wanted: {fact.wanted}")
        for fact in facts
    ]


def _attribute(text: str) -> str:
    return quoteattr(_printable(text))


def _printable(text: str) -> str:
    """What XML 1.0 can hold."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
