"""The suite: all cases, tried one row after the other, each in a process and a folder of its own."""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

from adapters.conform import alive, samples
from adapters.conform.alive import TIMEOUT
from adapters.conform.case import CannotTry, Case, Need, Row
from adapters.conform.cases import dying, filing, large, sending, telling
from adapters.conform.processes import Child, End, told
from adapters.conform.site import Site
from adapters.conform.trial import Fact, NotMet, Trial
from bus.ports import Adapter
from schemas.strict_json import read_object

VERSION: Final = "2"
"""Of the suite: one more whenever a case asks for more."""
KILLS: Final = 12
"""At random moments, in one case."""
CASES: Final[Sequence[Case]] = sorted(
    (*sending.CASES, *filing.CASES, *dying.CASES, *large.CASES, *telling.CASES),
    key=lambda each: (each.number[0] == "F", each.number),
)
_FIRST, _LAST = 20, 30
_IDS: Final = 100_000
"""Ids of one row."""


class Verdict(StrEnum):
    """What came of a case, or of one row of it."""

    PASSED = "passed"
    """All that was asked for came, in every row."""
    FAILED = "failed"
    """In at least one row something else came, nothing came, or it took too long."""
    NOT_RUN = "not-run"
    """Not tried in at least one row, and failed in none: `Attempt.need` says what it wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is tried, and how."""

    make: Callable[[], Adapter]
    """A fresh adapter with the options of the configuration; used where there is no site."""
    site: Callable[[Path], Site] | None
    """A fresh site with this empty folder of its own; None: only the port is looked at."""
    seed: int = 0
    kills: int = KILLS
    timeout: float = TIMEOUT
    """Seconds that one call of an adapter or a site may take, and one run of work in a process of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one row."""

    row: str
    verdict: Verdict
    why: str
    """Why it failed; empty where it did not."""
    need: Need | None
    """Why it was not run."""
    facts: Sequence[Fact]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one case."""

    case: Case
    attempts: Sequence[Attempt]

    @property
    def verdict(self) -> Verdict:
        verdicts = {each.verdict for each in self.attempts}
        return next(each for each in (Verdict.FAILED, Verdict.NOT_RUN, Verdict.PASSED) if each in verdicts)

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.attempts)

    @property
    def failed(self) -> Attempt | None:
        """The first row that failed."""
        return next((each for each in self.attempts if each.verdict is Verdict.FAILED), None)

    @property
    def need(self) -> Need | None:
        return next((each.need for each in self.attempts if each.need), None)


def run(cases: Iterable[Case], setup: Setup, begins: Callable[[Case], None] = lambda _: None) -> Iterator[Outcome]:
    """Yields each case when it has been tried; `begins` is called before."""
    at, numbers = int(time.time() * 1000), count(1)
    for case in cases:
        begins(case)
        attempts = [attempt(case, row, setup, first=next(numbers) * _IDS, at=at) for row in case.rows]
        yield Outcome(case=case, attempts=attempts)


def cannot_begin(setup: Setup) -> str:
    """Why no case can be tried: the site, or its adapter, cannot be made. Empty where they can."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-conform-"))

    def work(_: object) -> None:
        own = folder / "site"
        own.mkdir()
        if setup.site is None:
            setup.make().close()
            return
        site = setup.site(own)
        site.make().close()
        site.close()

    try:
        end = Child(work, folder).end(within=setup.timeout)
    except NotMet as unmet:
        return str(unmet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "" if end.code == 0 else end.said or f"exit {end.code}"


def attempt(case: Case, row: Row, setup: Setup, *, first: int = 1, at: int = 0) -> Attempt:
    """Tries one row. `first` and `at` make its ids others than those of every other row and run. Raises nothing that an
    adapter or a site does wrong."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-conform-"))
    began = time.monotonic()
    try:
        said, doing = folder / "outcome.json", folder / "doing"

        def work(_: object) -> None:
            alive.begin(doing, setup.timeout)
            if at:
                samples.begin(first=first, at=at)
            said.write_text(json.dumps(_tried(case, row, setup, folder)), encoding="utf-8")

        try:
            end = _ended(Child(work, folder), doing, setup.timeout)
            found = read_object(said.read_bytes()) if end.code == 0 else _broken(end.said or f"exit {end.code}")
        except NotMet as unmet:
            found = _broken(str(unmet))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Attempt(
        row=row.name,
        verdict=Verdict(found["verdict"]),
        why=found["why"],
        need=Need(found["need"]) if found["need"] else None,
        facts=[Fact(**each) for each in found["facts"]],
        seconds=time.monotonic() - began,
    )


def _ended(child: Child, doing: Path, seconds: float) -> End:
    """As `Child.end`, as long as the process tells of something in `doing`."""
    began, is_over = time.monotonic(), False
    try:
        while not (is_over := child.wait(min(1.0, seconds))):
            at, what = alive.last(doing, began)
            if time.monotonic() - at > seconds + alive.GRACE:
                raise NotMet(f"{what}: no end after {seconds:g} s (--timeout)")
    finally:
        if not is_over:
            with contextlib.suppress(NotMet):
                child.end(within=0)
    return child.end()


def _broken(why: str) -> dict[str, Any]:
    return {"verdict": Verdict.FAILED, "why": why, "need": None, "facts": []}


def _tried(case: Case, row: Row, setup: Setup, folder: Path) -> dict[str, Any]:
    """In the process of the row."""
    own = folder / "site"
    own.mkdir()
    site = setup.site(own) if setup.site else None
    trial = Trial(
        setup.make, site, folder=folder, random=Random(f"{setup.seed} {case.number} {row.name}"), row=row.value,  # noqa: S311 — no secret
        kills=setup.kills,
    )  # fmt: skip
    verdict, why, need = Verdict.PASSED, "", trial.missing(case)
    trial.facts.clear()
    try:
        if need:
            verdict = Verdict.NOT_RUN
        else:
            case.run(trial)
    except CannotTry as exc:
        verdict, need = Verdict.NOT_RUN, exc.need
    except Exception as exc:  # noqa: BLE001 — whatever a stranger's code raises is what came of it
        verdict, why = Verdict.FAILED, told(exc)
    if site:
        site.close()
    return {"verdict": verdict, "why": why, "need": need, "facts": [asdict(each) for each in _some(trial.facts)]}


def _some(facts: Sequence[Fact]) -> Sequence[Fact]:
    """Hundreds of deaths are told by the first and the last."""
    if len(facts) <= _FIRST + _LAST:
        return facts
    left_out = Fact("…", f"{len(facts) - _FIRST - _LAST}")
    return [*facts[:_FIRST], left_out, *facts[-_LAST:]]
