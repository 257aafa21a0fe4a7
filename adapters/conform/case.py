"""A case of the suite: its number, what it asks in two languages, and the function that tries it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from adapters.conform.trial import Trial


class Need(StrEnum):
    """What a case cannot be tried without: its sentence says why it was not run."""

    vi: str
    en: str

    def __new__(cls, name: str, vi: str = "", en: str = "") -> Self:
        self = str.__new__(cls, name)
        self._value_ = name
        self.vi, self.en = vi, en
        return self

    SITE = "site", "chưa khai báo [conform] site", "there is no [conform] site"
    LARGE = "large", "bộ kết nối không nhận tệp lớn (takes_large)", "the adapter takes no large files (takes_large)"
    BOUNCES = "bounces", "hệ thống không có chỗ hiện việc trả lại", "the system has no place to show a bounce"
    FILINGS = "filings", "hệ thống không trả lời được là đang giữ gì", "the system cannot be asked what it keeps"
    SLOWLY = "slowly", "chưa thử được việc gửi chậm (submits_slowly)", "a slow submission cannot be tried"
    TROUBLES = "troubles", "chưa thử được cái nằm lại (sticks)", "what is stuck cannot be tried (sticks)"
    SPOILT = (
        "spoilt reports",
        "chưa thử được trạng thái không ghi được (spoils_reports)",
        "a status that fails cannot be tried (spoils_reports)",
    )
    SERVER = "server", "bộ kết nối không nói chuyện với máy chủ nào qua TCP", "the adapter speaks with no server by TCP"
    STEPS = (
        "steps",
        "không thấy bước nào của bộ kết nối, nên không biết tắt ở đâu; còn F-46 đến F-49",
        "no step of the adapter is seen, so there is no place to kill it at; F-46 to F-49 remain",
    )


class CannotTry(Exception):
    """Only while it was tried did it turn out that it cannot be."""

    def __init__(self, need: Need) -> None:
        super().__init__(need.en)
        self.need = need


@dataclass(frozen=True, slots=True)
class Row:
    """One way to try a case."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    number: str
    """N-01: an ordinary day. F-01: something is made to fail, and must be borne or refused."""
    vi: str
    en: str
    run: "Callable[[Trial], None]"
    needs: frozenset[Need] = frozenset()
    rows: Sequence[Row] = (Row("", None),)


def case(
    number: str, vi: str, en: str, *, needs: Sequence[Need] = (Need.SITE,), rows: Sequence[Row] = (Row("", None),)
) -> "Callable[[Callable[[Trial], None]], Case]":
    """Makes a `Case` of the function below it."""

    def made(run: "Callable[[Trial], None]") -> Case:
        return Case(number=number, vi=vi, en=en, run=run, needs=frozenset(needs), rows=rows)

    return made
