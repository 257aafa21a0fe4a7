"""Isolating a mailbox, and ending it."""

from dataclasses import replace

import pytest

from bus.topology.drift import Act, Change, Thing, diff, leftovers
from bus.topology.isolation import isolate, isolated_in, release
from bus.topology.names import Kept
from bus.topology.wanted import Binding, Isolated, Policy, Queue, Topology, topology

WANTED = topology(["A", "B"], vhost="bus")
BOTH = (Kept.AUDIT, Kept.DEAD)
OWN = {Isolated(kept, "A") for kept in BOTH}


def after(current: Topology, changes: tuple[Change, ...]) -> Topology:
    """The broker once the changes are made."""
    queues, bindings, policies = list(current.queues), list(current.bindings), list(current.policies)
    for change in changes:
        match change.kind, change.item:
            case Act.CREATE, Queue():
                queues.append(change.item)
            case Act.CREATE, Binding():
                bindings.append(change.item)
            case Act.REMOVE, Binding():
                bindings.remove(change.item)
            case Act.CREATE, Policy():
                policies.append(change.item)
            case Act.REMOVE, Policy():
                policies.remove(change.item)
            case _:
                raise AssertionError(change)
    return replace(current, queues=tuple(queues), bindings=tuple(bindings), policies=tuple(policies))


@pytest.mark.parametrize(
    ("kept", "queues", "roads"),
    [((Kept.AUDIT,), 1, 4), ((Kept.DEAD,), 1, 1), (BOTH, 2, 5)],
    ids=["audit", "dead", "both"],
)
def test_what_is_new_is_bound_before_what_is_old_is_unbound(kept: tuple[Kept, ...], queues: int, roads: int) -> None:
    """Nothing is lost meanwhile: a message may be kept twice."""
    changes = isolate(WANTED, "A", kept)
    acts = [(change.kind, change.what) for change in changes]
    assert acts == [
        *[(Act.CREATE, Thing.POLICY)] * (Kept.DEAD in kept),
        *[(Act.CREATE, Thing.QUEUE)] * queues,
        *[(Act.CREATE, Thing.BINDING)] * roads,
        *[(Act.REMOVE, Thing.BINDING)] * roads,
    ]
    assert {change.item.source for change in changes if isinstance(change.item, Binding)} == {"agency.A"}


def test_its_mail_goes_on_and_nobody_else_is_touched() -> None:
    """Its inbox, its documents' road and all of B are as before."""
    isolated = after(WANTED, isolate(WANTED, "A", BOTH))
    assert isolated_in(isolated) == OWN
    assert diff(isolated, topology(["A", "B"], vhost="bus", isolated=OWN), prune=True) == ()
    roads = {(each.source, each.destination, each.key) for each in isolated.bindings}
    assert ("agency.A", "route", "document.#") in roads
    assert ("agency.B", "audit", "document.#") in roads
    assert not {("agency.A", "audit", "document.#"), ("agency.A", "dead", "dead")} & roads
    assert [each.name for each in isolated.policies if each not in WANTED.policies] == ["lienthong-inbox.A"]


def test_isolated_once_is_isolated() -> None:
    """Twice changes nothing more; who has no exchange is nobody's."""
    isolated = after(WANTED, isolate(WANTED, "A", (Kept.DEAD,)))
    assert isolate(isolated, "A", (Kept.DEAD,)) == ()
    assert isolated_in(after(isolated, isolate(isolated, "A", BOTH))) == OWN
    assert isolate(WANTED, "X", BOTH) == ()
    assert release(WANTED, "A") == ()


def test_half_an_isolation_is_finished() -> None:
    """A crash between binding and unbinding leaves both roads: the next look takes the old ones."""
    changes = isolate(WANTED, "A", BOTH)
    half = after(WANTED, tuple(change for change in changes if change.kind is Act.CREATE))
    rest = isolate(half, "A", BOTH)
    assert {change.kind for change in rest} == {Act.REMOVE}
    assert isolated_in(after(half, rest)) == OWN


def test_released_it_feeds_what_all_share_and_leaves_its_own_behind() -> None:
    """Its own history is a leftover, which only `--prune` removes, and says so; dead letters in it hold it."""
    isolated = after(WANTED, isolate(WANTED, "A", BOTH))
    released = after(isolated, release(isolated, "A"))
    assert isolated_in(released) == frozenset()
    left = leftovers(released, WANTED)
    assert [(each.kind, each.name) for each in left] == [(Act.REMOVE, "dead.A"), (Act.REMOVE, "audit.A")]
    assert "history" in left[1].detail.en
    full = tuple(replace(each, messages=3) if each.name == "dead.A" else each for each in released.queues)
    held = leftovers(replace(released, queues=full), WANTED)
    assert [(each.kind, each.name) for each in held] == [(Act.CANNOT, "dead.A")]
    assert diff(released, WANTED) == ()
    assert released.policies == WANTED.policies


def test_a_topology_that_knows_no_isolation_ends_it() -> None:
    """The roads into what all share are made before its own are taken away."""
    isolated = after(WANTED, isolate(WANTED, "A", (Kept.DEAD,)))
    kinds = [(change.kind, change.name) for change in diff(isolated, WANTED)]
    assert kinds == [
        (Act.CREATE, "agency.A → dead (dead)"),
        (Act.REMOVE, "agency.A → dead.A (dead)"),
        (Act.REMOVE, "lienthong-inbox.A"),
    ]


def test_one_isolated_before_inboxes_had_policies_of_their_own_gets_one() -> None:
    """The next `apply`, or the next look of the guard, closes that road, too."""
    isolated = after(WANTED, isolate(WANTED, "A", (Kept.DEAD,)))
    older = replace(isolated, policies=WANTED.policies)
    (change,) = isolate(older, "A", (Kept.DEAD,))
    assert (change.kind, change.name) == (Act.CREATE, "lienthong-inbox.A")
    assert diff(older, topology(["A", "B"], vhost="bus", isolated=[Isolated(Kept.DEAD, "A")])) == (change,)
