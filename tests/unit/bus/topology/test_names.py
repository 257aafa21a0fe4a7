"""Names on a broker, and whose each is."""

from collections.abc import Callable

import pytest

from bus.topology.names import (
    Kept,
    Login,
    blobs_of,
    exchange_of,
    inbox_of,
    is_blobs,
    is_exchange,
    is_lane,
    is_mailbox_name,
    is_own_audit,
    is_own_dead,
    is_stream,
    is_urn,
    lane_of,
    mailbox_of,
    mailbox_of_user,
    own_of,
    user_of,
    users_of,
)


@pytest.mark.parametrize(
    ("name", "mailbox"),
    [
        ("agency.G22", "G22"),
        ("inbox.H29.12", "H29.12"),
        ("urgent.H29.12", "H29.12"),
        ("blobs.H29.12", "H29.12"),
        ("audit.H29.12", "H29.12"),
        ("dead.H29.12", "H29.12"),
        ("inbox.", None),
        ("dead", None),
        ("route", None),
        ("tap", None),
    ],
)
def test_finds_the_mailbox_in_a_name(name: str, mailbox: str | None) -> None:
    """Only what is made for a mailbox has one."""
    assert mailbox_of(name) == mailbox


@pytest.mark.parametrize(
    ("made", "check"),
    [(exchange_of, is_exchange), (lane_of, is_lane), (blobs_of, is_blobs)],
    ids=["exchange", "lane", "blobs"],
)
def test_a_name_says_what_it_is_of(made: Callable[[str], str], check: Callable[[str], bool]) -> None:
    """Made from a mailbox and found in the name again; of one kind only."""
    own = made("H29.12")
    assert mailbox_of(own) == "H29.12"
    assert [check(each("H29.12")) for each in (exchange_of, inbox_of, lane_of, blobs_of)].count(True) == 1
    assert check(own)


@pytest.mark.parametrize(
    ("name", "urn", "mailbox"),
    [
        ("H29.12", "urn:lienthong:mailbox:H29.12", "H29.12"),
        ("operator", "urn:lienthong:service:operator", "urn:lienthong:service:operator"),
    ],
    ids=["a mailbox", "a service"],
)
def test_a_user_has_a_name_by_its_urn_and_one_by_itself(name: str, urn: str, mailbox: str) -> None:
    """Either leads back to the mailbox; a service is none."""
    assert users_of(name) == (urn, name)
    assert (user_of(name, Login.URN), user_of(name, Login.NAME)) == (urn, name)
    assert (is_urn(urn), is_urn(name)) == (True, False)
    assert (mailbox_of_user(urn), mailbox_of_user(name)) == (mailbox, name)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (own_of(Kept.AUDIT, "H17"), (True, False, True)),
        (own_of(Kept.DEAD, "H17"), (False, True, False)),
        (blobs_of("H17"), (False, False, True)),
        ("audit", (False, False, False)),
    ],
)
def test_what_an_isolated_mailbox_has_of_its_own(name: str, facts: tuple[bool, bool, bool]) -> None:
    """A stream of audit copies, and a queue of dead letters."""
    assert (is_own_audit(name), is_own_dead(name), is_stream(name)) == facts


@pytest.mark.parametrize(("name", "can"), [("H29.12", True), ("lienthong+admin", False), ("a b", False), ("", False)])
def test_which_names_a_mailbox_can_have(name: str, can: bool) -> None:
    """An administrator has a name that no mailbox can have."""
    assert is_mailbox_name(name) is can
