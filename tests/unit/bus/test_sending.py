"""Accepting and publishing: the corners that no story of tests/scenarios goes through."""

from dataclasses import replace

from bus.directory import Directory
from bus.errors import NoKey
from tests.scenarios.country import AGENCIES, Land, document


def test_a_recipient_without_a_key_is_refused_and_the_others_go() -> None:
    """Its mailbox is listed and its key is not yet: the authority must act; the rest of the batch is accepted."""
    land = Land()
    office = land["G22"]
    keyless = Directory.parse({"a.toml": AGENCIES, "keys.toml": ""}, on=land.now.date())
    known = office.member
    office.member = replace(known, directory=keyless)
    office.dms.write(document())
    (refused,) = land.collect("G22")
    assert isinstance(refused.error, NoKey)
    assert refused.message is None
    office.member = known
    office.dms.write(document(number=2))
    (accepted,) = land.collect("G22")
    assert accepted.message
    assert land.publish("G22").confirmed == 1
