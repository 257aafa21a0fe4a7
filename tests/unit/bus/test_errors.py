import re
import string

import pytest

import bus.errors
from bus.errors import (
    BY_CODE,
    AgencyClosed,
    BadConfig,
    BadPackage,
    BusError,
    ClockAhead,
    NotPossible,
    Refused,
    RefusedByDms,
    TryLater,
    Who,
    said,
)
from tests.house.vietnamese import english_in

LONGEST = 130


def test_an_error_says_who_must_act_in_both_languages() -> None:
    """The sentence names the facts, the next step, the code and who acts."""
    error = AgencyClosed(agency="H08", closed="2025-07-01", successor="H21")
    assert str(error) == (
        "Code H08 is closed since 2025-07-01; its successor is H21. "
        "Make H21 the recipient and send it again. [agency-closed; sender acts]"
    )
    assert error.in_vietnamese() == (
        "Mã H08 đã đóng từ 2025-07-01; đơn vị kế thừa là H21. "
        "Ghi H21 làm nơi nhận rồi gửi lại. [agency-closed; nơi gửi xử lý]"
    )


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=BY_CODE.keys())
def test_every_error_is_complete(kind: type[BusError]) -> None:
    """A code of its own, somebody who acts, and three sentences in two languages: what it means, what happened, what to
    do."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert kind.who in Who
    assert issubclass(kind, Refused | TryLater)
    for text in (kind.means_vi, kind.means_en, kind.vi, kind.en, kind.do_vi, kind.do_en):
        assert text.endswith(".")
        assert not text.endswith("..")
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text))
    for text in (kind.means_vi, kind.means_en):
        assert "{" not in text
        assert len(text) <= LONGEST


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=BY_CODE.keys())
def test_an_error_without_its_facts_still_reads(kind: type[BusError]) -> None:
    """A code that came in a receipt, or lies in `dead`: what it means, and a next step in which nothing is missing."""
    error = kind()
    for text, means in ((error.in_vietnamese(), kind.means_vi), (error.in_english(), kind.means_en)):
        assert "?" not in text
        assert "{" not in text
        assert "  " not in text
        if "{" in kind.en:
            assert text.startswith(means)


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=BY_CODE.keys())
def test_a_vietnamese_sentence_is_vietnamese(kind: type[BusError]) -> None:
    """Names of commands, files and protocols stay; no other English word is in it."""
    for text in (kind.means_vi, kind.vi, kind.do_vi):
        assert not english_in(text)
        assert any(ord(letter) > 0x7F for letter in text)
    for text in (kind.means_en, kind.en, kind.do_en):
        assert not re.search(r"[À-ỹ]", text.replace("QĐ 28/2018", ""))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Không kết nối được: no answer in 5 s.", ["no", "answer", "in"]),
        ("Chạy lienthong inbox retry -c TỆP.toml trong /var/lib/x.", []),
        ("RabbitMQ nói “ACCESS_REFUSED for you”.", []),
        ("dòng trống (its first line is empty)", ["its", "first", "line", "is", "empty"]),
        ("kho sẽ tự thử lại theo trình tự", []),
        ("hơn một trăm mười ba byte", []),
    ],
)
def test_english_is_recognised(text: str, found: list[str]) -> None:
    """By its words; commands, paths, placeholders and quotations are left out, and Vietnamese has words like `ban`."""
    assert english_in(text) == found


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring of bus/errors names every error once, with the one who acts."""
    drawn = dict(re.findall(r"[├└]── (\w+) +(sender|recipient|operator|authority)", bus.errors.__doc__ or ""))
    assert drawn == {kind.__name__: kind.who for kind in BY_CODE.values()}


def test_every_error_is_exported() -> None:
    """Nobody imports from the files beneath; and no code stands for two errors."""
    leaves = [leaf for branch in BusError.__subclasses__() for leaf in branch.__subclasses__()]
    assert set(bus.errors.__all__) == {leaf.__name__ for leaf in leaves} | {
        "BY_CODE", "WHO_VI", "BusError", "Refused", "TryLater", "UnknownKey", "Who",
        "NoSuccessor", "SuccessorNotJoined", "Words", "listed", "of_fields", "of_system", "quoted", "said",
        "side_by_side",
    }  # fmt: skip
    assert len({leaf.code for leaf in leaves}) == len(leaves) == len(BY_CODE)


def test_a_fact_is_a_stranger_s_text() -> None:
    """Errors go to terminals, logs and files: a fact ends no line there. The fact itself stays as it was."""
    error = AgencyClosed(agency="H08\nH09", closed="\x9b31m", successor="\u202e")
    assert "Code H08⏎H09 is closed since <U+009B>31m; its successor is <U+202E>." in str(error)
    assert "H08⏎H09" in error.in_vietnamese()
    assert error.facts["agency"] == "H08\nH09"


def test_a_fact_is_told_in_the_language_around_it() -> None:
    """A fact that has two languages does not bring the other one along."""
    error = BadConfig(file="H49.toml", why=said("đĩa đã đầy", "the disk is full"))
    assert error.in_vietnamese().startswith("Không dùng được H49.toml: đĩa đã đầy. ")
    assert error.in_english().startswith("H49.toml cannot be used: the disk is full. ")
    assert (error.in_both().vi, str(error.in_both())) == (error.in_vietnamese(), error.in_english())


def test_who_raises_it_may_know_a_better_next_step() -> None:
    """It takes the place of the next step of all errors of the kind."""
    error = BadConfig(file="a.db", why=said("đã có", "it exists"), do=said("Chọn tên khác.", "Choose another name."))
    assert str(error) == "a.db cannot be used: it exists. Choose another name. [bad-config; operator acts]"
    assert error.in_vietnamese() == ("Không dùng được a.db: đã có. Chọn tên khác. [bad-config; người vận hành xử lý]")
    assert error.next_step().vi == "Chọn tên khác."


def test_what_was_asked_and_the_state_are_told_in_both_languages() -> None:
    """An operator's verb, and the state of the entry."""
    error = NotPossible(verb="withdraw", message="m1", state="done")
    assert str(error).startswith("Cannot withdraw message m1: it is done.")
    assert error.in_vietnamese().startswith("Không thể rút lại bản tin m1: đã xong.")


def test_a_receipt_tells_a_code_only() -> None:
    """What its sentence would name is not known where it is read: no `?` stands for it."""
    error = ClockAhead(message="m1", mailbox="H49")
    assert str(error).startswith("A message says a time more than 5 minutes ahead of the recipient's clock. Set ")
    refused = RefusedByDms(document="H49,2026/11/29,7/TN", why=RefusedByDms.code)
    assert str(refused).startswith("The recipient's document system refuses it, and would refuse it again. ")
    assert refused.in_vietnamese().startswith("Phần mềm quản lý văn bản của nơi nhận từ chối, và ")


def test_a_fact_may_be_given_twice() -> None:
    """Or once, for both languages."""
    both = BadPackage(path="To", why="empty", why_vi="trống", remedy="write it", remedy_vi="ghi vào")
    assert both.in_vietnamese().startswith("Gói tin không đọc được: trống. Sửa tại To: ghi vào. ")
    whole = BadPackage(path="/", why="empty", why_vi="trống", remedy="send it whole", remedy_vi="gửi lại cả tệp")
    assert whole.in_vietnamese().startswith("Gói tin không đọc được: trống. Gửi lại cả tệp. [")
    once = BadPackage(path="To", why=said("trống", "empty"), remedy="“x”")
    assert once.in_vietnamese().startswith("Gói tin không đọc được: trống. Sửa tại To: “x”. ")
