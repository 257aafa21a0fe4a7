"""The algorithms that a mailbox reads, and which one a sender takes. Names are those of schemas §4.4 and §4.7.

A new algorithm comes in three steps without a flag day: readers learn it and say so in the directory; senders choose it
for those who read it; in the end the root's charter allows nothing else. schemas/README.md §9.9."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

from pydantic import Field

from bus.errors import NotUnderstood, said
from bus.trust.keys import Algorithm
from schemas.values import AlgorithmName, MailboxCode, Value

X_WING: Final = "x-wing"
SIGNATURES: Final[tuple[str, ...]] = (Algorithm.P256, Algorithm.ED25519)
"""That a reader reads whose directory says nothing of it: those of version 1 from its beginning."""
SEALS: Final[tuple[str, ...]] = (X_WING,)


class Allowed(Value):
    """The algorithms that messages may use, by a charter. A list that is absent allows all."""

    signatures: Annotated[tuple[AlgorithmName, ...], Field(max_length=16)] = ()
    seals: Annotated[tuple[AlgorithmName, ...], Field(max_length=16)] = ()


def choose(
    ours: Sequence[str], readers: Iterable[tuple[MailboxCode, Sequence[str]]], *, allowed: Sequence[str] = ()
) -> str:
    """The best algorithm that every reader knows and the directory allows; `ours` is what we can make, best first.

    Raises NotUnderstood, naming the first mailbox for which none is left.
    """
    left = [each for each in ours if not allowed or each in allowed]
    if not left:
        what = said(
            "thuật toán {ours}: danh mục chỉ cho phép {allowed}",
            "algorithms {ours}: the directory allows {allowed}",
            ours=_names(ours),
            allowed=_names(allowed),
        )
        raise NotUnderstood(mailbox="–", what=what)
    for mailbox, reads in readers:
        understood = [each for each in left if each in reads]
        if not understood:
            what = said(
                "thuật toán {left} (nó chỉ đọc {reads})",
                "{left} (it reads {reads})",
                left=_names(left),
                reads=_names(reads),
            )
            raise NotUnderstood(mailbox=mailbox, what=what)
        left = understood
    return left[0]


def _names(algorithms: Sequence[str]) -> str:
    return ", ".join(algorithms) or "–"
