"""The judge itself: the faults it finds, and the records it accepts. Records are rows."""

from pathlib import Path

import pytest

from tests.faults.judge import judge, main
from tests.faults.record import Did, Fact, Record

A, B, C = "G22", "H49", "H53"


def gave(what: str, *to: str, sender: str = A, at: float = 1, digest: str = "x", issuer: str = A) -> Fact:
    return Fact(
        at=at, dms=sender, did=Did.GAVE, document="d", what=what, issuer=issuer, sender=sender, to=to, digest=digest
    )


def got(what: str, dms: str, *, sender: str = A, at: float = 2, digest: str = "x", issuer: str = A) -> Fact:
    return Fact(
        at=at, dms=dms, did=Did.GOT, document="d", what=what, issuer=issuer, sender=sender, to=(dms,), digest=digest
    )


def told(mailbox: str = "", code: str = "refused-by-dms", *, at: float = 3, what: str = "") -> Fact:
    return Fact(at=at, dms=A, did=Did.TOLD, document="d", what=what, sender=A, mailbox=mailbox, code=code)


def late(at: float) -> Fact:
    return told(B, "not-in-time", at=at)


def after_all(at: float) -> Fact:
    return told(B, "held-after-all", at=at)


ARRIVED = got("01", A, sender=B)
GOOD = (gave("0", B), got("0", B), ARRIVED)

ROWS: list[tuple[str, tuple[Fact, ...], list[str]]] = [
    ("filed once, and 01 back", GOOD, []),
    ("nothing given, nothing due", (), []),
    ("never filed", (gave("0", B),), ["lost"]),
    ("filed at one of two", (gave("0", B, C), got("0", B), ARRIVED), ["lost"]),
    ("filed twice", (*GOOD, got("0", B)), ["twice"]),
    ("not as it was given", (gave("0", B), got("0", B, digest="y"), ARRIVED), ["altered"]),
    ("refused, its sender told", (gave("0", B), told(B)), []),
    ("refused by one, its sender told of another", (gave("0", B), told(C)), ["lost"]),
    ("never left, its sender told", (gave("0", B, C), told()), []),
    ("filed, and its sender told that it was refused", (*GOOD, told(B)), ["both"]),
    ("filed, told too late, then held after all", (*GOOD, told(B, "not-in-time"), told(B, "held-after-all")), []),
    ("not filed, and told that it was", (gave("0", B), told(B, "not-in-time"), told(B, "held-after-all")), ["lost"]),
    ("refused, given again, and filed", (gave("0", B), told(B), gave("0", B, at=4), got("0", B, at=5), ARRIVED), []),
    ("refused, given again, and lost", (gave("0", B), told(B), gave("0", B, at=4)), ["lost"]),
    ("never left, given again to one, and lost", (gave("0", B, C), told(), gave("0", B, at=4)), ["lost", "lost"]),
    (
        "a take-back given again says nothing of its document",
        (gave("0", B), told(B, what="0"), gave("13", C, at=4)),
        ["lost"],
    ),
    ("filed, and no 01", (gave("0", B), got("0", B)), ["lost"]),
    ("01 twice", (*GOOD, ARRIVED), ["twice"]),
    ("01 twice, in other words", (*GOOD, got("01", A, sender=B, digest="y")), ["twice"]),
    ("filed once as it was given, and once not", (*GOOD, got("0", B, digest="y")), ["altered"]),
    ("filed where it was not sent", (*GOOD, got("0", C), got("01", A, sender=C)), ["from nowhere", "from nowhere"]),
    ("the last word counts, however the record lies", (*GOOD, after_all(5), late(4)), []),
    ("refused in the end, however the record lies", (gave("0", B), told(B, at=5), after_all(4)), []),
    ("a take-back refused says nothing of its document", (gave("0", B), gave("13", B), told(B, what="13")), ["lost"]),
    ("nor the other way round", (*GOOD, gave("13", B), told(B, what="13")), []),
    ("filed from nowhere", (got("0", B), ARRIVED), ["from nowhere", "from nowhere"]),
    ("a status that came", (*GOOD, gave("03", A, sender=B, at=3), got("03", A, sender=B, at=4)), []),
    ("a status that did not", (*GOOD, gave("03", A, sender=B, at=3)), ["lost", "order"]),
    (
        "a late status does no harm",
        (
            *GOOD,
            *(gave(what, A, sender=B, at=at) for at, what in ((3, "03"), (4, "06"))),
            *(got(what, A, sender=B, at=at) for at, what in ((5, "06"), (6, "03"))),
        ),
        [],
    ),
    (
        "an answer before what it answers",
        (
            *GOOD,
            *(gave("13", B, at=3), got("13", B, at=4), gave("15", A, sender=B, at=5), got("15", A, sender=B, at=2.5)),
        ),
        ["order"],
    ),
    ("a revocation needs no 01", (*GOOD, gave("1", B, at=3), got("1", B, at=4)), []),
]


@pytest.mark.parametrize(("facts", "faults"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_a_fault(facts: tuple[Fact, ...], faults: list[str]) -> None:
    """Each fault is named by its first word."""
    assert [fault.partition(":")[0] for fault in judge(facts).faults] == faults


def test_what_is_on_its_way_is_not_lost_yet() -> None:
    """A document given a moment ago may still arrive."""
    assert judge([*GOOD, gave("3", B, at=9)], before=5).faults == ()


def test_counts() -> None:
    """Documents and statuses due, filed, and refused with the sender told."""
    judged = judge([gave("0", B, C), got("0", B), ARRIVED, told(C)])
    assert (judged.documents, judged.statuses, judged.filed, judged.refused) == (2, 1, 2, 1)
    assert (judged.lost, judged.twice) == (0, 0)


def test_a_record_is_judged_from_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the faults in sentences, and fails."""
    record = Record(tmp_path / "record.jsonl")
    record.add(GOOD)
    assert main([str(record.path)]) == 0
    record.add([got("0", B)])
    record.close()
    assert main([str(record.path)]) == 1
    assert "twice: d (0) G22 → H49 was filed 2 times" in capsys.readouterr().out
