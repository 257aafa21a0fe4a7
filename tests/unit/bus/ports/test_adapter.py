"""bus/ports/adapter.py: what an adapter need not write itself."""

from datetime import UTC, datetime

from tests.unit.bus.cli.plain import Plain


def test_an_adapter_of_an_earlier_version_goes_on() -> None:
    """Without methods that came later: it has no troubles, and is made to be checked as it is made to work."""
    made = Plain.made_to_check({})
    assert isinstance(made, Plain)
    assert made.troubles(datetime(2026, 11, 30, tzinfo=UTC)) == ()
    assert made.check() == made.check_again() == ()
