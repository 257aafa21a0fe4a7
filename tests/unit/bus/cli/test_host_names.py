"""bus/cli/host_names.py: what a certificate may call a machine."""

import pytest

from bus.cli.host_names import is_host


@pytest.mark.parametrize("text", ["bus", "localhost", "a.b-c.vn", "*.bus.vn", "10.0.0.1", "::1", "2001:db8::7"])
def test_names_and_addresses(text: str) -> None:
    """As a client compares them."""
    assert is_host(text)


@pytest.mark.parametrize(
    "text", ["", "bus:5671", "https://bus", "bus.vn.", "bus_1.local", "trục.vn", "*.*.vn", "a.*.vn", "-x", "x" * 65]
)
def test_what_no_client_asks_for(text: str) -> None:
    """A certificate with such a name would be of no use, and its maker would learn it at the first connection."""
    assert not is_host(text)
