"""Statuses: whose document it is, and who handles it."""

import pytest
from hypothesis import given, settings

from schemas.codes import StatusCode
from schemas.status import Status
from tests.strategies import statuses


@settings(max_examples=50, deadline=None)
@given(statuses())
def test_a_status_goes_between_issuer_and_handler(status: Status) -> None:
    """One reports, the other must learn it; only a take-back is reported by the issuer."""
    assert (status.issuer == status.sender.code) or (status.handler == status.sender.code)
    if status.code is StatusCode.TAKE_BACK:
        assert (status.issuer, status.handler) == (status.sender.code, status.concerns.agency)
    else:
        assert (status.issuer, status.handler) == (status.concerns.agency, status.sender.code)


@pytest.mark.parametrize("code", StatusCode)
def test_only_a_take_back_goes_the_other_way(code: StatusCode) -> None:
    """13 is the issuer's; every other status is the recipient's."""
    status = Status.model_validate_json(
        f'{{"code":"{code.value}","sender":{{"code":"A"}},"concerns":{{"agency":"B","document_id":"1"}},'
        f'"at":"2026-01-05T00:00:00Z"}}'
    )
    assert (status.issuer == "A") == (code is StatusCode.TAKE_BACK)


@settings(max_examples=50, deadline=None)
@given(statuses())
def test_json_carries_a_whole_status(status: Status) -> None:
    """Written and read, nothing is lost."""
    assert Status.from_json(status.to_json()) == status
