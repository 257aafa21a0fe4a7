"""How a broker differs from what is wanted."""

from dataclasses import replace

import pytest

from bus.topology.drift import Act, Change, Thing, diff, is_ours, leftovers, login_of, nameable, owner
from bus.topology.names import Login
from bus.topology.wanted import Binding, Exchange, Permissions, Policy, Queue, Topology, User, Vhost, topology

WANTED = topology(["A", "B"], vhost="bus")
INBOX, ROUTE_POLICY = "inbox.A", "lienthong-route"


def acts(changes: tuple[Change, ...]) -> list[tuple[str, str, str]]:
    return [(change.kind.value, change.what.value, change.name) for change in changes]


def with_queue(**facts: object) -> Topology:
    queues = tuple(replace(q, **facts) if q.name == INBOX else q for q in WANTED.queues)  # type: ignore[arg-type]
    return replace(WANTED, queues=queues)


def with_user(name: str, **facts: object) -> Topology:
    users = tuple(replace(u, **facts) if u.name == name else u for u in WANTED.users)  # type: ignore[arg-type]
    return replace(WANTED, users=users)


def without(topology: Topology, *names: str) -> Topology:
    return replace(
        topology,
        exchanges=tuple(item for item in topology.exchanges if item.name not in names),
        queues=tuple(item for item in topology.queues if item.name not in names),
        bindings=tuple(item for item in topology.bindings if item.name not in names),
        policies=tuple(item for item in topology.policies if item.name not in names),
        users=tuple(item for item in topology.users if item.name not in names),
    )


def test_nothing_to_do_where_nothing_differs() -> None:
    """The same topology twice is no change."""
    assert diff(WANTED, WANTED, prune=True) == ()


@pytest.mark.parametrize(
    ("user", "named"),
    [
        (User("admin", Permissions(".*", ".*", ".*"), frozenset({"administrator"})), ("admin",)),
        (User("admin", None, frozenset({"administrator"}), elsewhere=True), ("admin",)),
        (User("admin", None, frozenset({"monitoring"})), ()),
        (User("admin+bus", Permissions(".*", ".*", ".*"), frozenset({"administrator"})), ()),
    ],
    ids=["here", "elsewhere", "nowhere", "a name that no mailbox has"],
)
def test_who_could_be_named_in_a_certificate(user: User, named: tuple[str, ...]) -> None:
    """A certificate is the login: one in the administrator's name would be the administrator's."""
    assert nameable(replace(WANTED, users=(*WANTED.users, user))) == named


BY_URN = topology(["A", "B"], vhost="bus", login=Login.URN)


def test_where_certificates_have_urns_no_other_name_is_in_one() -> None:
    """Only a foreign user of that very form could be named."""
    admin = User("admin", Permissions(".*", ".*", ".*"), frozenset({"administrator"}))
    twin = replace(admin, name="urn:lienthong:service:admin")
    ours = [replace(user, permissions=None, elsewhere=True) for user in BY_URN.users]
    assert nameable(replace(BY_URN, users=(*ours, admin, twin)), Login.URN) == (twin.name,)


@pytest.mark.parametrize(
    ("current", "login"),
    [
        (WANTED, Login.NAME),
        (BY_URN, Login.URN),
        (replace(WANTED, users=(*WANTED.users, *BY_URN.users)), Login.URN),
        (Topology(vhost="bus"), None),
    ],
    ids=["by name", "by urn", "on its way", "new"],
)
def test_a_broker_calls_its_users_in_one_way(current: Topology, login: Login | None) -> None:
    """As it does by now; a new one does not yet."""
    assert login_of(current) == login


def test_users_come_by_their_other_names_before_the_old_ones_go() -> None:
    """Queues and all else stay; the old names are leftovers, each its mailbox's own."""
    changes = diff(WANTED, BY_URN)
    assert {(change.kind, change.what) for change in changes} == {(Act.CREATE, Thing.USER)}
    both = replace(WANTED, users=(*WANTED.users, *BY_URN.users))
    old = leftovers(both, BY_URN)
    assert sorted(change.name for change in old) == sorted(user.name for user in WANTED.users)
    assert {owner(user) for user in BY_URN.users} >= {"A", "B"}


