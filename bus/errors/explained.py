"""Every code that people meet, with what it means, who acts and what to do, without the facts of one case: errors
(bus/errors), and the rules by which a package is refused (schemas/edxml/refusals.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bus.errors.base import BusError, Who
from bus.errors.words import Words
from schemas.edxml.refusals import REFUSALS

PACKAGE = "bad-package"
"""The error in which a refused package is told; the rule is its reason."""


class Of(StrEnum):
    """What a code is of. Two may have one name."""

    ERROR = "error"
    PACKAGE = "package"
    QUEUE = "queue"


OF_VI = {Of.ERROR: "lỗi", Of.PACKAGE: "gói tin bị từ chối", Of.QUEUE: "hàng đợi"}


@dataclass(frozen=True, slots=True)
class Explained:
    code: str
    who: Who
    means: Words
    do: Words
    of: Of = Of.ERROR


@cache
def explained() -> tuple[Explained, ...]:
    """Errors by who acts, then the rules of packages."""
    kinds = [kind for branch in BusError.__subclasses__() for kind in branch.__subclasses__()]
    kinds.sort(key=lambda kind: (list(Who).index(kind.who), kind.code))
    errors = [Explained(kind.code, kind.who, Words(kind.means_vi, kind.means_en), kind().next_step()) for kind in kinds]
    return (*errors, *_rules())


def _rules() -> list[Explained]:
    blank: Mapping[str, str] = {"found": "…"}
    return [
        Explained(
            rule,
            Who.SENDER,
            Words(sentence(each.why_vi.format_map(blank)), sentence(each.why.format_map(blank))),
            Words(sentence(each.remedy_vi.format_map(blank)), sentence(each.remedy.format_map(blank))),
            of=Of.PACKAGE,
        )
        for rule, each in REFUSALS.items()
    ]


def sentence(fragment: str) -> str:
    """A fragment without a full stop as a sentence; a command at its beginning stays as it is."""
    first = fragment if "-" in fragment.split()[0] else f"{fragment[0].upper()}{fragment[1:]}"
    return first if fragment.endswith("…") else f"{first}."
