"""bus/rabbit/link_settings.py"""

import pytest

from bus.errors import BadConfig
from bus.rabbit.link_settings import LinkSettings


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://H49:p@broker", "begin with amqp"),
        ((), "there is none"),
        (("amqp://H49:p@a/gov", "amqp://H49:p@b/other"), "one virtual host"),
    ],
)
def test_urls_of_no_use_are_refused(url: str | tuple[str, ...], why: str) -> None:
    """At once, not at the first attempt to connect."""
    with pytest.raises(BadConfig, match=why):
        LinkSettings(mailbox="H49", url=url)


def test_each_connection_has_a_name() -> None:
    """Operators read in RabbitMQ whose it is, and what for."""
    settings = LinkSettings(mailbox="H49", url=("amqp://H49@a", "amqp://b"), password="secret", heartbeat=7)
    told = [settings.parameters(node, purpose="publish") for node in settings.nodes()]
    assert [(each.host, each.heartbeat) for each in told] == [("a", 7), ("b", 7)]
    assert {str((each.client_properties or {})["connection_name"]) for each in told} == {"lienthong H49 publish"}
    assert "secret" not in repr(settings)