def test_a_withdrawn_mailbox_goes_by_all_its_names() -> None:
    """It may not log in by the old one either."""
    both = replace(WANTED, users=(*WANTED.users, *BY_URN.users))
    wanted = topology(["A", "B"], vhost="bus", withdrawn=["A"], login=Login.URN)
    assert acts(diff(both, wanted)) == [("remove", "user", "A"), ("remove", "user", "urn:lienthong:mailbox:A")]
    assert "A" not in {change.name for change in leftovers(both, wanted)}


def test_an_empty_broker_needs_everything_in_an_order_that_works() -> None:
    """The virtual host comes first, bindings after what they bind."""
    changes = diff(Topology(vhost="bus", exists=False), WANTED)
    order = list(Thing)
    assert [change.what for change in changes] == sorted((change.what for change in changes), key=order.index)
    assert changes[0].item == Vhost("bus")
    assert {change.kind for change in changes} == {Act.CREATE}


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (without(WANTED, "agency.A"), ("create", "exchange", "agency.A")),
        (without(WANTED, INBOX), ("create", "queue", INBOX)),
        (without(WANTED, ROUTE_POLICY), ("create", "policy", ROUTE_POLICY)),
        (without(WANTED, "dead → dead"), ("create", "binding", "dead → dead")),
        (without(WANTED, "agency.A → audit (status.#)"), ("create", "binding", "agency.A → audit (status.#)")),
        (without(WANTED, "A"), ("create", "user", "A")),
        (with_user("A", permissions=None), ("change", "user", "A")),
        (with_user("A", permissions=Permissions(".*", ".*", ".*")), ("change", "user", "A")),
        (with_user("A", tags=frozenset({"lienthong", "administrator"})), ("change", "user", "A")),
        (with_user("A", tags=frozenset()), ("change", "user", "A")),
        (with_user("operator", tags=frozenset({"administrator"})), ("cannot", "user", "operator")),
        (with_user("A", limits={}), ("change", "user", "A")),
        (with_user("A", limits={"max-connections": 900, "max-channels": 32}), ("change", "user", "A")),
        (with_user("operator", limits={"max-connections": 1}), ("change", "user", "operator")),
        (with_queue(arguments={"x-queue-type": "classic"}), ("cannot", "queue", INBOX)),
        (with_queue(arguments={"x-queue-type": "quorum", "x-max-length": 3}), ("cannot", "queue", INBOX)),
        (with_queue(policy="somebody's"), ("cannot", "queue", INBOX)),
        (
            replace(WANTED, exchanges=(Exchange("route", "topic"), *WANTED.exchanges[1:])),
            ("cannot", "exchange", "route"),
        ),
        (
            replace(WANTED, policies=(*WANTED.policies[:-1], Policy(ROUTE_POLICY, "^route$", "exchanges", {}))),
            ("change", "policy", ROUTE_POLICY),
        ),
    ],
)
def test_sees_one_difference(current: Topology, expected: tuple[str, str, str]) -> None:
    """Whatever differs is one change, and nothing else is touched."""
    assert acts(diff(current, WANTED, prune=True)) == [expected]


@pytest.mark.parametrize(
    "current",
    [
        with_queue(arguments={"x-queue-type": "quorum", "x-quorum-initial-group-size": 3}),
        with_queue(policy="lienthong-inbox", messages=5, consumers=1),
        with_user("A", password_hash="abc", elsewhere=True),
        replace(WANTED, bindings=tuple(Binding(*b.road, "key") for b in WANTED.bindings)),
        replace(
            WANTED,
            exchanges=(*WANTED.exchanges, Exchange("their.exchange", "topic")),
            queues=(*WANTED.queues, Queue("their.queue", policy="theirs")),
            bindings=(*WANTED.bindings, Binding("their.exchange", "their.queue", "#")),
            policies=(*WANTED.policies, Policy("theirs", "^their", "all", {})),
            users=(*WANTED.users, User("them", Permissions(".*", ".*", ".*"), frozenset({"administrator"}))),
        ),
    ],
    ids=["placing", "in use", "password", "named bindings", "foreign"],
)
def test_leaves_alone(current: Topology) -> None:
    """Where a queue was placed, what is in it, a password, and what others made, are no differences."""
    assert diff(current, WANTED, prune=True) == ()


