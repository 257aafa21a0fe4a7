"""The report as one page of HTML that needs nothing else, to be read, printed and kept."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from adapters.conform.report import WORDS, Report, evidence, summary
from adapters.conform.suite import Outcome, Verdict

_STYLE: Final = """
body { font: 16px/1.5 "Noto Sans", "Segoe UI", Roboto, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid #ddd } .en { color: #555 } .passed { color: #05662d } .failed { color: #a3000b;
  font-weight: bold } .not-run { color: #6b5900 } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px;
  background: #f5f5f5; padding: .5rem } .notice { border-left: 6px solid; padding-left: 1rem; font-weight: normal }
.notice p { color: #1a1a1a } .number { white-space: nowrap } .met { font-weight: bold; overflow-wrap: anywhere }
@media print { details > pre { display: block } }
"""


def as_html(report: Report) -> str:
    numbers = [each.case.number for each in report.outcomes]
    notes = "".join(
        f'<p>{_linked(vi, numbers)}<br><span class="en">{_linked(en, numbers)}</span></p>' for vi, en in summary(report)
    )
    about = "".join(
        f'<tr><th scope="row">{escape(vi)}<br><span class="en">{escape(en)}</span></th><td>{escape(value)}</td></tr>'
        for vi, en, value in report.about
    )
    normal, must_fail = (
        "".join(_row(each) for each in report.outcomes if each.case.number[0] == kind) for kind in "NF"
    )
    return f"""<!doctype html>
<html lang="vi">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tự kiểm tra bộ kết nối / Self-test of an adapter</title>
<style>{_STYLE}</style>
<h1>Tự kiểm tra bộ kết nối<br><span class="en">Self-test of an adapter</span></h1>
<div class="notice {_result(report)}">{notes}</div>
<table>{about}</table>
<h2>Ngày thường <span class="en">/ Ordinary days</span></h2>
<table>{_HEAD}{normal}</table>
<h2>Khi có điều hỏng <span class="en">/ When something is made to fail</span></h2>
<table>{_HEAD}{must_fail}</table>
</html>
"""


_HEAD: Final = (
    '<tr><th scope="col">Số<br><span class="en">No.</span></th>'
    '<th scope="col">Yêu cầu, bằng chứng<br><span class="en">What is asked, evidence</span></th>'
    '<th scope="col">Kết quả<br><span class="en">Verdict</span></th></tr>'
)


def _row(outcome: Outcome) -> str:
    case, (vi, en) = outcome.case, WORDS[outcome.verdict]
    reason = ""
    if need := outcome.need:
        reason = f'<p>{escape(need.vi)}<br><span class="en">{escape(need.en)}</span></p>'
    return (
        f'<tr id="{case.number}"><th scope="row" class="number">{case.number}</th>'
        f'<td>{_met(outcome)}{escape(case.vi)}<br><span class="en">{escape(case.en)}</span>{reason}'
        f"{_evidence(outcome)}</td>"
        f'<td class="{outcome.verdict}">{vi}<br>{en}<br>{outcome.seconds:.1f} s</td></tr>'
    )


def _result(report: Report) -> Verdict:
    """Of all: its colour is the notice's."""
    if report.numbers(Verdict.FAILED):
        return Verdict.FAILED
    return Verdict.NOT_RUN if report.is_incomplete or not report.numbers(Verdict.PASSED) else Verdict.PASSED


def _linked(text: str, numbers: Sequence[str]) -> str:
    """Each number leads to its case, and is not broken between lines."""
    said = escape(text)
    if not numbers:
        return said
    return re.sub(rf"\b(?:{'|'.join(numbers)})\b", r'<a class="number" href="#\g<0>">\g<0></a>', said)


def _met(outcome: Outcome) -> str:
    """Of a failed case, before everything: where it was killed, if it was, and what was found out then."""
    failed = outcome.failed
    if failed is None:
        return ""
    lines = [f"✗ {failed.why}", *evidence(failed.facts[-1:])]
    return f'<p class="met">{"<br>".join(map(escape, lines))}</p>'


def _evidence(outcome: Outcome) -> str:
    texts = []
    for each in outcome.attempts:
        lines = [f"[{each.row}]"] if each.row else []
        lines += evidence(each.facts)
        if each.verdict is Verdict.FAILED:
            lines.append(f"✗ {each.why}")
        texts.append("\n".join(lines))
    text = "\n\n".join(filter(None, texts))
    if not text:
        return ""
    is_open = " open" if outcome.verdict is Verdict.FAILED else ""
    return f"<details{is_open}><summary>Đã làm và đã đến / done and came</summary><pre>{escape(text)}</pre></details>"
