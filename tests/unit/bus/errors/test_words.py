import copy
import errno
import os
import uuid
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from bus.errors import Words, listed, of_fields, of_system, quoted, said, side_by_side


def _ours(text: str) -> str:
    if text == "y":
        raise ValueError("odd")
    if text != "here":
        raise ValueError(said("không ở đó", "not there"))
    return text


def test_a_fact_has_two_languages() -> None:
    """As a text it is the English one: in a log, in JSON, inside another text."""
    words = said("khóa của {mailbox}", "the key of {mailbox}", mailbox="H49")
    assert (words.vi, words, f"{words}") == ("khóa của H49", "the key of H49", "the key of H49")
    assert copy.copy(words).vi == "khóa của H49"


def test_a_fact_in_a_fact_is_told_in_the_language_around_it() -> None:
    """However deep."""
    why = said("đĩa đã đầy", "the disk is full")
    words = said("không ghi được: {why}", "not written: {why}", why=said("{w}!", "{w}!", w=why))
    assert (words.vi, str(words)) == ("không ghi được: đĩa đã đầy!", "not written: the disk is full!")


def test_a_quotation_says_that_it_is_one() -> None:
    """Another program has one language only; words of ours are no quotation."""
    assert (quoted("syntax error").vi, str(quoted("syntax error"))) == ("“syntax error”", "syntax error")
    ours = Words("của ta", "ours")
    assert quoted(ours) is ours
    assert quoted(ValueError(ours)) is ours
    assert quoted(ValueError("theirs")).vi == "“theirs”"


def test_a_list_of_facts() -> None:
    """In both languages."""
    words = listed([Words("một", "one"), Words("hai", "two")])
    assert (words.vi, str(words)) == ("một; hai", "one; two")


@pytest.mark.parametrize(
    ("error", "vi", "en"),
    [
        (
            OSError(errno.ENOENT, os.strerror(errno.ENOENT)),
            "không có tệp hoặc thư mục này",
            "No such file or directory",
        ),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "không có quyền", "Permission denied"),
        (OSError(errno.EXFULL, "Exchange full"), "“Exchange full”", "Exchange full"),
        (OSError("odd"), "“odd”", "odd"),
        (TimeoutError(), "“TimeoutError”", "TimeoutError"),
    ],
)
def test_what_the_operating_system_says(error: OSError, vi: str, en: str) -> None:
    """In Vietnamese where people meet it often; what is rare is quoted."""
    assert (of_system(error).vi, str(of_system(error))) == (vi, en)


class _Options(BaseModel, extra="forbid"):
    root: str
    every: Annotated[float, Field(gt=0)] = 1
    size: int = 1
    where: Annotated[str, AfterValidator(_ours)] = "here"
    kind: uuid.UUID | None = None
    tape: Literal["a", "b"] = "a"


@pytest.mark.parametrize(
    ("told", "vi", "en"),
    [
        ({}, "root: còn thiếu", "root: is missing"),
        (
            {"root": "a", "rot": 1},
            "rot: không có mục này, xem lại chính tả",
            "rot: there is no such setting, look at its spelling",
        ),
        ({"root": "a", "every": 0}, "every: phải lớn hơn 0.0", "every: must be more than 0.0"),
        ({"root": "a", "where": "x"}, "where: không ở đó", "where: not there"),
        ({"root": "a", "where": "y"}, "where: “odd”", "where: odd"),
        ({"root": "a", "tape": "x"}, "tape: phải là một trong 'a', 'b'", "tape: must be one of 'a', 'b'"),
        (
            {"root": 1, "size": "x"},
            "root: phải là chuỗi trong ngoặc kép; size: phải là số nguyên",
            "root: must be a text in quotes; size: must be a whole number",
        ),
        ([], "options: phải là một mục [tên]", "options: must be a section [name]"),
    ],
)
def test_what_is_wrong_with_a_field(told: object, vi: str, en: str) -> None:
    """By its name, in both languages; what a validator of ours says, and of a whole."""
    with pytest.raises(ValidationError) as caught:
        _Options.model_validate(told)
    words = of_fields(caught.value.errors(), whole="options")
    assert (words.vi, str(words)) == (vi, en)
    assert of_fields(caught.value.errors())


def test_a_rare_fault_of_a_field_is_quoted() -> None:
    """In pydantic's own words."""
    with pytest.raises(ValidationError) as caught:
        _Options.model_validate({"root": "a", "kind": "x"})
    assert of_fields(caught.value.errors()).vi.startswith("kind: “Input should be a valid UUID")


def test_a_reason_in_one_language_is_quoted() -> None:
    """In Vietnamese only: it is somebody else's, whatever its language; names and figures are not."""
    words = said("{name}: {why}", "{name}: {why}", name="H49", why=ValueError("disk I/O error"))
    assert (words.vi, str(words)) == ("H49: “disk I/O error”", "H49: disk I/O error")


def test_both_languages_stand_side_by_side() -> None:
    """What has one language is left alone."""
    assert side_by_side(Words("hết chỗ", "no space")) == "hết chỗ / no space"
    assert side_by_side("no space") == "no space"