def test_a_changed_user_keeps_the_password() -> None:
    """Mending permissions does not lock an adapter out."""
    current = with_user("A", permissions=None, password_hash="hash", hashing="rabbit_password_hashing_sha512")
    (change,) = diff(current, WANTED)
    assert isinstance(change.item, User)
    assert (change.item.password_hash, change.item.hashing) == ("hash", "rabbit_password_hashing_sha512")


def test_details_name_before_and_after() -> None:
    """A plan shows what it found and what it would write."""
    (change,) = diff(
        with_user("A", permissions=Permissions("^$", ".*", "^(inbox\\.A|directory|directory\\.changes|blobs\\..+)$")),
        WANTED,
    )
    assert change.detail.en == "write: .* → ^(agency\\.A|route)$"


def test_an_immutable_difference_says_who_must_act() -> None:
    """No command may recreate a queue: there may be messages in it."""
    (change,) = diff(with_queue(arguments={"x-queue-type": "classic"}), WANTED)
    assert "x-queue-type: classic → quorum" in change.detail.en
    assert "operator" in change.detail.en
    assert "người vận hành" in change.detail.vi


# -- a mailbox that may no longer log in

WITHDRAWN = topology(["A", "B"], vhost="bus", withdrawn=["A"])


@pytest.mark.parametrize("prune", [False, True])
def test_a_withdrawn_mailbox_loses_its_user_and_keeps_its_mail(prune: bool) -> None:
    """No --prune is needed, and with it nothing else goes; the plan says what that means."""
    (change,) = diff(WANTED, WITHDRAWN, prune=prune)
    assert acts((change,)) == [("remove", "user", "A")]
    assert "connections are cut" in change.detail.en
    assert "cắt kết nối" in change.detail.vi
    assert diff(without(WANTED, "A"), WITHDRAWN, prune=True) == ()


def test_a_mailbox_that_is_back_has_a_user_again() -> None:
    """Withdrawing is undone by the directory alone."""
    assert acts(diff(without(WANTED, "A"), WANTED)) == [("create", "user", "A")]


def test_a_namesake_that_others_made_is_not_removed() -> None:
    """Only users that the bus made are its to withdraw."""
    assert diff(with_user("A", tags=frozenset({"administrator"})), WITHDRAWN) == ()


# -- a mailbox that the directory no longer names

GONE = topology(["B"], vhost="bus")


def through_route(topology: Topology) -> Topology:
    """As it was before each mailbox had its own road to `dead`."""
    kept = [each for each in topology.bindings if not (each.destination == "dead" and each.to_exchange)]
    old = [Binding(f"agency.{code}", "route", "dead", to_exchange=True) for code in ("A", "B")]
    return replace(topology, bindings=(Binding("route", "dead", "dead", to_exchange=True), *kept, *old))


NEW_ROADS = [("create", "binding", f"agency.{code} → dead (dead)") for code in ("A", "B")]
OLD_ROADS = [
    *(("remove", "binding", f"agency.{code} → route (dead)") for code in ("A", "B")),
    ("remove", "binding", "route → dead (dead)"),
]


def test_an_older_broker_gets_the_new_roads_to_dead_before_it_loses_the_old_ones() -> None:
    """The one that all went by goes last; nothing that dies meanwhile is lost."""
    changes = diff(through_route(WANTED), WANTED)
    assert acts(changes) == [*NEW_ROADS, *OLD_ROADS]
    assert all(change.detail.en for change in changes if change.kind is Act.REMOVE)
    both = replace(WANTED, bindings=(*WANTED.bindings, *through_route(WANTED).bindings))
    assert acts(diff(both, WANTED)) == OLD_ROADS


