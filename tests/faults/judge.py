"""Proves a run from its record alone: each accepted document filed exactly once at each recipient, or refused with the
sender told; every status arrived, in an order its rules allow; nothing without an end at the end.

    python -m tests.faults.judge RECORD.jsonl        (tests/faults/judge does the same)
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bus.errors import HeldAfterAll
from bus.handling import statuses as handling
from bus.handling.statuses import Handling, Verdict
from schemas.codes import BusinessType, StatusCode
from schemas.values import AgencyCode
from tests.faults.record import Did, Fact, load

ASKS = frozenset({str(int(BusinessType.REVOKE)), str(int(BusinessType.UPDATE))})


class Item(NamedTuple):
    """The key of one document or status at one recipient."""

    document: str
    what: str
    sender: AgencyCode
    recipient: AgencyCode

    def __str__(self) -> str:
        return f"{self.document} ({self.what}) {self.sender} → {self.recipient}"


@dataclass(frozen=True, slots=True)
class Judgement:
    documents: int
    """Filings that were due: one for each document and recipient."""
    statuses: int
    filed: int
    refused: int
    """Documents not filed, of which the sender was told."""
    faults: tuple[str, ...]
    """A sentence for each fault."""

    @property
    def lost(self) -> int:
        return sum(fault.startswith("lost") for fault in self.faults)

    @property
    def twice(self) -> int:
        return sum(fault.startswith("twice") for fault in self.faults)

    def __str__(self) -> str:
        said = f"{self.documents} documents, {self.statuses} statuses due; {self.filed} filed, {self.refused} refused; "
        return f"{said}lost {self.lost}, twice {self.twice}, faults {len(self.faults)}"


def judge(facts: Sequence[Fact], *, before: float | None = None) -> Judgement:
    """Returns the judgement of a record. `before`: items given later may still be on their way; None: everything must
    be finished."""
    gave = [fact for fact in facts if fact.did is Did.GAVE and (before is None or fact.at < before)]
    got: defaultdict[Item, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.did is Did.GOT:
            got[Item(fact.document, fact.what, fact.sender, fact.dms)].append(fact)
    told = _told(facts)
    due = _due(gave, got)
    faults = [fault for item, digests in due.items() for fault in _end(item, digests, got.get(item, []), told)]
    everything = _due([fact for fact in facts if fact.did is Did.GAVE], got)
    faults += [f"from nowhere: {item} was filed, and nobody gave it" for item in got if item not in everything]
    faults += _orders(facts)
    filed = sum(bool(got.get(item)) for item in due)
    statuses = sum(len(item.what) == 2 for item in due)
    refused = sum(not got.get(item) and _was_told(item, told) for item in due)
    return Judgement(len(due) - statuses, statuses, filed, refused, tuple(sorted(faults)))


class Told(NamedTuple):
    """A document of which people were told that it is not filed. Empty `mailbox`: at any recipient; empty `what`: the
    text does not say which message about the document."""

    sender: AgencyCode
    document: str
    mailbox: str
    what: str


def _told(facts: Sequence[Fact]) -> set[Told]:
    """Returns the documents that people were told are not filed. By times, not by lines: the last word counts, and
    whoever gives a document again wants it filed after all."""
    told = set[Told]()
    for fact in sorted((fact for fact in facts if fact.did in {Did.TOLD, Did.GAVE}), key=lambda fact: fact.at):
        word = Told(fact.dms, fact.document, fact.mailbox, fact.what)
        if fact.did is Did.GAVE:
            again = {(fact.sender, fact.document, mailbox) for mailbox in ("", *fact.to)}
            told = {each for each in told if each[:3] not in again or each.what not in {"", fact.what}}
        elif fact.code == HeldAfterAll.code:
            told = {each for each in told if each[:3] != word[:3] or (word.what and each.what not in {"", word.what})}
        else:
            told.add(word)
    return told


def _due(gave: Sequence[Fact], got: dict[Item, list[Fact]]) -> dict[Item, set[str]]:
    """Returns the items that must be filed, with the digests each may have: a status may be given again in other
    words."""
    due: defaultdict[Item, set[str]] = defaultdict(set)
    for fact in gave:
        for recipient in fact.to:
            item = Item(fact.document, fact.what, fact.sender, recipient)
            due[item].add(fact.digest)
            if len(fact.what) == 1 and fact.what not in ASKS and got.get(item):
                due[Item(fact.document, StatusCode.ARRIVED, recipient, fact.sender)] = set()  # the bus itself sends it
    return due


def _end(item: Item, digests: set[str], filed: list[Fact], told: set[Told]) -> list[str]:
    # The bus's own 01 counts as one status, whatever its text.
    times = Counter(fact.digest if digests else "" for fact in filed)
    faults = [f"twice: {item} was filed {count} times" for count in times.values() if count > 1]
    if digests:
        faults += [f"altered: {item} is not what was given" for digest in times if digest not in digests]
        if len(times) < len(digests) and not _was_told(item, told):
            faults.append(f"lost: {item} was given, is not filed, and its sender was not told")
    elif not filed:
        faults.append(f"lost: {item} never came back")
    if filed and _was_told(item, told):
        faults.append(f"both: {item} was filed, and its sender told that it was refused")
    return faults


def _was_told(item: Item, told: set[Told]) -> bool:
    return any(
        Told(item.sender, item.document, mailbox, what) in told
        for mailbox in ("", item.recipient)
        for what in ("", item.what)
    )


# -- order -------------------------------------------------------------------------------------------------------------


def _orders(facts: Sequence[Fact]) -> list[str]:
    """Returns the faults of order: each document at each recipient, as its issuer's people saw it."""
    views: defaultdict[tuple[str, AgencyCode, AgencyCode], list[Fact]] = defaultdict(list)
    given: defaultdict[tuple[str, AgencyCode, AgencyCode], list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda each: each.at):
        if fact.did is Did.GAVE and fact.sender == fact.issuer and _asks(fact):
            for recipient in fact.to:
                views[fact.document, fact.issuer, recipient].append(fact)
                given[fact.document, fact.issuer, recipient].append(fact)
        elif len(fact.what) == 2 and fact.sender != fact.issuer:
            seen = {Did.GOT: views, Did.GAVE: given}.get(fact.did)
            if seen is not None:
                seen[fact.document, fact.issuer, fact.sender].append(fact)
    return [
        fault
        for (document, issuer, handler), view in views.items()
        for fault in _replayed(f"{document} {handler} → {issuer}", view, given[document, issuer, handler])
    ]


