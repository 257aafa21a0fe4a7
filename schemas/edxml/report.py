"""The reader's report beside the item: the departures that were forgiven, or the one refusal. No judgement."""

from dataclasses import dataclass
from typing import NoReturn

from schemas.edxml.departures import DEPARTURES
from schemas.edxml.refusals import REFUSALS

_SHOWN = 80  # characters: enough to find the place, too few to carry content into a log


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One departure: a place where a package deviates from the standard and was read all the same."""

    path: str
    """The element's path from the root: edXML/edXMLEnvelope/…/To[2]/OrganId."""
    rule: str
    """Key of departures.DEPARTURES."""
    found: str = ""

    @property
    def vi(self) -> str:
        return DEPARTURES[self.rule].vi.format(found=self.found)

    @property
    def en(self) -> str:
        return DEPARTURES[self.rule].en.format(found=self.found)


class PackageRefused(ValueError):
    """The package is refused. Holds the path, the rule of refusals.py, the reason and the remedy."""

    def __init__(self, *, path: str, rule: str, found: str = "") -> None:
        self.path, self.rule, self.found = path, rule, found
        sentences = REFUSALS[rule]
        self.why = sentences.why.format(found=found)
        self.why_vi = sentences.why_vi.format(found=found)
        self.remedy = sentences.remedy.format(found=found)
        self.remedy_vi = sentences.remedy_vi.format(found=found)
        super().__init__(f"{path}: {self.why}; {self.remedy} [{rule}]")


class Report:
    """The departures of one package, in the order of their first occurrence, without duplicates."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str], Departure] = {}

    def add(self, path: str, rule: str, found: object = "") -> None:
        key = (path, rule, shown(found))
        if key not in self._entries:
            self._entries[key] = Departure(path=path, rule=rule, found=key[2])

    def entries(self) -> tuple[Departure, ...]:
        return tuple(self._entries.values())


def refuse(path: str, rule: str, found: object = "") -> NoReturn:
    raise PackageRefused(path=path, rule=rule, found=shown(found))


def shown(found: object) -> str:
    """Returns the text of `found` as one line of at most 80 characters."""
    text = " ".join(str(found).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
