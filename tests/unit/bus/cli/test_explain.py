"""`lienthong explain`"""

import json

import pytest
from click.testing import CliRunner, Result

from bus.cli.explain import every
from bus.cli.main import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("typed", ["clock-ahead", "CLOCK-AHEAD", "[clock-ahead; sender acts]"])
def test_a_code_in_words(typed: str) -> None:
    """As it is copied from a line, in both languages."""
    result = run(typed)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "clock-ahead: lỗi / error; nơi gửi xử lý / sender acts",
        "  Nghĩa là: Bản tin đề giờ đi trước đồng hồ nơi nhận quá 5 phút.",
        "  Làm: Người vận hành nơi gửi chỉnh giờ máy (NTP), rồi gửi lại văn bản.",
        "  It means: A message says a time more than 5 minutes ahead of the recipient's clock.",
        "  Do: Set the sender's clock (NTP), then send again.",
    ]


def test_an_error_and_a_rule_may_have_one_name() -> None:
    """Both are told, for programs too."""
    assert "gói tin bị từ chối / package; nơi gửi xử lý" in run("too-large").stdout
    told = json.loads(run("too-large", "--json").stdout)
    assert [each["of"] for each in told] == ["error", "package"]
    assert set(told[0]["means"]) == {"vi", "en"}


def test_every_code() -> None:
    """Without a code: all there are, in a table that an eighty-column terminal holds."""
    result = CliRunner().invoke(main, ["explain"], catch_exceptions=False, env={"COLUMNS": "80"})
    first = [line.split()[0] for line in result.stdout.splitlines() if line[:1].strip()]
    assert first[2:] == [each.code for each in every()]
    assert all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines())
    assert len(json.loads(run("--json").stdout)) == len(every())


def test_what_queues_finds() -> None:
    """With its remedy."""
    assert run("dead-nearly-full").stdout.splitlines() == [
        "dead-nearly-full: hàng đợi / queue; người vận hành xử lý / operator acts",
        "  Nghĩa là: Sắp đầy (…).",
        "  Làm: Xem của ai: lienthong dead list, rồi dead discard.",
        "  It means: Nearly full (…).",
        "  Do: See whose: lienthong dead list, then dead discard.",
    ]


@pytest.mark.parametrize(("typed", "hint"), [("clok-ahead", "near: clock-ahead"), ("x", "lienthong explain")])
def test_a_code_that_there_is_not(typed: str, hint: str) -> None:
    """A wrong use of the command; one that is spelt like it is named."""
    result = run(typed)
    assert result.exit_code == 2
    assert hint in result.stderr


def test_the_name_of_an_event() -> None:
    """With its words, and where each of them is read."""
    said = run("broker.away").stdout.splitlines()
    assert said[0] == "broker.away: sự kiện / event"
    assert said[1:4:2] == ["  Nghĩa là: Không dùng được RabbitMQ.", "  It means: RabbitMQ cannot be used."]
    assert json.loads(run("broker.away", "--json").stdout)[0]["of"] == "event"