def _asks(fact: Fact) -> bool:
    return fact.what == StatusCode.TAKE_BACK or fact.what in ASKS


def _replayed(what: str, view: Sequence[Fact], given: Sequence[Fact]) -> list[str]:
    """Returns the faults of one document's statuses: the order received must allow the same statuses as the order
    given, and reach the same state."""
    came, illegal = _replay(view)
    said, illegal_as_given = _replay(given)
    faults = [f"order: {what}: {code} came when it could not" for code in sorted(illegal - illegal_as_given)]
    if said.state is not None and came.state != said.state and not illegal_as_given:
        faults.append(f"order: {what}: stands at {came.state}, was brought to {said.state}")
    return faults


def _replay(facts: Sequence[Fact]) -> tuple[Handling, set[str]]:
    state, illegal = Handling(), set[str]()
    for fact in facts:
        if len(fact.what) == 2:
            verdict, state = handling.apply_status(state, StatusCode(fact.what))
        else:
            verdict, state = handling.apply_request(state, BusinessType(int(fact.what)))
        if verdict is Verdict.ILLEGAL:
            illegal.add(fact.what)
    return state, illegal


def main(arguments: Sequence[str]) -> int:
    """Prints the judgement of each record. Returns 1 if any has a fault."""
    bad = False
    for name in arguments:
        judged = judge(load(Path(name)))
        print(f"{name}: {judged}")  # noqa: T201 — its output
        for fault in judged.faults:
            print(f"  {fault}")  # noqa: T201
        bad = bad or bool(judged.faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
