"""bus/judging.py, where it is about batches; who is believed is in tests/scenarios/test_strangers.py and
test_identity.py."""

from dataclasses import replace
from typing import Any, cast

from bus.directory import Directory, MailboxKeys
from bus.errors import BadMessage
from bus.judging import judge
from bus.mailroom import address, seal
from bus.records import Arrival
from tests.scenarios.country import Land, document


class Stumbling:
    """A directory that fails in a way of its own over one mailbox."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def keys(self, mailbox: str) -> MailboxKeys:
        if mailbox == "G22":
            raise RuntimeError("out of its mind")
        return self._directory.keys(mailbox)


def test_our_own_failure_over_one_message_stops_no_other() -> None:
    """Nothing that was read of it is believed, and it is said what failed; before it and after it all is well."""
    land = Land()
    bodies = [
        (code, seal(land[code].member, address(land[code].member, document(code, "H49")), now=land.now).body)
        for code in ("H53", "G22", "H53")
    ]
    arrivals = [Arrival(tag=(1, n), body=body, user=code) for n, (code, body) in enumerate(bodies, start=1)]
    member = land["H49"].member
    member = replace(member, directory=cast(Directory, Stumbling(member.directory)))
    before, failed, after = judge(member, arrivals, land.now)
    assert (before.error, after.error) == (None, None)
    assert isinstance(failed.error, BadMessage)
    assert "RuntimeError" in str(failed.error)
    assert failed.envelope is None
