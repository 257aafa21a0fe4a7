"""The parts that every error has: who acts, a code, and sentences in two languages. The tree is in bus/errors."""

import re
from enum import StrEnum
from functools import cache
from typing import ClassVar

from bus.errors.words import REASON, Words, vietnamese
from schemas.printable import printable


class Who(StrEnum):
    """Who must act."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    OPERATOR = "operator"
    AUTHORITY = "authority"


WHO_VI = {
    Who.SENDER: "nơi gửi",
    Who.RECIPIENT: "nơi nhận",
    Who.OPERATOR: "người vận hành",
    Who.AUTHORITY: "cơ quan quản lý danh mục",
}


class BusError(Exception):
    """Made with the facts its sentences name: `AgencyClosed(agency="H08", successor="H21")`. A fact that has two
    languages is a `Words`. The fact `do`, a `Words`, takes the place of the class's next step, where the one who raises
    knows a better one.

    `code` is stable and travels in receipts; sentences are the reader's own. One that came in a receipt has few facts:
    then `means_vi`, `means_en` are told, which need none.
    """

    code: ClassVar[str]
    who: ClassVar[Who]
    means_vi: ClassVar[str]
    means_en: ClassVar[str]
    vi: ClassVar[str]
    en: ClassVar[str]
    do_vi: ClassVar[str]
    do_en: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.in_english())

    def in_english(self) -> str:
        what = self.en if self._has_all(self.en) else self.means_en
        return f"{self._fill(what, _Facts(self.facts))} {self.next_step()} [{self.code}; {self.who} acts]"

    def in_vietnamese(self) -> str:
        what = self.vi if self._has_all(self.vi) else self.means_vi
        facts = _VietnameseFacts(vietnamese(self.facts))
        return f"{self._fill(what, facts)} {self.next_step().vi} [{self.code}; {WHO_VI[self.who]} xử lý]"

    def in_both(self) -> Words:
        return Words(self.in_vietnamese(), self.in_english())

    def next_step(self) -> Words:
        """Who does what now, in both languages."""
        do = self.facts.get("do")
        if isinstance(do, Words):
            return Words(printable(do.vi), printable(do))
        return Words(
            self._fill(self.do_vi, _VietnameseFacts(vietnamese(self.facts))), self._fill(self.do_en, _Facts(self.facts))
        )

    def __str__(self) -> str:
        return self.in_english()

    def _has_all(self, sentence: str) -> bool:
        """A reason that is only the code over again, as of a receipt, is none."""
        names = {name.removesuffix(_VI) for name in _named(sentence)}
        return names <= {name.removesuffix(_VI) for name in self.facts} and (
            REASON not in names or self.facts.get(REASON) != self.code
        )

    def _fill(self, sentence: str, facts: dict[str, object]) -> str:
        return printable(sentence.format_map(facts))  # facts may be strangers' texts


@cache
def _named(sentence: str) -> frozenset[str]:
    return frozenset(re.findall(r"\{(\w+)", sentence))


class _Facts(dict[str, object]):
    """Words for what a next step names and nobody told."""

    def __missing__(self, key: str) -> str:
        return UNTOLD[key]


class _VietnameseFacts(dict[str, object]):
    def __missing__(self, key: str) -> object:
        plain = key.removesuffix(_VI)
        return self[plain] if plain in self else UNTOLD[plain].vi  # a fact that is given once serves both languages


_VI = "_vi"
"""The end of the name of a fact that is given twice, once in each language."""


UNTOLD = {
    "mailbox": Words("nơi nhận", "the recipient"),
    "name": Words("nơi yêu cầu", "whoever asks"),
    "successor": Words("đơn vị kế thừa", "its successor"),
    "path": Words("gói tin", "the package"),
    "remedy": Words("ghi theo quy định của định dạng", "keep to the rules of the format"),
}
"""What stands for a fact in a next step, where the fact is not known."""


class Refused(BusError):
    """Trying again will not help."""


class TryLater(BusError):
    """The same thing may work in a while."""