@pytest.mark.parametrize("prune", [False, True])
def test_a_mailbox_not_asked_about_loses_no_dead_letter(prune: bool) -> None:
    """Its old road goes with the others': it gets the new one, too, even when it is no longer in the directory."""
    changes = acts(diff(through_route(WANTED), topology(["B"], vhost="bus"), prune=prune))
    assert {*NEW_ROADS, *OLD_ROADS} <= set(changes)
    assert len(changes) == len(set(changes))


def test_without_prune_nothing_is_removed() -> None:
    """What is too much is shown and left alone."""
    assert diff(WANTED, GONE) == ()
    assert leftovers(WANTED, GONE) == diff(WANTED, GONE, prune=True)


def test_prune_removes_all_that_a_mailbox_had_and_the_rest_stays() -> None:
    """User first, then bindings, queue, exchange: the opposite of how they were made."""
    assert acts(diff(WANTED, GONE, prune=True)) == [
        ("remove", "user", "A"),
        ("remove", "binding", "route → inbox.A (receipt.A)"),
        ("remove", "binding", "route → inbox.A (status.A)"),
        ("remove", "binding", "route → inbox.A (document.A)"),
        ("remove", "binding", "agency.A → blobs.A (blob.A)"),
        ("remove", "binding", "agency.A → audit (dead)"),
        ("remove", "binding", "agency.A → audit (receipt.#)"),
        ("remove", "binding", "agency.A → audit (status.#)"),
        ("remove", "binding", "agency.A → audit (document.#)"),
        ("remove", "binding", "agency.A → dead (dead)"),
        ("remove", "binding", "agency.A → route (receipt.#)"),
        ("remove", "binding", "agency.A → route (status.#)"),
        ("remove", "binding", "agency.A → route (document.#)"),
        ("remove", "queue", "blobs.A"),
        ("remove", "queue", "inbox.A"),
        ("remove", "exchange", "agency.A"),
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"messages": 3}, "3 messages, 0 readers"),
        ({"consumers": 1}, "0 messages, 1 readers"),
        ({"messages": None}, "? messages"),
    ],
)
def test_a_mailbox_that_still_has_something_keeps_everything(facts: dict[str, int | None], words: str) -> None:
    """Messages that wait, a reader, or a count not known yet: nothing of that mailbox goes, and an operator is told."""
    (change,) = diff(with_queue(**facts), GONE, prune=True)
    assert acts((change,)) == [("cannot", "queue", INBOX)]
    assert words in change.detail.en


@pytest.mark.parametrize(
    ("facts", "goes"),
    [({"messages": 9}, True), ({"messages": None}, True), ({"messages": 9, "consumers": 1}, False)],
)
def test_large_attachments_go_with_their_mailbox_unless_somebody_fetches_them(
    facts: dict[str, int | None], goes: bool
) -> None:
    """A stream never runs empty: what lies in it is no reason to stay, and who reads it is."""
    queues = tuple(replace(q, **facts) if q.name == "blobs.A" else q for q in WANTED.queues)  # type: ignore[arg-type]
    changes = diff(replace(WANTED, queues=queues), GONE, prune=True)
    if goes:
        assert ("remove", "queue", "blobs.A") in acts(changes)
        return
    (change,) = changes
    assert acts((change,)) == [("cannot", "queue", "blobs.A")]
    assert "1 are fetching" in change.detail.en


# -- a topology of before there were blobs


def roads(*mailboxes: str) -> tuple[Binding, ...]:
    """By which everything went."""
    return tuple(
        Binding(f"agency.{mailbox}", *to, f"{mailbox}%23")
        for mailbox in mailboxes
        for to in (("route", "#", True), ("audit", "#", False))
    )


