"""The crash points themselves: no durable effect is without one, and no name stands for two places."""

from collections import Counter

import pytest

from tests.faults.effects import Function, functions
from tests.faults.points import POINTS

BY_CALLER = {
    "adapters/folder/client.py:move": "back to where it was, by its caller's point",
    "adapters/folder/cabinet.py:_stage": "within `file`, which has the point",
    "adapters/folder/settling.py:_add_lines": "within `_carry_out`, which has the point",
    "adapters/folder/settling.py:_move": "within `_carry_out`, which has the point",
    "adapters/folder/client.py:put": "whole files by rename: its callers say what they stand for",
    "adapters/journal.py:add": "turns the file over; what is in it counts either way",
    "bus/receiving/adapter_calls.py:bounced": "within `tell`, whose caller has the point",
    "bus/receiving/adapter_calls.py:_one_by_one": "within `ask`, whose callers have the points",
    "bus/rabbit/streams/directory_publisher.py:arrived": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/streams/audit_replay.py:take": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/streams/audit_tail.py:_on_message": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/streams/audit_reader.py:read": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/streams/audit_reader.py:_drop_first": "of a stream: an acknowledgement keeps nothing there",
    "bus/rabbit/streams/blob_download.py:_ack": "of a stream: an acknowledgement keeps nothing there",
    "bus/daemon/adapter_lock.py:acknowledge": "the adapter's own, by the same caller",
    "bus/daemon/adapter_lock.py:bounced": "the adapter's own, by the same caller",
    "bus/rabbit/link/publisher.py:_send": "within `_pump`, which passes the point once for each",
    "bus/rabbit/streams/blob_upload.py:_pump": "within `Blobs.put`, whose caller has the point",
    "bus/rabbit/admin/management.py:_has_ready": "takes a message and puts it back",
    "bus/rabbit/admin/management.py:_remove": "within `apply`",
    "bus/rabbit/admin/management.py:_remove_limits": "within `apply`",
    "bus/rabbit/admin/management.py:disconnect": "who may come back does",
    "bus/store/backup.py:_copy": "within `backup`",
    "bus/files/private.py:_put": "within `create_private`; without hard links an empty file may stay, which is no key",
    "bus/receiving/adapter_calls.py:tell": "its caller has the point",
    "bus/sending/publish.py:_confirmed": "within _send, whose caller has the point",
    "bus/store/sql/opened.py:writing": "makes the block; who uses it has the point",
}
"""Effects that are durable only as a part of their caller's."""

ALONE = {
    "bus/cli/ledger_show.py:show": "asks the ledger what it tells of a document: nothing is written",
    "bus/console/api/documents.py:show": "likewise",
    "adapters/folder/client.py:probe_move": "a trial file, which is taken away again",
    "adapters/folder/notes.py:show_waiting": "texts for people, written anew at the next look",
    "adapters/folder/notes.py:explain_sent": "a text for people, written anew at the next start",
    "bus/daemon/troubles.py:step": "one commit of events is all of a step",
    "bus/receiving/receipts.py:mend": "the receipt that asked is not acknowledged: heard again, it changes no more",
    "bus/receiving/receipts.py:_hold_back": "as `mend`, whose part it is",
    "bus/sending/reseal.py:answer_withdrawn_key": "as `mend`, whose part it is",
    "bus/daemon/watchdog.py:_answer": "an event, and waits made shorter, in one commit",
    "bus/sending/accept.py:_remember_again": "what is put back is still in its place, and is looked at again",
    "bus/sending/upload.py:_put_off": "when it is tried again is all",
    "bus/sending/upload.py:_wait_behind": "one commit is all of a turn",
    "bus/sending/upload.py:_lost": "one commit is all of a turn",
    "bus/sending/upload.py:drop": "of what is nobody's: what stays goes with the next sweep",
    "bus/store/losses.py:settled": "cut short, a report is still open, and the same command puts it away",
    "bus/store/backup.py:_draft_of": "a copy, whole or not there",
    "bus/cli/conform.py:_write": "a report, made anew by the same command",
    "bus/cli/keys.py:_request": "a request is public, and made anew by the same command",
    "bus/rabbit/admin/management.py:apply": "compares first: cut short anywhere, the next run finds and does the rest",
    "bus/operations/messages.py:withdraw_message": "one commit is all the command does",
    "bus/operations/messages.py:discard_message": "one commit is all the command does",
    "bus/operations/messages.py:retry": "one commit is all the command does",
    "bus/operations/messages.py:release": "one commit is all the command does",
    "bus/rabbit/link/publisher.py:_ask_who_we_are": "a message that leads nowhere",
    "bus/rabbit/command_connection.py:logged_in_as": "a message that leads nowhere",
    "bus/rabbit/admin/dead_letter_queues.py:_discard": "one acknowledgement is all the command does to a letter",
}
"""Functions without a crash point: no durable effect follows theirs."""

TOGETHER = {
    "bus/rabbit/link/deliveries.py:ack": "acknowledgements of one batch: which of them had left says nothing more",
    "bus/store/maintenance.py:_save_what_is_left": "a copy, and what is to be told: nothing until it has its name",
}
"""Functions with one point after several effects of one kind."""


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
