"""How the management API's answers reach people. What it does is tested on a real broker: tests/integration."""

import httpx
import pytest

from bus.errors import BadConfig, BrokerAway, BusError
from bus.rabbit.management import Management

URL = "http://guest:s3cret@broker:15672"


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
        (httpx.ReadTimeout(""), BrokerAway, "ReadTimeout"),
        (httpx.Response(401, json={"error": "not_authorized", "reason": "Login failed"}), BadConfig, "administrator"),
        (httpx.Response(403, json={"error": "forbidden"}), BadConfig, "forbidden"),
        (httpx.Response(404, json={"error": "Object Not Found", "reason": "Not Found"}), BadConfig, "topology apply"),
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
        ("http://guest:guest@broker:15672", "http://broker:15672", "Basic Z3Vlc3Q6Z3Vlc3Q="),
        ("https://a%40b:p%2Fw@[::1]:15671/rabbit/", "https://[::1]:15671/rabbit", "Basic YUBiOnAvdw=="),
        ("http://guest:@broker", "http://broker", "Basic Z3Vlc3Q6"),
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

    urls = "http://a:s3cret@one:15672 http://b:s3cret@two:15672"
    with Management(urls, transport=httpx.MockTransport(handle)) as management:
        if not answered:
            with pytest.raises(BrokerAway, match="one"):
                management.version()
            assert seen == asked
            return
        assert (management.version(), management.version()) == ((4, 3), (4, 3))
        assert management.address == "http://two:15672"
    assert seen == [*asked, "two"]


def test_all_that_are_away_are_named() -> None:
    """And none of their passwords."""
    urls = "http://a:s3cret@one:15672 http://b:s3cret@two:15672"
    with (
        Management(urls, transport=answering(httpx.ConnectError("refused"))) as management,
        pytest.raises(BrokerAway, match="one:15672: refused; http://two:15672: refused") as caught,
    ):
        management.get("/overview")
    assert "s3cret" not in str(caught.value)