OLDER = replace(
    without(WANTED, "lienthong-blobs", "blobs.A", "blobs.B"),
    bindings=(*roads("A", "B"), *(b for b in WANTED.bindings if not b.source.startswith("agency."))),
)


@pytest.mark.parametrize("prune", [False, True])
def test_the_road_of_all_kinds_goes_once_each_has_its_own(prune: bool) -> None:
    """Without being asked, after all that is new, and once."""
    changes = diff(OLDER, WANTED, prune=prune)
    removed = [change for change in changes if change.kind is Act.REMOVE]
    assert [change.item for change in removed] == list(roads("A", "B"))
    assert changes[-len(removed) :] == tuple(removed)
    assert ("create", "binding", "agency.A → route (document.#)") in acts(changes)
    assert ("create", "binding", "agency.A → blobs.A (blob.A)") in acts(changes)
    assert "made before this one goes" in removed[0].detail.en
    assert leftovers(OLDER, WANTED) == ()


def test_the_road_of_who_is_not_asked_about_stays() -> None:
    """A plan for some mailboxes takes no road from the others."""
    removed = [change.item for change in diff(OLDER, topology(["A"], vhost="bus")) if change.kind is Act.REMOVE]
    assert removed == list(roads("A"))


LANED = topology(["A", "B"], vhost="bus", version=(4, 2))


def test_a_lane_is_removed_with_all_it_holds_once_the_broker_needs_none() -> None:
    """What lies in a lane lies in the inbox too: a broker brought up to 4.3 loses nothing with it."""
    full = replace(
        LANED, queues=tuple(replace(q, messages=5, consumers=1) if q.name == "urgent.A" else q for q in LANED.queues)
    )
    pruned = [change for change in diff(full, WANTED, prune=True) if change.what in {Thing.QUEUE, Thing.BINDING}]
    assert acts(tuple(pruned)) == [
        ("remove", "binding", "route → urgent.B (urgent.B)"),
        ("remove", "binding", "route → urgent.A (urgent.A)"),
        ("remove", "queue", "urgent.B"),
        ("remove", "queue", "urgent.A"),
    ]


def test_a_lane_stays_as_long_as_the_inbox_of_its_mailbox() -> None:
    """Of a mailbox that the directory no longer names, all stays while its inbox has something."""
    left = topology(["B"], vhost="bus", version=(4, 2))
    full = replace(LANED, queues=tuple(replace(q, messages=1) if q.name == INBOX else q for q in LANED.queues))
    assert acts(diff(full, left, prune=True)) == [("cannot", "queue", INBOX)]


def test_a_broker_without_its_lanes_is_given_them() -> None:
    """Queue, binding, policy, and the right to read it."""
    changes = diff(WANTED, LANED)
    assert ("create", "queue", "urgent.A") in acts(changes)
    assert ("create", "binding", "route → urgent.A (urgent.A)") in acts(changes)
    assert ("create", "policy", "lienthong-lane") in acts(changes)
    assert ("change", "user", "A") in acts(changes)


def test_a_tap_on_our_exchanges_is_seen() -> None:
    """A binding that nobody asked for reads everybody's messages: it is a leftover."""
    tap = Binding("agency.A", "tap", "#", False, "%23")
    policy = Policy("lienthong-old", "^old$", "queues", {})
    current = replace(
        WANTED,
        bindings=(*WANTED.bindings, tap, Binding("route", "tap", "document.A")),
        policies=(*WANTED.policies, policy),
        queues=(*WANTED.queues, Queue("tap")),
    )
    removals = diff(current, WANTED, prune=True)
    assert acts(removals) == [
        ("remove", "binding", "route → tap (document.A)"),
        ("remove", "binding", "agency.A → tap (#)"),
        ("remove", "policy", "lienthong-old"),
    ]
    assert [owner(change.item) for change in removals] == ["", "A", ""]


def test_a_virtual_host_is_nobodys_leftover() -> None:
    """It may hold more than the bus."""
    assert owner(Vhost("bus")) == ""
    assert not is_ours(Vhost("bus"))
