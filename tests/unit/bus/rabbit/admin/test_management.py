"""How the management API's answers reach people. What it does is tested on a real broker: tests/integration."""

from contextlib import suppress
from typing import Any

import httpx
import pytest

from bus.errors import BadConfig, BrokerAway, BusError
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_overview import fetch_overview
from bus.rabbit.admin.replicas import fetch_under_replicated
from tests.unit.bus.rabbit.nobody import closed_ports

URL = "https://guest:s3cret@broker:15672"


def answering(response: httpx.Response | Exception) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return httpx.MockTransport(handle)


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (httpx.ConnectError("refused"), BrokerAway, "refused"),
        (httpx.ReadTimeout(""), BrokerAway, "no answer in 300 s"),
        (httpx.WriteTimeout(""), BrokerAway, "WriteTimeout"),
        (httpx.Response(401, json={"error": "not_authorized", "reason": "Login failed"}), BadConfig, "administrator"),
        (httpx.Response(403, json={"error": "forbidden"}), BadConfig, "forbidden"),
        (httpx.Response(404, json={"error": "Object Not Found", "reason": "Not Found"}), BadConfig, "topology apply"),
        (httpx.Response(302, headers={"Location": "http://elsewhere/"}), BadConfig, "302"),
        (httpx.Response(200, text="[" * 100_000), BadConfig, "not RabbitMQ's management API"),
        (httpx.Response(400, text='{"reason":' * 100_000), BadConfig, "Bad Request"),
        (httpx.Response(400, json={"reason": "Validation failed"}), BadConfig, "Validation failed"),
        (httpx.Response(500, text="<html>"), BrokerAway, "Internal Server Error"),
        (httpx.Response(503, json=["down"]), BrokerAway, "Service Unavailable"),
        (httpx.Response(200, text="<html>a proxy</html>"), BadConfig, "not RabbitMQ's management API"),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(
    response: httpx.Response | Exception, error: type[BusError], words: str
) -> None:
    """Away, refused or wrong: each is the error that tells who acts, and none shows the password."""
    with Management(URL, transport=answering(response)) as management, pytest.raises(error) as caught:
        management.get("/overview")
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["broker:15672", "http://broker:15672", "http://guest@broker:15672", "amqp://a:b@broker", "http://a:b@[", ""],
)
def test_a_url_must_say_who_and_where(url: str) -> None:
    """A URL without user, password or host is refused before anything is sent."""
    with pytest.raises(BadConfig, match="management URL"):
        Management(url)


@pytest.mark.parametrize(
    ("url", "address", "authorization"),
    [
        ("https://guest:guest@broker:15672", "https://broker:15672", "Basic Z3Vlc3Q6Z3Vlc3Q="),
        ("https://a%40b:p%2Fw@[::1]:15671/rabbit/", "https://[::1]:15671/rabbit", "Basic YUBiOnAvdw=="),
        ("https://guest:@broker", "https://broker", "Basic Z3Vlc3Q6"),
    ],
)
def test_user_and_password_may_hold_any_character(url: str, address: str, authorization: str) -> None:
    """They are percent-decoded, sent as basic authentication, and are not part of the address that people see."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"rabbitmq_version": "4.3.6"})

    with Management(url, transport=httpx.MockTransport(handle)) as management:
        assert management.version() == (4, 3)
        assert management.address == address
    assert seen[0].headers["Authorization"] == authorization
    assert str(seen[0].url).startswith(f"{address}/api/overview")


@pytest.mark.parametrize(
    ("first", "asked", "answered"),
    [
        (httpx.ConnectError("refused"), ["one", "two"], True),
        (httpx.ConnectTimeout("late"), ["one", "two"], True),
        (httpx.ReadTimeout("late"), ["one"], False),
        (httpx.Response(503), ["one"], False),
    ],
    ids=["refused", "no connection", "no answer", "an answer"],
)
def test_the_next_node_is_asked_where_one_is_away(
    first: httpx.Response | Exception, asked: list[str], answered: bool
) -> None:
    """Only where nothing can have been done yet; and the one that answers is asked from then on."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        if request.url.host == "two":
            return httpx.Response(200, json={"rabbitmq_version": "4.3.6"})
        if isinstance(first, Exception):
            raise first
        return first

    urls = "https://a:s3cret@one:15672 https://b:s3cret@two:15672"
    with Management(urls, transport=httpx.MockTransport(handle)) as management:
        if not answered:
            with pytest.raises(BrokerAway, match="one"):
                management.version()
            assert seen == asked
            return
        assert (management.version(), management.version()) == ((4, 3), (4, 3))
        assert management.address == "https://two:15672"
    assert seen == [*asked, "two"]


def test_all_that_are_away_are_named() -> None:
    """And none of their passwords."""
    urls = "https://a:s3cret@one:15672 https://b:s3cret@two:15672"
    with (
        Management(urls, transport=answering(httpx.ConnectError("refused"))) as management,
        pytest.raises(BrokerAway, match="one:15672: refused; https://two:15672: refused") as caught,
    ):
        management.get("/overview")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://a:s3cret@bus.example.vn:15672", True),
        ("http://a:s3cret@10.0.0.5", True),
        ("http://a:s3cret@127.0.0.1.example.vn", True),
        ("http://a:s3cret@localhost http://a:s3cret@bus2", True),
        ("http://a:s3cret@localhost:15672", False),
        ("http://a:s3cret@127.8.9.1:15672", False),
        ("http://a:s3cret@[::1]:15672", False),
        ("https://a:s3cret@bus.example.vn:15671", False),
    ],
)
def test_the_password_goes_over_no_line_in_clear(url: str, refused: bool) -> None:
    """To this machine, or encrypted; anywhere only where somebody says that it is a trial."""
    with Management(url, plain=True, transport=answering(httpx.Response(200))):
        pass
    if not refused:
        with Management(url, transport=answering(httpx.Response(200))):
            return
    with pytest.raises(BadConfig, match="LIENTHONG_PLAIN") as caught:
        Management(url)
    assert "https://" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("bounds", [{"largest": 10}, {"longest": -1.0}], ids=["too large", "too slow"])
def test_an_answer_without_end_ends(bounds: dict[str, Any]) -> None:
    """Whoever answers in the broker's name fills no memory, and holds up nobody."""
    answer = httpx.Response(200, json={"rabbitmq_version": "4.3.6"})
    with Management(URL, transport=answering(answer), **bounds) as management, pytest.raises(BrokerAway, match="more"):
        management.version()


@pytest.mark.parametrize("answer", [[], {}, 7, "x", {"rabbitmq_version": []}, [[[]]], [{"name": 7}], {"a": [1]}])
def test_json_that_is_not_rabbitmqs_is_said(answer: object) -> None:
    """Nothing that a node answers ends a command by a traceback."""
    with Management(URL, transport=answering(httpx.Response(200, json=answer))) as management:
        with pytest.raises(BadConfig):
            management.version()
        for ask in (fetch_overview, fetch_under_replicated):
            with suppress(BadConfig):
                ask(management, vhost="bus")
        with suppress(BadConfig):
            management.topology("bus")


def test_nobody_who_listens_is_told_in_both_languages() -> None:
    """The operating system's number is no word for people."""
    with (
        closed_ports(1) as (port,),
        Management(f"http://a:b@127.0.0.1:{port}") as management,
        pytest.raises(BrokerAway) as caught,
    ):
        management.version()
    assert f"http://127.0.0.1:{port}: máy đó từ chối kết nối" in caught.value.in_vietnamese()
    assert "Errno" not in f"{caught.value.in_vietnamese()} {caught.value.in_english()}"
