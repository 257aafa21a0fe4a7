"""bus/rabbit/admin/gaps.py: what somebody deleted, by what is still there."""

import pytest

from bus.rabbit.admin.gaps import SHOWN, gaps
from bus.topology.names import AUDIT, ROUTE, Kept
from bus.topology.wanted import Binding, Isolated, topology

ALL = topology(("G22", "H49"), vhost="v")


def found(
    *, without: tuple[str, ...] = (), without_road: tuple[str, str] | None = None, isolated: tuple[Isolated, ...] = ()
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Codes and sentences of a broker that lacks these, and the mailboxes whose inbox is gone."""
    there = topology(("G22", "H49"), vhost="v", isolated=isolated)
    exchanges = [each.name for each in there.exchanges if each.name not in without]
    queues = [each.name for each in there.queues if each.name not in without]
    bindings = tuple(
        each
        for each in there.bindings
        if not {each.source, each.destination} & set(without) and (each.source, each.destination) != without_road
    )
    judged = gaps(exchanges, queues, bindings, vhost="v")
    return [(alarm.code, alarm.text.en) for alarm in judged.alarms], judged.inboxes


@pytest.mark.parametrize(
    ("without", "alarms", "inboxes"),
    [
        ((), [], ()),
        ((ROUTE,), [("exchange-gone", "exchange gone: route")], ()),
        ((AUDIT,), [("queue-gone", "queues gone: audit")], ()),
        (("inbox.H49",), [("queue-gone", "queues gone: inbox.H49")], ("H49",)),
        (
            ("blobs.G22", "inbox.H49", "directory"),
            [("queue-gone", "queues gone: inbox.H49, blobs.G22, directory")],
            ("H49",),
        ),
        (("agency.H49", "inbox.H49"), [], ()),
    ],
    ids=["nothing", "route", "audit", "an inbox", "several", "a mailbox that is no more"],
)
def test_what_is_gone_is_named(
    without: tuple[str, ...], alarms: list[tuple[str, str]], inboxes: tuple[str, ...]
) -> None:
    """Inboxes first; roads that lead to what is gone are not named beside it."""
    assert found(without=without) == (alarms, inboxes)


def test_a_road_between_what_is_there_is_named() -> None:
    """As after `route` was deleted and made again by hand."""
    ((code, words),), _ = found(without_road=("agency.G22", ROUTE))
    assert code == "binding-gone"
    assert words == "roads gone: " + ", ".join(
        f"agency.G22 → route ({kind}.#)" for kind in ("document", "status", "receipt")
    )


def test_an_isolated_mailbox_lacks_nothing() -> None:
    """Its roads lead into its own."""
    isolated = (Isolated(Kept.AUDIT, "H49"), Isolated(Kept.DEAD, "H49"))
    assert found(isolated=isolated) == ([], ())


def test_many_names_are_cut() -> None:
    """A line is read by people."""
    mailboxes = [f"H{number}" for number in range(10, 40)]
    wanted = topology(mailboxes, vhost="v")
    shared = [each.name for each in wanted.queues if not each.name.startswith("inbox.")]
    judged = gaps([each.name for each in wanted.exchanges], shared, wanted.bindings, vhost="v")
    assert judged.alarms[0].text.en.count("inbox.") == SHOWN
    assert judged.alarms[0].text.en.endswith(f", … +{30 - SHOWN}")
    assert len(judged.inboxes) == 30


def test_a_binding_of_somebody_else_is_none_of_ours() -> None:
    """Leftovers and strangers are `topology plan`'s to name."""
    names = [each.name for each in ALL.queues]
    exchanges = [*(each.name for each in ALL.exchanges), "theirs"]
    judged = gaps(exchanges, [*names, "q"], (*ALL.bindings, Binding("theirs", "q", "x")), vhost="v")
    assert judged.alarms == ()
