"""The crash points themselves: no durable effect is without one, and no name stands for two places."""

from collections import Counter

import pytest

from tests.faults.effects import Function, functions
from tests.faults.points import POINTS

BY_CALLER = {
    "adapters/folder/client.py:move": "back to where it was, by its caller's point",
    "adapters/folder/cabinet.py:_stage": "within `file`, which has the point",
    "adapters/folder/outgoing.py:_register": "within `_carry_out`, which has the point",
    "adapters/folder/outgoing.py:_move": "within `_carry_out`, which has the point",
    "adapters/folder/client.py:put": "whole files by rename: its callers say what they stand for",
    "adapters/folder/journal.py:add": "turns the file over; what is in it counts either way",
    "bus/asking.py:bounced": "within `tell`, whose caller has the point",
    "bus/asking.py:_one_by_one": "within `ask`, whose callers have the points",
    "bus/rabbit/announce.py:arrived": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/audit.py:take": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/download.py:_ack": "of a stream: an acknowledgement keeps nothing there",
    "bus/daemon/in_turn.py:acknowledge": "the adapter's own, by the same caller",
    "bus/daemon/in_turn.py:bounced": "the adapter's own, by the same caller",
    "bus/rabbit/publisher.py:_send": "within `_pump`, which passes the point once for each",
    "bus/rabbit/upload.py:_pump": "within `Blobs.put`, whose caller has the point; any of it may be put again",
    "bus/cli/store.py:backup": "within `care.backup`",
    "bus/rabbit/management.py:_has_ready": "takes a message and puts it back",
    "bus/rabbit/management.py:_remove": "within `apply`",
    "bus/rabbit/management.py:disconnect": "who may come back does",
    "bus/store/care.py:_copy": "within `backup`",
    "bus/asking.py:tell": "its caller has the point",
    "bus/sending.py:_confirmed": "within _send, whose caller has the point",
    "bus/store/sql.py:write": "makes the block; who uses it has the point",
    "bus/store/sql.py:_writing": "makes the block; who uses it has the point",
}
"""Durable only as a part of what its caller does."""

ALONE = {
    "bus/daemon/watch.py:_answer": "an event, and waits made shorter, in one commit",
    "bus/daemon/watch.py:_tell": "one event is all",
    "bus/uploading.py:_put_off": "when it is tried again is all",
    "bus/uploading.py:_wait_behind": "one commit is all of a turn",
    "bus/uploading.py:_lost": "one commit is all of a turn",
    "bus/uploading.py:drop": "of what is nobody's: what stays goes with the next sweep",
    "bus/store/care.py:backup": "a copy, whole or not there",
    "bus/cli/keys.py:_request": "a request is public, and made anew by the same command",
    "bus/rabbit/management.py:apply": "compares first: cut short anywhere, the next run finds and does the rest",
    "bus/operations.py:withdraw": "one commit is all the command does",
    "bus/operations.py:discard": "one commit is all the command does",
    "bus/operations.py:_again": "one commit is all the command does",
    "bus/rabbit/dead.py:_discard": "one acknowledgement is all the command does to a letter",
}
"""Nothing durable follows."""

TOGETHER = {
    "bus/rabbit/deliveries.py:ack": "acknowledgements of one batch: which of them had left says nothing more",
    "bus/store/care.py:_save_what_is_left": "a copy, and what is to be told: of no account until the file has its name",
}
"""One point after several effects of one kind."""


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.name)
def test_every_durable_effect_has_a_name(function: Function) -> None:
    """A function has as many crash points as durable effects, or it stands in one of the two lists with its reason."""
    if function.name in BY_CALLER or function.name in ALONE:
        assert not function.points, "it has a point by now: take it off the list"
        return
    if function.name in TOGETHER:
        assert function.points
        return
    assert len(function.points) >= len(function.effects), f"{function.effects} but only {function.points}"


def test_the_lists_name_what_is_there() -> None:
    """No reason outlives its function."""
    assert {*BY_CALLER, *ALONE, *TOGETHER} <= {function.name for function in functions()}


def test_the_table_is_the_code() -> None:
    """Each point in the code stands in the table, once in each, and none in the table is gone from the code."""
    in_code = Counter(point for function in functions() for point in function.points)
    assert set(in_code) == {point.name for point in POINTS}
    assert max(in_code.values()) == 1
    assert len({point.name for point in POINTS}) == len(POINTS)
