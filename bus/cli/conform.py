"""`lienthong adapter conform`: try an adapter by the conformance suite, and write down what came."""

import platform
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from adapters.conform.alive import TIMEOUT
from adapters.conform.case import Case
from adapters.conform.page import as_html
from adapters.conform.report import WORDS, Report, as_json, as_junit, evidence, summary
from adapters.conform.suite import CASES, KILLS, VERSION, Outcome, Setup, Verdict, cannot_begin, run
from bus.cli.failures import Exit, ending_with
from bus.cli.output import emit, text
from bus.errors import BadConfig, of_system, said
from bus.wiring.conform import Tried, load
from schemas.values import VIETNAM

MARKS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_RUN: "–"}
WIDTH = 80
INDENT = " " * 8
SHOWN = 8
"""Lines of evidence of a failure that are shown here; all are in the files."""


@click.command(name="conform", short_help="Try the adapter of CONFIG by the conformance suite: no certification.")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write the report as JUnit XML.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the report as a page.")
@click.option("--case", "numbers", multiple=True, help="Only this case, such as F-42. Can be given again.")
@click.option("--seed", default=0, show_default=True, help="Of the random moments: the same, the same.")
@click.option("--kills", default=KILLS, show_default=True, type=click.IntRange(1), help="Random moments of one case.")
@click.option(
    "--timeout",
    default=TIMEOUT,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Seconds that one call of the adapter or the Site may take; then the case fails.",
)
def command(
    config: Path,
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    numbers: tuple[str, ...],
    seed: int,
    kills: int,
    timeout: float,
) -> None:
    """Try the adapter of CONFIG by the conformance suite: a self-test, no certification.

    Tự kiểm tra bộ kết nối của CONFIG, không phải chứng nhận.

    \b
    Mã thoát · exit codes:
      0  đạt hết · all passed
      1  có trường hợp không đạt, hoặc bị dừng · a case failed, or it was stopped
      2  lệnh gọi sai · wrong use
      3  không có gì không đạt, nhưng nhiều trường hợp chưa chạy vì thiếu Site
         none failed, and some were not run for want of a Site
      4  chưa thử được gì: TOML, bộ kết nối, Site hay tệp báo cáo không dùng được
         nothing was tried: the TOML, the adapter, the Site or a report's file
         cannot be used
    """
    cases, files = _chosen(numbers), {json_file: as_json, junit_file: as_junit, html_file: as_html}
    tried, setup = _ready(config, [file for file in files if file], seed=seed, kills=kills, timeout=timeout)
    at, about = datetime.now(UTC), _about(tried, seed, cases)
    _head(about)
    outcomes: list[Outcome] = []
    try:
        for outcome in run(cases, setup, _begins):
            _show(outcome)
            outcomes.append(outcome)
    finally:  # also when somebody types Ctrl-C: what was told until then is kept
        report = Report(about=about, at=at, outcomes=outcomes, left=len(cases) - len(outcomes))
        emit("", *(line for both in summary(report) for line in _wrapped(both, "")))
        for file, made in files.items():
            if file:
                _write(file, made(report))
    if report.numbers(Verdict.FAILED):
        sys.exit(Exit.FAILED)
    sys.exit(Exit.FOUND if report.is_incomplete else Exit.DONE)


def _ready(config: Path, files: Sequence[Path], *, seed: int, kills: int, timeout: float) -> tuple[Tried, Setup]:
    """What is to be tried, and how. Ends the command with a code of its own where it cannot be."""
    with ending_with(Exit.UNTRIED):
        tried, setup = load(config, seed=seed, kills=kills, timeout=timeout)
        for file in files:
            _can_be_written(file)
        if why := cannot_begin(setup):
            raise BadConfig(file=str(config), why=said("không thử được: {why}", "it cannot be tried: {why}", why=why))
    return tried, setup


def _head(about: Sequence[tuple[str, str, str]]) -> None:
    emit("Tự kiểm tra bộ kết nối, không phải chứng nhận.", "Self-test of an adapter, no certification.", "")
    for vi, en, value in about:
        emit(f"{vi}: {value}" if vi == en else f"{vi} / {en}: {value}")
    emit("")


def _chosen(numbers: Sequence[str]) -> list[Case]:
    """All, or those of these numbers, in whatever letters."""
    wanted = {number.upper() for number in numbers}
    if unknown := sorted(wanted - {case.number for case in CASES}):
        raise click.BadParameter(
            f"{', '.join(unknown)}: không có / there is none; {CASES[0].number} … {CASES[-1].number}",
            param_hint="--case",
        )
    return [case for case in CASES if not wanted or case.number in wanted]


def _about(tried: Tried, seed: int, cases: Sequence[Case]) -> Sequence[tuple[str, str, str]]:
    about = [
        ("Hệ thống", "system", tried.system or "–"),
        ("Bộ kết nối", "adapter", tried.adapter),
        ("Gói cài đặt", "package", tried.package or "–"),
        ("Lớp Site", "Site", tried.site or "–"),
        ("Cấu hình", "configuration", tried.config),
        ("SHA-256", "SHA-256", tried.digest),
        ("Bộ kiểm thử", "suite", f"{VERSION} (lienthong {version('lienthong')}, Python {platform.python_version()})"),
        ("Lúc", "at", f"{datetime.now(VIETNAM):%Y-%m-%d %H:%M:%S %z}"),
        ("Hạt ngẫu nhiên", "seed", str(seed)),
        ("Số trường hợp", "cases", f"{len(cases)}/{len(CASES)}"),
    ]
    return [(vi, en, text(value)) for vi, en, value in about]


def _begins(case: Case) -> None:
    """At a terminal it is seen what is tried just now: a case may take minutes."""
    if sys.stdout.isatty():
        emit(f"… {case.number}")
        emit(*_wrapped((case.vi, case.en), INDENT))


def _show(outcome: Outcome) -> None:
    case = outcome.case
    emit(f"{MARKS[outcome.verdict]} {case.number}  {' / '.join(WORDS[outcome.verdict])}")
    if not sys.stdout.isatty():
        emit(*_wrapped((case.vi, case.en), INDENT))
    if need := outcome.need:
        emit(*_wrapped((f"Vì: {need.vi}.", f"Because {need.en}."), INDENT))
    if failed := outcome.failed:
        where = f" [{failed.row}]" if failed.row else ""
        emit(*_wrapped((f"Đến / came{where}:",), INDENT))
        for line in [*evidence(failed.facts[-SHOWN:]), f"✗ {failed.why}"]:
            emit(*_wrapped((line,), INDENT + "  "))


def _wrapped(texts: Sequence[str], indent: str) -> list[str]:
    return [
        line
        for each in texts
        for line in textwrap.wrap(text(each), WIDTH, initial_indent=indent, subsequent_indent=indent)
    ]


def _can_be_written(path: Path) -> None:
    """Raises BadConfig in words; leaves nothing."""
    was_there = path.exists()
    try:
        path.open("ab").close()
    except OSError as exc:
        raise BadConfig(file=str(path), why=of_system(exc)) from exc
    if not was_there:
        path.unlink()


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as exc:
        raise BadConfig(file=str(path), why=of_system(exc)) from exc
    emit(f"→ {path}")
