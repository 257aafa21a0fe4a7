"""One row of one case while it runs: the adapter and the site under the suite's eyes, and what is noted of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

from pydantic import ValidationError

from adapters.conform.alive import tell
from adapters.conform.case import Case, Need
from adapters.conform.site import Site
from adapters.conform.whole import Whole, apart
from bus.errors import BusError, TryLater
from bus.ports import Adapter, Answer, Bounce, Collected, Filed, Filing, Report
from schemas.document import Attachment, Document
from schemas.status import Status

_SHOWN = 4
_LONG = 160
_FIELD = 60


class NotMet(Exception):
    """What the case asks did not come."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of evidence: what was done, and what came of it."""

    did: str
    came: str
    wanted: str | None = None
    """What should have come, where it did not."""


class Trial:
    def __init__(
        self, make: Callable[[], Adapter], site: Site | None, *, folder: Path, random: Random, row: Any, kills: int
    ) -> None:
        self.facts: list[Fact] = []
        self.folder = folder
        self.random = random
        self.row = row
        self.kills = kills
        """How many times to kill at a random moment."""
        self._make = make
        self._site = site

    def make(self) -> Adapter:
        """A fresh adapter, as after a restart."""
        return watched(self._site.make() if self._site else self._make(), self.facts)

    @property
    def site(self) -> Site:
        assert self._site
        return cast(Site, _Watched(self._site, self.facts, prefix="site."))

    @property
    def has_site(self) -> bool:
        return self._site is not None

    def missing(self, case: Case) -> Need | None:
        """The first of what this case needs that is not there."""
        site = self._site
        there = {
            Need.SITE: site is not None,
            Need.BOUNCES: site is not None and site.shows_bounces,
            Need.FILINGS: site is not None and site.shows_filings,
            Need.SLOWLY: site is not None and site.submits_slowly,
            Need.TROUBLES: site is not None and site.sticks,
            Need.SPOILT: site is not None and site.spoils_reports,
            Need.SERVER: site is not None and site.server is not None,
            Need.STEPS: True,
        }
        for need in Need:
            if need in case.needs and not (there[need] if need in there else self.make().takes_large):
                return need
        return None

    def note(self, did: str, came: object) -> None:
        self.facts.append(Fact(did, came if isinstance(came, str) else shown(came)))

    def same(self, what: str, came: object, wanted: object) -> None:
        """Where items differ in some fields, these are named."""
        if came != wanted and isinstance(came, list) and isinstance(wanted, list) and (found := apart(came, wanted)):
            fields, these, those = found
            name = f"{what}: {came[0].name}" if len(came) == 1 else what
            self.facts.append(Fact(name, _listed(these), _listed(those)))
            raise NotMet(f"{what}: {', '.join(fields)}")
        self.true(what, came == wanted, came, wanted)

    def true(self, what: str, is_met: bool, came: object, wanted: object) -> None:
        """Raises NotMet where it is not."""
        self.facts.append(Fact(what, shown(came), None if is_met else shown(wanted)))
        if not is_met:
            raise NotMet(what)

    def puts_off(self, what: str, call: Callable[[], Sequence[Filed | Collected]]) -> None:
        """TryLater, raised or in every answer."""
        try:
            answers = call()
        except TryLater as error:
            self.note(what, error)
            return
        errors = [getattr(answer, "error", None) for answer in answers]
        self.true(what, bool(errors) and all(isinstance(each, TryLater) for each in errors), answers, "TryLater")


class _Watched:
    """Each call of an adapter, or of a site, and what came of it is noted; nothing else is changed."""

    def __init__(self, what: object, facts: list[Fact], *, prefix: str = "") -> None:
        self._what = what
        self._facts = facts
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._what, name)
        if not callable(found):
            return found

        def call(*args: Any) -> Any:
            came = _noted(self._facts, f"{self._prefix}{name}", found, *args)
            if name in ("deliver", "report") and len(came) != len(args[0]):
                self._facts.append(Fact(f"len({name}(…))", str(len(came)), str(len(args[0]))))
                raise NotMet(f"{name}: one answer each")
            return watched(came, self._facts) if name == "make" else came

        return call


def watched(adapter: Adapter, facts: list[Fact]) -> Adapter:
    return cast(Adapter, _Watched(adapter, facts))


def _noted(facts: list[Fact], name: str, call: Callable[..., Any], *args: object) -> Any:
    did = f"{name}({', '.join(map(shown, args))})"
    tell(did)
    try:
        came = call(*args)
    except Exception as exc:
        facts.append(Fact(did, f"raised {shown(exc)}"))
        raise
    facts.append(Fact(did, shown(came)))
    return came


def shown(value: object) -> str:
    """On one line, and short: ids, names and answers, never content."""
    match value:
        case BusError():
            text = f"{type(value).__name__}: {value.in_english()}"
        case ValidationError():
            faults = (
                f"{'.'.join(map(str, each['loc'])) or '–'}: {each['msg']}, {each['input']!r}"[: _FIELD * 2]
                for each in value.errors(include_url=False)
            )
            text = f"ValidationError of {value.title}: {'; '.join(faults)}"
        case BaseException():
            text = f"{type(value).__name__}: {value}"
        case Document() | Status() | Filing() | Report() | Collected() | Filed() | Answer() | Bounce() | Attachment():
            text = _record(value)
        case Whole():
            text = value.name
        case str():
            text = repr(value)
        case Mapping():
            text = _several([f"{shown(key)}: {shown(each)}" for key, each in value.items()], "{}")
        case list() | tuple():
            text = _several([shown(each) for each in value], "[]")
        case set() | frozenset():
            text = _several(sorted(map(shown, value)), "[]")
        case AbstractContextManager() | Adapter():
            text = type(value).__name__
        case _:
            text = repr(value)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def _listed(fields: Sequence[str]) -> str:
    """Each short, so that all are there."""
    return "; ".join(each if len(each) <= _FIELD else each[: _FIELD - 1] + "…" for each in fields)


def _several(texts: Sequence[str], marks: str) -> str:
    more = [f"… {len(texts)}"] if len(texts) > _SHOWN else []
    return marks[0] + ", ".join([*texts[:_SHOWN], *more]) + marks[1]


def _record(value: object) -> str:
    match value:
        case Document():
            return f"document {value.id}"
        case Status():
            return f"status {value.code} of {value.concerns.document_id}"
        case Filing():
            return f"{_record(value.document)}, message …{value.message[-6:]}, target {shown(list(value.target))}"
        case Report():
            return f"{_record(value.status)}, message …{value.message[-6:]}, target {shown(value.target)}"
        case Collected():
            return f"ref {value.ref!r}: {shown(value.item)}"
        case Filed() | Answer():
            return f"error {shown(value.error)}" if value.error else f"ref {value.ref!r}"
        case Bounce():
            return f"{value.mailbox} of {value.ref!r}: {shown(value.error)}"
        case _:
            return type(value).__name__
