"""The incident playbook's last resort against a stolen signer, in a land of its own: from then on a charter of the root
is in force, and the other stories' signers are not in it."""

import pytest

from bus.topology.names import CHANGE_KEY, DIRECTORY_IN, EDITION_KEY
from bus.trust.certificates import Certificate
from bus.trust.keys import SigningKey
from tests.handbook.test_incidents import Scene, forged
from tests.handbook.test_walks import Bus, bus, eventually

__all__ = ["bus"]

pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]  # each command is a process of its own

DRIVEN = 1000


def test_the_root_leads_agencies_back(bus: Bus) -> None:
    """The thief, who has the login as well, drives the number up before anybody notices, and both agencies follow. The
    centre's own next edition counts as old; that with the charter is taken, and the thief's are not any more."""
    scene = Scene(bus, "reset")
    key = SigningKey.from_pem((scene.folder / "dir.key").read_bytes())
    chain = Certificate.from_pem((scene.folder / "dir.pem").read_bytes())
    last, thief = bus.edition, scene.authority()
    driven = forged(scene.edition(), key, chain, version=last + DRIVEN)
    thief.publish(DIRECTORY_IN, EDITION_KEY, driven)
    thief.publish(DIRECTORY_IN, CHANGE_KEY, driven)
    agencies = (("H49", bus.h49), ("G22", bus.g22))
    for code, at in agencies:
        eventually(lambda at=at, code=code: scene.held(at, code) == last + DRIVEN)  # type: ignore[misc]
    scene.take("signer-new")
    scene.sign("signer-reset", names={"--last 1": f"--last {last}"})
    for code, at in agencies:
        eventually(lambda at=at, code=code: scene.held(at, code) == last + 1)  # type: ignore[misc]
    bus.trial()
    thief.publish(DIRECTORY_IN, CHANGE_KEY, forged(scene.edition(), key, chain, version=last + 2 * DRIVEN))
    eventually(lambda: scene.refused("signer-revoked", "signs nothing any more"))
    assert scene.edition().signer.fingerprint[:16] in scene.take("signer-over")
    bus.trial()
